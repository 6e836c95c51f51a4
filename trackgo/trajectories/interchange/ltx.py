"""LTXVSparseTrackEditor's `tracks`: one point per frame, at any nesting."""

from __future__ import annotations

from functools import partial

from .base import Format, keyed_tracks
from .kj import write_whole_pixels
from .timing import until_end

LTX = Format("ltx", partial(keyed_tracks, any_depth=True), until_end, writes="ltx", write=write_whole_pixels)
