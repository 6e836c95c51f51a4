"""Two losses on what moving things leave behind. Not in the paper."""

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


def vacated_loss(error: Tensor, moving: Tensor) -> Tensor:
    """Mean over all cells of the squared error where a component was in the first frame and none is now, per clip, [B].

    The first frame does not show what is there, and it is a small part of the picture: without more weight the thing
    that left stays faintly visible.

    Args:
        error: of x₀, [B, L, C, h, w].
        moving: M_i, bool [B, L, H, W]; a cell counts where at least half of it was vacated.
    """
    vacated = moving[:, :1] & ~moving
    cells = F.adaptive_avg_pool2d(vacated.float(), error.shape[-2:]) >= 0.5
    return (error.square().mean(dim=2) * cells).flatten(1).mean(dim=1)
