"""A loss on what moving things leave behind. Not in the paper."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

_BOX = 4  # cells


def lasting_loss(error: Tensor) -> Tensor:
    """Squared error of what does not average out over 4×4 cells and all frames, per clip, [B].

    A tint that stays is seen at once, and the mean squared error of single values, most of it unknowable texture,
    hardly knows it. Times the number of values that are averaged: for errors that are independent it equals their mean
    square.

    Args:
        error: of x₀, [B, L, C, h, w].
    """
    box = min(_BOX, *error.shape[-2:])
    mean = F.avg_pool2d(error.mean(dim=1), box, stride=1)
    return mean.square().flatten(1).mean(dim=1) * (box**2 * error.shape[1])
