"""Training triples and the random numbers of a step, both functions of (seed, step, place in the global batch) alone.

Nothing random has a state that would have to be saved: a resumed run, and a run on another number of processes, draws
the same numbers for the same clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from .config import ConditioningConfig, LossConfig
from .diffusion import Conditioning, FrozenParts, draw_sigma


@dataclass(frozen=True, eq=False)
class Triple:
    """One training example (method: frames, trajectories, masks of every frame).

    Attributes:
        frames: uint8 [L, H, W, 3].
        points: P, uint8 [L, H, W, 3].
        moving: bool [L, H, W], M_i: the union of the masks that move with P, at every frame i.
    """

    frames: np.ndarray
    points: np.ndarray
    moving: np.ndarray

    def __post_init__(self) -> None:
        if self.frames.dtype != np.uint8 or self.frames.ndim != 4 or self.frames.shape[-1] != 3:
            raise ValueError(f"frames must be uint8 [L, H, W, 3], got {self.frames.dtype} {list(self.frames.shape)}")
        if self.points.shape != self.frames.shape:
            raise ValueError(f"P has shape {list(self.points.shape)}, the frames have {list(self.frames.shape)}")
        if self.moving.shape != self.frames.shape[:3]:
            raise ValueError(f"masks have shape {list(self.moving.shape)}, not {list(self.frames.shape[:3])}")


@dataclass(frozen=True)
class Batch:
    """B triples as tensors: frames and points uint8 [B, L, H, W, 3], moving bool [B, L, H, W], place int64 [B]
    (which clip of the global batch each one is), number int64 [B] (which clip of the training data)."""

    frames: Tensor
    points: Tensor
    moving: Tensor
    place: Tensor
    number: Tensor

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, part: slice) -> Batch:
        rows = (getattr(self, field.name)[part] for field in fields(self))
        return Batch(*rows)


def collate(triples: Sequence[Triple], place: Sequence[int], number: Sequence[int] | None = None) -> Batch:
    """Triples of one size → Batch; without ``number`` it is the place."""
    stack = lambda name: torch.from_numpy(np.stack([getattr(triple, name) for triple in triples]))  # noqa: E731
    return Batch(
        stack("frames"),
        stack("points"),
        stack("moving"),
        torch.tensor(place),
        torch.tensor(place if number is None else number),
    )


def to_unit(frames: Tensor) -> Tensor:
    """uint8 [..., H, W, 3] → float32 [..., 3, H, W] in −1…1, as SVD's VAE expects."""
    return frames.movedim(-1, -3).float() / 127.5 - 1


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
        moving: M_i, bool [B, L, H, W]; False where P was dropped.
    """

    latents: Tensor
    noisy: Tensor
    sigma: Tensor
    conditioning: Conditioning
    points: Tensor
    moving: Tensor


def model_input(
    batch: Batch, parts: FrozenParts, seed: int, step: int, loss: LossConfig, conditioning: ConditioningConfig
) -> ModelInput:
    """Encode a batch and draw its noise, noise levels and dropouts for optimiser step ``step``."""
    device = parts.device
    clips = to_unit(batch.frames)
    drawn = [_draw(clip_generator(seed, step, int(p)), clips[0], loss, conditioning) for p in batch.place]
    stacked = (torch.stack(values).to(device) for values in zip(*drawn, strict=True))
    sigma, noise, augmentation, augmentation_noise, chance = stacked
    latents = parts.scaled_latents(clips.to(device))
    described = parts.conditioning(clips[:, 0].to(device), augmentation, augmentation_noise, conditioning)
    shown = chance[:, 1] >= conditioning.trajectory_dropout
    return ModelInput(
        latents,
        latents + sigma[:, None, None, None, None] * noise,
        sigma,
        described.dropped(chance[:, 0] >= conditioning.image_dropout),
        batch.points.to(device) * shown[:, None, None, None, None],
        batch.moving.to(device) & shown[:, None, None, None],
    )


def _draw(
    generator: torch.Generator, clip: Tensor, loss: LossConfig, conditioning: ConditioningConfig
) -> tuple[Tensor, ...]:
    """σ, noise [L, 4, H/8, W/8], augmentation σ and its noise [3, H, W], two uniform numbers for the dropouts."""
    frames, _, height, width = clip.shape
    normal = lambda *size: torch.randn(*size, generator=generator)  # noqa: E731
    augmentation = (normal(()) * conditioning.augmentation_deviation + conditioning.augmentation_mean).exp()
    return (
        draw_sigma(1, loss, generator)[0],
        normal(frames, 4, height // 8, width // 8),
        augmentation,
        normal(3, height, width),
        torch.rand(2, generator=generator),
    )
