"""Other packs' trajectory formats, in and out; one module a format.

| name | where it comes from | looks like | time |
|---|---|---|---|
| kj | KJNodes SplineEditor `coord_str` | `[{x,y}…]` or `[[{x,y}…],…]` | points evenly over the clip |
| kj_points_store | the same editor's `points_store` | `[{"points": [{x,y}…]}…]` | even speed along a known curve |
| ati | WanTrackToVideo, WanVideoWrapper ATI | as kj, also one level deeper | 121 points, missing ones invisible |
| pixfl | PIXFL Path Animator `coordinates` | as nested kj | points evenly over the clip |
| pixfl_paths_data | the same editor's `paths_data` | `{"paths": […], "canvas_size": …}` | drawn line, even speed |
| ltx | LTXVSparseTrackEditor `tracks` | as kj, any nesting | one point per frame; ends early when shorter |
| ltx_points_store | the same editor's `points_store` | as nested kj, few points | Catmull–Rom, pieces equally long |
| tora | CogVideoXWrapper | list of flat kj strings | points evenly over the clip |
| dragnuwa | DragNUWA `tracking_points` | `[[[x,y],…],…]` | control points evenly over the clip, PCHIP between |
| draganything | DragAnything `trajectory_list` | `[[[x,y],…],…]` | one point per frame, surplus points cut |
| workflow | a saved node, workflow or API prompt | JSON objects with path editors | as the editor itself samples |
| tracks | ComfyUI's TRACKS | dictionary of tensors | one point per frame |
| wan_move | Wan-Move's `.npy` pair | arrays [1,T,N,2] and [1,T,N] | one point per frame |

All are pixels of a frame whose size the text mostly does not carry; sources that do (pixfl_paths_data, workflow) are
scaled to the size asked for. They are taken as this project's pixel coordinates, without a shift by half a pixel: most
are whole numbers anyway. Texts may use single quotes, as Python prints lists, begin with a byte-order mark, and stand
in `{"tracks": …}`. Messages count tracks and points from 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ...drawing import Arrow
from ...drawing.coordinates import check_size, inside_frame, to_fractions, to_pixels
from ..motion import MAX_FRAMES, check_frames
from ..points import PointTrajectories
from .ati import ATI
from .base import Format, Size, Tracks
from .draganything import DRAGANYTHING
from .dragnuwa import DRAGNUWA
from .kj import KJ, KJ_POINTS_STORE
from .ltx import LTX, LTX_POINTS_STORE
from .pixfl import PIXFL, PIXFL_PATHS_DATA
from .recognise import are_fractions, editor_store, guess, known_object, look_like_fractions
from .text import decode
from .tora import TORA
from .wan_move import Arrays, are_arrays, from_arrays, to_arrays
from .workflow import WORKFLOW

_FORMATS = (
    KJ,
    KJ_POINTS_STORE,
    ATI,
    PIXFL,
    PIXFL_PATHS_DATA,
    LTX,
    LTX_POINTS_STORE,
    TORA,
    DRAGNUWA,
    DRAGANYTHING,
    WORKFLOW,
)
TEXT_FORMATS = {f.name: f for f in _FORMATS}
TEXT_WRITERS = {f.writes: f.write for f in _FORMATS if f.write}
WRITERS = TEXT_WRITERS | {"tracks": PointTrajectories.to_tracks, "wan_move": to_arrays}
IMPORT_FORMATS = ("auto", *TEXT_FORMATS, "tracks", "wan_move")
EXPORT_FORMATS = tuple(WRITERS)
UNITS = ("auto", "pixel", "fraction")

MAX_POSITIONS = 2_000_000  # of all tracks in all frames

Source = str | Sequence[Any] | Mapping[str, Any] | np.ndarray
"""A text, its decoded values, TRACKS, or Wan-Move's arrays: the tracks alone or with their visibility."""


def import_tracks(
    source: Source,
    width: int,
    height: int,
    frames: int | None = None,
    format: str = "auto",
    units: str = "auto",
) -> PointTrajectories:
    """Another pack's trajectories → PointTrajectories of a frame of width × height pixels, the size they were made for.

    Each track becomes a component of its own (TRACKS say themselves). `frames`: how many frames to give, at most 1,024;
    None keeps the source's own count, which editors' states and dragnuwa do not have. `units`: auto means pixels, but
    refuses what looks like fractions of the frame; pixel takes any number as it is, fraction as a part of width and
    height. ValueError names track and reason.
    """
    _check_choice("format", format, IMPORT_FORMATS)
    _check_choice("units", units, UNITS)
    check_size(width, height)
    if frames is not None:
        check_frames(frames)
    found = _read(source, format, (width, height), units)
    if isinstance(found, PointTrajectories):
        return found if frames in (None, found.frames) else found.resampled(frames)
    known, tracks = found
    frames = frames or _own_frames(known, tracks)
    positions = len(tracks) * frames
    if positions > MAX_POSITIONS:
        raise ValueError(
            f"{len(tracks)} tracks over {frames} frames are {positions} positions; at most {MAX_POSITIONS} are read"
        )
    path, given = known.time(tracks, frames)
    visible = given & inside_frame(path, width, height)
    return PointTrajectories(path, visible, np.arange(len(tracks)), width, height)


