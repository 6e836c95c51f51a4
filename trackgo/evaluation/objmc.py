"""ObjMC: how far, in pixels, things end up from where they should be.

Three readings of the same distances; lower is better, and none can be judged without the static baseline beside it:

- ``mean``: over all objects and frames in which the wanted point can be seen; at the size of the tracks given.
- ``sum``: the same distances, summed over an object's frames, then averaged over objects.
- ``draganything``: as that project's script: one flat mean over every object and frame, frame 0 included, whether the
  wanted point is still in the frame or not; of two lengths, the longer is cut.

Tracks are pixels (x, y) in one common frame; a predicted point may lie anywhere and is never clipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Mode = Literal["mean", "sum", "draganything"]
MODES: tuple[str, ...] = get_args(Mode)


@dataclass(frozen=True, eq=False)
class ObjMCResult:
    """The distances of one video, or of several pooled, and the figures that follow from them.

    distances: float64 [L, O] pixels, object by frame; NaN where a frame does not count.
    ids: [O], whose they are. videos: how many were pooled. cut: frames that only one of the two tracks had.
    static: the same for a video that does not move at all; None on the baseline itself.
    """

    mode: Mode
    distances: NDArray[np.float64]
    ids: tuple[int | str, ...]
    static: ObjMCResult | None
    videos: int = 1
    cut: int = 0

    @property
    def counted(self) -> NDArray[np.bool_]:
        """bool [L, O], the distances that count."""
        return ~np.isnan(self.distances)

    @property
    def mean(self) -> float:
        """Pixels, one flat mean over what counts; NaN when nothing does."""
        return float(self.distances[self.counted].mean()) if self.counted.any() else float("nan")

    @property
    def sum(self) -> float:
        """Pixels, summed over frames, averaged over the objects that count in any; NaN when none does."""
        seen = self.counted.any(axis=0)
        return float(np.nansum(self.distances[:, seen], axis=0).mean()) if seen.any() else float("nan")

    @property
    def value(self) -> float:
        """The figure that ``mode`` names."""
        return self.sum if self.mode == "sum" else self.mean

    @property
    def per_object(self) -> dict[int | str, float]:
        """The figure of each object by its id; NaN for one that counts in no frame."""
        columns = (self.distances[:, [column]] for column in range(len(self.ids)))
        parts = (ObjMCResult(self.mode, column, (0,), None).value for column in columns)
        return dict(zip(self.ids, parts, strict=True))

    @property
    def objects(self) -> int:
        """Objects that count in at least one frame."""
        return int(self.counted.any(axis=0).sum())

    @property
    def frames(self) -> int:
        """Pairs of object and frame that count."""
        return int(self.counted.sum())


def objmc(
    predicted: ArrayLike,
    reference: ArrayLike,
    visible: ArrayLike | None = None,
    mode: Mode = "mean",
    objects: ArrayLike | None = None,
) -> ObjMCResult:
    """Compare where points went with where they should have gone.

    Args:
        predicted: [L, N, 2] pixels (x, y), any length of at least one frame.
        reference: [L', N, 2] pixels, the wanted tracks of the same points in the same frame of pixels.
        visible: bool [L', N], whether the wanted point is in the frame and to be counted; all, when not given.
            ``draganything`` ignores it.
        mode: see the module.
        objects: [N] whole numbers, which object a point belongs to; an object's distance in a frame is the mean over
            its visible points. By default every point is an object.

    Raises:
        ValueError: shapes that do not fit, an unknown mode, or a coordinate that is not finite where it counts.
    """
    if mode not in MODES:
        raise ValueError(f"mode is {mode!r}; it must be one of {', '.join(MODES)}")
    predicted, reference = _tracks("predicted", predicted), _tracks("reference", reference)
    points = reference.shape[1]
    if predicted.shape[1] != points:
        raise ValueError(f"predicted has {predicted.shape[1]} points and reference {points}; they must be the same")
    seen = np.ones(reference.shape[:2], bool) if visible is None else np.asarray(visible, dtype=bool)
    if seen.shape != reference.shape[:2]:
        raise ValueError(f"visible has shape {list(seen.shape)}; it must be {list(reference.shape[:2])}")
    number = np.arange(points) if objects is None else np.asarray(objects)
    if number.shape != (points,):
        raise ValueError(f"objects has shape {list(number.shape)}; it must be one number for each of {points} points")
    if mode == "draganything":
        seen = np.ones_like(seen)
    length = min(len(predicted), len(reference))
    still = np.repeat(reference[:1], len(reference), axis=0)[:length]
    ids = tuple(int(one) for one in np.unique(number))
    baseline = _distances(still, reference[:length], seen[:length], number, ids)
    distances = _distances(predicted[:length], reference[:length], seen[:length], number, ids)
    cut = max(len(predicted), len(reference)) - length
    return ObjMCResult(mode, distances, ids, ObjMCResult(mode, baseline, ids, None, 1, cut), 1, cut)


def pooled(results: Sequence[ObjMCResult]) -> ObjMCResult:
    """Several videos' results as one: every object in every frame weighs the same, as in ``draganything``'s script.

    Objects are numbered anew. ValueError when there is none, or when they are of different modes.
    """
    if not results:
        raise ValueError("there is nothing to pool: no video was evaluated")
    modes = {one.mode for one in results}
    if len(modes) > 1:
        raise ValueError(f"results of different modes cannot be pooled: {', '.join(sorted(modes))}")
    length = max(len(one.distances) for one in results)
    longer = [
        np.pad(one.distances, ((0, length - len(one.distances)), (0, 0)), constant_values=np.nan) for one in results
    ]
    distances = np.concatenate(longer, axis=1)
    baselines = [one.static for one in results if one.static is not None]
    static = pooled(baselines) if baselines else None
    videos, cut = sum(one.videos for one in results), sum(one.cut for one in results)
    return ObjMCResult(results[0].mode, distances, tuple(range(distances.shape[1])), static, videos, cut)


def _tracks(name: str, value: ArrayLike) -> NDArray[np.float64]:
    tracks = np.asarray(value, dtype=np.float64)
    if tracks.ndim != 3 or tracks.shape[2] != 2 or not len(tracks):
        raise ValueError(f"{name} has shape {list(tracks.shape)}; it must be [L, N, 2] with at least one frame")
    return tracks


def _distances(
    predicted: NDArray, reference: NDArray, seen: NDArray, number: NDArray, ids: Sequence[int]
) -> NDArray[np.float64]:
    """[L, N, 2] twice, bool [L, N], [N] → [L, O]: the mean over an object's seen points, NaN where it has none."""
    distance = np.hypot(*np.moveaxis(predicted - reference, -1, 0))  # [L, N]
    if not np.isfinite(distance[seen]).all():
        frame, point = np.argwhere(seen & ~np.isfinite(distance))[0]
        raise ValueError(f"point {point + 1} at frame {frame + 1} is not finite; every point that counts must be")
    result = np.full((len(distance), len(ids)), np.nan)
    for column, one in enumerate(ids):
        own = seen & (number == one)  # [L, N]
        counts = own.sum(axis=1)
        totals = np.where(own, distance, 0).sum(axis=1)
        np.divide(totals, counts, out=result[:, column], where=counts > 0)
    return result
