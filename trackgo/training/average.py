"""Exponential moving average of the trained parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """Running average in float32; early on it follows faster, with decay (1 + n) / (10 + n) after n updates.

    Attributes:
        decay: 0 switches it off: ``values`` is then empty and ``applied`` does nothing.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self.parameters, self.decay = dict(parameters), decay
        self.values = {n: p.detach().float().clone() for n, p in self.parameters.items()} if decay else {}

    @torch.no_grad()
    def update_(self, updates: int) -> None:
        """After optimiser step number ``updates`` (from 1)."""
        if not self.decay:
            return
        decay = min(self.decay, (1 + updates) / (10 + updates))
        current = [self.parameters[name].detach().to(value) for name, value in self.values.items()]
        torch._foreach_lerp_(list(self.values.values()), current, 1 - decay)

    def restore_(self, values: Mapping[str, Tensor]) -> None:
        """Continue from saved values; a checkpoint without an average starts one from its weights."""
        for name, value in self.values.items():
            value.copy_(values[name] if name in values else self.parameters[name].detach())

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters hold the average inside, their own values again afterwards."""
        kept = {name: self.parameters[name].data for name in self.values}
        try:
            for name, value in self.values.items():
                self.parameters[name].data = value.to(kept[name].dtype)
            yield
        finally:
            for name, value in kept.items():
                self.parameters[name].data = value
