"""What a format of another pack has to say, and how nested lists become tracks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from ...drawing.checks import check_number, located, shown
from ..points import PointTrajectories

MAX_TRACKS = 10_000
MAX_DRAWN_POINTS = 10_000  # of all curves of an editor's state: far more than a hand draws
_MAX_NESTING = 64
_AT_ONCE = 4_096  # points
_MAX_COORDINATE_PX = 1e6

Size = tuple[int, int]
"""Width and height in pixels."""

Tracks = list[np.ndarray]
"""As drawn, before timing: float64 [P, 2] each, (x, y) in pixels, or [P, 3] with 1 for shown and 0 for not."""

Timed = tuple[np.ndarray, np.ndarray]
"""Positions float64 [L, N, 2], and whether each was given, bool [L, N]."""


@dataclass(frozen=True)
class Format:
    """One pack's format.

    Attributes:
        name: as users choose it for reading.
        read: a decoded value, and the size of the frame it is read for → its tracks; ValueError names track, point and
            reason.
        time: tracks and a number of frames → where they are at each frame.
        own_frames: tracks → the source's own number of frames; None where it has none.
        curve: how an `Arrow` runs through a track's points.
        writes: the name as users choose it for writing; empty where nothing is written.
        write: trajectories → the format.
    """

    name: str
    read: Callable[[Any, Size], Tracks]
    time: Callable[[Tracks, int], Timed]
    own_frames: Callable[[Tracks], int] | None
    curve: str = "straight"
    writes: str = ""
    write: Callable[[PointTrajectories], Any] | None = None


def longest(tracks: Tracks) -> int:
    """The number of points of the longest track."""
    return max(map(len, tracks))


# ---- reading: plain values → tracks ---------------------------------------------------------------------------------


def is_point(value: Any) -> bool:
    """{x, y} or [x, y], or what was meant as one: a list that does not begin with a list or an object."""
    if isinstance(value, dict):
        return "points" not in value
    return isinstance(value, list | tuple) and len(value) > 0 and not isinstance(value[0], list | tuple | dict)


def is_track(value: Any) -> bool:
    """A list of points."""
    return isinstance(value, list | tuple) and (not value or is_point(value[0]))


def keyed_tracks(value: Any, size: Size, any_depth: bool = False) -> Tracks:
    """[{"x": …, "y": …}, …], or lists of them, → tracks. `size` plays no part: they are pixels already."""
    return read_each(split(value, any_depth), keyed)


def paired_tracks(value: Any, size: Size) -> Tracks:
    """[[x, y], …], or lists of them, → tracks. `size` plays no part: they are pixels already."""
    return read_each(split(value), paired)


def split(value: Any, any_depth: bool = False) -> list[Any]:
    """Nested lists → list of tracks. A third level is a batch of videos, of which one is read, unless any_depth."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"the source is {short(value)}; it must be a list of tracks")
    for _ in range(_MAX_NESTING):
        if is_track(value):
            return [value]
        _check_count(value)
        for number, item in enumerate(value, start=1):
            if not isinstance(item, list | tuple):
                raise ValueError(f"track {number} is {short(item)}; it must be a list of points")
        if all(map(is_track, value)):
            return list(value)
        if len(value) > 1 and not any_depth:
            raise ValueError(f"the source holds a batch of {len(value)} videos' tracks; give those of one video")
        value = list(chain.from_iterable([item] if is_track(item) else item for item in value))
    raise ValueError(f"the source is nested too deeply to be read: more than {_MAX_NESTING} lists in each other")


def _check_count(tracks: Sequence[Any]) -> None:
    if len(tracks) > MAX_TRACKS:
        raise ValueError(f"the source holds {len(tracks)} tracks; at most {MAX_TRACKS} are read")


def read_each(items: list[Any], read: Callable[[Any], np.ndarray]) -> Tracks:
    """Every item through `read`; ValueErrors name the track by its number from 1."""
    if items in ([], [[]]):
        raise ValueError("the source holds no track; draw at least one")
    _check_count(items)
    tracks = []
    for number, item in enumerate(items, start=1):
        with located(f"track {number}"):
            tracks.append(read(item))
    return tracks


def check_drawn(tracks: Tracks) -> Tracks:
    """The control points of curves, if they are no more than a person draws: each becomes a piece of a dense line."""
    points = sum(map(len, tracks))
    if points > MAX_DRAWN_POINTS:
        raise ValueError(f"the source holds {points} control points; at most {MAX_DRAWN_POINTS} are read")
    return tracks


