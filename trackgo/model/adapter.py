"""TrackAdapter and the arithmetic of its two branches: A' (eq. 2), its mask (eq. 3, 11), A (eq. 4) and O = (A + A')V.

Shapes: G groups (CFG halves), S locations, n ⊂ S active locations, h heads, L frames, C = h·d channels.

Where no trajectory passes, f is constant in time, so A' = 1/L exactly, whatever the weights, and nothing is masked.
Those *inactive* locations need neither E nor W'q, W'k: the code below treats them in closed form and spends attention
arithmetic on active locations alone. The gradient there is exactly 0 too, so training uses the same path.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from .config import AttentionSettings, Mass
from .encoder import FEATURES

_CHUNK_BYTES = 256 << 20  # float32 score matrices held at a time


class TrackAdapter(nn.Module):
    """The branch beside one temporal self-attention: A' = softmax(Q'K'ᵀ/√d) with Q' = fW'q, K' = fW'k (eq. 2).

    A biased Linear 320→C brings f to the layer's width; W'q and W'k are C×C without bias, copied from the layer's own
    to_q and to_k.
    """

    def __init__(self, channels: int, heads: int, operations: Any = nn) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"{channels} channels do not divide into {heads} heads")
        self.channels, self.heads = channels, heads
        self.project = operations.Linear(FEATURES, channels)
        self.to_q = operations.Linear(channels, channels, bias=False)
        self.to_k = operations.Linear(channels, channels, bias=False)

    def reset_parameters_(self) -> None:
        """Kaiming projection with zero bias; W'q and W'k as a fresh attention layer has them until they are copied."""
        nn.init.kaiming_normal_(self.project.weight, nonlinearity="linear")
        nn.init.zeros_(self.project.bias)
        for layer in (self.to_q, self.to_k):
            nn.init.xavier_uniform_(layer.weight)

    def calibrate_(self) -> None:
        """Scale the projection to W'q and W'k, whatever base they were copied from, so that A' can reach α.

        For isotropic hidden states of unit variance, which a Kaiming projection gives, a head's logits deviate by
        ‖W'qᵀW'k‖/√d; this brings their mean to 2. A trajectory lights a location only part of the time, which about
        halves it: rows then deviate by about 1. With an untrained base's W'q and W'k it would be 0.1 to 0.3, where no
        entry of A' reaches α.
        """
        size = self.channels // self.heads
        q, k = (w.weight.float().unflatten(0, (self.heads, size)) for w in (self.to_q, self.to_k))  # [h, d, C]
        norms = (q @ q.mT * (k @ k.mT)).sum(dim=(1, 2)).clamp_min(1e-4).sqrt()  # ‖W'qᵀW'k‖ from d×d Gram matrices
        self.project.weight.mul_((2 * math.sqrt(size) / norms.mean()).sqrt())

    def forward(self, f: Tensor) -> Tensor:
        """f at active locations [n, L, 320] → A' [n, h, L, L] in float32; rows sum to 1."""
        hidden = self.project(f)
        q, k = (rearrange(w(hidden), "n l (h d) -> n h l d", h=self.heads) for w in (self.to_q, self.to_k))
        with _no_autocast(f.device):
            return attention_scores(q, k).softmax(dim=-1)


@dataclass(frozen=True)
class AdapterAttention:
    """What the TrackAdapter of one layer says about one set of trajectories.

    Attributes:
        index: active locations, int64 [n], row-major over (trajectory batch, height, width).
        locations: S, how many locations there are.
        attention: A' at the active locations, float32 [n, h, L, L].
        mass: how A' joins A (see ``mass_weights``).
    """

    index: Tensor
    locations: int
    attention: Tensor
    mass: Mass

    @property
    def frames(self) -> int:
        return self.attention.shape[-1]

    def activated_share(self, alpha: float) -> float:
        """Share of all A' entries, inactive locations included, that reach α."""
        n, heads, frames, _ = self.attention.shape
        uniform = (self.locations - n) * heads * frames * frames * (1 / frames >= alpha)
        hits = activated(self.attention, alpha).sum().item() + uniform
        return hits / (self.locations * heads * frames * frames)


def attention_scores(q: Tensor, k: Tensor) -> Tensor:
    """QKᵀ/√d in float32, from [..., L, d] and [..., M, d] to [..., L, M]."""
    return q.float() @ k.float().transpose(-1, -2) / math.sqrt(q.shape[-1])


def activated(attention: Tensor, alpha: float) -> Tensor:
    """R of eq. 3, the entries of A' that reach α, which A_M blocks in the original branch: bool, shaped as A'.

    A' is compared in float32: α rounded to half precision is another number (0.2 becomes 0.19995).
    """
    return attention.float() >= alpha


