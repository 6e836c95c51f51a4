"""DeepSpeed's ZeRO 1 and 2 behind the trainer: gradients and AdamW's moments are spread over processes, parameters not.

DeepSpeed flattens each parameter group into one float32 vector and gives every process an equal part of it to optimise.
Checkpoints know nothing of that: moments are put together by parameter name here, and taken apart again, so a run may
go on with any number of processes, with DeepSpeed or without. Master weights stay in float32 and autocast does the
rest, as without DeepSpeed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .config import OptimizerConfig, RunConfig
from .state import MOMENTS

if TYPE_CHECKING:
    from accelerate.utils import DeepSpeedPlugin


def settle_(plugin: DeepSpeedPlugin, optimizer: OptimizerConfig, run: RunConfig) -> None:
    """Check Accelerate's DeepSpeed configuration, and write into it what the trainer decides.

    Raises:
        ValueError: another ZeRO stage than 1 or 2, an offload, fp16 or Muon.
    """
    config = plugin.deepspeed_config
    zero = config.get("zero_optimization", {})
    if (stage := zero.get("stage", 0)) not in (1, 2):
        raise ValueError(
            f"Accelerate's configuration asks for DeepSpeed with zero_stage {stage}; the trainer takes 1 or 2 (3: use "
            "FSDP2 instead, distributed_type FSDP and fsdp_version 2; 0: distributed_type MULTI_GPU)"
        )
    for part in ("offload_optimizer", "offload_param"):
        if zero.get(part, {}).get("device", "none") not in ("none", None):
            raise ValueError(f"DeepSpeed's {part}_device is not supported: set it to none")
    if run.precision == "fp16":
        raise ValueError("run.precision 'fp16' is not supported with DeepSpeed: use 'bf16'")
    if optimizer.kind == "muon":
        raise ValueError("optimizer.kind 'muon' needs whole matrices, which DeepSpeed flattens: use 'adamw'")
    # Batches are the trainer's business; DeepSpeed only wants to know sizes that agree with each other.
    config |= {"train_micro_batch_size_per_gpu": 1, "gradient_accumulation_steps": 1, "train_batch_size": "auto"}
    config |= {"gradient_clipping": optimizer.clip, "bf16": {"enabled": False}, "fp16": {"enabled": False}}


class ZeroEngine:
    """A prepared DeepSpeed engine, seen by parameter. All methods but ``restore_`` are collective.

    Args:
        engine: ``deepspeed.DeepSpeedEngine`` of ZeRO stage 1 or 2 around torch's AdamW.
        parameters: the trained parameters by name.
    """

    def __init__(self, engine: Any, parameters: Mapping[str, nn.Parameter]) -> None:
        self.engine, self.parameters = engine, parameters

    def backward(self, loss: Tensor, last: bool) -> None:
        """Accumulate the gradient of a scalar; on the ``last`` pass of a step it is averaged over processes."""
        self.engine.set_gradient_accumulation_boundary(is_boundary=last)
        self.engine.backward(loss)

    def step(self) -> None:
        """Clip, step, and forget the gradients."""
        self.engine.step()

    def gradient(self, parameter: nn.Parameter) -> Tensor | None:
        """After the last backward pass of a step: the averaged gradient, not clipped yet."""
        from deepspeed.utils import safe_get_full_grad

        return safe_get_full_grad(parameter)

    def moments(self) -> tuple[dict[str, dict[str, Tensor]], float]:
        """AdamW's state by moment and parameter name, on the CPU, and its step counter: `state.optimizer_moments`."""
        from deepspeed.utils import safe_get_full_optimizer_state

        state = self.engine.optimizer.optimizer.state
        if not any(state.values()):
            return {name: {} for name in MOMENTS}, 0.0
        self._find_moments()
        found = {
            moment: {n: safe_get_full_optimizer_state(p, moment).cpu() for n, p in self.parameters.items()}
            for moment in MOMENTS
        }
        return found, float(next(iter(state.values()))["step"])

    def restore_(self, moments: Mapping[str, Mapping[str, Tensor]], steps: float) -> None:
        """Take over the parameters as they are now, and AdamW's state by moment and parameter name."""
        from deepspeed.utils import safe_set_full_optimizer_state

        zero = self.engine.optimizer
        zero.refresh_fp32_params()
        if not moments[MOMENTS[0]]:
            return
        for group in zero.param_groups:
            (flat,) = group["params"]
            state = {"step": torch.tensor(steps, device=flat.device)} | {
                moment: torch.zeros_like(flat) for moment in MOMENTS
            }
            zero.optimizer.state[flat] = state
        self._find_moments()
        for moment, values in moments.items():
            for name, value in values.items():
                safe_set_full_optimizer_state(self.parameters[name], value.to(zero.device), moment)

    def _find_moments(self) -> None:
        """Let DeepSpeed look up where each parameter's moments lie; by itself it does so once, after its first group's
        first step, when the others have none."""
        from deepspeed.utils import lazy_init_hp_params_optimizer_state

        zero = self.engine.optimizer
        for group, members in zip(zero.param_groups, zero.bit16_groups, strict=True):
            lazy_init_hp_params_optimizer_state(members, group["params"][0], zero.optimizer.state)
