"""PIXFL Path Animator's `coordinates`."""

from __future__ import annotations

from .base import Format, keyed_tracks
from .timing import evenly

PIXFL = Format("pixfl", keyed_tracks, evenly)
