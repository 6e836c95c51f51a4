"""Encoded trajectories: f = E(P) at each level, and A' of every layer, computed once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..svd.layers import LAYERS, level_sizes
from ..svd.sizes import LATENT_PX, check_sides
from .adapter import AdapterAttention, to_fixed_point
from .config import TrackGoConfig
from .encoder import REACH_PX, TrajectoryEncoder, align, points_to_tensor


class Weights(Protocol):
    """What trajectories are encoded with: a ``trackgo.TrackGo``."""

    config: TrackGoConfig
    encoder: TrajectoryEncoder
    adapters: nn.ModuleDict


@dataclass(frozen=True)
class _Level:
    """f at one resolution: the active locations, [n] indices and [n, L, 320] features."""

    index: Tensor
    features: Tensor
    locations: int


class EncodedTrajectories:
    """A set of trajectories as the adapters see it: A' per layer, computed once and kept.

    A' depends on P and on the adapters' weights only, so it is the same for every sampling step, both halves of
    classifier-free guidance and every seed. Encode anew when weights or trajectories change.

    Args:
        weights: E and the TrackAdapters, a ``TrackGo``.
        images: P as uint8 [m, L, H, W, 3]; m is 1, or divides the batch that will be sampled.
        dtype: precision that E and W'q, W'k run in; by default that of the weights.
        pixels_at_once: how many pixels of P go through E together. By default every frame goes alone, so that equal
            frames give equal bits whatever the batched kernels do; several at a time are twice as fast on small ones.
        recompute: recompute E in the backward pass instead of keeping its activations.

    Raises:
        ValueError: another type or shape, or H or W is not a multiple of 8.
    """

    def __init__(
        self, weights: Weights, images: Any, dtype: torch.dtype | None = None, pixels_at_once: int = 0,
        recompute: bool = False,
    ) -> None:  # fmt: skip
        self.weights, self.dtype, self.pixels_at_once, self.recompute = weights, dtype, pixels_at_once, recompute
        self.images = torch.as_tensor(images)
        if self.images.dtype != torch.uint8 or self.images.ndim != 5 or self.images.shape[-1] != 3:
            given = f"{self.images.dtype} {tuple(self.images.shape)}"
            raise ValueError(f"drawn trajectories must be uint8 [m, frames, height, width, 3], got {given}")
        height, width = self.images.shape[2:4]
        check_sides(width, height, "width and height of the trajectories")
        self._levels: dict[tuple[int, int], _Level] = {}
        self._layers: dict[tuple[str, int, int], AdapterAttention] = {}
        self._alphas: set[float] = set()  # what entries of A' in 16 bits are compared with
        self._differentiable = True  # whether all that is kept was computed with gradients
        self._lock = threading.RLock()  # two models, each with a thread of its own, may follow the same trajectories

    @property
    def frames(self) -> int:
        """L."""
        return self.images.shape[1]

    @property
    def latent_size(self) -> tuple[int, int]:
        """(height, width) of the latent video these trajectories belong to."""
        return self.images.shape[2] // LATENT_PX, self.images.shape[3] // LATENT_PX

    @property
    def _precision(self) -> torch.dtype:
        return self.dtype or next(self.weights.encoder.parameters()).dtype

    def layer(self, name: str, height: int, width: int, like: Tensor, alpha: float | None = None) -> AdapterAttention:
        """A' of layer ``name`` for hidden states of (height, width), on ``like``'s device.

        Where ``like`` is of half precision A' is kept in 16 bits too, once ``alpha`` says what its entries are compared
        with; another ``alpha`` later computes it anew.
        """
        with self._lock:
            kept = self._layer(name, height, width, like)
            if alpha is None or like.element_size() > 2 or torch.is_grad_enabled():
                return kept
            if alpha not in self._alphas:
                self._alphas.add(alpha)
                self._layers = {key: one for key, one in self._layers.items() if one.attention.dtype == torch.float32}
                kept = self._layer(name, height, width, like)
            if kept.attention.dtype == torch.float32:
                kept = replace(kept, attention=to_fixed_point(kept.attention, self._alphas))
                self._layers[name, height, width] = kept
            return kept

    def _layer(self, name: str, height: int, width: int, like: Tensor) -> AdapterAttention:
        key = (name, height, width)
        if torch.is_grad_enabled() and not self._differentiable:
            self.clear()  # nothing kept without gradients (perhaps in inference mode) may serve training
        if key not in self._layers:
            self._differentiable &= torch.is_grad_enabled()
            level = self._level(height, width, like.device)
            attention = self.weights.adapters[name](level.features)
            self._layers[key] = AdapterAttention(level.index, level.locations, attention, self.weights.config.mass)
            if len(self._layers) == len(LAYERS) and not torch.is_grad_enabled():
                self._levels.clear()  # every layer has its A'; f has served
        elif self._layers[key].attention.device != like.device:
            self.to(like.device)
        return self._layers[key]

    def prepare(self, like: Tensor) -> None:
        """Compute A' of all 16 layers, on ``like``'s device."""
        for layer in LAYERS:
            self.layer(layer.name, *layer.size(*self.latent_size), like)

    @property
    def kept(self) -> dict[tuple[str, int, int], AdapterAttention]:
        """What was computed so far, by (layer name, height, width)."""
        return dict(self._layers)

    def kept_bytes(self, device: torch.device | str) -> int:
        """Memory that what was computed takes on a device; one without a number stands for all of its kind."""
        place = torch.device(device)
        with self._lock:
            tensors = [item for one in self._layers.values() for item in (one.index, one.attention)]
            tensors += [item for level in self._levels.values() for item in (level.index, level.features)]
        there = (one for one in tensors if one.device.type == place.type and place.index in (None, one.device.index))
        return sum(one.nbytes for one in there)

    @cached_property
    def needed_bytes(self) -> int:
        """At most so much memory A' of all layers takes, told from where P changes and from what E sees of it."""
        moving = (self.images != self.images[:, :1]).any(dim=-1).any(dim=1)  # [m, H, W]
        cells = -(-REACH_PX // 4)
        seen = F.max_pool2d(F.max_pool2d(moving[:, None].float(), 4), 2 * cells + 1, stride=1, padding=cells)
        entry = 2 if self._precision.itemsize <= 2 else 4
        total = 0
        for layer in LAYERS:
            active = int(align(seen, *layer.size(*self.latent_size)).sum())
            total += active * (self.weights.adapters[layer.name].heads * self.frames**2 * entry + 8)
        return total

    def clear(self) -> None:
        """Forget what was computed, because weights changed or memory is wanted; it is computed again when needed."""
        with self._lock:
            self._levels.clear()
            self._layers.clear()
            self._differentiable = True

    def to(self, device: torch.device | str) -> None:
        """Move what is kept, so that it can wait in main memory between generations."""
        with self._lock:
            for size, level in self._levels.items():
                self._levels[size] = replace(level, index=level.index.to(device), features=level.features.to(device))
            for key, kept in self._layers.items():
                self._layers[key] = replace(kept, index=kept.index.to(device), attention=kept.attention.to(device))

    def _level(self, height: int, width: int, device: torch.device) -> _Level:
        if (height, width) not in self._levels:
            self._encode(list(dict.fromkeys(level_sizes(height, width))), device)
        elif self._levels[height, width].features.device != device:
            self.to(device)  # a generation was interrupted on one device and goes on on another
        return self._levels[height, width]

    def _encode(self, sizes: Sequence[tuple[int, int]], device: torch.device) -> None:
        """Run E (eq. 1) over a few frames at a time and keep f at ``sizes``, never at full size for all frames."""
        frames = self.images.flatten(0, 1)

        def encode(part: Tensor) -> tuple[Tensor, ...]:
            f = self.weights.encoder(points_to_tensor(part, device, self._precision))
            return tuple(align(f, *size) for size in sizes)

        recompute = self.recompute and torch.is_grad_enabled()
        run = (lambda part: checkpoint(encode, part, use_reentrant=False)) if recompute else encode
        parts = frames.split(max(1, self.pixels_at_once // frames[0, ..., 0].numel()))
        for size, aligned in zip(sizes, zip(*map(run, parts), strict=True), strict=True):
            f = rearrange(torch.cat(aligned), "(m l) c h w -> (m h w) l c", l=self.frames)
            tolerance = 1e-4 if f.dtype == torch.float32 else 1e-3  # rounding of equal frames in different batches
            moving = (f.detach() - f.detach()[:, :1]).abs().amax(dim=(1, 2)) > tolerance
            index = moving.nonzero().flatten()
            self._levels[size] = _Level(index, f[index], len(f))
