"""Other packs' trajectory formats, in and out.

| name | where it comes from | looks like | time |
|---|---|---|---|
| kj | KJNodes SplineEditor `coord_str` | `[{x,y}…]` or `[[{x,y}…],…]` | points evenly over the clip |
| kj_points_store | the same editor's `points_store` | `[{"points": [{x,y}…], …}…]` | drawn curve, even speed |
| ati | WanTrackToVideo, WanVideoWrapper ATI | as kj, also one level deeper | 121 points, missing ones invisible |
| pixfl | PIXFL Path Animator `coordinates` | as nested kj | points evenly over the clip |
| ltx | LTXVSparseTrackEditor `tracks` | as kj, any nesting | one point per frame; ends early when shorter |
| tora | CogVideoXWrapper | list of flat kj strings | points evenly over the clip |
| dragnuwa | DragNUWA `tracking_points` | `[[[x,y],…],…]` | control points evenly over the clip, PCHIP between |
| draganything | DragAnything `trajectory_list` | `[[[x,y],…],…]` | one point per frame, surplus points cut |
| tracks | ComfyUI's TRACKS | dictionary of tensors | one point per frame |

All are pixels of a frame whose size the text does not carry. They are taken as this project's pixel coordinates,
without a shift by half a pixel: most are whole numbers anyway. Texts may use single quotes, as Python prints lists.
Messages count tracks and points from 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any

import numpy as np

from .checks import check_number, located
from .document import parse_json
from .drawing import Arrow
from .motion import CURVE_STEPS, along, check_frames
from .rasterize import check_size, to_fractions
from .trajectories import PointTrajectories, inside_frame

IMPORT_FORMATS = ("auto", "kj", "kj_points_store", "ati", "pixfl", "ltx", "tora", "dragnuwa", "draganything", "tracks")
EXPORT_FORMATS = ("kj", "ati121", "ltx", "tora", "dragnuwa", "tracks")
ATI_FRAMES = 121
MAX_TORA_TRACKS = 9  # Tora tells a list of tracks from a text by a length below ten
MAX_TRACKS = 10_000
_PAIRED = ("dragnuwa", "draganything")  # points are [x, y], elsewhere {"x": …, "y": …}
_MAX_COORDINATE_PX = 1e6


def import_tracks(
    source: str | Sequence[Any] | Mapping[str, Any],
    width: int,
    height: int,
    frames: int | None = None,
    format: str = "auto",
) -> PointTrajectories:
    """Another pack's trajectories → PointTrajectories of a frame of width × height pixels, the size they were made for.

    Each track becomes a component of its own (TRACKS say themselves). `frames`: how many frames to give; None keeps the
    source's own count, which sparse formats (kj_points_store, dragnuwa) do not have. ValueError names track and reason.
    """
    _check_format(format, IMPORT_FORMATS)
    check_size(width, height)
    if frames is not None:
        check_frames(frames)
    if format == "tracks" or (format == "auto" and isinstance(source, Mapping)):
        imported = PointTrajectories.from_tracks(source, width, height)
        return imported if frames in (None, imported.frames) else imported.resampled(frames)
    name, tracks = _read(source, format)
    if frames is None and name in ("kj_points_store", "dragnuwa"):
        raise ValueError(f"{name} tracks do not say how many frames they last; give the number of frames")
    path, given = _TIMING[name](tracks, frames)
    visible = given & inside_frame(path, width, height)
    return PointTrajectories(path, visible, np.arange(len(tracks)), width, height)


def to_arrows(
    source: str | Sequence[Any] | Mapping[str, Any], width: int, height: int, format: str = "auto"
) -> tuple[Arrow, ...]:
    """Another pack's trajectories → one arrow per track, in fractions of their frame of width × height pixels.

    An arrow keeps the way, not the speed along it: that is the component's own timing and easing.
    """
    _check_format(format, IMPORT_FORMATS)
    check_size(width, height)
    if format == "tracks" or (format == "auto" and isinstance(source, Mapping)):
        path = PointTrajectories.from_tracks(source, width, height)
        return tuple(Arrow(points) for points in to_fractions(path.tracks, path.width, path.height).swapaxes(0, 1))
    name, tracks = _read(source, format)
    curve = "smooth" if name == "dragnuwa" else "straight"
    return tuple(Arrow(to_fractions(track, width, height), curve) for track in tracks)


def detect_format(source: str | Sequence[Any] | Mapping[str, Any]) -> str:
    """Which import format the source looks like; where several look alike, the one with the plainest timing (kj)."""
    return "tracks" if isinstance(source, Mapping) else _guess(_decode(source))


def export_tracks(trajectories: PointTrajectories, format: str) -> str | list[str] | dict[str, Any]:
    """PointTrajectories → another pack's format. Visibility survives in `tracks` alone.

    kj, ltx: text, nested always, whole pixels, one point per frame. ati121: likewise with 121 points, resampled rather
    than padded, to a thousandth of a pixel. dragnuwa: text of [x, y] pairs, moved inside the frame because its reader
    does not check. tora: a list of texts, one per component (the point nearest to its middle), at most nine.
    tracks: TRACKS.
    """
    _check_format(format, EXPORT_FORMATS)
    if format == "tracks":
        return trajectories.to_tracks()
    if format == "tora":
        return [_keyed_text(track) for track in _whole_pixels(_one_track_per_component(trajectories))]
    if format == "dragnuwa":
        corner = (trajectories.width - 1, trajectories.height - 1)
        inside = _whole_pixels(_by_point(trajectories)).clip(0, corner)
        return json.dumps(inside.tolist(), separators=(",", ":"))
    if format == "ati121":
        tracks = np.round(_by_point(trajectories.resampled(ATI_FRAMES)), 3)
    else:
        tracks = _whole_pixels(_by_point(trajectories))
    return "[" + ",".join(map(_keyed_text, tracks)) + "]"


def _check_format(name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ValueError(f"format is {name!r}; it must be one of {', '.join(known)}")


# --- writing ---


def _by_point(trajectories: PointTrajectories) -> np.ndarray:
    """float64 [N, L, 2]."""
    return trajectories.tracks.astype(np.float64).swapaxes(0, 1)


def _whole_pixels(tracks: np.ndarray) -> np.ndarray:
    return np.floor(tracks + 0.5).astype(np.int64)


def _keyed_text(track: np.ndarray) -> str:
    return json.dumps([{"x": x, "y": y} for x, y in track.tolist()], separators=(",", ":"))


def _one_track_per_component(trajectories: PointTrajectories) -> np.ndarray:
    tracks = _by_point(trajectories)
    components = np.unique(trajectories.component)
    if len(components) > MAX_TORA_TRACKS:
        raise ValueError(f"{len(components)} components were given; Tora reads at most {MAX_TORA_TRACKS} tracks")
    chosen = []
    for component in components:
        members = np.flatnonzero(trajectories.component == component)
        starts = tracks[members, 0]
        chosen.append(members[np.linalg.norm(starts - starts.mean(axis=0), axis=1).argmin()])
    return tracks[np.array(chosen, dtype=np.int64)]


# --- reading: text → tracks, a list of float64 [P, 2] ---


def _read(source: str | Sequence[Any], format: str) -> tuple[str, list[np.ndarray]]:
    """The format's name and its tracks as drawn, before timing."""
    value = _decode(source)
    name = _guess(value) if format == "auto" else format
    if name == "kj_points_store":
        items = value if isinstance(value, list) and value and not _is_point(value[0]) else [value]
        read: Callable[[Any], np.ndarray] = _editor_curve
    else:
        items = _split(value, any_depth=name == "ltx")
        read = _pairs if name in _PAIRED else _keyed
    if items in ([], [[]]):
        raise ValueError("the source holds no track; draw at least one")
    if len(items) > MAX_TRACKS:
        raise ValueError(f"the source holds {len(items)} tracks; at most {MAX_TRACKS} are read")
    tracks = []
    for number, item in enumerate(items, start=1):
        with located(f"track {number}"):
            tracks.append(read(item))
    return name, tracks


