"""Tracks as drawn → where they are at each frame."""

from __future__ import annotations

import numpy as np

from ..motion import along
from .base import Timed, Tracks, longest


def all_given(columns: list[np.ndarray]) -> Timed:
    """Tracks of one length, float64 [L, 2] or [L, 3] each: given at every frame, unless a third column is below 1."""
    path = np.stack([column[:, :2] for column in columns], axis=1)
    given = np.ones(path.shape[:2], dtype=bool)
    for number, column in enumerate(columns):
        if column.shape[1] > 2:
            given[:, number] = column[:, 2] >= 1
    return path, given


def evenly(tracks: Tracks, frames: int) -> Timed:
    """A track's points lie evenly over the clip, linear between them; first stays first, last stays last.

    Between two points that are not both shown the track is not given.
    """
    return all_given([_between(track, np.linspace(0, len(track) - 1, frames)) for track in tracks])


def _between(track: np.ndarray, place: np.ndarray) -> np.ndarray:
    """A track at places float64 [L], counted in its points from 0 → [L, 2] or [L, 3]; its last point from there on."""
    known = np.arange(len(track))
    return np.stack([np.interp(place, known, column) for column in track.T], axis=-1)


def even_speed(tracks: Tracks, frames: int) -> Timed:
    """The line through a track's points is followed at an even speed."""
    share = np.linspace(0, 1, frames)
    lines = [along(track[:, 0] + 1j * track[:, 1], share) for track in tracks]
    return all_given([np.stack([line.real, line.imag], axis=-1) for line in lines])


def until_end(tracks: Tracks, frames: int, length: int | None = None) -> Timed:
    """One point per frame of `length` (default: the longest track); after its last a track rests there, invisible.

    Another number of frames is taken out of these, linear between two of them, and given where both are.
    """
    place = np.linspace(0, (length or longest(tracks)) - 1, frames).round(9)  # a whole number stays one
    path, given = all_given([_between(track, place) for track in tracks])
    return path, given & (np.ceil(place)[:, None] < np.array([len(track) for track in tracks]))
