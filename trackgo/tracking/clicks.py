"""Points that a person clicked on a clip, and a box in another picture, read from text."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..drawing.checks import check_number, located
from ..drawing.coordinates import inside_frame, to_pixels
from ..drawing.json_values import without_mark
from ..trajectories.interchange.base import is_track, keyed, paired, short
from ..trajectories.interchange.recognise import are_fractions, look_like_fractions
from ..trajectories.interchange.text import decode
from .clip_motion import Box

MAX_CLICKS = 1_000
_MAX_REACH = 10.0  # frames, of a box
_NUMBERS = re.compile(r"[\s,;\[\]()]+")
_LARGEST_FRACTION = 2.0


def read_clicks(text: str, width: int, height: int, units: str = "auto") -> list[np.ndarray]:
    """JSON of points on a frame of width × height px → one component per point, float64 [K, 2] pixels each.

    `[{"x": …, "y": …}, …]` or `[[x, y], …]`: each point by itself. Lists of such lists: each list is one thing, whose
    points move together. No text, no point. `units`: pixel, fraction, or auto, which means pixels and refuses what
    looks like fractions.

    Raises:
        ValueError: what is no such text, a number that is not finite, a point outside the frame, too many points.
    """
    if not without_mark(text).strip():
        return []
    with located("points"):
        groups = _groups(decode(text))
        if (count := sum(map(len, groups))) > MAX_CLICKS:
            raise ValueError(f"there are {count} points; at most {MAX_CLICKS} are followed")
        if are_fractions(look_like_fractions(groups, width, height), units, width, height):
            groups = [to_pixels(group, width, height) for group in groups]
        for x, y in np.concatenate(groups):
            if not inside_frame(np.array([x, y]), width, height):
                raise ValueError(f"{x:g}, {y:g} px lies outside the clip of {width}×{height} px")
    return groups


def _groups(value: Any) -> list[np.ndarray]:
    if not isinstance(value, list) or not value:
        raise ValueError(f'it is {short(value)}; it must be a list of {{"x": …, "y": …}} or of [x, y]')
    if is_track(value):
        return [*_points(value)[:, None]]
    groups = []
    for number, item in enumerate(value, start=1):
        with located(f"group {number}"):
            if not is_track(item):
                raise ValueError(f"it is {short(item)}; it must be a list of points")
            groups.append(_points(item))
    return groups


def _points(items: list[Any]) -> np.ndarray:
    read = keyed if items and isinstance(items[0], dict) else paired
    return read(items)[:, :2]


def read_box(text: str, width: int, height: int, units: str = "auto") -> Box | None:
    """`x, y, width, height` in a picture of width × height px, the corner first → box; no text, no box.

    `units` as for `read_clicks`. Raises ValueError for anything but four finite numbers, and for a box without extent.
    """
    parts = [part for part in _NUMBERS.split(without_mark(text)) if part]
    if not parts:
        return None
    with located("box"):
        if len(parts) != 4:
            raise ValueError(f"it is {short(text)}; it must be four numbers: x, y, width, height")
        values = [_number(part) for part in parts]
        if not are_fractions(max(map(abs, values)) <= _LARGEST_FRACTION, units, width, height):
            values = [value / side for value, side in zip(values, (width, height) * 2, strict=True)]
        names = ("x", "y", "width", "height")
        box = Box(*(check_number(n, v, -_MAX_REACH, _MAX_REACH) for n, v in zip(names, values, strict=True)))
        if box.width <= 0 or box.height <= 0:
            raise ValueError(f"its width and height are {parts[2]} and {parts[3]}; both must be more than 0")
    return box


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{short(text)} is no number; it must be four numbers: x, y, width, height") from None