def _decode(source: str | Sequence[Any]) -> Any:
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


def _is_point(value: Any) -> bool:
    """{x, y} or [x, y], or what was meant as one: a list that does not begin with a list or an object."""
    if isinstance(value, dict):
        return "points" not in value
    return isinstance(value, list | tuple) and len(value) > 0 and not isinstance(value[0], list | tuple | dict)


def _is_track(value: Any) -> bool:
    return isinstance(value, list | tuple) and (not value or _is_point(value[0]))


def _guess(value: Any) -> str:
    """The format that a decoded value looks like; ValueError when it looks like none."""
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
    shown = json.dumps(value, default=str)
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    raise ValueError(f'no known format looks like {shown}; tracks are lists of {{"x": …, "y": …}} or of [x, y]')


def _split(value: Any, any_depth: bool) -> list[Any]:
    """Nested lists → list of tracks. A third level is a batch of videos, of which one is read, unless any_depth."""
    if not isinstance(value, list | tuple):
        raise ValueError(f"the source is {_short(value)}; it must be a list of tracks")
    if _is_track(value):
        return [value]
    for number, item in enumerate(value, start=1):
        if not isinstance(item, list | tuple):
            raise ValueError(f"track {number} is {_short(item)}; it must be a list of points")
    if all(map(_is_track, value)):
        return list(value)
    if len(value) > 1 and not any_depth:
        raise ValueError(f"the source holds a batch of {len(value)} videos' tracks; give those of one video")
    return list(chain.from_iterable(_split(item, any_depth) for item in value))


