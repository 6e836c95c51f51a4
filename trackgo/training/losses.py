"""L_attn, the attention loss (eq. 8)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange, reduce
from torch import Tensor

from ..model.adapter import AdapterAttention, activated, attention_scores, masked_attention
from ..model.config import AttentionSettings


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

    def __call__(self, name: str, size: tuple[int, int], q: Tensor, k: Tensor, layer: AdapterAttention) -> None:
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

    def _self_weights(self, q: Tensor, k: Tensor, rows: Tensor, layer: AdapterAttention) -> Tensor:
        """A_q(i, i) at ``rows``, [n, heads, L]."""
        heads = layer.attention.shape[1]
        scores = attention_scores(*(rearrange(x, "n l (h d) -> n h l d", h=heads) for x in (q, k)))
        place = torch.full((layer.locations,), -1, device=rows.device)
        place[layer.index] = torch.arange(len(layer.index), device=rows.device)
        place = place[rows]
        blocked = torch.zeros_like(scores, dtype=torch.bool)
        blocked[place >= 0] = activated(layer.rows(place[place >= 0]).detach(), self.settings.alpha)
        return masked_attention(scores, blocked, self.settings).diagonal(dim1=-2, dim2=-1)
