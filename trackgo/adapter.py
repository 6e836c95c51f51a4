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
from typing import Any, Literal

import torch
from einops import rearrange
from torch import Tensor, nn

from .encoder import FEATURES

Mass = Literal["literal", "centered", "gated"]
TauMode = Literal["freeze", "literal", "halfadd"]
MASS_MODES: tuple[Mass, ...] = ("literal", "centered", "gated")
TAU_MODES: tuple[TauMode, ...] = ("freeze", "literal", "halfadd")

TAU_MIN = -1e4
"""The paper's strongest τ; below −65,504 ``halfadd`` would overflow half precision and give NaN."""

_CHUNK_BYTES = 256 << 20  # float32 score matrices held at a time
_ROW_ERROR = 1e-5  # how far the sum of a float32 row of A' may lie from 1, generously


@dataclass(frozen=True)
class AttentionSettings:
    """How the adapter acts at inference.

    Attributes:
        alpha: threshold α of eq. 3, in (0, 1); the paper's 0.2.
        tau_mode: ``freeze`` (users' default), ``literal`` (eq. 11 in float32: a no-op, since softmax ignores what is
            added to everything that is not masked) or ``halfadd`` (scores plus τ rounded to half precision, which is
            what the paper's Fig. 5 shows).
        tau: intensity τ of the unspecified area, 0 … −1e4. 0 leaves it alone.
    """

    alpha: float = 0.2
    tau_mode: TauMode = "freeze"
    tau: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, got {self.alpha}; the paper uses 0.2")
        if self.tau_mode not in TAU_MODES:
            raise ValueError(f"tau_mode must be one of {', '.join(TAU_MODES)}, got '{self.tau_mode}'")
        if not TAU_MIN <= self.tau <= 0:
            raise ValueError(f"tau must lie between {TAU_MIN:g} and 0, got {self.tau}; 0 does nothing, -10000 freezes")

    @property
    def freeze(self) -> float:
        """s = clip(log10(1 + |τ|) / 4, 0, 1) in ``freeze`` mode, else 0: 0 → 0, −1e2 → 0.50, −1e4 → 1."""
        return min(math.log10(1 + abs(self.tau)) / 4, 1.0) if self.tau_mode == "freeze" else 0.0

    @staticmethod
    def tau_for(freeze: float) -> float:
        """The τ that freezes a share s of 0…1 in ``freeze`` mode: 1 − 10^(4s), and −1e4 for 1.

        Raises:
            ValueError: a share outside 0…1.
        """
        if not 0 <= freeze <= 1:
            raise ValueError(f"freeze must lie between 0 and 1, got {freeze}")
        return 1 - 10 ** (4 * freeze) if freeze < 1 else TAU_MIN

    def check_frames(self, frames: int) -> None:
        """A row of A' sums to 1, so at most 1/α entries reach α; α·L ≤ 1 would mask a uniform row whole (NaN)."""
        least = 1 + _ROW_ERROR  # just above 1 the rounding of a uniform row could still mask it whole
        if self.alpha * frames <= least:
            raise ValueError(
                f"alpha {self.alpha} with {frames} frames would mask whole rows of the attention: "
                f"use at least {math.floor(least / self.alpha) + 1} frames or an alpha of "
                f"{math.ceil(1000 * least / frames) / 1000:.3f} or more"
            )


class TrackAdapter(nn.Module):
    """The branch beside one temporal self-attention: A' = softmax(Q'K'ᵀ/√d) with Q' = fW'q, K' = fW'k (eq. 2).

    A biased Linear 320→C brings f to the layer's width; W'q and W'k are C×C without bias, copied from the layer's own
    to_q and to_k. ``gate`` (g) exists in ``gated`` mode only and starts at 0.
    """

    def __init__(self, channels: int, heads: int, mass: Mass, operations: Any = nn) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"{channels} channels do not divide into {heads} heads")
        self.channels, self.heads = channels, heads
        self.project = operations.Linear(FEATURES, channels)
        self.to_q = operations.Linear(channels, channels, bias=False)
        self.to_k = operations.Linear(channels, channels, bias=False)
        if mass == "gated":
            self.gate = nn.Parameter(torch.zeros(()))

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
            return _scores(q, k).softmax(dim=-1)


