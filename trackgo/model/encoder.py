"""Encoder E: point trajectories P → compressed features f = E(P) (eq. 1).

The paper takes Animate Anyone's pose encoder: "six convolution layers, two pooling layers, and a final fully-connected
layer". The widths below give 571,440 parameters and, with the TrackAdapters, the paper's 29.36M on SVD; that is
consistent with the paper, not recovered from it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FEATURES = 320
"""Channels of f."""

REACH_PX = 14
"""How far beyond its own 4×4 pixels a location of f sees: two convolutions each at full, half and quarter size."""

_WIDTHS = (3, 16, 16, 32, 64, 128, FEATURES)
_POOL_AFTER = (1, 3)  # after the 2nd and the 4th convolution: f lies at a quarter of P's size


class TrajectoryEncoder(nn.Module):
    """E of eq. 1, ending in a parameter-free LayerNorm over channels.

    Without that norm and with default initialisation the attention logits of the adapters deviate by 1e-5 and no entry
    of A' ever reaches α. Max pooling keeps 4-px signals that averaging would dilute. The last layer is never
    zero-initialised: all gradients of E, W'q and W'k would then be exactly 0.

    Args:
        operations: namespace with ``Conv2d`` and ``Linear`` (``torch.nn``, or a back end's own casting layers).
    """

    def __init__(self, operations: Any = nn) -> None:
        super().__init__()
        self.convs = nn.ModuleList(operations.Conv2d(i, o, 3, padding=1) for i, o in pairwise(_WIDTHS))
        self.fc = operations.Linear(FEATURES, FEATURES)

    def reset_parameters_(self) -> None:
        """Kaiming weights, zero biases: f then varies enough for logits with a standard deviation near 1."""
        for layer in [*self.convs, self.fc]:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, frames: Tensor) -> Tensor:
        """P as float [F, 3, H, W] in 0–1 → f [F, 320, H/4, W/4] with mean 0 and variance 1 over channels."""
        hidden = frames
        for i, conv in enumerate(self.convs):
            hidden = F.silu(conv(hidden))
            if i in _POOL_AFTER:
                hidden = F.max_pool2d(hidden, 2)
        f = self.fc(hidden.movedim(1, -1))  # [F, h, w, 320]
        return F.layer_norm(f, (FEATURES,)).movedim(-1, 1)


def align(f: Tensor, height: int, width: int) -> Tensor:
    """Down-sample f [F, 320, h, w] to a layer's own (height, width), read from its hidden states, never ``H // 8``."""
    return F.adaptive_max_pool2d(f, (height, width))


def points_to_tensor(images: Any, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32) -> Tensor:
    """P as uint8 [..., H, W, 3] (numpy or tensor) → float [..., 3, H, W] in 0–1."""
    return torch.as_tensor(images).movedim(-1, -3).to(device=device, dtype=dtype) / 255
