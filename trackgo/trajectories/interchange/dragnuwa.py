"""DragNUWA's `tracking_points`: sparse control points of the model's canvas."""

from __future__ import annotations

import json

import numpy as np

from ..points import PointTrajectories
from .base import Format, Timed, Tracks, by_point, paired_tracks, whole_pixels
from .timing import all_given


def _time(tracks: Tracks, frames: int | None) -> Timed:
    """Control points evenly over the clip, PCHIP between them, as DragNUWA does; one point holds still."""
    from scipy.interpolate import PchipInterpolator  # comes with scikit-learn

    time = np.linspace(0, 1, frames or 1)
    return all_given(
        [
            PchipInterpolator(np.linspace(0, 1, len(track)), track)(time)
            if len(track) > 1
            else np.repeat(track, len(time), 0)
            for track in tracks
        ]
    )


def _write(trajectories: PointTrajectories) -> str:
    """[x, y] pairs in whole pixels, moved inside the frame because DragNUWA's reader does not check."""
    corner = (trajectories.width - 1, trajectories.height - 1)
    inside = whole_pixels(by_point(trajectories)).clip(0, corner)
    return json.dumps(inside.tolist(), separators=(",", ":"))


DRAGNUWA = Format("dragnuwa", paired_tracks, _time, says_frames=False, curve="smooth", writes="dragnuwa", write=_write)
