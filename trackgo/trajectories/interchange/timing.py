"""Tracks as drawn → where they are at each frame."""

from __future__ import annotations

import numpy as np

from ..motion import along
from ..points import PointTrajectories
from .base import Timed, Tracks


def all_given(columns: list[np.ndarray]) -> Timed:
    """Tracks of one length, float64 [L, 2] each, given at every frame."""
    path = np.stack(columns, axis=1)
    return path, np.ones(path.shape[:2], dtype=bool)


def evenly(tracks: Tracks, frames: int | None) -> Timed:
    """A track's points lie evenly over the clip, linear between them; the longest track sets the count."""
    return all_given([_linear(track, frames or max(map(len, tracks))) for track in tracks])


def _linear(track: np.ndarray, frames: int) -> np.ndarray:
    """float64 [P, 2] → [frames, 2]: first stays first, last stays last."""
    place = np.linspace(0, len(track) - 1, frames)
    known = np.arange(len(track))
    return np.stack([np.interp(place, known, track[:, axis]) for axis in range(2)], axis=-1)


def even_speed(tracks: Tracks, frames: int | None) -> Timed:
    """The line through a track's points is followed at an even speed."""
    share = np.linspace(0, 1, frames or 1)
    lines = [along(track[:, 0] + 1j * track[:, 1], share) for track in tracks]
    return all_given([np.stack([line.real, line.imag], axis=-1) for line in lines])


def until_end(tracks: Tracks, frames: int | None, length: int | None = None) -> Timed:
    """One point per frame of `length` (default: the longest track); after its last a track rests there, invisible."""
    length = length or max(map(len, tracks))
    place = np.arange(length)
    path = np.stack([track[np.minimum(place, len(track) - 1)] for track in tracks], axis=1)
    given = place[:, None] < np.array([len(track) for track in tracks])
    if frames in (None, length):
        return path, given
    rescaled = PointTrajectories(path, given, np.arange(len(tracks)), 1, 1).resampled(frames)
    return rescaled.tracks, rescaled.visibility
