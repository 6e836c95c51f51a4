"""Checks that all parts of the drawing document share: each raises ValueError with one clear sentence."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from numbers import Real
from typing import Any

import numpy as np

EASINGS = ("linear", "ease-in", "ease-out", "ease-in-out")
MAX_COORDINATE = 10_000.0  # frames away from the frame
_SHOWN_ITEMS = 100  # more than any message has room for

Point = tuple[float, float]


@contextmanager
def located(where: str) -> Iterator[None]:
    """Prefix the message of a ValueError raised inside with where it happened."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def shown(value: Any, longest: int = 60) -> str:
    """How a message shows a value: as JSON where that is possible, at most `longest` characters."""
    value = _beginning(value, [_SHOWN_ITEMS])
    try:
        text = json.dumps(value)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= longest else text[: longest - 3] + "…"


def _beginning(value: Any, room: list[int]) -> Any:
    """As much of a value as a message has room for: it may be nested without end, or hold a million items.

    `room` holds how many items may still be taken, and counts down.
    """
    if not isinstance(value, list | tuple | dict):
        return value
    items = list(islice(value.items() if isinstance(value, dict) else enumerate(value), max(room[0], 0)))
    room[0] -= len(items)
    taken = {key: _beginning(item, room) for key, item in items}
    return taken if isinstance(value, dict) else list(taken.values())


def check_number(name: str, value: Any, low: float, high: float) -> float:
    """`value` as a float; ValueError naming it unless it is a finite number from low to high (booleans are not)."""
    if isinstance(value, bool) or not isinstance(value, Real) or not low <= value <= high:
        raise ValueError(f"{name} is {shown(value)}; it must be a number from {low:g} to {high:g}")
    return float(value)


def check_choice(name: str, value: Any, options: Sequence[str]) -> None:
    """Raise ValueError unless `value` is one of `options`."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{name} is {shown(value)}; it must be one of {', '.join(options)}")


def check_flag(name: str, value: Any) -> None:
    """Raise ValueError unless `value` is a bool."""
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {shown(value)}; it must be true or false")


def check_points(value: Any) -> tuple[Point, ...]:
    """A sequence (or array) of pairs → tuple of (x, y) floats; ValueError naming the first bad point."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        raise ValueError(f"points is {shown(value)}; it must be a list of [x, y] pairs")
    # Checks of the whole list, in C because there may be a million points; what fails is then looked at closely.
    shaped = {list, tuple}.issuperset(map(type, value)) and {2}.issuperset(map(len, value))
    coordinates = list(chain.from_iterable(value)) if shaped else []
    numeric = shaped and {float, int}.issuperset(map(type, coordinates))
    in_range = numeric and (
        not coordinates or -MAX_COORDINATE <= min(coordinates) <= max(coordinates) <= MAX_COORDINATE
    )
    if not in_range or math.isnan(sum(coordinates)):  # a NaN slips through min and max
        coordinates = list(chain.from_iterable(map(_checked_point, value, range(1, len(value) + 1))))
    flat = map(float, coordinates)
    return tuple(zip(flat, flat, strict=True))


def _checked_point(point: Any, number: int) -> Point:
    """One pair, looked at closely; ValueError names it by its number."""
    if not isinstance(point, list | tuple | np.ndarray) or len(point) != 2:
        raise ValueError(f"point {number} is {shown(point)}; it must be a pair [x, y]")
    with located(f"point {number}"):
        x, y = (check_number(axis, at, -MAX_COORDINATE, MAX_COORDINATE) for axis, at in zip("xy", point, strict=True))
    return x, y
