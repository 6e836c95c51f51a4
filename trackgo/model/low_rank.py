"""A change of a base weight that is kept as two small factors (LoRA), so that a checkpoint for real SVD stays small."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class LowRank(NamedTuple):
    """W becomes W + up·down, [out, in]; LoRA's scale is part of ``up``.

    Attributes:
        up: [out, r].
        down: [r, in].
    """

    up: Tensor
    down: Tensor

    @property
    def shape(self) -> torch.Size:
        """Of the weight it belongs to."""
        return torch.Size((self.up.shape[0], self.down.shape[1]))

    def added_to(self, weight: Tensor) -> Tensor:
        """W + up·down, computed in float32, in W's precision and on its device."""
        up, down = (factor.to(weight.device, torch.float32) for factor in self)
        return (weight.float() + up @ down).to(weight.dtype)


BaseChange = Tensor | LowRank
"""What takes the place of a base weight, or is added to it."""


def changed(weight: Tensor, change: BaseChange) -> Tensor:
    """A base weight after ``change``, in its own precision and on its own device."""
    return change.added_to(weight) if isinstance(change, LowRank) else change.to(weight)
