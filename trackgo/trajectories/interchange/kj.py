"""KJNodes' SplineEditor: `coord_str`, and the editor's own `points_store`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..motion import CURVE_STEPS, along
from ..points import PointTrajectories
from .base import Format, Tracks, by_point, is_point, keyed, keyed_text, keyed_tracks, read_each, whole_pixels
from .timing import even_speed, evenly


def write_whole_pixels(trajectories: PointTrajectories) -> str:
    """One point per frame, in whole pixels."""
    return keyed_text(whole_pixels(by_point(trajectories)))


def read_points_store(value: Any) -> Tracks:
    """A spline, or a list of splines, → their curves as dense lines."""
    splines = value if isinstance(value, list) and value and not is_point(value[0]) else [value]
    return read_each(splines, _curve)


def _curve(item: Any) -> np.ndarray:
    """A spline of the editor → the curve as a dense line, float64 [P, 2].

    With Bézier handles (h2 leaves a point, h1 arrives) that curve; otherwise a smooth curve, since the store does not
    say which of the editor's interpolations was chosen.
    """
    points = item.get("points") if isinstance(item, dict) else item
    if not isinstance(points, list | tuple):
        raise ValueError("points is missing; a spline must hold a list of points")
    anchors = keyed(points)
    if len(anchors) < 2:
        return anchors
    handled = all("h2x" in a and "h1x" in b for a, b in pairwise(points))
    if not handled:
        share = np.linspace(0, 1, CURVE_STEPS * (len(anchors) - 1) + 1)
        line = along(anchors[:, 0] + 1j * anchors[:, 1], share, "smooth")
        return np.stack([line.real, line.imag], axis=-1)
    leaving = keyed([{"x": point["h2x"], "y": point.get("h2y")} for point in points[:-1]])
    arriving = keyed([{"x": point["h1x"], "y": point.get("h1y")} for point in points[1:]])
    t = np.linspace(0, 1, CURVE_STEPS, endpoint=False)[:, None]
    weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]  # [32, 1] each
    corners = [anchors[:-1], leaving, arriving, anchors[1:]]  # [P − 1, 2] each
    pieces = sum(weight * corner[:, None] for weight, corner in zip(weights, corners, strict=True))  # [P − 1, 32, 2]
    return np.concatenate([*pieces, anchors[-1:]])


KJ = Format("kj", keyed_tracks, evenly, writes="kj", write=write_whole_pixels)
KJ_POINTS_STORE = Format("kj_points_store", read_points_store, even_speed, says_frames=False)
