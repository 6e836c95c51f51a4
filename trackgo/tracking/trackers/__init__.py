"""The trackers there are, by name. Packages add their own by entry points of the group
``trackgo.trackers``; see ``registry.Registry``.
"""

from __future__ import annotations

from ..registry import Registry
from ..tracker import Tracker


def _lucas_kanade(text: str) -> Tracker:
    from .lk import LucasKanade

    if text:
        raise ValueError(f"tracker 'lk' takes no argument, got '{text}'")
    return LucasKanade()


def _cotracker(text: str) -> Tracker:
    from .cotracker import CoTracker

    return CoTracker(text)


TRACKERS: Registry[Tracker] = Registry("tracker", "trackgo.trackers", {"lk": _lucas_kanade, "cotracker": _cotracker})


def build_tracker(spec: str) -> Tracker:
    """``lk``, ``cotracker:WEIGHTS`` or another package's name → the tracker; ValueError names the known ones."""
    return TRACKERS.build(spec)


def tracker_names() -> tuple[str, ...]:
    """Names that ``build_tracker`` knows."""
    return TRACKERS.names()
