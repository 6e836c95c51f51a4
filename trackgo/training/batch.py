"""Training triples and the random numbers of a step, both functions of (seed, step, place in the global batch) alone.

Nothing random has a state that would have to be saved: a resumed run, and a run on another number of processes, draws
the same numbers for the same clip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..svd.diffusion import Conditioning, draw_sigma
from ..svd.frozen import FrozenParts, to_unit
from .config import ConditioningConfig, LossConfig


class ClipKey(NamedTuple):
    """Which clip to prepare, at which size, and where in the global batch it stands."""

    number: int
    frames: int
    width: int
    height: int
    place: int


@dataclass(frozen=True, eq=False)
class EncodedClip:
    """What stands for a clip's frames where the VAE and the image encoder have seen them before.

    Attributes:
        latents: x₀ of unit variance, float16 [L, 4, H/8, W/8].
        embedding: of the first frame, float16 [1, C].
        first: the first frame, uint8 [H, W, 3]; its conditioning latent is of the picture with noise, made anew.
    """

    latents: np.ndarray
    embedding: np.ndarray
    first: np.ndarray


@dataclass(frozen=True, eq=False)
class Triple:
    """One training example (method: frames, trajectories, masks of every frame).

    Attributes:
        clip: frames uint8 [L, H, W, 3], or what stands for them.
        points: P, uint8 [L, H, W, 3].
        components: uint8 [L, H, W], which of the masks that move with P covers a place at every frame: its number + 1;
            0 where none does. Where it is not 0 lies M_i.
        origins: float32 [L, H/8, W/8, 4] pixels, where in the first frame that lay (``correspondence.origins``).
    """

    clip: np.ndarray | EncodedClip
    points: np.ndarray
    components: np.ndarray
    origins: np.ndarray

    def __post_init__(self) -> None:
        if isinstance(self.clip, EncodedClip):
            _check_encoded(self.clip, self.points.shape)
        elif self.clip.dtype != np.uint8 or self.clip.ndim != 4 or self.clip.shape[-1] != 3:
            raise ValueError(f"frames must be uint8 [L, H, W, 3], got {self.clip.dtype} {list(self.clip.shape)}")
        elif self.points.shape != self.clip.shape:
            raise ValueError(f"P has shape {list(self.points.shape)}, the frames have {list(self.clip.shape)}")
        if self.components.dtype != np.uint8 or self.components.shape != self.points.shape[:3]:
            found = f"{self.components.dtype} {list(self.components.shape)}"
            raise ValueError(f"components must be uint8 {list(self.points.shape[:3])}, got {found}")
        length, height, width, _ = self.points.shape
        cells = length, height // 8, width // 8, 4
        if self.origins.dtype != np.float32 or self.origins.shape != cells:
            found = f"{self.origins.dtype} {list(self.origins.shape)}"
            raise ValueError(f"origins must be float32 {list(cells)}, got {found}")


def numbered(masks: np.ndarray) -> np.ndarray:
    """Masks bool [L, S, H, W] of up to 255 components → number + 1 of the last one that covers a place, uint8
    [L, H, W]; 0 where none does."""
    numbers = np.arange(1, masks.shape[1] + 1, dtype=np.uint8)
    return (masks * numbers[:, None, None]).max(axis=1, initial=0)


def _check_encoded(clip: EncodedClip, points: tuple[int, ...]) -> None:
    """ValueError when an encoded clip does not fit P's shape [L, H, W, 3]."""
    length, height, width, _ = points
    wanted = {
        "latents": (np.float16, [length, 4, height // 8, width // 8]),
        "embedding": (np.float16, [1, clip.embedding.shape[-1]]),
        "first": (np.uint8, [height, width, 3]),
    }
    for name, (dtype, shape) in wanted.items():
        found = getattr(clip, name)
        if found.dtype != dtype or list(found.shape) != shape:
            needed = f"{np.dtype(dtype)} {shape}, as P is {list(points)}"
            raise ValueError(f"{name} of an encoded clip must be {needed}; got {found.dtype} {list(found.shape)}")


@dataclass(frozen=True)
class Batch:
    """B triples as tensors. F of them come as frames, E encoded, in their order; which, is up to each clip alone.

    Attributes:
        points: uint8 [B, L, H, W, 3]. components: uint8 [B, L, H, W]. origins: float32 [B, L, H/8, W/8, 4].
        place: int64 [B], which clip of the global batch each one is. number: int64 [B], which of the training data.
        encoded: bool [B], which clips come encoded.
        frames: uint8 [F, L, H, W, 3], None where F is 0.
        latents: float16 [E, L, 4, H/8, W/8]. embedding: float16 [E, 1, C]. first: uint8 [E, H, W, 3]. All None where E
            is 0.
    """

    points: Tensor
    components: Tensor
    origins: Tensor
    place: Tensor
    number: Tensor
    encoded: Tensor
    frames: Tensor | None
    latents: Tensor | None
    embedding: Tensor | None
    first: Tensor | None

    def __len__(self) -> int:
        return len(self.points)


def collate(triples: Sequence[Triple], place: Sequence[int], number: Sequence[int] | None = None) -> Batch:
    """Triples of one size → Batch; without ``number`` it is the place."""
    encoded = [triple.clip for triple in triples if isinstance(triple.clip, EncodedClip)]
    return Batch(
        _stack(triple.points for triple in triples),
        _stack(triple.components for triple in triples),
        _stack(triple.origins for triple in triples),
        torch.tensor(place),
        torch.tensor(place if number is None else number),
        torch.tensor([isinstance(triple.clip, EncodedClip) for triple in triples]),
        _stack(triple.clip for triple in triples if not isinstance(triple.clip, EncodedClip)),
        _stack(clip.latents for clip in encoded),
        _stack(clip.embedding for clip in encoded),
        _stack(clip.first for clip in encoded),
    )


def _stack(arrays: Iterable[np.ndarray]) -> Tensor | None:
    arrays = list(arrays)
    return torch.from_numpy(np.stack(arrays)) if arrays else None


def clip_generator(seed: int, step: int, place: int) -> torch.Generator:
    """The random numbers of one clip of one step."""
    state = np.random.SeedSequence((seed, step, place)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> 1))


@dataclass(frozen=True)
class ModelInput:
    """Everything the trained model needs for B clips, on its device.

    Attributes:
        latents: x₀, float [B, L, 4, h, w].
        noisy: x₀ + σ·n, the same shape.
        sigma: [B].
        conditioning: see ``Conditioning``; already dropped where chance said so.
        points: P, uint8 [B, L, H, W, 3]; black where dropped.
        components: which component is where, uint8 [B, L, H, W], see ``Triple``; 0 where P was dropped.
        origins: where that lay in the first frame, float [B, L, h, w, 4], see ``Triple``; NaN where P was dropped.
    """

    latents: Tensor
    noisy: Tensor
    sigma: Tensor
    conditioning: Conditioning
    points: Tensor
    components: Tensor
    origins: Tensor

    @property
    def moving(self) -> Tensor:
        """M_i, bool [B, L, H, W]."""
        return self.components > 0


def model_input(
    batch: Batch, parts: FrozenParts, seed: int, step: int, loss: LossConfig, conditioning: ConditioningConfig
) -> ModelInput:
    """Encode what of a batch is not encoded and draw its noise, noise levels and dropouts for optimiser step ``step``.

    Of a clip that comes encoded only the first frame, with its noise, goes through the VAE.
    """
    device = parts.device
    size = tuple(batch.points.shape[1:4])
    drawn = [_draw(clip_generator(seed, step, int(p)), size, loss, conditioning) for p in batch.place]
    stacked = (torch.stack(values).to(device) for values in zip(*drawn, strict=True))
    sigma, noise, augmentation, augmentation_noise, chance = stacked
    latents, embedding, first = _seen(batch, parts)
    ids = conditioning.fps, conditioning.motion_bucket
    described = parts.conditioning(first, embedding, augmentation, augmentation_noise, *ids)
    shown = chance[:, 1] >= conditioning.trajectory_dropout
    return ModelInput(
        latents,
        latents + sigma[:, None, None, None, None] * noise,
        sigma,
        described.dropped(chance[:, 0] >= conditioning.image_dropout),
        batch.points.to(device) * shown[:, None, None, None, None],
        batch.components.to(device) * shown[:, None, None, None],
        torch.where(shown[:, None, None, None, None], batch.origins.to(device), torch.nan),
    )


def _seen(batch: Batch, parts: FrozenParts) -> list[Tensor]:
    """x₀ [B, L, 4, h, w], embeddings [B, 1, C] and first frames [B, 3, H, W] in −1…1 of all clips, float32."""
    device, kinds = parts.device, []
    if batch.frames is not None:
        clips = to_unit(batch.frames).to(device)
        kinds.append((parts.scaled_latents(clips), parts.embedding(clips[:, 0]), clips[:, 0]))
    if batch.latents is not None:
        stored = batch.latents.float(), batch.embedding.float(), to_unit(batch.first)
        kinds.append(tuple(value.to(device) for value in stored))
    order = batch.encoded.argsort(stable=True).argsort().to(device)  # frames first, then back to where they were
    return [torch.cat(values)[order] for values in zip(*kinds, strict=True)]


def _draw(
    generator: torch.Generator, size: tuple[int, int, int], loss: LossConfig, conditioning: ConditioningConfig
) -> tuple[Tensor, ...]:
    """For a clip of size (L, H, W): σ, noise [L, 4, H/8, W/8], augmentation σ and its noise [3, H, W], two uniform
    numbers for the dropouts."""
    frames, height, width = size
    normal = lambda *size: torch.randn(*size, generator=generator)  # noqa: E731
    augmentation = (normal(()) * conditioning.augmentation_deviation + conditioning.augmentation_mean).exp()
    return (
        draw_sigma(1, loss.sigma_mean, loss.sigma_deviation, generator)[0],
        normal(frames, 4, height // 8, width // 8),
        augmentation,
        normal(3, height, width),
        torch.rand(2, generator=generator),
    )
