"""A path editor's node as ComfyUI saves it: alone, in a workflow, or in an API prompt.

The node knows what its points alone do not: the curve, the timing and the size of its frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ...drawing.checks import located
from .base import MAX_TRACKS, Format, Size, Tracks, longest, short
from .kj import read_editor as read_spline_editor
from .ltx import read_points_store as read_ltx_points_store
from .pixfl import read_paths_data
from .recognise import POWER_SPLINE_EDITOR
from .text import decode
from .timing import even_speed, evenly

_NOT_RUN = (2, 4)  # modes of a node: muted, bypassed
_PIXFL_SAMPLES = 121
_MAX_PARTS = 200_000  # lists and objects of a workflow that are looked through


def read(value: Any, size: Size) -> Tracks:
    """Every path editor's tracks, in the order in which the nodes stand there, scaled to `size`."""
    tracks: Tracks = []
    for name, number, settings in _editors(value):
        with located(f"{name}{number}"):
            tracks += _EDITORS[name][1](settings, size)
    if not tracks:
        raise ValueError(f"the source holds no path editor whose tracks are known: {', '.join(_EDITORS)}")
    if len(tracks) > MAX_TRACKS:
        raise ValueError(f"the source holds {len(tracks)} tracks; at most {MAX_TRACKS} are read")
    return tracks


def _editors(value: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Which editor, how messages number it, and its widgets by name; whatever surrounds it."""
    waiting = [(value, "")]
    looked_at = 0
    while waiting:
        item, key = waiting.pop()
        looked_at += 1
        if looked_at + len(waiting) > _MAX_PARTS:
            raise ValueError(f"the source holds more than {_MAX_PARTS} lists and objects, too many for a workflow")
        if isinstance(item, list):
            waiting += [(part, "") for part in reversed(item) if isinstance(part, list | dict)]
        if not isinstance(item, dict) or item.get("mode") in _NOT_RUN:
            continue
        if found := _editor(item):
            name, settings = found
            number = item.get("id", key)
            yield name, f" {number}"[:40] if isinstance(number, int | str) and number != "" else "", settings
        else:
            parts = reversed(item.items())
            waiting += [(part, str(name)) for name, part in parts if isinstance(part, list | dict)]


def _editor(item: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    name = item.get("class_type", item.get("type"))
    if isinstance(name, str) and name in _EDITORS:
        widgets = item.get("widgets_values", item.get("inputs"))
        if isinstance(widgets, list):
            return name, dict(zip(_EDITORS[name][0], widgets, strict=False))
        if isinstance(widgets, dict):
            return name, widgets
    if "points_store" in item and "points_to_sample" in item:  # a node's inputs without its name
        return ("SplineEditor" if "interpolation" in item else "LTXVSparseTrackEditor"), dict(item)
    return None


def _read_ltx(settings: Mapping[str, Any], size: Size) -> Tracks:
    """LTX's own node draws `points_store` anew. It does not say its picture's size, so its pixels are the frame's."""
    store = settings.get("points_store")
    count = settings.get("points_to_sample", 121)
    if not isinstance(store, str | list):
        raise ValueError("points_store is missing; a Sparse Track Editor must hold its points as text")
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= 10_000:
        raise ValueError(f"points_to_sample is {short(count)}; it must be a whole number from 2 to 10000")
    positions, _ = evenly(read_ltx_points_store(decode(store), size), count)
    return list(positions.swapaxes(0, 1))


def _read_pixfl(settings: Mapping[str, Any], size: Size) -> Tracks:
    neutral = {
        "start_time_percent": (0,),
        "end_time_percent": (100,),
        "override_path_length": (-1, 0),
        "path_length_multiplier": (1,),
    }
    for name, values in neutral.items():
        if settings.get(name, values[0]) not in values:
            raise ValueError(f"{name} changes its paths when it runs; connect its coordinates instead")
    paths = settings.get("paths_data")
    if not isinstance(paths, str):
        raise ValueError("paths_data is missing; a Path Animator must hold its paths as text")
    positions, _ = even_speed(read_paths_data(decode(paths), size), _PIXFL_SAMPLES)
    return list(positions.swapaxes(0, 1))


def _refuse(settings: Mapping[str, Any], size: Size) -> Tracks:
    raise ValueError(POWER_SPLINE_EDITOR)


_EDITORS: dict[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any], Size], Tracks]]] = {
    "SplineEditor": (
        (
            "points_store",
            "coordinates",
            "mask_width",
            "mask_height",
            "points_to_sample",
            "sampling_method",
            "interpolation",
            "tension",
        ),
        read_spline_editor,
    ),
    "LTXVSparseTrackEditor": (("points_store", "coordinates", "points_to_sample"), _read_ltx),
    "FL_PathAnimator": (
        (
            "frame_width",
            "frame_height",
            "frame_count",
            "shape",
            "shape_size",
            "shape_color",
            "bg_color",
            "blur_radius",
            "trail_length",
            "rotation_speed",
            "border_width",
            "border_color",
            "paths_data",
            "start_time_percent",
            "end_time_percent",
            "override_path_length",
            "path_length_multiplier",
        ),
        _read_pixfl,
    ),
    "PowerSplineEditor": ((), _refuse),
}  # the names of the widgets in the order in which a workflow saves their values, and who reads them

WORKFLOW = Format("workflow", read, evenly, longest)
