"""One video to evaluate: its first frame, what should move where, and what really happened, all at one size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..drawing.coordinates import inside_frame
from ..tracking.tracker import Tracker
from ..trajectories import PointTrajectories
from ..trajectories.control_points import control_points

MIN_OBJECT_PX = 16  # the least number of control points; a smaller object cannot be followed


@dataclass(frozen=True, eq=False)
class Case:
    """One video of L frames of W × H pixels.

    picture: uint8 [H, W, 3], the first frame.
    wanted: what the systems are given; a component is an object.
    measured: the points whose distances are the figures ``mean`` and ``sum``, with when they can be seen.
    peaks: the same for ``draganything``: one point an object, deepest in its mask.
    masks: bool [S, H, W], the objects in the first frame.
    real: uint8 [L, H, W, 3], the true video; None where there is none.
    plate: uint8 [L, H, W, 3], the true video without what moves, known of drawn worlds alone.
    scale: pixels of the original video for each pixel here.
    """

    name: str
    picture: NDArray[np.uint8]
    wanted: PointTrajectories
    measured: PointTrajectories
    peaks: PointTrajectories
    masks: NDArray[np.bool_]
    real: NDArray[np.uint8] | None = None
    plate: NDArray[np.uint8] | None = None
    scale: float = 1.0

    @property
    def frames(self) -> int:
        """L."""
        return self.wanted.frames

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.wanted.width, self.wanted.height


@dataclass(frozen=True)
class Source:
    """Videos by name, each loaded when its turn comes. ``load`` raises ValueError or OSError for a broken one.

    settings: what the report says about them.
    """

    title: str
    names: tuple[str, ...]
    load: Callable[[str], Case]
    settings: Mapping[str, str | int]


def deepest_point(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The pixel (x, y) of bool [H, W] furthest from what is outside, by OpenCV's 5 × 5 distance transform, as
    DragAnything chooses an object's point. ValueError when the mask is empty."""
    if not mask.any():
        raise ValueError("an empty mask has no deepest point")
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    y, x = np.unravel_index(np.argmax(np.where(mask, depth, -1)), mask.shape)
    return np.array([x, y], np.float64)


def large_enough(masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of bool [S, H, W] those that can be followed."""
    return masks[masks.sum(axis=(1, 2)) >= MIN_OBJECT_PX]


def tracked_case(
    name: str, real: NDArray[np.uint8], masks: NDArray[np.bool_], tracker: Tracker, scale: float = 1.0, seed: int = 0
) -> Case:
    """A case from a real video and its objects' masks in the first frame: their points are followed through it.

    Args:
        real: uint8 [L, H, W, 3]. masks: bool [S, H, W].

    Raises:
        ValueError: no object is large enough.
    """
    masks = large_enough(masks)
    if not len(masks):
        raise ValueError(f"no object of {MIN_OBJECT_PX} pixels or more in its first frame")
    points = [control_points(mask, np.random.default_rng([seed, index])) for index, mask in enumerate(masks)]
    component = np.repeat(np.arange(len(masks)), [len(part) for part in points])
    starts = np.concatenate([*points, np.stack([deepest_point(mask) for mask in masks])]).astype(np.float32)
    tracked = tracker.track(real, starts)
    height, width = real.shape[1:3]
    visible = tracked.visible & inside_frame(tracked.tracks, width, height)
    count = len(component)
    wanted = PointTrajectories(tracked.tracks[:, :count], visible[:, :count], component, width, height)
    peaks = PointTrajectories(tracked.tracks[:, count:], visible[:, count:], np.arange(len(masks)), width, height)
    return Case(name, real[0], wanted, wanted, peaks, masks, real, None, scale)


def known_case(
    name: str,
    picture: NDArray[np.uint8],
    wanted: PointTrajectories,
    masks: NDArray[np.bool_],
    real: NDArray[np.uint8] | None = None,
    scale: float = 1.0,
) -> Case:
    """A case whose trajectories are given: an object's deepest point goes where its nearest control point goes."""
    starts, nearest = [], []
    for number, mask in enumerate(masks):
        own = np.flatnonzero(wanted.component == number)
        if not len(own) or not mask.any():
            raise ValueError(f"object {number + 1} has no point or covers no pixel")
        point = deepest_point(mask)
        starts.append(point)
        nearest.append(own[np.linalg.norm(wanted.tracks[0, own] - point, axis=1).argmin()])
    shifts = wanted.tracks[:, nearest] - wanted.tracks[:1, nearest]  # [L, S, 2]
    tracks = np.stack(starts)[None] + shifts if starts else np.zeros((wanted.frames, 0, 2))
    visible = inside_frame(tracks, wanted.width, wanted.height)
    peaks = replace(wanted, tracks=tracks, visibility=visible, component=np.arange(len(masks)))
    return Case(name, picture, wanted, wanted, peaks, masks, real, None, scale)


def masks_of_labels(labels: NDArray, chosen: Sequence[int]) -> NDArray[np.bool_]:
    """Integers [H, W] → bool [S, H, W], one for each chosen label."""
    return np.stack([labels == label for label in chosen]) if chosen else np.zeros((0, *labels.shape), bool)
