"""TrackGo: mask and arrow in, video with just that part moving out.

The way of the data: Drawing → PointTrajectories → P → encoder E → TrackAdapters in SVD's 16 temporal
self-attentions → video.
Names are imported on first use, so that drawing and trajectories work without loading diffusers.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module
from typing import Any

if sys.argv[:1] == ["-m"] and "trackgo" in sys.orig_argv:  # `python -m trackgo` begins: Ctrl+C ends it without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `cli.main` takes over

from .former_names import install

__version__ = "0.2.0"

_HOME = {
    "Camera": ".drawing",
    "Drawing": ".drawing",
    "PointTrajectories": ".trajectories",
    "point_trajectories": ".trajectories",
    "TrackGo": ".model",
    "TrackGoPipeline": ".pipeline",
}
__all__ = ["Camera", "Drawing", "PointTrajectories", "TrackGo", "TrackGoPipeline", "point_trajectories"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'trackgo' has no attribute '{name}'")
    return getattr(import_module(_HOME[name], __name__), name)


install(__name__)
