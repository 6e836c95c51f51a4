"""KJNodes' SplineEditor: its `coord_str`, its `points_store`, and what it makes of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...drawing.checks import check_choice, check_number, located
from ..motion import along
from ..points import PointTrajectories
from .base import (
    Format,
    Size,
    Tracks,
    by_point,
    check_drawn,
    is_point,
    keyed,
    keyed_text,
    keyed_tracks,
    longest,
    read_each,
    whole_pixels,
)
from .curves import basis, cardinal, handled, linear, monotone, step
from .text import decode
from .timing import even_speed, evenly

SAMPLING_METHODS = ("path", "time", "controlpoints", "speed")
INTERPOLATIONS = ("cardinal", "monotone", "basis", "linear", "step-before", "step-after", "bezier")
UNKNOWN_CURVE = (
    "KJNodes' points_store does not say which curve and which timing were drawn through its points; connect the Spline"
    " Editor's coord_str instead, or give the whole node with its interpolation and sampling_method (format kj takes"
    " the points as straight lines in even time)"
)
_HANDLES = ("h1x", "h1y", "h2x", "h2y")
_MOST_SAMPLES = 1_000  # the editor's own limit


def write_whole_pixels(trajectories: PointTrajectories) -> str:
    """One point per frame, in whole pixels."""
    return keyed_text(whole_pixels(by_point(trajectories)))


def read_points_store(value: Any, size: Size) -> Tracks:
    """A spline, or a list of splines, → their curves as dense lines; ValueError where the store does not say which.

    It does where there is one curve to think of: single points, straight lines, and Bézier curves by their handles
    (h1 arrives at a point, h2 leaves it).
    """
    splines = _splines(value)
    check_drawn(read_each(splines, _control_points))
    return read_each(splines, _only_curve)


def _splines(value: Any) -> list[Any]:
    """Both shapes of the store: a list of splines, or, older, one spline's points."""
    return value if isinstance(value, list) and value and not is_point(value[0]) else [value]


def _points(spline: Any) -> list[Any]:
    points = spline.get("points") if isinstance(spline, dict) else spline
    if not isinstance(points, list | tuple):
        raise ValueError("points is missing; a spline must hold a list of points")
    return list(points)


def _control_points(spline: Any) -> np.ndarray:
    return keyed(_points(spline))[:, :2]


def _only_curve(spline: Any) -> np.ndarray:
    points = _points(spline)
    if len(points) > 1 and any("h1x" in point or "h2x" in point for point in points):
        return _bezier(points)
    if len(points) > 2:
        raise ValueError(UNKNOWN_CURVE)
    return _control_points(spline)


def _bezier(points: list[Any]) -> np.ndarray:
    """The curve of the handles; a point without has them a quarter of the way between its neighbours, as drawn."""
    anchors = keyed(points)[:, :2]
    held = np.concatenate([anchors[:1], anchors, anchors[-1:]])
    arms = (held[2:] - held[:-2]) / 4
    arriving, leaving = anchors - arms, anchors + arms
    for number, point in enumerate(points):
        if not any(name in point for name in _HANDLES):
            continue
        with located(f"point {number + 1}"):
            at = [check_number(name, point.get(name), -1e6, 1e6) if name in point else None for name in _HANDLES]
        x, y = anchors[number]
        arriving[number] = x if at[0] is None else at[0], y if at[1] is None else at[1]
        leaving[number] = x if at[2] is None else at[2], y if at[3] is None else at[3]
    return handled(anchors, arriving, leaving)


# ---- the editor itself ----------------------------------------------------------------------------------------------


def read_editor(settings: Mapping[str, Any], size: Size) -> Tracks:
    """The node's widgets by name → its samples, scaled from its mask's size to `size`.

    They stand in `coordinates`; where that is empty, `points_store` is drawn and sampled as the settings say.
    """
    stored = settings.get("coordinates")
    samples = decode(stored) if isinstance(stored, str) and stored.strip() else []
    tracks = keyed_tracks(samples, size) if samples not in ([], [[]]) else _sampled(settings, size)
    width, height = (
        _number(settings, f"mask_{side}", px, 1, 1e6) for side, px in zip(("width", "height"), size, strict=True)
    )
    return [track[:, :2] * (size[0] / width, size[1] / height) for track in tracks]


def _number(settings: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    return check_number(name, settings.get(name, default), low, high)


def _sampled(settings: Mapping[str, Any], size: Size) -> Tracks:
    store = settings.get("points_store")
    if not isinstance(store, str | list):
        raise ValueError("points_store is missing; a Spline Editor must hold its points as text")
    method, interpolation = (settings.get(name) for name in ("sampling_method", "interpolation"))
    check_choice("sampling_method", method, SAMPLING_METHODS)
    check_choice("interpolation", interpolation, INTERPOLATIONS)
    if method in ("time", "speed"):
        raise ValueError(
            f"sampling_method is {method}, whose samples only the editor itself knows, and coordinates is empty;"
            f" connect its coord_str instead, or sample by path"
        )
    count = int(_number(settings, "points_to_sample", 16, 2, _MOST_SAMPLES))
    tension = _number(settings, "tension", 0.5, 0, 1)
    splines = _splines(decode(store))
    check_drawn(read_each(splines, _control_points))
    share = np.linspace(0, 1, count)

    def sample(spline: Any) -> np.ndarray:
        if _single(spline):
            return _control_points(spline)[:1].repeat(count, axis=0)
        if method == "controlpoints":
            return _control_points(spline)
        line = _line(spline, interpolation, tension)
        places = along(line[:, 0] + 1j * line[:, 1], share)
        return np.stack([places.real, places.imag], axis=-1)

    return read_each(splines, sample)


def _single(spline: Any) -> bool:
    return len(_points(spline)) == 1 or (isinstance(spline, dict) and spline.get("isSinglePoint") is True)


def _line(spline: Any, interpolation: str, tension: float) -> np.ndarray:
    if interpolation == "bezier":
        return _bezier(_points(spline))
    points = _control_points(spline)
    if interpolation == "cardinal":
        return cardinal(points, tension)
    if interpolation.startswith("step"):
        return step(points, before=interpolation == "step-before")
    return {"monotone": monotone, "basis": basis, "linear": linear}[interpolation](points)


KJ = Format("kj", keyed_tracks, evenly, longest, writes="kj", write=write_whole_pixels)
KJ_POINTS_STORE = Format("kj_points_store", read_points_store, even_speed, None)