def _short(value: Any) -> str:
    shown = json.dumps(value, default=str)
    return shown if len(shown) <= 40 else shown[:37] + "…"


def _coordinates(pair: Sequence[Any], number: int) -> list[float]:
    with located(f"point {number}"):
        return [
            check_number(axis, at, -_MAX_COORDINATE_PX, _MAX_COORDINATE_PX) for axis, at in zip("xy", pair, strict=True)
        ]


def _keyed(track: Any) -> np.ndarray:
    """[{"x": …, "y": …}, …] → float64 [P, 2]."""
    points = []
    for number, point in enumerate(track, start=1):
        if not isinstance(point, dict):
            raise ValueError(f'point {number} is {_short(point)}; it must be {{"x": …, "y": …}}')
        missing = [axis for axis in "xy" if axis not in point]
        if missing:
            raise ValueError(f"point {number}: {missing[0]} is missing")
        points.append(_coordinates((point["x"], point["y"]), number))
    return _filled(points)


def _pairs(track: Any) -> np.ndarray:
    """[[x, y], …] → float64 [P, 2]."""
    points = []
    for number, point in enumerate(track, start=1):
        if not isinstance(point, list | tuple) or len(point) != 2:
            raise ValueError(f"point {number} is {_short(point)}; it must be [x, y]")
        points.append(_coordinates(point, number))
    return _filled(points)


def _filled(points: list[list[float]]) -> np.ndarray:
    if not points:
        raise ValueError("it has no points; it needs at least one")
    return np.array(points, dtype=np.float64)


def _editor_curve(item: Any) -> np.ndarray:
    """A spline of KJ's editor → the curve as a dense line, float64 [P, 2].

    With Bézier handles (h2 leaves a point, h1 arrives) that curve; otherwise a smooth curve, since the store does not
    say which of the editor's interpolations was chosen.
    """
    points = item.get("points") if isinstance(item, dict) else item
    if not isinstance(points, list | tuple):
        raise ValueError("points is missing; a spline must hold a list of points")
    anchors = _keyed(points)
    if len(anchors) < 2:
        return anchors
    handled = all("h2x" in a and "h1x" in b for a, b in pairwise(points))
    if not handled:
        share = np.linspace(0, 1, CURVE_STEPS * (len(anchors) - 1) + 1)
        line = along(anchors[:, 0] + 1j * anchors[:, 1], share, "smooth")
        return np.stack([line.real, line.imag], axis=-1)
    leaving = _keyed([{"x": point["h2x"], "y": point.get("h2y")} for point in points[:-1]])
    arriving = _keyed([{"x": point["h1x"], "y": point.get("h1y")} for point in points[1:]])
    t = np.linspace(0, 1, CURVE_STEPS, endpoint=False)[:, None]
    weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]  # [32, 1] each
    corners = [anchors[:-1], leaving, arriving, anchors[1:]]  # [P − 1, 2] each
    pieces = sum(weight * corner[:, None] for weight, corner in zip(weights, corners, strict=True))  # [P − 1, 32, 2]
    return np.concatenate([*pieces, anchors[-1:]])


