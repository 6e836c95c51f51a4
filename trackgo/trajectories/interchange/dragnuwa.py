"""DragNUWA's `tracking_points`: sparse control points of the model's canvas."""

from __future__ import annotations

import json

import numpy as np

from ..points import PointTrajectories
from .base import Format, Timed, Tracks, by_point, paired_tracks, whole_pixels
from .timing import all_given


def _time(tracks: Tracks, frames: int) -> Timed:
    """Control points evenly over the clip, PCHIP between them, as DragNUWA does; one point holds still."""
    from scipy.interpolate import PchipInterpolator  # comes with scikit-learn

    time = np.linspace(0, 1, frames)
    columns: list[np.ndarray] = [np.empty((0, 2))] * len(tracks)
    by_length: dict[int, list[int]] = {}  # tracks of one length together: there may be ten thousand
    for number, track in enumerate(tracks):
        by_length.setdefault(len(track), []).append(number)
    for points, members in by_length.items():
        alike = np.stack([tracks[number] for number in members], axis=1)  # [P, M, 2]
        curves = PchipInterpolator(np.linspace(0, 1, points), alike)(time) if points > 1 else alike.repeat(frames, 0)
        for number, curve in zip(members, curves.swapaxes(0, 1), strict=True):
            columns[number] = curve
    return all_given(columns)


def _write(trajectories: PointTrajectories) -> str:
    """[x, y] pairs in whole pixels, moved inside the frame because DragNUWA's reader does not check."""
    corner = (trajectories.width - 1, trajectories.height - 1)
    inside = whole_pixels(by_point(trajectories)).clip(0, corner)
    return json.dumps(inside.tolist(), separators=(",", ":"))


DRAGNUWA = Format("dragnuwa", paired_tracks, _time, None, curve="smooth", writes="dragnuwa", write=_write)
