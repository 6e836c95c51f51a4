"""Which format a decoded value is, and what its numbers are: samples or control points, pixels or fractions."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Tracks, short

POWER_SPLINE_EDITOR = (
    "SA-Nodes-QQ's Power Spline Editor keeps fractions of the frame, and only its own nodes know its easing, pauses and"
    " drivers; connect output_coordinates of its Draw Shape On Path node instead"
)
_MAX_DEPTH = 32
_SPARSE = 64  # points: nobody draws as many by hand
_QQ_KEYS = {"highlighted", "boxScale", "pointScale"}
_KJ_KEYS = {"fix", "h1x", "h2x"}
_ALIKE = 0.6  # share of the steps
_FRACTIONS_REACH = 2.0  # frames; editors of fractions let points lie a little outside
_SMALLEST_SIDE_PX = 16  # in a smaller frame pixels look like fractions


def guess(value: Any) -> str:
    """The format that a decoded value looks like, where several look alike the one with the plainest timing (kj);
    ValueError when it looks like none, or like one that cannot be read."""
    if isinstance(value, dict) and (name := known_object(value)):
        return name
    probe = value
    for depth in range(_MAX_DEPTH):
        if isinstance(probe, dict):
            if "points_store" in probe and "points_to_sample" not in probe:
                raise ValueError(POWER_SPLINE_EDITOR)
            if "class_type" in probe or "widgets_values" in probe or "points_store" in probe:
                return "workflow"
            if "points" in probe and depth:
                return "kj_points_store"
            if "x" in probe and depth:
                return "kj" if depth <= 3 else "ltx"
            break
        if not isinstance(probe, list | tuple):
            if depth in (2, 3) and isinstance(probe, int | float):
                return "dragnuwa"
            break
        if not probe:
            raise ValueError("the source holds no track; draw at least one")
        probe = probe[0]
    else:
        raise ValueError(f"the source is nested too deeply to be read: more than {_MAX_DEPTH} lists in each other")
    raise ValueError(_unknown(value))


def known_object(value: dict[str, Any]) -> str:
    """The format that an object looks like, or nothing; ValueError for one that is known and cannot be read."""
    if value.get("paths"):
        return "pixfl_paths_data"
    if {"nodes", "class_type", "widgets_values", "points_store"} & value.keys():
        return "workflow"
    if any(isinstance(item, dict) and "class_type" in item for item in value.values()):
        return "workflow"
    if "coord_width" in value:
        raise ValueError(POWER_SPLINE_EDITOR)
    return ""


def _unknown(value: Any) -> str:
    return f'no known format looks like {short(value, 60)}; tracks are lists of {{"x": …, "y": …}} or of [x, y]'


def editor_store(value: Any, tracks: Tracks) -> str:
    """Which editor's state {x, y} points are that look like a curve's control points and not like its samples.

    kj_points_store, ltx_points_store, or nothing; ValueError for one that cannot be read. Samples lie at whole pixels
    or at even steps along a line or over x; an editor writes its own keys or the pointer's places.
    """
    sparse = [track for track in tracks if len(track) < _SPARSE]
    if not sparse or not isinstance(value, list):
        return ""
    keys = _keys(value)
    if keys & _QQ_KEYS:
        raise ValueError(POWER_SPLINE_EDITOR)
    flat = isinstance(value[0], dict)
    if keys & {"h1x", "h2x"} and flat:
        return "kj_points_store"
    drawn = any(len(track) > 2 and (_uneven(track) or (keys & _KJ_KEYS and flat)) for track in sparse)
    if not drawn:
        return ""
    return "kj_points_store" if flat else "ltx_points_store"


def _keys(value: list[Any]) -> set[str]:
    """The keys of the first track's points."""
    track: Any = value
    while isinstance(track, list) and track and isinstance(track[0], list):
        track = track[0]
    return {key for point in track[:_SPARSE] if isinstance(point, dict) for key in point}


def _uneven(track: np.ndarray) -> bool:
    """Whether points lie at broken pixels, and neither at even steps nor at slowly changing ones."""
    xy = track[:, :2]
    if (xy == np.round(xy)).all():
        return False
    steps = np.diff(xy, axis=0)
    if np.ptp(steps[:, 0]) <= 1.5 < steps[:, 0].mean():  # even over x, which an editor finds to half a pixel
        return False
    length = np.hypot(*steps.T)
    even = np.abs(length - np.median(length)) <= 0.05 * np.median(length) + 0.05
    change = np.abs(np.diff(length)) <= 0.1 * length[1:] + 0.05
    return even.mean() < _ALIKE and not (len(track) >= 8 and change.mean() >= _ALIKE)


def are_fractions(look_so: bool, units: str, width: int, height: int) -> bool:
    """Whether numbers are meant as fractions of the frame; ValueError when they look like that and nobody said."""
    if units == "auto" and look_so:
        raise ValueError(
            f"the coordinates look like fractions of the frame, since all lie between −2 and 2; they are read as pixels"
            f" of {width}×{height}. Give units = fraction, or pixel if they are pixels"
        )
    return units == "fraction"


def look_like_fractions(tracks: Tracks, width: int, height: int) -> bool:
    """Whether all coordinates lie within two pixels of 0 and some between whole pixels, in a frame larger than that."""
    if min(width, height) <= _SMALLEST_SIDE_PX:
        return False
    if any(np.abs(track[:, :2]).max() > _FRACTIONS_REACH for track in tracks):
        return False
    return any((track[:, :2] != np.round(track[:, :2])).any() for track in tracks)
