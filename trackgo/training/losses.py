"""Losses beside the noise's: L_attn (eq. 8), and two on what moves leaves behind (not in the paper)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from torch import Tensor

from ..adapter import AttentionSettings, LayerMotion, masked_attention

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


class AttentionLoss:
    """Collects eq. 8 over the layers of one forward pass; a ``svd.Probe``.

    (A_q(i, i)·φ(M_i))² with A_q(i, i) the original branch's weight of frame i on itself after masking (eq. 4): mean
    over heads and pixels, sum over layers and frames. Uniform attention over 25 frames with a mask of 20 % gives
    16·25·0.2/25² = 0.128.

    Args:
        moving: M_i, bool [B, L, H, W], the union of what moves in each frame. φ takes the maximum over each of the
            layer's cells, so that a small part survives the coarsest layer.
        settings: α and τ as in the attention itself.
    """

    def __init__(self, moving: Tensor, settings: AttentionSettings) -> None:
        self.moving, self.settings = moving, settings
        self.layers: dict[str, Tensor] = {}

    def per_clip(self) -> Tensor:
        """The loss of each clip, [B]."""
        return torch.stack(list(self.layers.values())).sum(dim=0)

    def __call__(self, name: str, size: tuple[int, int], q: Tensor, k: Tensor, layer: LayerMotion) -> None:
        """See ``svd.Probe``; q and k [B·h·w, L, C], batch-major, one set of trajectories per clip."""
        small = F.adaptive_max_pool2d(self.moving.float(), size)
        covered = rearrange(small, "b l h w -> (b h w) l")
        rows = covered.any(dim=1).nonzero().flatten()
        with torch.autocast(q.device.type, enabled=False):
            weights = self._self_weights(q[rows], k[rows], rows, layer)  # [n, heads, L]
        squares = reduce((weights * covered[rows, None]).square(), "n heads l -> n l", "mean").sum(dim=1)
        pixels = size[0] * size[1]
        per_clip = squares.new_zeros(len(self.moving)).index_add(0, rows // pixels, squares)
        self.layers[name] = per_clip / pixels

    def _self_weights(self, q: Tensor, k: Tensor, rows: Tensor, layer: LayerMotion) -> Tensor:
        """A_q(i, i) at ``rows``, [n, heads, L]."""
        heads = layer.attention.shape[1]
        q, k = (rearrange(x.float(), "n l (h d) -> n h l d", h=heads) for x in (q, k))
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        place = torch.full((layer.locations,), -1, device=rows.device)
        place[layer.index] = torch.arange(len(layer.index), device=rows.device)
        place = place[rows]
        blocked = torch.zeros_like(scores, dtype=torch.bool)
        blocked[place >= 0] = layer.attention.detach()[place[place >= 0]] >= self.settings.alpha
        return masked_attention(scores, blocked, self.settings).diagonal(dim1=-2, dim2=-1)
