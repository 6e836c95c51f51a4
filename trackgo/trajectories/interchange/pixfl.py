"""PIXFL Path Animator: its `coordinates`, and the `paths_data` that it draws them from."""

from __future__ import annotations

from typing import Any

from .base import Format, Size, Tracks, keyed, keyed_tracks, longest, read_each, short
from .timing import even_speed, evenly


def read_paths_data(value: Any, size: Size) -> Tracks:
    """{"paths": [{"points": […]}, …], "canvas_size": {"width", "height"}} → its lines, scaled from canvas to `size`.

    They are followed at an even speed, as the pack's own `coordinates` do: a path's start, end and easing are for its
    pictures alone.
    """
    paths = value.get("paths") if isinstance(value, dict) else None
    if not isinstance(paths, list):
        raise ValueError(f'the source is {short(value)}; it must be {{"paths": […], "canvas_size": …}}')
    canvas = value.get("canvas_size")
    scale = [_side(canvas, name, side) for name, side in zip(("width", "height"), size, strict=True)]
    return [track[:, :2] * scale for track in read_each(paths, _path)]


def _side(canvas: Any, name: str, side: int) -> float:
    """How many pixels of the frame one of the canvas is; a canvas that does not say its size has the frame's."""
    given = canvas.get(name, side) if isinstance(canvas, dict) else side
    if isinstance(given, bool) or not isinstance(given, int | float) or not 1 <= given <= 1e6:
        raise ValueError(f"canvas_size: {name} is {short(given)}; it must be a number of pixels")
    return side / given


def _path(path: Any) -> Any:
    points = path.get("points") if isinstance(path, dict) else None
    if not isinstance(points, list):
        raise ValueError("points is missing; a path must hold a list of points")
    return keyed(points)


PIXFL = Format("pixfl", keyed_tracks, evenly, longest)
PIXFL_PATHS_DATA = Format("pixfl_paths_data", read_paths_data, even_speed, None)
