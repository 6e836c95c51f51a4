"""Other packs' trajectory formats, in and out; one module a format.

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

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...drawing import Arrow
from ...drawing.coordinates import check_size, inside_frame, to_fractions
from ..motion import check_frames
from ..points import PointTrajectories
from .ati import ATI
from .base import Format, Tracks, decode, guess
from .draganything import DRAGANYTHING
from .dragnuwa import DRAGNUWA
from .kj import KJ, KJ_POINTS_STORE
from .ltx import LTX
from .pixfl import PIXFL
from .tora import TORA

TEXT_FORMATS = {f.name: f for f in (KJ, KJ_POINTS_STORE, ATI, PIXFL, LTX, TORA, DRAGNUWA, DRAGANYTHING)}
WRITERS = {f.writes: f.write for f in TEXT_FORMATS.values() if f.write} | {"tracks": PointTrajectories.to_tracks}
IMPORT_FORMATS = ("auto", *TEXT_FORMATS, "tracks")
EXPORT_FORMATS = tuple(WRITERS)


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
    if _is_tracks(source, format):
        imported = PointTrajectories.from_tracks(source, width, height)
        return imported if frames in (None, imported.frames) else imported.resampled(frames)
    known, tracks = _read(source, format)
    if frames is None and not known.says_frames:
        raise ValueError(f"{known.name} tracks do not say how many frames they last; give the number of frames")
    path, given = known.time(tracks, frames)
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
    if _is_tracks(source, format):
        path = PointTrajectories.from_tracks(source, width, height)
        return tuple(Arrow(points) for points in to_fractions(path.tracks, path.width, path.height).swapaxes(0, 1))
    known, tracks = _read(source, format)
    return tuple(Arrow(to_fractions(track, width, height), known.curve) for track in tracks)


def export_tracks(trajectories: PointTrajectories, format: str) -> str | list[str] | dict[str, Any]:
    """PointTrajectories → another pack's format. Visibility survives in `tracks` alone.

    kj, ltx: text, nested always, whole pixels, one point per frame. ati121: likewise with 121 points, resampled rather
    than padded, to a thousandth of a pixel. dragnuwa: text of [x, y] pairs, moved inside the frame because its reader
    does not check. tora: a list of texts, one per component (the point nearest to its middle), at most nine.
    tracks: TRACKS.
    """
    _check_format(format, EXPORT_FORMATS)
    return WRITERS[format](trajectories)


def _check_format(name: str, known: Sequence[str]) -> None:
    if name not in known:
        raise ValueError(f"format is {name!r}; it must be one of {', '.join(known)}")


def _is_tracks(source: Any, format: str) -> bool:
    return format == "tracks" or (format == "auto" and isinstance(source, Mapping))


def _read(source: str | Sequence[Any], format: str) -> tuple[Format, Tracks]:
    """The format and its tracks as drawn, before timing."""
    value = decode(source)
    known = TEXT_FORMATS[guess(value) if format == "auto" else format]
    return known, known.read(value)
