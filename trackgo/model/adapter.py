"""TrackAdapter and the arithmetic of its two branches: A' (eq. 2), its mask (eq. 3, 11), A (eq. 4) and O = (A + A')V.

Shapes: G groups (CFG halves), S locations, n ⊂ S active locations, h heads, L frames, C = h·d channels.

Where no trajectory passes, f is constant in time, so A' = 1/L exactly, whatever the weights, and nothing is masked.
Those *inactive* locations need neither E nor W'q, W'k: the code below treats them in closed form and spends attention
arithmetic on active locations alone. The gradient there is exactly 0 too, so training uses the same path.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from .config import AttentionSettings, Mass
from .encoder import FEATURES

_CHUNK_BYTES = 64 << 20  # float32 score matrices held at a time
_FIXED_POINT_ONE, _FIXED_POINT_ZERO = 65_535, 32_768
_REGISTER = 16  # float32 numbers of the widest there is
_ROWS = 128  # locations worked on at once, where nothing else says how many


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
            return softmax(attention_scores(q, k))


@dataclass(frozen=True)
class AdapterAttention:
    """What the TrackAdapter of one layer says about one set of trajectories.

    Attributes:
        index: active locations, int64 [n], row-major over (trajectory batch, height, width).
        locations: S, how many locations there are.
        attention: A' at the active locations, [n, h, L, L]: float32, or what ``to_fixed_point`` made of it.
        mass: how A' joins A (see ``mass_weights``).
    """

    index: Tensor
    locations: int
    attention: Tensor
    mass: Mass

    @property
    def frames(self) -> int:
        return self.attention.shape[-1]

    def rows(self, *where: Any) -> Tensor:
        """A' in float32, all of it or what an index picks."""
        return from_fixed_point(self.attention[where] if where else self.attention)

    def activated_share(self, alpha: float) -> float:
        """Share of all A' entries, inactive locations included, that reach α."""
        n, heads, frames, _ = self.attention.shape
        uniform = (self.locations - n) * heads * frames * frames * (1 / frames >= alpha)
        hits = activated(self.rows(), alpha).sum().item() + uniform
        return hits / (self.locations * heads * frames * frames)


def attention_scores(q: Tensor, k: Tensor) -> Tensor:
    """QKᵀ/√d in float32, from [..., L, d] and [..., M, d] to [..., L, M]."""
    return q.float() @ k.float().transpose(-1, -2) / math.sqrt(q.shape[-1])


def softmax(scores: Tensor) -> Tensor:
    """Over the last dimension. On a CPU torch's own takes five times as long for rows shorter than a register."""
    if scores.device.type != "cpu" or scores.shape[-1] >= _REGISTER:
        return scores.softmax(dim=-1)
    powers = (scores - scores.amax(dim=-1, keepdim=True)).exp()
    return powers / powers.sum(dim=-1, keepdim=True)


def activated(attention: Tensor, alpha: float) -> Tensor:
    """R of eq. 3, the entries of A' that reach α, which A_M blocks in the original branch: bool, shaped as A'.

    A' is compared in float32: α rounded to half precision is another number (0.2 becomes 0.19995).
    """
    return attention.float() >= alpha


def to_fixed_point(attention: Tensor, alphas: Collection[float]) -> Tensor:
    """A' in 16 bits, int16, in which the same entries reach each of ``alphas``: one that rounding would carry over a
    threshold takes the next number on its own side. As given, where no number can be on the right side of them all.

    Steps of 1/65535 everywhere are 4 to 32 times finer than half precision's where rows are peaked.
    """
    fixed = (attention * _FIXED_POINT_ONE - _FIXED_POINT_ZERO).round().to(torch.int16)
    for alpha in alphas:
        wanted, found = activated(attention, alpha), activated(from_fixed_point(fixed), alpha)
        fixed += (wanted & ~found).to(torch.int16) - (found & ~wanted).to(torch.int16)
    rows = from_fixed_point(fixed)
    kept = all(torch.equal(activated(rows, alpha), activated(attention, alpha)) for alpha in alphas)
    return fixed if kept else attention


def from_fixed_point(attention: Tensor) -> Tensor:
    """A' in float32, however it is kept."""
    if attention.dtype != torch.int16:
        return attention.float()
    return (attention.float() + _FIXED_POINT_ZERO) / _FIXED_POINT_ONE


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
        weights = softmax(scores.masked_fill(blocked, -math.inf))
        if s := settings.freeze:
            free = (~blocked).to(weights)
            weights = (1 - s) * weights + s * free / free.sum(dim=-1, keepdim=True)
        return weights
    shifted = (scores + settings.tau).masked_fill(blocked, -math.inf)
    if settings.tau_mode == "halfadd":
        shifted = shifted.half().float()
    return softmax(shifted)


