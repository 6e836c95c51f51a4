"""One prepared sample: what a training triple is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..trajectories import PointTrajectories, control_points


@dataclass(frozen=True, eq=False)
class Sample:
    """A window with its masks and tracks.

    Attributes:
        key: its name, unique in a set of shards.
        frames: uint8 [L, H, W, 3].
        tracks: float32 [L, N, 2] as (x, y) in pixels. visible: bool [L, N]. component: int64 [N], from 0 to S − 1.
        masks: bool [L, S, H, W].
        meta: source, window, scores, tool versions.
        latents: float16 [L, 4, H/8, W/8], unit variance once scaled, or None. embedding: float16 [1, C] or None.
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
        length, height, width = self.frames.shape[:3]
        if self.masks.ndim != 4 or self.masks.shape[:1] + self.masks.shape[2:] != (length, height, width):
            raise ValueError(
                f"masks have shape {list(self.masks.shape)}; they must be [{length}, S, {height}, {width}]"
            )
        if self.tracks.shape[0] != length:
            raise ValueError(f"tracks have {self.tracks.shape[0]} frames, the video has {length}")
        if self.component.size and self.component.max() >= self.masks.shape[1]:
            raise ValueError(f"component {self.component.max()} has no mask; there are {self.masks.shape[1]}")
        self.trajectories()

    def only(self, components: np.ndarray) -> Sample:
        """The sample with the components of bool [S] alone, numbered anew."""
        points = components[self.component]
        number = (np.cumsum(components) - 1)[self.component[points]].astype(np.int64)
        tracks, visible, masks = self.tracks[:, points], self.visible[:, points], self.masks[:, components]
        return replace(self, tracks=tracks, visible=visible, component=number, masks=masks)

    def trajectories(self) -> PointTrajectories:
        """The points as ``PointTrajectories``; its ``render()`` is P."""
        height, width = self.frames.shape[1:3]
        return PointTrajectories(self.tracks, self.visible, self.component, width, height)


def sample_points(first: np.ndarray, seed: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Masks bool [S, H, W] of the first frame → control points float32 [N, 2] and their components int64 [N].

    Eq. 10 and K-means over 3K random pixels, for each mask by itself; see ``trajectories.control_points``.
    """
    points = [control_points(mask, np.random.default_rng([*seed, number])) for number, mask in enumerate(first)]
    component = np.repeat(np.arange(len(points)), [len(part) for part in points])
    stacked = np.concatenate(points) if points else np.empty((0, 2))
    return stacked.astype(np.float32), component.astype(np.int64)
