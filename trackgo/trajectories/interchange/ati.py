"""WanTrackToVideo and WanVideoWrapper's ATI: 121 points on a clock of their own."""

from __future__ import annotations

import numpy as np

from ..points import PointTrajectories
from .base import Format, Timed, Tracks, by_point, keyed_text, keyed_tracks
from .timing import until_end

ATI_FRAMES = 121


def _time(tracks: Tracks, frames: int) -> Timed:
    return until_end(tracks, frames, ATI_FRAMES)


def _write(trajectories: PointTrajectories) -> str:
    """121 points, resampled rather than padded, to a thousandth of a pixel."""
    return keyed_text(np.round(by_point(trajectories.resampled(ATI_FRAMES)), 3))


ATI = Format("ati", keyed_tracks, _time, lambda tracks: ATI_FRAMES, writes="ati121", write=_write)