def two_branch_attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    base: Callable[[], Tensor],
    layer: AdapterAttention,
    settings: AttentionSettings,
) -> Tensor:
    """O = (A + A')V with A masked by A'.

    Args:
        q, k, v: the original branch's projections, [G·S, L, C].
        base: gives the unmasked attention output softmax(QKᵀ/√d)V, [G·S, L, C], from the back end's own kernel; called
            unless every location is active. Its tensor is written to where no gradients flow.
        layer: A' for S locations; broadcast over the G groups.

    Returns:
        [G·S, L, C] in the base's dtype.
    """
    frames = q.shape[1]
    settings.check_frames(frames)
    heads = layer.attention.shape[1]
    if len(q) % layer.locations:
        raise ValueError(
            f"the trajectories cover {layer.locations} locations, which does not divide the {len(q)} of the batch "
            "being sampled: use one set of trajectories, or as many as there are videos in the batch"
        )
    split = lambda x: rearrange(x, "(g s) l (h d) -> g s l h d", s=layer.locations, h=heads)  # noqa: E731
    q, k, v = split(q), split(k), split(v)
    with _no_autocast(q.device):
        if len(layer.index) == layer.locations:
            out = _active(q, k, v, layer, settings)
        else:
            out = _inactive(q, k, v, split(base()), layer, settings)
            training = torch.is_grad_enabled()
            if len(layer.index) or training:  # in training every process sends gradients of all adapters
                active = _active(*(x.index_select(1, layer.index) for x in (q, k, v)), layer, settings).to(out.dtype)
                out = (out.index_copy if training else out.index_copy_)(1, layer.index, active)
    return rearrange(out, "g s l h d -> (g s) l (h d)")


def _active(q: Tensor, k: Tensor, v: Tensor, layer: AdapterAttention, settings: AttentionSettings) -> Tensor:
    """O [G, n, L, h, d] from the active locations' q, k, v [G, n, L, h, d].

    One head at a time on the CPU: a single head's matrices need no copy to be multiplied.
    """
    groups, count, frames, heads, _ = v.shape
    together = 1 if v.device.type == "cpu" else heads
    size = max(1, _CHUNK_BYTES // (4 * groups * together * frames * frames))
    parts = []
    for i in range(0, max(1, count), size):
        some = []
        for j in range(0, heads, together):
            here = slice(i, i + size), slice(j, j + together)
            q_h, k_h, v_h = (x[:, here[0], :, here[1]].transpose(2, 3) for x in (q, k, v))
            attention = layer.rows(*here)
            weights = masked_attention(attention_scores(q_h, k_h), activated(attention, settings.alpha), settings)
            weights = weights + mass_weights(attention, layer.mass)
            some.append((weights.to(v.dtype) @ v_h).transpose(2, 3))
        parts.append(torch.cat(some, dim=3))
    return torch.cat(parts, dim=1) if len(parts) != 1 else parts[0]


def _no_autocast(device: torch.device) -> AbstractContextManager:
    """Autocast would turn float32 products into half precision, and α would be compared with a rounded A'."""
    available = torch.amp.is_autocast_available(device.type)
    return torch.autocast(device.type, enabled=False) if available else nullcontext()


def _inactive(
    q: Tensor, k: Tensor, v: Tensor, base: Tensor, layer: AdapterAttention, settings: AttentionSettings
) -> Tensor:
    """O where A' = 1/L everywhere: (1−s)·AV + (m+s)·mean_t(V), with m the row mass added there (1 or 0); all are
    [G, S, L, h, d]."""
    if settings.tau_mode == "halfadd" and settings.tau:
        base = _half_added(q, k, v, settings)
    s, mass = settings.freeze, layer.mass == "literal"
    if not (s or mass):
        return base
    if torch.is_grad_enabled():
        return (1 - s) * base + (mass + s) * v.mean(dim=2, keepdim=True)
    for part, values in zip(base.split(_ROWS, dim=1), v.split(_ROWS, dim=1), strict=True):
        part.mul_(1 - s).add_(values.mean(dim=2, keepdim=True), alpha=mass + s)
    return base


def _half_added(q: Tensor, k: Tensor, v: Tensor, settings: AttentionSettings) -> Tensor:
    """O where nothing is masked, under ``halfadd``."""
    nothing = torch.zeros((), dtype=torch.bool, device=q.device)
    parts = []
    for q_s, k_s, v_s in zip(*(x.transpose(2, 3).split(_ROWS, dim=1) for x in (q, k, v)), strict=True):
        weights = masked_attention(attention_scores(q_s, k_s), nothing, settings)
        parts.append((weights.to(v.dtype) @ v_s).transpose(2, 3))
    return torch.cat(parts, dim=1)
