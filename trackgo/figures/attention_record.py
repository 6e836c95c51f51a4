"""Recording temporal attention maps: Attn(i, j), how much of frame j each place of frame i takes, at every location.

A layer's temporal attention is one L×L matrix per location and head. Kept here are single entries (i, j), averaged over
the heads, as pictures of the layer's own size; only row i of the matrix is ever computed. ``AttentionRecorder`` is a
probe of the attachment (``model.attach``): the sampled video is bit-identical with and without it, and where it is not
set, nothing of this file runs.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from ..model.adapter import AdapterAttention, activated, attention_scores, masked_attention, mass_weights
from ..model.config import AttentionSettings
from ..svd.layers import LAYERS

KINDS = ("without", "original", "masked", "adapter", "joined", "mask")
"""What is recorded, see ``AttentionRecorder``; ``without`` comes from a second run with ``WithoutAdapters``."""

LIMIT_BYTES = 256 << 20
_CHUNK = 1024  # locations whose q and k are held in float32 at a time: 33 MB of k at 25 frames and 320 channels
_WORDS = {"first": lambda count: 1, "middle": lambda count: (count + 1) // 2, "last": lambda count: count}
_NAMES = tuple(layer.name for layer in LAYERS)


def parse_numbers(text: str, count: int, what: str) -> tuple[int, ...]:
    """Which of ``count`` frames or steps: numbers from 1, ranges, first, middle, last, all; commas between.

    Returns:
        Numbers from 0, in the order given, none twice.

    Raises:
        ValueError: says what ``what`` may be.
    """
    chosen: list[int] = []
    for word in (part.strip().lower() for part in text.split(",") if part.strip()):
        if word in _WORDS:
            first = last = _WORDS[word](count)
        elif word == "all":
            first, last = 1, count
        elif found := re.fullmatch(r"(\d{1,6})(?:\s*-\s*(\d{1,6}))?", word):
            first, last = int(found[1]), int(found[2] or found[1])
        else:
            raise ValueError(f"{what}: '{word}' is not a number, a range such as 2-5, first, middle, last or all")
        if not 1 <= first <= last <= count:
            raise ValueError(f"{what}: '{word}' does not lie between 1 and {count}")
        chosen.extend(range(first - 1, last))
    if not chosen:
        raise ValueError(f"{what} names nothing: give numbers from 1 to {count}, first, middle, last or all")
    return tuple(dict.fromkeys(chosen))


def parse_layers(text: str) -> tuple[str, ...]:
    """Which layers: names, patterns such as ``up_3_*``, or all; commas between. In the order of the forward pass.

    Raises:
        ValueError: a word that no layer fits; lists the names.
    """
    chosen: set[str] = set()
    for word in (part.strip() for part in text.split(",") if part.strip()):
        fitting = _NAMES if word == "all" else fnmatch.filter(_NAMES, word)
        if not fitting:
            raise ValueError(f"layers: no layer is called '{word}'; there are {', '.join(_NAMES)}, patterns, and all")
        chosen.update(fitting)
    if not chosen:
        raise ValueError("layers names nothing: give a name such as up_3_2, a pattern such as up_3_*, or all")
    return tuple(name for name in _NAMES if name in chosen)


@dataclass(frozen=True)
class AttentionRequest:
    """What to keep: every chosen layer × step × frame i × frame j. Steps and frames count from 0."""

    layers: tuple[str, ...]
    steps: tuple[int, ...]
    frames_i: tuple[int, ...]
    frames_j: tuple[int, ...]

    def __post_init__(self) -> None:
        unknown = [name for name in self.layers if name not in _NAMES]
        if unknown:
            raise ValueError(f"there is no layer '{unknown[0]}'; there are {', '.join(_NAMES)}")
        for name in ("layers", "steps", "frames_i", "frames_j"):
            if not getattr(self, name):
                raise ValueError(f"the request's {name} are empty: at least one is needed")
        if min(self.steps + self.frames_i + self.frames_j) < 0:
            raise ValueError("steps and frames of an attention request count from 0; one is negative")

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Every (i, j), row by row."""
        return tuple((i, j) for i in self.frames_i for j in self.frames_j)

    def bytes(self, latent_size: tuple[int, int]) -> int:
        """The most memory the maps take for a latent of (height, width): 4 bytes per kind, pair, step and cell."""
        cells = sum(math.prod(layer.size(*latent_size)) for layer in LAYERS if layer.name in self.layers)
        return 4 * len(KINDS) * len(self.pairs) * len(self.steps) * cells

    def check(self, frames: int, latent_size: tuple[int, int]) -> None:
        """Refuse frames that the video has not, and more maps than ``LIMIT_BYTES``.

        Raises:
            ValueError: which frame, or how much it would be.
        """
        if max(self.frames_i + self.frames_j) >= frames:
            last = max(self.frames_i + self.frames_j) + 1
            raise ValueError(f"frame {last} was asked for but the video has {frames} frames")
        if (needed := self.bytes(latent_size)) > LIMIT_BYTES:
            raise ValueError(
                f"these maps would take {needed / 2**20:.0f} MB, the limit is {LIMIT_BYTES >> 20} MB: "
                "choose fewer layers, steps or frames"
            )


@dataclass(frozen=True)
class AttentionMap:
    """One Attn(i, j) of one layer at one step (both from 0).

    Attributes:
        values: kind → float32 [h, w], means over the heads. ``original``: the original branch as SVD would have it,
            ``masked``: the same after eq. 4 and τ, ``adapter``: A', ``mask``: the share of heads with A' ≥ α,
            ``joined``: what V is multiplied with (``masked`` plus A' by the checkpoint's mass mode). A run without
            adapters has ``original`` alone; ``with_plain`` adds it to another's as ``without``.
    """

    layer: str
    step: int
    i: int
    j: int
    values: dict[str, np.ndarray]