@dataclass(frozen=True)
class LayerMotion:
    """What the TrackAdapter of one layer says about one set of trajectories.

    Attributes:
        index: active locations, int64 [n], row-major over (trajectory batch, height, width).
        locations: S, how many locations there are.
        attention: A' at the active locations, float32 [n, h, L, L].
        mass: how A' joins A (see ``mass_weights``).
        gate: g of ``gated`` mode, a scalar tensor; None otherwise.
    """

    index: Tensor
    locations: int
    attention: Tensor
    mass: Mass
    gate: Tensor | None = None

    @property
    def frames(self) -> int:
        return self.attention.shape[-1]

    def activated_share(self, alpha: float) -> float:
        """Share of all A' entries, inactive locations included, that reach α."""
        n, heads, frames, _ = self.attention.shape
        uniform = (self.locations - n) * heads * frames * frames * (1 / frames >= alpha)
        hits = (self.attention >= alpha).sum().item() + uniform
        return hits / (self.locations * heads * frames * frames)


def mass_weights(attention: Tensor, mass: Mass, gate: Tensor | None = None) -> Tensor:
    """What is added to A before it meets V: A' (``literal``, as printed), A' − 1/L (``centered``), g·A' (``gated``).

    Rows of A' always sum to 1, so ``literal`` adds mean_t(V) wherever no trajectory passes and needs a base trained
    along; ``centered`` leaves the base model exactly alone there.
    """
    if mass == "literal":
        return attention
    if mass == "centered":
        return attention - 1 / attention.shape[-1]
    return gate.to(attention) * attention


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
    q: Tensor, k: Tensor, v: Tensor, base: Tensor, layer: LayerMotion, settings: AttentionSettings
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


def _active(q: Tensor, k: Tensor, v: Tensor, layer: LayerMotion, settings: AttentionSettings) -> Tensor:
    """O at the active locations, [G, n, h, L, d]."""
    size = _chunk(q, q.shape[-2])
    parts = []
    for at, attention in zip(layer.index.split(size), layer.attention.split(size), strict=True):
        weights = masked_attention(_scores(q[:, at], k[:, at]), attention >= settings.alpha, settings)
        weights = weights + mass_weights(attention, layer.mass, layer.gate)
        parts.append(weights.to(v.dtype) @ v[:, at])
    return torch.cat(parts, dim=1)


def _no_autocast(device: torch.device) -> AbstractContextManager:
    """Autocast would turn float32 products into half precision, and α would be compared with a rounded A'."""
    available = torch.amp.is_autocast_available(device.type)
    return torch.autocast(device.type, enabled=False) if available else nullcontext()


def _scores(q: Tensor, k: Tensor) -> Tensor:
    """QKᵀ/√d in float32, [..., L, L]."""
    return q.float() @ k.float().transpose(-1, -2) / math.sqrt(q.shape[-1])


def _chunk(q: Tensor, frames: int) -> int:
    """Locations whose score matrices together stay below the memory bound."""
    groups, _, heads = q.shape[:3]
    return max(1, _CHUNK_BYTES // (4 * groups * heads * frames * frames))


def _inactive(q: Tensor, k: Tensor, v: Tensor, base: Tensor, layer: LayerMotion, settings: AttentionSettings) -> Tensor:
    """O where A' = 1/L everywhere: (1−s)·AV + (m+s)·mean_t(V), with m the row mass added there (1, 0 or g)."""
    mean = v.mean(dim=-2, keepdim=True)
    if settings.tau_mode == "halfadd" and settings.tau:
        blocked = torch.zeros((), dtype=torch.bool, device=q.device)
        chunks = range(0, layer.locations, step := _chunk(q, q.shape[-2]))
        base = torch.cat(
            [
                masked_attention(_scores(q[:, i : i + step], k[:, i : i + step]), blocked, settings).to(v.dtype)
                @ v[:, i : i + step]
                for i in chunks
            ],
            dim=1,
        )
    s = settings.freeze
    if s:
        base = (1 - s) * base + s * mean
    if layer.mass == "literal":
        return base + mean
    return base + layer.gate.to(mean) * mean if layer.mass == "gated" else base
