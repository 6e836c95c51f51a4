"""TrackGo: encoder E and the 16 TrackAdapters of one SVD, and Motion, what they make of one set of trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from einops import rearrange
from torch import Tensor, nn

from .adapter import MASS_MODES, AttentionSettings, LayerMotion, Mass, TauMode, TrackAdapter
from .encoder import TrajectoryEncoder, align, points_to_tensor
from .low_rank import BaseChange
from .svd import LAYERS, Attachment, attached, temporal_attentions

if TYPE_CHECKING:
    from .trajectories import PointTrajectories

_WIDEST = 1 << 16  # far beyond any UNet; keeps a damaged checkpoint from asking for absurd tensors


@dataclass(frozen=True)
class LayerConfig:
    """Width C and number of heads of one temporal self-attention."""

    name: str
    channels: int
    heads: int

    def __post_init__(self) -> None:
        for field in ("channels", "heads"):
            value = getattr(self, field)
            if type(value) is not int or not 0 < value <= _WIDEST:
                raise ValueError(f"layer {self.name}: {field} must be a whole number from 1 to {_WIDEST}, got {value}")
        if self.channels % self.heads:
            raise ValueError(f"layer {self.name}: {self.channels} channels do not divide into {self.heads} heads")


@dataclass(frozen=True)
class TrackGoConfig:
    """Everything needed to build a TrackGo.

    Attributes:
        layers: the 16 temporal self-attentions, in forward order.
        mass: how A' joins A: ``literal``, ``centered`` or ``gated`` (see ``adapter.mass_weights``).
        base: name of the base model it was made for, for people to read.
    """

    layers: tuple[LayerConfig, ...]
    mass: Mass = "centered"
    base: str = ""

    def __post_init__(self) -> None:
        if self.mass not in MASS_MODES:
            raise ValueError(f"mass must be one of {', '.join(MASS_MODES)}, got '{self.mass}'")
        if not isinstance(self.base, str):
            raise ValueError(f"base must be the name of a model, got {self.base!r}")
        names = tuple(layer.name for layer in self.layers)
        if names != tuple(layer.name for layer in LAYERS):
            raise ValueError(f"layers must name SVD's {len(LAYERS)} temporal self-attentions in order, got {names}")

    @classmethod
    def for_unet(cls, unet: nn.Module, mass: Mass = "centered", base: str = "") -> TrackGoConfig:
        """Read widths and heads off an SVD UNet of either back end."""
        layers = (LayerConfig(n, a.to_q.in_features, a.heads) for n, a in temporal_attentions(unet).items())
        return cls(tuple(layers), mass, base)


class TrackGo(nn.Module):
    """E and one TrackAdapter per temporal self-attention: 29,358,320 parameters on SVD.

    Attributes:
        config: what it was built from.
        base_weights: base-model weights that were trained along (or low-rank changes of them), by diffusers key; they
            travel with the checkpoint and are lent to the base model while attached.
    """

    def __init__(self, config: TrackGoConfig, operations: Any = nn) -> None:
        super().__init__()
        self.config = config
        self.encoder = TrajectoryEncoder(operations)
        self.adapters = nn.ModuleDict(
            {layer.name: TrackAdapter(layer.channels, layer.heads, config.mass, operations) for layer in config.layers}
        )
        self.base_weights: dict[str, BaseChange] = {}

    @classmethod
    def for_unet(cls, unet: nn.Module, mass: Mass = "centered", seed: int = 0, base: str = "") -> TrackGo:
        """A fresh TrackGo for ``unet`` (either back end): W'q and W'k copied from its own temporal self-attentions.

        The caller's random state is left as it was.

        Raises:
            ValueError: ``unet`` is not SVD's.
        """
        config = TrackGoConfig.for_unet(unet, mass, base)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            model = cls(config)
            model.encoder.reset_parameters_()
            for name, attention in temporal_attentions(unet).items():
                adapter = model.adapters[name]
                adapter.reset_parameters_()
                adapter.to_q.weight.copy_(attention.to_q.weight)
                adapter.to_k.weight.copy_(attention.to_k.weight)
                adapter.calibrate_()
        return model

    @classmethod
    def load(cls, path: str | Path, operations: Any = nn) -> TrackGo:
        """Read a checkpoint; see ``checkpoint.load``."""
        from .checkpoint import load

        return load(path, operations)

    def save(self, path: str | Path, dtype: torch.dtype | None = None) -> None:
        """Write a checkpoint; see ``checkpoint.save``."""
        from .checkpoint import save

        save(self, path, dtype)

    def check_fits(self, unet: nn.Module) -> None:
        """Refuse a base model with other widths or heads.

        Raises:
            ValueError: naming the first layer that differs.
        """
        for ours, theirs in zip(self.config.layers, TrackGoConfig.for_unet(unet).layers, strict=True):
            if ours != theirs:
                raise ValueError(
                    f"these TrackGo weights were made for another base model: layer {ours.name} has {ours.channels} "
                    f"channels and {ours.heads} heads, the model has {theirs.channels} and {theirs.heads}"
                )

    def encode(self, trajectories: PointTrajectories, dtype: torch.dtype | None = None) -> Motion:
        """Trajectories → Motion. Nothing is computed yet: A' is computed when the first layer asks, and kept.

        Args:
            dtype: precision that E and W'q, W'k run in; by default that of the weights.
        """
        return Motion(self, trajectories.render()[None], dtype)

    @contextmanager
    def attached(
        self, unet: nn.Module, motion: Motion, alpha: float = 0.2, tau: float = 0.0, tau_mode: TauMode = "freeze"
    ) -> Iterator[Attachment]:
        """Drive ``unet`` (either back end) with ``motion`` inside the ``with`` block; see ``AttentionSettings``.

        Afterwards modules and outputs are bit-identical to before, also when the block raised.
        """
        self.check_fits(unet)
        with attached(unet, Attachment(motion, AttentionSettings(alpha, tau_mode, tau)), self.base_weights) as live:
            yield live


@dataclass(frozen=True)
class _Level:
    """f at one resolution: the active locations, [n] indices and [n, L, 320] features."""

    index: Tensor
    features: Tensor
    locations: int


class Motion:
    """A set of trajectories as the adapters see it: A' per layer, computed once and kept.

    A' depends on P and on the adapters' weights only, so it is the same for every sampling step, both halves of
    classifier-free guidance and every seed. Make a new Motion when weights or trajectories change.

    Args:
        model: the weights.
        images: P as uint8 [m, L, H, W, 3]; m is 1, or divides the batch that will be sampled.
        dtype: precision that E and W'q, W'k run in; by default that of the weights.

    Raises:
        ValueError: another type or shape, or H or W is not a multiple of 8.
    """

    def __init__(self, model: TrackGo, images: Any, dtype: torch.dtype | None = None) -> None:
        self.model, self.dtype = model, dtype
        self.images = torch.as_tensor(images)
        if self.images.dtype != torch.uint8 or self.images.ndim != 5 or self.images.shape[-1] != 3:
            given = f"{self.images.dtype} {tuple(self.images.shape)}"
            raise ValueError(f"drawn trajectories must be uint8 [m, frames, height, width, 3], got {given}")
        height, width = self.images.shape[2:4]
        if height % 8 or width % 8:
            raise ValueError(f"width and height of the trajectories must be multiples of 8, got {width}×{height}")
        self._levels: dict[tuple[int, int], _Level] = {}
        self._layers: dict[tuple[str, int, int], LayerMotion] = {}
        self._differentiable = True  # whether all that is kept was computed with gradients

    @property
    def frames(self) -> int:
        """L."""
        return self.images.shape[1]

    @property
    def latent_size(self) -> tuple[int, int]:
        """(height, width) of the latent video these trajectories belong to."""
        return self.images.shape[2] // 8, self.images.shape[3] // 8

    def layer(self, name: str, height: int, width: int, like: Tensor) -> LayerMotion:
        """A' of layer ``name`` for hidden states of (height, width), on ``like``'s device."""
        key = (name, height, width)
        if torch.is_grad_enabled() and not self._differentiable:
            self.clear()  # nothing kept without gradients (perhaps in inference mode) may serve training
        if key not in self._layers:
            self._differentiable &= torch.is_grad_enabled()
            level = self._level(height, width, like.device)
            adapter = self.model.adapters[name]
            mass, gate = self.model.config.mass, getattr(adapter, "gate", None)
            self._layers[key] = LayerMotion(level.index, level.locations, adapter(level.features), mass, gate)
            if len(self._layers) == len(LAYERS) and not torch.is_grad_enabled():
                self._levels.clear()  # every layer has its A'; f has served
        elif self._layers[key].attention.device != like.device:
            self.to(like.device)
        return self._layers[key]

    @property
    def kept(self) -> dict[tuple[str, int, int], LayerMotion]:
        """What was computed so far, by (layer name, height, width)."""
        return dict(self._layers)

    def clear(self) -> None:
        """Forget what was computed, for example because weights changed."""
        self._levels.clear()
        self._layers.clear()
        self._differentiable = True

    def to(self, device: torch.device | str) -> None:
        """Move what is kept, so that it can wait in main memory between generations."""
        for size, level in self._levels.items():
            self._levels[size] = replace(level, index=level.index.to(device), features=level.features.to(device))
        for key, kept in self._layers.items():
            gate = None if kept.gate is None else kept.gate.to(device)
            self._layers[key] = replace(
                kept, index=kept.index.to(device), attention=kept.attention.to(device), gate=gate
            )

    def _level(self, height: int, width: int, device: torch.device) -> _Level:
        if (height, width) not in self._levels:
            self._encode(list(dict.fromkeys(halvings(height, width))), device)
        elif self._levels[height, width].features.device != device:
            self.to(device)  # a generation was interrupted on one device and goes on on another
        return self._levels[height, width]

    def _encode(self, sizes: Sequence[tuple[int, int]], device: torch.device) -> None:
        """Run E frame by frame and keep f at ``sizes``; f at full size never exists for all frames at once.

        One frame at a time also makes equal frames give equal bits, whatever the batched kernels would do.
        """
        dtype = self.dtype or next(self.model.parameters()).dtype
        frames = self.images.flatten(0, 1)
        aligned: dict[tuple[int, int], list[Tensor]] = {size: [] for size in sizes}
        for frame in frames.split(1):
            f = self.model.encoder(points_to_tensor(frame, device, dtype))
            for size in sizes:
                aligned[size].append(align(f, *size))
        for size, parts in aligned.items():
            f = rearrange(torch.cat(parts), "(m l) c h w -> (m h w) l c", l=self.frames)
            tolerance = 1e-4 if f.dtype == torch.float32 else 1e-3
            moving = (f.detach() - f.detach()[:, :1]).abs().amax(dim=(1, 2)) > tolerance
            index = moving.nonzero().flatten()
            self._levels[size] = _Level(index, f[index], len(f))


def halvings(height: int, width: int, levels: int = 4) -> list[tuple[int, int]]:
    """The sizes SVD's UNet goes through from here: each strided convolution gives half, rounded up."""
    sizes = [(height, width)]
    for _ in range(levels - 1):
        height, width = -(-height // 2), -(-width // 2)
        sizes.append((height, width))
    return sizes
