"""What a format of another pack has to say, and how texts and nested lists become tracks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from ...drawing.checks import check_number, located
from ...drawing.json_values import parse_json
from ..points import PointTrajectories

MAX_TRACKS = 10_000
_MAX_COORDINATE_PX = 1e6

Tracks = list[np.ndarray]
"""As drawn, before timing: float64 [P, 2] each, (x, y) in pixels."""

Timed = tuple[np.ndarray, np.ndarray]
"""Positions float64 [L, N, 2], and whether each was given, bool [L, N]."""


@dataclass(frozen=True)
class Format:
    """One pack's format.

    Attributes:
        name: as users choose it for reading.
        read: a decoded value → its tracks; ValueError names track, point and reason.
        time: tracks and how many frames to give (None: the source's own count) → where they are at each frame.
        says_frames: whether the source has a count of frames of its own.
        curve: how an `Arrow` runs through a track's points.
        writes: the name as users choose it for writing; empty where nothing is written.
        write: trajectories → the format.
    """

    name: str
    read: Callable[[Any], Tracks]
    time: Callable[[Tracks, int | None], Timed]
    says_frames: bool = True
    curve: str = "straight"
    writes: str = ""
    write: Callable[[PointTrajectories], Any] | None = None


# ---- reading: text → plain values → tracks --------------------------------------------------------------------------


def decode(source: str | Sequence[Any]) -> Any:
    """JSON text, also with single quotes, or a list that may hold such texts → plain lists and dictionaries."""
    if isinstance(source, str):
        value = _parse_quoted(source, "the source")
    elif isinstance(source, list | tuple):
        value = list(source)
    else:
        raise ValueError(f"the source is a {type(source).__name__}; it must be text, a list of texts or TRACKS")
    if isinstance(value, list):
        pairs = enumerate(value, start=1)
        return [_parse_quoted(item, f"text {number}") if isinstance(item, str) else item for number, item in pairs]
    return value


def _parse_quoted(text: str, what: str) -> Any:
    try:
        return parse_json(text, what)
    except ValueError:
        # Some packs print Python lists. Their texts hold only x and y, so no quote can be part of a name.
        if "'" not in text or '"' in text:
            raise
    return parse_json(text.replace("'", '"'), what)


def is_point(value: Any) -> bool:
    """{x, y} or [x, y], or what was meant as one: a list that does not begin with a list or an object."""
    if isinstance(value, dict):
        return "points" not in value
    return isinstance(value, list | tuple) and len(value) > 0 and not isinstance(value[0], list | tuple | dict)


def is_track(value: Any) -> bool:
    """A list of points."""
    return isinstance(value, list | tuple) and (not value or is_point(value[0]))


def guess(value: Any) -> str:
    """The format that a decoded value looks like, where several look alike the one with the plainest timing (kj);
    ValueError when it looks like none."""
    probe = value
    for depth in range(32):
        if isinstance(probe, dict):
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
    raise ValueError(
        f'no known format looks like {short(value, 60)}; tracks are lists of {{"x": …, "y": …}} or of [x, y]'
    )


def keyed_tracks(value: Any, any_depth: bool = False) -> Tracks:
    """[{"x": …, "y": …}, …], or lists of them, → tracks."""
    return read_each(split(value, any_depth), keyed)


def paired_tracks(value: Any) -> Tracks:
    """[[x, y], …], or lists of them, → tracks."""
    return read_each(split(value), paired)


def split(value: Any, any_depth: bool = False) -> list[Any]:
    """Nested lists → list of tracks. A third level is a batch of videos, of which one is read, unless any_depth."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"the source is {short(value)}; it must be a list of tracks")
    if is_track(value):
        return [value]
    for number, item in enumerate(value, start=1):
        if not isinstance(item, list | tuple):
            raise ValueError(f"track {number} is {short(item)}; it must be a list of points")
    if all(map(is_track, value)):
        return list(value)
    if len(value) > 1 and not any_depth:
        raise ValueError(f"the source holds a batch of {len(value)} videos' tracks; give those of one video")
    return list(chain.from_iterable(split(item, any_depth) for item in value))


def read_each(items: list[Any], read: Callable[[Any], np.ndarray]) -> Tracks:
    """Every item through `read`; ValueErrors name the track by its number from 1."""
    if items in ([], [[]]):
        raise ValueError("the source holds no track; draw at least one")
    if len(items) > MAX_TRACKS:
        raise ValueError(f"the source holds {len(items)} tracks; at most {MAX_TRACKS} are read")
    tracks = []
    for number, item in enumerate(items, start=1):
        with located(f"track {number}"):
            tracks.append(read(item))
    return tracks


def keyed(track: Any) -> np.ndarray:
    """[{"x": …, "y": …}, …] → float64 [P, 2]."""
    points = []
    for number, point in enumerate(track, start=1):
        if not isinstance(point, dict):
            raise ValueError(f'point {number} is {short(point)}; it must be {{"x": …, "y": …}}')
        missing = [axis for axis in "xy" if axis not in point]
        if missing:
            raise ValueError(f"point {number}: {missing[0]} is missing")
        points.append(_coordinates((point["x"], point["y"]), number))
    return _filled(points)


def paired(track: Any) -> np.ndarray:
    """[[x, y], …] → float64 [P, 2]."""
    points = []
    for number, point in enumerate(track, start=1):
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise ValueError(f"point {number} is {short(point)}; it must be [x, y]")
        points.append(_coordinates(point, number))
    return _filled(points)


def _coordinates(pair: Sequence[Any], number: int) -> list[float]:
    with located(f"point {number}"):
        return [
            check_number(axis, at, -_MAX_COORDINATE_PX, _MAX_COORDINATE_PX) for axis, at in zip("xy", pair, strict=True)
        ]


def _filled(points: list[list[float]]) -> np.ndarray:
    if not points:
        raise ValueError("it has no points; it needs at least one")
    return np.array(points, dtype=np.float64)


def short(value: Any, longest: int = 40) -> str:
    """A value as messages show it."""
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= longest else shown[: longest - 3] + "…"


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
