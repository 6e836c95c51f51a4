"""CogVideoXWrapper's Tora: a list of texts, one per track."""

from __future__ import annotations

import numpy as np

from ..points import PointTrajectories
from .base import Format, by_point, keyed_track_text, keyed_tracks, longest, whole_pixels
from .timing import evenly

MAX_TORA_TRACKS = 9  # Tora tells a list of tracks from a text by a length below ten


def _write(trajectories: PointTrajectories) -> list[str]:
    """One text per component: its point nearest to its middle."""
    return [keyed_track_text(track) for track in whole_pixels(_one_track_per_component(trajectories))]


def _one_track_per_component(trajectories: PointTrajectories) -> np.ndarray:
    tracks = by_point(trajectories)
    components = np.unique(trajectories.component)
    if len(components) > MAX_TORA_TRACKS:
        raise ValueError(f"{len(components)} components were given; Tora reads at most {MAX_TORA_TRACKS} tracks")
    chosen = []
    for component in components:
        members = np.flatnonzero(trajectories.component == component)
        starts = tracks[members, 0]
        chosen.append(members[np.linalg.norm(starts - starts.mean(axis=0), axis=1).argmin()])
    return tracks[np.array(chosen, dtype=np.int64)]


TORA = Format("tora", keyed_tracks, evenly, longest, writes="tora", write=_write)
