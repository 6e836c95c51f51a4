"""Muon for weight matrices, AdamW for the rest, as one optimiser with one learning rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_MIN_SIDE = 8  # thinner matrices (the last convolution) have no directions worth evening out


class MuonWithAdamW(torch.optim.Optimizer):
    """``torch.optim.Muon`` over every weight that is a matrix once flattened to [out, rest]; AdamW over the others.

    Muon replaces a matrix's momentum by the nearest matrix whose singular values are all 1, so that rare directions
    are learnt as fast as common ones (Jordan et al., "Muon", 2024). Its steps are scaled to the size of AdamW's (Liu et
    al., "Muon is scalable for LLM training", 2025): one learning rate and one weight decay serve both.

    State by parameter as AdamW has it: ``step``, ``exp_avg`` and, where AdamW acts, ``exp_avg_sq``; Muon's momentum is
    ``exp_avg``.

    Args:
        groups: parameter groups with ``params``, ``lr`` and ``weight_decay``; their ``lr`` may change between steps.
        betas, epsilon: AdamW's. momentum: Muon's.

    Raises:
        ValueError: this PyTorch has no Muon.
    """

    def __init__(
        self, groups: Iterable[dict[str, Any]], momentum: float, betas: tuple[float, float], epsilon: float
    ) -> None:
        if not hasattr(torch.optim, "Muon"):
            raise ValueError(f"optimizer.kind 'muon' needs PyTorch 2.9 or newer; this is {torch.__version__}")
        super().__init__(groups, {"lr": 0.0, "weight_decay": 0.0})
        self._matrices: list[list[tuple[nn.Parameter, nn.Parameter]]] = []
        flat, rest = [], []
        for group in self.param_groups:
            facts = {"lr": group["lr"], "weight_decay": group["weight_decay"]}
            pairs = [(p, nn.Parameter(_flat(p.detach()))) for p in group["params"] if _is_matrix(p)]
            self._matrices.append(pairs)
            flat.append({"params": [matrix for _, matrix in pairs], **facts})
            rest.append({"params": [p for p in group["params"] if not _is_matrix(p)], **facts})
        self._muon = torch.optim.Muon(flat, momentum=momentum, adjust_lr_fn="match_rms_adamw")
        self._adamw = torch.optim.AdamW(rest, betas=betas, eps=epsilon)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """See ``torch.optim.Optimizer.step``; a closure is not supported."""
        self._adamw.state = self.state  # Accelerate loads a state dict, and that replaces it
        for inner in (self._muon, self._adamw):
            for group, own in zip(inner.param_groups, self.param_groups, strict=True):
                group["lr"] = own["lr"]
        for parameter, matrix in (pair for pairs in self._matrices for pair in pairs):
            if parameter.grad is None:
                matrix.grad = None
                continue
            state = self.state[parameter]
            if not state:
                state |= {"step": torch.zeros(()), "exp_avg": torch.zeros_like(parameter)}
            state["step"] += 1
            # Anew each time: a parameter may have moved to another device, and a resumed run puts other state here.
            matrix.data, matrix.grad = _flat(parameter.data), _flat(parameter.grad)
            self._muon.state[matrix]["momentum_buffer"] = _flat(state["exp_avg"])
        self._muon.step()
        self._adamw.step()


def _is_matrix(parameter: Tensor) -> bool:
    return parameter.ndim >= 2 and min(parameter.shape[0], parameter[0].numel()) >= _MIN_SIDE


def _flat(weight: Tensor) -> Tensor:
    """[out, …] → a view [out, rest]."""
    return weight.view(len(weight), -1)