def to_arrows(source: Source, width: int, height: int, format: str = "auto", units: str = "auto") -> tuple[Arrow, ...]:
    """Another pack's trajectories → one arrow per track, in fractions of their frame of width × height pixels.

    An arrow keeps the way, not the speed along it: that is the component's own timing and easing. `format` and `units`
    are as for `import_tracks`.
    """
    _check_choice("format", format, IMPORT_FORMATS)
    _check_choice("units", units, UNITS)
    check_size(width, height)
    found = _read(source, format, (width, height), units)
    if isinstance(found, PointTrajectories):
        return tuple(Arrow(points) for points in to_fractions(found.tracks, found.width, found.height).swapaxes(0, 1))
    known, tracks = found
    return tuple(Arrow(to_fractions(track[:, :2], width, height), known.curve) for track in tracks)


def export_tracks(trajectories: PointTrajectories, format: str) -> str | list[str] | dict[str, Any] | Arrays:
    """PointTrajectories → another pack's format. Visibility survives in `tracks` and `wan_move` alone.

    kj, ltx: text, nested always, whole pixels, one point per frame. ati121: likewise with 121 points, resampled rather
    than padded, to a thousandth of a pixel. dragnuwa: text of [x, y] pairs, moved inside the frame because its reader
    does not check. tora: a list of texts, one per component (the point nearest to its middle), at most nine.
    tracks: TRACKS. wan_move: tracks float32 [1, T, N, 2] and visibility bool [1, T, N].
    """
    _check_choice("format", format, EXPORT_FORMATS)
    return WRITERS[format](trajectories)


def _check_choice(name: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(known)}")


def _read(source: Source, format: str, size: Size, units: str) -> PointTrajectories | tuple[Format, Tracks]:
    """What holds a position for every frame already, or the format and its tracks as drawn, before timing."""
    if format == "wan_move" or (format == "auto" and are_arrays(source)):
        return _in_pixels(from_arrays(source, *size), units)
    value = decode(source)
    if format == "tracks" or (format == "auto" and _is_tracks(source, value)):
        tracks = PointTrajectories.from_tracks(value, *size)
        says_size = isinstance(value, dict) and value.get("width") is not None
        return tracks if says_size and units == "auto" else _in_pixels(tracks, units)
    known = TEXT_FORMATS[guess(value) if format == "auto" else format]
    tracks = known.read(value, size)
    if known is LTX or (known is KJ and format == "auto"):
        store = editor_store(value, tracks)
        if store:
            known = TEXT_FORMATS[store]
            tracks = known.read(value, size)
    if _are_fractions(tracks, size, units):
        tracks = [np.column_stack([to_pixels(track[:, :2], *size), track[:, 2:]]) for track in tracks]
    return known, tracks


def _is_tracks(source: Source, value: Any) -> bool:
    """Whether this is TRACKS, or an object that is nothing else and was not given as text."""
    if not isinstance(value, dict):
        return False
    return "track_path" in value or (isinstance(source, Mapping) and not known_object(value))


def _in_pixels(held: PointTrajectories, units: str) -> PointTrajectories:
    size = (held.width, held.height)
    if not held.tracks.size or not _are_fractions([held.tracks.reshape(-1, 2)], size, units):
        return held
    path = to_pixels(held.tracks, *size).astype(np.float32)
    return replace(held, tracks=path, visibility=held.visibility)


def _are_fractions(tracks: Tracks, size: Size, units: str) -> bool:
    return are_fractions(look_like_fractions(tracks, *size), units, *size)


def _own_frames(known: Format, tracks: Tracks) -> int:
    """The source's own number of frames; ValueError when it has none, or too many."""
    if known.own_frames is None:
        raise ValueError(f"{known.name} tracks do not say how many frames they last; give the number of frames")
    frames = known.own_frames(tracks)
    if frames > MAX_FRAMES:
        raise ValueError(
            f"the tracks last {frames} frames, as many as the longest has points; give a number of frames, at most"
            f" {MAX_FRAMES}"
        )
    return frames
