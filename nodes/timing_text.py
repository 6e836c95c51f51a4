"""Timing typed as text: a speed curve as four numbers, and stays as pairs of a place and how long."""

from __future__ import annotations

import re
from typing import Any

from ..trackgo.drawing import Hold
from ..trackgo.drawing.checks import located, shown
from ..trackgo.drawing.json_values import without_mark
from .arrow_text import NUMBER

_WRAPPED = re.compile(r"(?:cubic-bezier)?\s*[(\[](.*)[)\]];?|(.*)", re.DOTALL)  # as web pages and JSON have it


def timing_of(bezier: str, holds: str, playback: str, times: int) -> dict[str, Any]:
    """Inputs as arguments of Component and Camera. No text says nothing, as in a document.

    bezier: `x1, y1, x2, y2`, or CSS's `cubic-bezier(…)`. holds: `place, span`, one a line or joined by `;`. Raises
    ValueError with the input, what stands there and what would be right.
    """
    with located("bezier"):
        curve = _numbers(bezier, 4, "0.4, 0, 0.2, 1") if without_mark(bezier).strip() else None
    stays = []
    for number, text in enumerate(filter(str.strip, re.split(r"[;\n]", without_mark(holds))), start=1):
        with located(f"holds, number {number}"):
            stays.append(Hold(*_numbers(text, 2, "0.5, 0.2")))
    return {"bezier": curve, "holds": tuple(stays), "playback": playback, "times": times}


def _numbers(text: str, count: int, example: str) -> tuple[float, ...]:
    text = without_mark(text).strip()
    inner = next(part for part in _WRAPPED.fullmatch(text).groups() if part is not None)
    parts = re.split(r"\s*,\s*|\s+", inner.strip())
    if len(parts) != count or not all(re.fullmatch(NUMBER, part) for part in parts):
        raise ValueError(f"{shown(text)} is not {count} numbers; write them as in: {example}")
    return tuple(map(float, parts))
