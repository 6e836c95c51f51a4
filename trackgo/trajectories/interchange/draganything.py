"""DragAnything's `trajectory_list`: one point per frame, in pixels of the original picture."""

from __future__ import annotations

from .base import Format, Timed, Tracks, paired_tracks
from .timing import all_given


def _shortest(tracks: Tracks) -> int:
    return min(map(len, tracks))


def _time(tracks: Tracks, frames: int) -> Timed:
    """Surplus points are cut, a shorter track is an error."""
    for number, track in enumerate(tracks, start=1):
        if len(track) < frames:
            raise ValueError(
                f"track {number} has {len(track)} points; draganything needs one for each of {frames} frames"
            )
    return all_given([track[:frames] for track in tracks])


DRAGANYTHING = Format("draganything", paired_tracks, _time, _shortest)
