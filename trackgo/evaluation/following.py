"""Where an evaluated video took the points of a case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..tracking.sprites import sprite_offsets
from ..tracking.tracker import Tracker
from .cases import Case
from .objmc import MODES, ObjMCResult, objmc


@dataclass(frozen=True, eq=False)
class Followed:
    """measured, peaks: float32 [L, N, 2] and [L, S, 2] pixels, where the case's points went.

    lost: share of the measured points, over all frames, that the tracker no longer saw; their likely places count.
    """

    measured: NDArray[np.float32]
    peaks: NDArray[np.float32]
    lost: float


def follow(case: Case, video: NDArray[np.uint8], tracker: Tracker) -> Followed:
    """Find the points of a case in a video uint8 [L, H, W, 3] of its size.

    Where the background is known (scenes of the world), each object is looked for as a whole by its difference from it;
    else the tracker follows the points from the video's own first frame.
    """
    if case.plate is not None:
        return _by_background(case, video)
    starts = np.concatenate([case.measured.tracks[0], case.peaks.tracks[0]])
    tracked = tracker.track(video, starts)
    count = case.measured.tracks.shape[1]
    lost = 1 - tracked.visible[:, :count].mean() if count else 0.0
    return Followed(tracked.tracks[:, :count], tracked.tracks[:, count:], float(lost))


def _by_background(case: Case, video: NDArray[np.uint8]) -> Followed:
    plates, points = case.plate[: len(video)], case.measured
    seen = [points.visibility[:, points.component == number].any(axis=1) for number in range(len(case.masks))]
    lasts = [int(np.flatnonzero(frames).max(initial=0)) for frames in seen]
    found = [sprite_offsets(video, plates, case.picture, *own) for own in zip(case.masks, lasts, strict=True)]
    offsets = np.stack(found, axis=1)  # [L, S, 2]
    measured = points.tracks[:1] + offsets[:, points.component]
    return Followed(measured.astype(np.float32), (case.peaks.tracks[:1] + offsets).astype(np.float32), 0.0)


def scores(case: Case, followed: Followed) -> dict[str, ObjMCResult]:
    """All three readings of ObjMC; ``draganything`` in pixels of the original video."""
    wanted = case.measured
    points = (followed.measured, wanted.tracks, wanted.visibility)
    found = {mode: objmc(*points, mode, wanted.component) for mode in MODES if mode != "draganything"}
    peaks = (followed.peaks * case.scale, case.peaks.tracks * case.scale)
    return found | {"draganything": objmc(*peaks, mode="draganything")}
