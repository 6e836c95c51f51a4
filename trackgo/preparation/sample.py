"""One prepared sample: what a training triple is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..trajectories import PointTrajectories
from ..trajectories.control_points import control_points


class Annotated:
    """What a sample has beside its pictures.

    Attributes:
        key: its name, unique in a set of shards.
        tracks: float32 [L, N, 2] as (x, y) in pixels. visible: bool [L, N]. component: int64 [N], from 0 to S − 1.
        masks: bool [L, S, H, W].
        meta: source, window, scores, tool versions; with latents also ``encoders``, what made them.
    """

    key: str
    tracks: np.ndarray
    visible: np.ndarray
    component: np.ndarray
    masks: np.ndarray
    meta: Mapping[str, Any]

    def _check(self, length: int, height: int, width: int) -> None:
        """ValueError when something does not fit pictures of this length and size."""
        if self.masks.ndim != 4 or self.masks.shape[:1] + self.masks.shape[2:] != (length, height, width):
            raise ValueError(
                f"masks have shape {list(self.masks.shape)}; they must be [{length}, S, {height}, {width}]"
            )
        if self.tracks.shape[0] != length:
            raise ValueError(f"tracks have {self.tracks.shape[0]} frames, the video has {length}")
        if self.component.size and self.component.max() >= self.masks.shape[1]:
            raise ValueError(f"component {self.component.max()} has no mask; there are {self.masks.shape[1]}")
        self.trajectories()

    def trajectories(self) -> PointTrajectories:
        """The points as ``PointTrajectories``; its ``render()`` is P."""
        height, width = self.masks.shape[2:]
        return PointTrajectories(self.tracks, self.visible, self.component, width, height)


@dataclass(frozen=True, eq=False)
class Sample(Annotated):
    """A window with its masks and tracks.

    Attributes:
        frames: uint8 [L, H, W, 3].
        latents: float16 [L, 4, H/8, W/8], of unit variance, or None. embedding: of the first frame, float16 [1, C], or
            None.
        key, tracks, visible, component, masks, meta: see ``Annotated``.
    """

    key: str
    frames: np.ndarray
    tracks: np.ndarray
    visible: np.ndarray
    component: np.ndarray
    masks: np.ndarray
    meta: Mapping[str, Any] = field(default_factory=dict)
    latents: np.ndarray | None = None
    embedding: np.ndarray | None = None

    def __post_init__(self) -> None:
        self._check(*self.frames.shape[:3])

    def only(self, components: np.ndarray) -> Sample:
        """The sample with the components of bool [S] alone, numbered anew."""
        points = components[self.component]
        number = (np.cumsum(components) - 1)[self.component[points]].astype(np.int64)
        tracks, visible, masks = self.tracks[:, points], self.visible[:, points], self.masks[:, components]
        return replace(self, tracks=tracks, visible=visible, component=number, masks=masks)


@dataclass(frozen=True, eq=False)
class EncodedSample(Annotated):
    """A sample read without its video: latents, embedding and first frame stand for the frames.

    Attributes:
        latents: float16 [L, 4, H/8, W/8], of unit variance.
        embedding: of the first frame, float16 [1, C].
        first: the first frame without loss, uint8 [H, W, 3].
        key, tracks, visible, component, masks, meta: see ``Annotated``.
    """

    key: str
    latents: np.ndarray
    embedding: np.ndarray
    first: np.ndarray
    tracks: np.ndarray
    visible: np.ndarray
    component: np.ndarray
    masks: np.ndarray
    meta: Mapping[str, Any]

    def __post_init__(self) -> None:
        height, width = self.first.shape[:2]
        if self.latents.shape[1:] != (4, height // 8, width // 8):
            wanted = f"[L, 4, {height // 8}, {width // 8}], as the first frame has {width}×{height} pixels"
            raise ValueError(f"latents have shape {list(self.latents.shape)}; they must be {wanted}")
        if self.embedding.ndim != 2 or len(self.embedding) != 1:
            raise ValueError(f"the embedding has shape {list(self.embedding.shape)}; it must be [1, C]")
        self._check(len(self.latents), height, width)


def sample_points(first: np.ndarray, seed: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Masks bool [S, H, W] of the first frame → control points float32 [N, 2] and their components int64 [N].

    Eq. 10 and K-means over 3K random pixels, for each mask by itself; see ``trajectories.control_points``.
    """
    points = [control_points(mask, np.random.default_rng([*seed, number])) for number, mask in enumerate(first)]
    component = np.repeat(np.arange(len(points)), [len(part) for part in points])
    stacked = np.concatenate(points) if points else np.empty((0, 2))
    return stacked.astype(np.float32), component.astype(np.int64)
