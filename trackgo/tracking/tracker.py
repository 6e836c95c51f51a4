"""What a tracker is: where points of the first frame go, and when they are seen.

Pixels as everywhere: (0, 0) is the centre of the top-left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True, eq=False)
class Tracked:
    """Where N points are in L frames.

    Attributes:
        tracks: float32 [L, N, 2] as (x, y) in pixels, finite also while a point is not seen.
        visible: bool [L, N], seen and inside the frame.
    """

    tracks: np.ndarray
    visible: np.ndarray

    def __post_init__(self) -> None:
        if self.tracks.ndim != 3 or self.tracks.shape[-1] != 2 or self.tracks.dtype != np.float32:
            raise ValueError(f"tracks must be float32 [L, N, 2], got {self.tracks.dtype} {list(self.tracks.shape)}")
        if self.visible.shape != self.tracks.shape[:2] or self.visible.dtype != bool:
            wanted = list(self.tracks.shape[:2])
            raise ValueError(f"visible must be bool {wanted}, got {self.visible.dtype} {list(self.visible.shape)}")
        if not np.isfinite(self.tracks).all():
            raise ValueError("tracks hold numbers that are not finite; give an unseen point its likely position")


class Tracker(Protocol):
    """Follows points through a clip."""

    version: str
    """Names the tool and its version; goes into the prepared data."""

    def track(self, frames: np.ndarray, points: np.ndarray) -> Tracked:
        """Frames uint8 [L, H, W, 3]; points float [N, 2] as (x, y) in pixels of frame 0, N may be 0.

        Raises:
            ValueError: frames or points of another shape (``check_input``).
        """
        ...


def check_input(frames: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What every tracker is given, as uint8 and float32.

    Raises:
        ValueError: another shape or type, or points that are not finite.
    """
    frames, points = np.asarray(frames), np.asarray(points, np.float32)
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or not len(frames):
        raise ValueError(f"frames must be uint8 [L, H, W, 3] with L ≥ 1, got {frames.dtype} {list(frames.shape)}")
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"points must be finite numbers [N, 2] in pixels of the first frame, got {list(points.shape)}")
    return frames, points
