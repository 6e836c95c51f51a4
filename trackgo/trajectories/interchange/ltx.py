"""LTXVSparseTrackEditor: its `tracks`, one point per frame at any nesting, and its `points_store`."""

from __future__ import annotations

from functools import partial
from typing import Any

from .base import Format, Size, Tracks, check_drawn, keyed, keyed_tracks, longest, read_each, split
from .curves import catmull_rom
from .kj import write_whole_pixels
from .timing import evenly, until_end


def read_points_store(value: Any, size: Size) -> Tracks:
    """Control points → a uniform Catmull–Rom line of as many steps for each piece, since pieces take equally long."""
    drawn = check_drawn(read_each(split(value), keyed))
    return [catmull_rom(points[:, :2]) if len(points) > 2 else points[:, :2] for points in drawn]


_any_depth = partial(keyed_tracks, any_depth=True)
LTX = Format("ltx", _any_depth, until_end, longest, writes="ltx", write=write_whole_pixels)
LTX_POINTS_STORE = Format("ltx_points_store", read_points_store, evenly, None)