# --- timing: tracks as drawn → positions [L, N, 2] and whether each was given, bool [L, N] ---

_Timed = tuple[np.ndarray, np.ndarray]


def _all_given(columns: list[np.ndarray]) -> _Timed:
    path = np.stack(columns, axis=1)
    return path, np.ones(path.shape[:2], dtype=bool)


def _evenly(tracks: list[np.ndarray], frames: int | None) -> _Timed:
    """A track's points lie evenly over the clip, linear between them; the longest track sets the count."""
    return _all_given([_linear(track, frames or max(map(len, tracks))) for track in tracks])


def _linear(track: np.ndarray, frames: int) -> np.ndarray:
    """float64 [P, 2] → [frames, 2]: first stays first, last stays last."""
    place = np.linspace(0, len(track) - 1, frames)
    known = np.arange(len(track))
    return np.stack([np.interp(place, known, track[:, axis]) for axis in range(2)], axis=-1)


def _even_speed(tracks: list[np.ndarray], frames: int | None) -> _Timed:
    share = np.linspace(0, 1, frames or 1)
    lines = [along(track[:, 0] + 1j * track[:, 1], share) for track in tracks]
    return _all_given([np.stack([line.real, line.imag], axis=-1) for line in lines])


def _monotone(tracks: list[np.ndarray], frames: int | None) -> _Timed:
    """Control points evenly over the clip, PCHIP between them, as DragNUWA does; one point holds still."""
    from scipy.interpolate import PchipInterpolator  # comes with scikit-learn

    time = np.linspace(0, 1, frames or 1)
    return _all_given(
        [
            PchipInterpolator(np.linspace(0, 1, len(track)), track)(time)
            if len(track) > 1
            else np.repeat(track, len(time), 0)
            for track in tracks
        ]
    )


def _cut(tracks: list[np.ndarray], frames: int | None) -> _Timed:
    """One point per frame; surplus points are cut, a shorter track is an error."""
    count = frames or min(map(len, tracks))
    for number, track in enumerate(tracks, start=1):
        if len(track) < count:
            raise ValueError(
                f"track {number} has {len(track)} points; draganything needs one for each of {count} frames"
            )
    return _all_given([track[:count] for track in tracks])


def _until_end(tracks: list[np.ndarray], frames: int | None, length: int | None = None) -> _Timed:
    """One point per frame of `length` (default: the longest track); after its last a track rests there, invisible."""
    length = length or max(map(len, tracks))
    place = np.arange(length)
    path = np.stack([track[np.minimum(place, len(track) - 1)] for track in tracks], axis=1)
    given = place[:, None] < np.array([len(track) for track in tracks])
    if frames in (None, length):
        return path, given
    rescaled = PointTrajectories(path, given, np.arange(len(tracks)), 1, 1).resampled(frames)
    return rescaled.tracks, rescaled.visibility


def _ati(tracks: list[np.ndarray], frames: int | None) -> _Timed:
    return _until_end(tracks, frames, ATI_FRAMES)


_TIMING: dict[str, Callable[[list[np.ndarray], int | None], _Timed]] = {
    "kj": _evenly,
    "kj_points_store": _even_speed,
    "ati": _ati,
    "pixfl": _evenly,
    "ltx": _until_end,
    "tora": _evenly,
    "dragnuwa": _monotone,
    "draganything": _cut,
}
