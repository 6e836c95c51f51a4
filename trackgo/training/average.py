"""Exponential moving average of the trained parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from .sharding import own_part, shard_like, swap_


class MovingAverage:
    """Running average of float32 parameters; early on it follows faster, with decay (1 + n) / (10 + n) after n updates.

    Of parameters that are sharded, every process averages its own part.

    Attributes:
        decay: 0 switches it off: ``values`` is then empty and ``applied`` does nothing.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], decay: float) -> None:
        self.parameters, self.decay = dict(parameters), decay
        self.values = {n: p.detach().clone() for n, p in self.parameters.items()} if decay else {}

    @torch.no_grad()
    def update_(self, updates: int) -> None:
        """After optimiser step number ``updates`` (from 1)."""
        if not self.decay:
            return
        decay = min(self.decay, (1 + updates) / (10 + updates))
        current = [own_part(self.parameters[name].detach()) for name in self.values]
        torch._foreach_lerp_([own_part(value) for value in self.values.values()], current, 1 - decay)

    @torch.no_grad()
    def restore_(self, values: Mapping[str, Tensor]) -> None:
        """Continue from saved values; a checkpoint without an average starts one from its weights."""
        for name, value in self.values.items():
            value.copy_(shard_like(values[name], value) if name in values else self.parameters[name])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters hold the average inside, their own values again afterwards."""
        self._swap_()
        try:
            yield
        finally:
            self._swap_()

    def _swap_(self) -> None:
        for name, value in self.values.items():
            swap_(self.parameters[name], value)
