"""Arrows typed as text: one per line, `x, y -> x, y`, or the JSON that another pack's path editor gives."""

from __future__ import annotations

import re

import numpy as np

from ..trackgo.drawing import Arrow
from ..trackgo.drawing.checks import MAX_COORDINATE, located
from ..trackgo.drawing.coordinates import to_fractions
from ..trackgo.drawing.json_values import without_mark
from ..trackgo.trajectories.interchange import to_arrows
from ..trackgo.trajectories.interchange.recognise import look_like_fractions

UNITS = ("fraction", "pixel")
_FRACTIONS_REACH = 5.0  # frames; nothing that is drawn leaves the picture as far
_BETWEEN_POINTS = re.compile(r"->|→|;")
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_POINT = re.compile(rf"[(\[]?\s*({NUMBER})\s*[,\s]\s*({NUMBER})\s*[)\]]?")


def parse_arrows(text: str, units: str, curve: str, width: int, height: int) -> tuple[Arrow, ...]:
    """Text → arrows in fractions of the frame; no text, no arrow.

    A line is a list of points joined by `->` (or `→`, `;`), each `x, y`, in fractions or in pixels of width × height by
    `units`. JSON is another pack's and always in pixels. Raises ValueError with the line and what stands there, also
    for numbers that can only be meant in the other unit.
    """
    text = without_mark(text)
    if _is_json(text):
        return to_arrows(text, width, height)
    arrows = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            with located(f"arrow, line {number}"):
                arrows.append(_arrow(line, units, curve, width, height))
    return tuple(arrows)


def _is_json(text: str) -> bool:
    start = text.lstrip()[:20].replace(" ", "").replace("\n", "")
    return start.startswith(("[[", "[{", "[(", "{", "[]", '["', "['"))


def _arrow(line: str, units: str, curve: str, width: int, height: int) -> Arrow:
    points = [_point(part) for part in _BETWEEN_POINTS.split(line)]
    given = np.array(points, dtype=np.float64)
    _check_unit(given, units, width, height)
    return Arrow(given if units == "fraction" else to_fractions(given, width, height), curve)


def _check_unit(points: np.ndarray, units: str, width: int, height: int) -> None:
    """Raise ValueError for pixels given as fractions, and for fractions given as pixels."""
    far = np.abs(points).max(axis=1)
    if units == "fraction" and _FRACTIONS_REACH < far.max() <= MAX_COORDINATE:
        x, y = points[far.argmax()]
        raise ValueError(
            f"{x:g}, {y:g} looks like pixels, but units is fraction, where 1 is the picture's edge; set units to pixel"
        )
    if units == "pixel" and look_like_fractions([points], width, height):
        raise ValueError(
            f"all its numbers lie between −2 and 2, which looks like fractions of the picture, but units is pixel (of"
            f" {width}×{height}); set units to fraction"
        )


def _point(text: str) -> tuple[float, float]:
    match = _POINT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"'{text.strip()}' is no point; write each as x, y and join them as in: 0.3, 0.5 -> 0.6, 0.5")
    return float(match[1]), float(match[2])