@dataclass
class AttentionRecorder:
    """A ``Probe`` (``model.attach``) that keeps the maps of a request.

    Set ``step`` to the number of the step that comes (from 0) before each call of the UNet; None records nothing.
    Of a batch the last video is looked at: under classifier-free guidance diffusers puts the conditional half there.

    Attributes:
        request: what to keep.
        settings: α and τ, as in the attachment that is watched.
        plain: keep ``original`` alone, for a run with ``WithoutAdapters``.
        maps: what was recorded, by (layer, step, i, j).
        shares: layer → share of A' entries that reach α, for all 16 layers (the same at every step).
    """

    request: AttentionRequest
    settings: AttentionSettings
    plain: bool = False
    step: int | None = None
    maps: dict[tuple[str, int, int, int], AttentionMap] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)

    @torch.no_grad()
    def __call__(self, name: str, size: tuple[int, int], q: Tensor, k: Tensor, layer: AdapterAttention) -> None:
        """See ``Probe``; q and k [G·S, L, C]."""
        if self.step not in self.request.steps:
            return
        if not self.plain and name not in self.shares:
            self.shares[name] = layer.activated_share(self.settings.alpha)
        if name not in self.request.layers:
            return
        cells = size[0] * size[1]
        for i in self.request.frames_i:
            found = self._row(i, q[-cells:], k[-cells:], layer)
            for at, j in enumerate(self.request.frames_j):
                values = {kind: v[at].reshape(size).cpu().numpy() for kind, v in found.items()}
                self.maps[name, self.step, i, j] = AttentionMap(name, self.step, i, j, values)

    def _row(self, i: int, q: Tensor, k: Tensor, layer: AdapterAttention) -> dict[str, Tensor]:
        """Entries (i, j) for every chosen j: kind → [len(j), cells]."""
        parts: list[dict[str, Tensor]] = []
        adapter = adapter_rows(layer, i, len(q))
        for start in range(0, len(q), _CHUNK):
            here = slice(start, start + _CHUNK)
            parts.append(self._kinds(q[here, i], k[here], adapter[here], layer))
        return {kind: torch.cat([part[kind] for part in parts], dim=1) for kind in parts[0]}

    def _kinds(self, q: Tensor, k: Tensor, adapter: Tensor, layer: AdapterAttention) -> dict[str, Tensor]:
        """q [n, C] of frame i, k [n, L, C], A' [n, heads, L] → kind → [len(j), n]."""
        heads = adapter.shape[1]
        with torch.autocast(q.device.type, enabled=False):
            q, k = rearrange(q, "n (h d) -> n h 1 d", h=heads), rearrange(k, "n l (h d) -> n h l d", h=heads)
            scores = attention_scores(q, k).squeeze(2)
            found = {"original": scores.softmax(dim=-1)}
            if not self.plain:
                blocked = activated(adapter, self.settings.alpha)
                found["masked"] = masked_attention(scores, blocked, self.settings)
                found |= {"adapter": adapter, "mask": blocked.float()}
                found["joined"] = found["masked"] + mass_weights(adapter, layer.mass)
        columns = list(self.request.frames_j)
        return {kind: rearrange(v.mean(dim=1)[:, columns], "n j -> j n") for kind, v in found.items()}


def adapter_rows(layer: AdapterAttention, i: int, cells: int) -> Tensor:
    """Row i of A' at the last ``cells`` locations, inactive ones (1/L) included: float32 [cells, heads, L]."""
    _, heads, frames, _ = layer.attention.shape
    rows = torch.full((cells, heads, frames), 1 / frames, device=layer.attention.device)
    at = layer.index - (layer.locations - cells)
    rows[at[at >= 0]] = layer.rows(at >= 0, slice(None), i)
    return rows


@dataclass(frozen=True)
class WithoutAdapters:
    """``AdapterAttentions`` that move nothing: the attention stays the base model's to the bit, for a probe to record.

    Attributes:
        heads: layer name → number of heads.
    """

    heads: dict[str, int]
    frames: int
    latent_size: tuple[int, int]

    def layer(self, name: str, height: int, width: int, like: Tensor, alpha: float | None = None) -> AdapterAttention:
        """No active location at all."""
        index = torch.zeros(0, dtype=torch.int64, device=like.device)
        attention = torch.zeros(0, self.heads[name], self.frames, self.frames, device=like.device)
        return AdapterAttention(index, height * width, attention, "centered")

    def to(self, device: torch.device | str) -> None:
        """Nothing is kept."""


def plain_settings(frames: int) -> AttentionSettings:
    """Settings for ``WithoutAdapters``: τ does nothing, and α is one that this number of frames allows."""
    return AttentionSettings(alpha=min(0.99, max(0.2, 1.01 / frames)))


def with_plain(maps: Sequence[AttentionMap], plain: Sequence[AttentionMap]) -> list[AttentionMap]:
    """Maps with the ``original`` of a run without adapters added as ``without``; maps of either alone stay."""
    key = lambda m: (m.layer, m.step, m.i, m.j)  # noqa: E731
    values: dict[tuple, dict[str, np.ndarray]] = {key(m): {"without": m.values["original"]} for m in plain}
    for item in maps:
        values[key(item)] = {**values.get(key(item), {}), **item.values}
    order = {name: at for at, name in enumerate(_NAMES)}
    return [AttentionMap(*at, found) for at, found in sorted(values.items(), key=lambda v: (order[v[0][0]], *v[0][1:]))]
