"""A clip's motion for another picture: what masks or clicks name is followed, made one thing, smoothed and placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..drawing.budget import check_positions
from ..drawing.coordinates import check_size, inside_frame, to_fractions
from ..drawing.document import MAX_COMPONENTS
from ..trajectories import PointTrajectories
from ..trajectories.control_points import control_points
from .rigid import MIN_SEEN, made_rigid, smoothed
from .tracker import Tracker, check_input

TURN_AND_SCALE, POSITION, EACH_POINT = "with turn and scale", "position only", "each point by itself"
WAYS = (TURN_AND_SCALE, POSITION, EACH_POINT)
MAX_SMOOTHING = 100.0  # frames
_FEW = 9  # points of a component; the tracker goes by a point's eight neighbours
_HELPERS = 8  # in each ring
_RINGS = (0.02, 0.04, 0.08)  # radii, of the frame's shorter side; the tracker goes by the nearest that show anything


class Box(NamedTuple):
    """A rectangle in fractions of the frame, its edges, not the centres of pixels."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def around(cls, masks: np.ndarray) -> Box | None:
        """What holds all set pixels of bool [s, H, W]; None without any."""
        rows, columns = (np.flatnonzero(masks.any(axis=axes)) for axes in ((0, 2), (0, 1)))
        if not len(rows):
            return None
        height, width = masks.shape[1:]
        left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        return cls(left / width, top / height, (right - left) / width, (bottom - top) / height)


def mask_starts(masks: np.ndarray, seed: int = 0) -> list[np.ndarray]:
    """The points to follow on each of bool [s, H, W]: float64 [K, 2] pixels, K by eq. 10.

    Raises:
        ValueError: more than 1,000 masks, or one that covers no pixel, by its number from 1.
    """
    if len(masks) > MAX_COMPONENTS:
        raise ValueError(f"masks holds {len(masks)} masks; at most {MAX_COMPONENTS} are followed, one per component")
    for number, mask in enumerate(masks, start=1):
        if not mask.any():
            raise ValueError(f"mask {number} of masks covers no pixel; paint what is to be followed in the first frame")
    return [control_points(mask, np.random.default_rng([seed, index])) for index, mask in enumerate(masks)]


def follow(frames: np.ndarray, starts: Sequence[np.ndarray], tracker: Tracker) -> PointTrajectories:
    """Points of the first frame followed through uint8 [L, H, W, 3], L ≥ 2, one component per entry of `starts`.

    starts: float [K, 2] each, pixels inside the frame. Components of few points are followed with helpers around them,
    which are not in the result: a point alone may lie on something that shows nothing.

    Raises:
        ValueError: fewer than two frames, nothing to follow, a point outside the frame, or too much of all.
    """
    frames = check_input(frames, np.empty((0, 2)))[0]
    (height, width), count = frames.shape[1:3], sum(map(len, starts))
    if len(frames) < 2:
        raise ValueError("the clip has 1 frame; motion takes at least 2: connect a video or a batch of its frames")
    if not count:
        raise ValueError("there is nothing to follow: connect masks of the first frame, or write points into points")
    points = np.concatenate(starts)
    outside = np.flatnonzero(~inside_frame(points, width, height))
    if len(outside):
        x, y = points[outside[0]]
        raise ValueError(f"point {x:g}, {y:g} lies outside the clip of {width}×{height} px; put it on what it follows")
    check_positions(count, len(frames), "control points")
    few = [part for part in starts if len(part) < _FEW]
    helpers = _around(np.concatenate(few), width, height) if few else np.empty((0, 2))
    tracked = tracker.track(frames, np.concatenate([points, helpers]).astype(np.float32))
    component = np.repeat(np.arange(len(starts)), list(map(len, starts)))
    return PointTrajectories(tracked.tracks[:, :count], tracked.visible[:, :count], component, width, height)


def _around(points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Rings of helpers around each of [K, 2] pixels, those inside the frame: [M, 2]."""
    angle = 2 * np.pi * np.arange(_HELPERS) / _HELPERS
    ring = min(width, height) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    found = (points[:, None] + np.concatenate([radius * ring for radius in _RINGS])).reshape(-1, 2)
    return found[inside_frame(found, width, height)]


def moved_as(tracked: PointTrajectories, way: str, smoothing: float = 0.0) -> PointTrajectories:
    """Tracked points as one of WAYS says, over `smoothing` frames (0: as they are, at most 100).

    Raises:
        ValueError: an unknown way, or a smoothing out of bounds.
    """
    if way not in WAYS:
        raise ValueError(f"motion is {way!r}; it must be one of {', '.join(WAYS)}")
    if not 0 <= smoothing <= MAX_SMOOTHING:
        raise ValueError(f"smoothing is {smoothing}; it must be a number of frames from 0 to {MAX_SMOOTHING:g}")
    if way != EACH_POINT:
        return made_rigid(tracked, way == TURN_AND_SCALE, smoothing)
    tracks = smoothed(tracked.tracks.astype(np.float64), smoothing)
    visible = tracked.visibility & inside_frame(tracks, tracked.width, tracked.height)
    return replace(tracked, tracks=tracks, visibility=visible)


def placed(
    moved: PointTrajectories, width: int, height: int, source: Box | None = None, target: Box | None = None
) -> PointTrajectories:
    """The motion in a frame of width × height pixels: fractions of the frame stay, or `source` goes into `target`.

    Into the target's middle, as large as fits there, and never out of shape: a turn stays a turn. A source without any
    extent keeps the size that the two frames' sizes say. `source` None is what holds the points of the first frame.
    """
    check_size(width, height)
    if target is None:
        resized = moved.resized(width, height)
        return replace(resized, visibility=moved.visibility & inside_frame(resized.tracks, width, height))
    source = source or _holding(moved)
    have = np.multiply(source[2:], (moved.width, moved.height))
    want = np.multiply(target[2:], (width, height))
    grows = want[have > 0] / have[have > 0]
    scale = grows.min() if len(grows) else min(width / moved.width, height / moved.height)
    middle = _middle_px(source, moved.width, moved.height)
    tracks = _middle_px(target, width, height) + scale * (moved.tracks.astype(np.float64) - middle)
    visible = moved.visibility & inside_frame(tracks, width, height)
    return replace(moved, tracks=tracks, visibility=visible, width=width, height=height)


def _middle_px(box: Box, width: int, height: int) -> np.ndarray:
    return (np.array(box[:2]) + np.array(box[2:]) / 2) * (width, height) - 0.5


def _holding(moved: PointTrajectories) -> Box:
    """What holds the points of the first frame."""
    edges = np.stack([moved.tracks[0].min(axis=0), moved.tracks[0].max(axis=0)])
    low, high = to_fractions(edges, moved.width, moved.height)
    return Box(*low, *(high - low))


def lost(tracked: PointTrajectories) -> str | None:
    """What to say of components that the tracker does not see to the end; None where it sees all.

    A component counts as seen while a fifth of its points are; what leaves the frame is lost, too.
    """
    parts = []
    for number in np.unique(tracked.component):
        seen = tracked.visibility[:, tracked.component == number].mean(axis=1) >= MIN_SEEN
        if not seen[-1]:
            last = int(np.flatnonzero(seen)[-1]) + 1 if seen.any() else 0
            parts.append(f"component {number + 1} is not seen after frame {last} of {tracked.frames}")
    return "; ".join(parts) or None