def mass_weights(attention: Tensor, mass: Mass) -> Tensor:
    """What is added to A before it meets V: A' (``literal``, as printed) or A' − 1/L (``centered``).

    Rows of A' always sum to 1, so ``literal`` adds mean_t(V) wherever no trajectory passes and needs a base trained
    along; ``centered`` leaves the base model exactly alone there.
    """
    return attention if mass == "literal" else attention - 1 / attention.shape[-1]


def masked_attention(scores: Tensor, blocked: Tensor, settings: AttentionSettings) -> Tensor:
    """A of eq. 4 from scores QKᵀ/√d (float32 [..., L, L]) and R = {A' ≥ α} as ``blocked``, under a τ mode.

    ``freeze``: (1−s)·softmax(scores, −∞ on R) + s·U, with U uniform over j ∉ R; rows sum to 1, independent of dtype.
    ``literal``: eq. 11, softmax(scores + A_M) with A_M = −∞ on R and τ elsewhere, in float32.
    ``halfadd``: the same sum rounded to float16 first.
    """
    if settings.tau_mode == "freeze":
        weights = scores.masked_fill(blocked, -math.inf).softmax(dim=-1)
        if s := settings.freeze:
            free = (~blocked).to(weights)
            weights = (1 - s) * weights + s * free / free.sum(dim=-1, keepdim=True)
        return weights
    shifted = (scores + settings.tau).masked_fill(blocked, -math.inf)
    if settings.tau_mode == "halfadd":
        shifted = shifted.half().float()
    return shifted.softmax(dim=-1)


def two_branch_attention(
    q: Tensor, k: Tensor, v: Tensor, base: Tensor, layer: AdapterAttention, settings: AttentionSettings
) -> Tensor:
    """O = (A + A')V with A masked by A'.

    Args:
        q, k, v: the original branch's projections, [G·S, L, C].
        base: the unmasked attention output softmax(QKᵀ/√d)V, [G·S, L, C], from the back end's own kernel.
        layer: A' for S locations; broadcast over the G groups.

    Returns:
        [G·S, L, C] in ``base``'s dtype.
    """
    frames = q.shape[1]
    settings.check_frames(frames)
    heads = layer.attention.shape[1]
    if len(q) % layer.locations:
        raise ValueError(
            f"the trajectories cover {layer.locations} locations, which does not divide the {len(q)} of the batch "
            "being sampled: use one set of trajectories, or as many as there are videos in the batch"
        )
    split = lambda x: rearrange(x, "(g s) l (h d) -> g s h l d", s=layer.locations, h=heads)  # noqa: E731
    q, k, v = split(q), split(k), split(v)
    with _no_autocast(q.device):
        out = _inactive(q, k, v, split(base), layer, settings)
        out = out.index_copy(1, layer.index, _active(q, k, v, layer, settings).to(out.dtype))
    return rearrange(out, "g s h l d -> (g s) l (h d)")


def _active(q: Tensor, k: Tensor, v: Tensor, layer: AdapterAttention, settings: AttentionSettings) -> Tensor:
    """O at the active locations, [G, n, h, L, d]."""
    size = _chunk(q, q.shape[-2])
    parts = []
    for at, attention in zip(layer.index.split(size), layer.attention.split(size), strict=True):
        weights = masked_attention(attention_scores(q[:, at], k[:, at]), activated(attention, settings.alpha), settings)
        weights = weights + mass_weights(attention, layer.mass)
        parts.append(weights.to(v.dtype) @ v[:, at])
    return torch.cat(parts, dim=1)


def _no_autocast(device: torch.device) -> AbstractContextManager:
    """Autocast would turn float32 products into half precision, and α would be compared with a rounded A'."""
    available = torch.amp.is_autocast_available(device.type)
    return torch.autocast(device.type, enabled=False) if available else nullcontext()


def _chunk(q: Tensor, frames: int) -> int:
    """Locations whose score matrices together stay below the memory bound."""
    groups, _, heads = q.shape[:3]
    return max(1, _CHUNK_BYTES // (4 * groups * heads * frames * frames))


def _inactive(
    q: Tensor, k: Tensor, v: Tensor, base: Tensor, layer: AdapterAttention, settings: AttentionSettings
) -> Tensor:
    """O where A' = 1/L everywhere: (1−s)·AV + (m+s)·mean_t(V), with m the row mass added there (1 or 0)."""
    mean = v.mean(dim=-2, keepdim=True)
    if settings.tau_mode == "halfadd" and settings.tau:
        blocked = torch.zeros((), dtype=torch.bool, device=q.device)
        chunks = range(0, layer.locations, step := _chunk(q, q.shape[-2]))
        base = torch.cat(
            [
                masked_attention(attention_scores(q[:, i : i + step], k[:, i : i + step]), blocked, settings).to(
                    v.dtype
                )
                @ v[:, i : i + step]
                for i in chunks
            ],
            dim=1,
        )
    s = settings.freeze
    if s:
        base = (1 - s) * base + s * mean
    return base + mean if layer.mass == "literal" else base