def keyed(track: Sequence[Any]) -> np.ndarray:
    """[{"x": …, "y": …}, …] → float64 [P, 2]; [P, 3] where a point has "v", 0 for one that is not seen there."""
    positions = _read_points(track, _keyed_numbers, _keyed_point)
    if not any("v" in point for point in track):
        return positions
    return np.column_stack([positions, [bool(point.get("v", 1)) for point in track]])


def paired(track: Sequence[Any]) -> np.ndarray:
    """[[x, y], …] → float64 [P, 2]."""
    return _read_points(track, _paired_numbers, _paired_point)


def _read_points(
    track: Sequence[Any], numbers: Callable[[Any], list[Any]], one: Callable[[Any, int], list[float]]
) -> np.ndarray:
    """Points → float64 [P, 2], many at a time, since there may be half a million; one by one only where that fails."""
    pieces = []
    for start in range(0, len(track), _AT_ONCE):
        points = track[start : start + _AT_ONCE]
        positions = _at_once(numbers(points))
        if positions is None:
            positions = np.array([one(point, number) for number, point in enumerate(points, start=start + 1)])
        pieces.append(positions)
    if not pieces:
        raise ValueError("it has no points; it needs at least one")
    return np.concatenate(pieces)


def _keyed_numbers(points: Sequence[Any]) -> list[Any]:
    """x, y, x, y, … of points, or nothing where one is no such point."""
    try:
        return [number for point in points for number in (point["x"], point["y"])]
    except (TypeError, KeyError, IndexError):
        return []


def _paired_numbers(points: Sequence[Any]) -> list[Any]:
    pairs = {list, tuple}.issuperset(map(type, points)) and {2}.issuperset(map(len, points))
    return list(chain.from_iterable(points)) if pairs else []


def _at_once(numbers: list[Any]) -> np.ndarray | None:
    """x, y, x, y, … → float64 [P, 2]; None if one of them has to be looked at."""
    if not numbers or not {int, float}.issuperset(map(type, numbers)):
        return None
    try:
        positions = np.array(numbers, dtype=np.float64).reshape(-1, 2)
    except OverflowError:  # a whole number of hundreds of digits
        return None
    return positions if (np.abs(positions) <= _MAX_COORDINATE_PX).all() else None


def _keyed_point(point: Any, number: int) -> list[float]:
    if not isinstance(point, dict):
        raise ValueError(f'point {number} is {short(point)}; it must be {{"x": …, "y": …}}')
    missing = [axis for axis in "xy" if axis not in point]
    if missing:
        raise ValueError(f"point {number}: {missing[0]} is missing")
    return _coordinates((point["x"], point["y"]), number)


def _paired_point(point: Any, number: int) -> list[float]:
    if not isinstance(point, list | tuple) or len(point) != 2:
        raise ValueError(f"point {number} is {short(point)}; it must be [x, y]")
    return _coordinates(point, number)


def _coordinates(pair: Sequence[Any], number: int) -> list[float]:
    x, y = pair
    with located(f"point {number}"):
        return [check_number(axis, at, -_MAX_COORDINATE_PX, _MAX_COORDINATE_PX) for axis, at in (("x", x), ("y", y))]


def short(value: Any, room: int = 40) -> str:
    """A value as messages show it."""
    return shown(value, room)


# ---- writing --------------------------------------------------------------------------------------------------------


def by_point(trajectories: PointTrajectories) -> np.ndarray:
    """float64 [N, L, 2]."""
    return trajectories.tracks.astype(np.float64).swapaxes(0, 1)


def whole_pixels(tracks: np.ndarray) -> np.ndarray:
    """Rounded half up, int64."""
    return np.floor(tracks + 0.5).astype(np.int64)


def keyed_text(tracks: np.ndarray) -> str:
    """[N, L, 2] → text `[[{"x": …, "y": …}, …], …]`, nested always."""
    return "[" + ",".join(map(keyed_track_text, tracks)) + "]"


def keyed_track_text(track: np.ndarray) -> str:
    """[L, 2] → text `[{"x": …, "y": …}, …]`."""
    return json.dumps([{"x": x, "y": y} for x, y in track.tolist()], separators=(",", ":"))
