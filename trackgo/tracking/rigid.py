"""What moves as one thing: the similarity that its tracked points agree on in each frame, also where some go astray.

Positions are pixels; a point (x, y) is the complex number x + iy, as in `trajectories.motion`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..drawing.coordinates import inside_frame
from ..trajectories import PointTrajectories

MIN_SEEN = 0.2  # of a component's points; fewer say nothing of the whole
_MIN_SPREAD_PX = 0.5  # root mean square distance from their middle; closer points cannot tell a turn from noise
_MIN_SCALE = 1e-3
_MIN_NOISE_PX = 0.05  # what a tracker cannot do better than
_ROUNDS = 8  # of reweighting; half by distance, half leaving out what lies far off
_FAR = 4.685  # noise levels; Tukey's bisquare with 95 % efficiency


@dataclass(frozen=True, eq=False)
class RigidPath:
    """A thing's way through L frames: its point z of frame 0 is at middle + exp(growth)·(z − middle at frame 0).

    Attributes:
        growth: complex128 [L], logarithm of the scale + i · the turn in radians, clockwise on the screen, continuous.
        middle: complex128 [L], pixels.
        seen: bool [L], whether enough of its points are; elsewhere both are interpolated, and held at the ends.
    """

    growth: np.ndarray
    middle: np.ndarray
    seen: np.ndarray

    def smoothed(self, sigma: float) -> RigidPath:
        """The same over `sigma` frames, see `smoothed`; a mean of logarithms does not shrink what turns."""
        return replace(self, growth=smoothed(self.growth, sigma), middle=smoothed(self.middle, sigma))

    def apply(self, starts: np.ndarray) -> np.ndarray:
        """float [N, 2] at the first frame → float64 [L, N, 2]."""
        beside = starts[:, 0] + 1j * starts[:, 1] - self.middle[0]
        moved = self.middle[:, None] + np.exp(self.growth)[:, None] * beside
        return np.stack([moved.real, moved.imag], axis=-1)


def fit_path(tracks: np.ndarray, visible: np.ndarray) -> RigidPath:
    """Tracked points [L, N, 2] in pixels, those bool [L, N] seen, N ≥ 1 → the similarities that fit best.

    Least squares (Umeyama 1991), reweighted so that points which leave the others count little or nothing. A single
    point gives its own way, without turn or scale. Frame 0 is where the points begin, seen or not.
    """
    places = tracks[..., 0].astype(np.float64) + 1j * tracks[..., 1]
    starts = places[0]
    weight = _agreeing(places, visible.astype(np.float64))
    scale_turn, first, now = _fit(places, weight)
    seen = visible.mean(axis=1) >= MIN_SEEN
    known = seen & ~np.isnan(scale_turn)
    seen[0] = known[0] = True
    scale_turn[0], first[0], now[0] = 1, starts.mean(), starts.mean()
    size = np.log(np.maximum(np.abs(scale_turn[known]), _MIN_SCALE))
    growth = _between(known, size + 1j * np.unwrap(np.angle(scale_turn[known])))
    middle = now[seen] + np.exp(growth[seen]) * (starts.mean() - first[seen])
    return RigidPath(growth, _between(seen, middle), seen)


def _fit(places: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weighted z' = a·z + b from frame 0 to each frame, complex [L, N] → a (NaN where points are too few or too close),
    the weighted middle of the points at frame 0, and where that is now, complex [L] each."""
    total = np.maximum(weight.sum(axis=1), 1e-12)
    first, now = (weight * places[0]).sum(axis=1) / total, (weight * places).sum(axis=1) / total
    offsets = places[0] - first[:, None]
    spread = (weight * np.abs(offsets) ** 2).sum(axis=1)
    turned = (weight * offsets.conj() * (places - now[:, None])).sum(axis=1)
    enough = spread > _MIN_SPREAD_PX**2 * total
    return np.where(enough, turned / np.maximum(spread, 1e-12), np.nan), first, now


def _agreeing(places: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Weights [L, N]: 0 for what is not seen and for what leaves the others, complex [L, N]."""
    weight = seen
    for turn in range(_ROUNDS):
        scale_turn, first, now = _fit(places, weight)
        moved = now[:, None] + np.nan_to_num(scale_turn, nan=1)[:, None] * (places[0] - first[:, None])
        away = np.abs(places - moved)
        if turn < _ROUNDS // 2:
            weight = seen / np.maximum(away, _MIN_NOISE_PX)  # the least sum of distances, wherever one begins
        else:
            limit = _FAR * np.maximum(1.4826 * _median(away, seen), _MIN_NOISE_PX)
            weight = seen * np.maximum(1 - (away / limit[:, None]) ** 2, 0) ** 2
    return weight


def _median(values: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Of what is seen in each row of [L, N]; 0 where nothing is."""
    return np.array([np.median(row[mask]) if mask.any() else 0.0 for row, mask in zip(values, seen > 0, strict=True)])


def _between(known: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Complex values of the frames bool [L] that are known → of all frames, linear between, held at the ends."""
    frames, at = np.arange(len(known)), np.flatnonzero(known)
    return np.interp(frames, at, values.real) + 1j * np.interp(frames, at, values.imag)


def smoothed(values: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian of `sigma` frames over [L, …]; the first and last frame stay, and so does even motion.

    Beyond the ends it takes the values mirrored at the end's own point, which is what keeps both.
    """
    reach = min(int(np.ceil(3 * sigma)), len(values) - 1)
    if sigma <= 0 or reach < 1:
        return values
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    before, after = 2 * values[:1] - values[reach:0:-1], 2 * values[-1:] - values[-2 : -reach - 2 : -1]
    longer = np.concatenate([before, values, after])
    pieces = [share * longer[i : i + len(values)] for i, share in enumerate(kernel / kernel.sum())]
    return np.sum(pieces, axis=0)


def made_rigid(tracked: PointTrajectories, turn_and_scale: bool, smoothing: float) -> PointTrajectories:
    """Each component moved as one thing: by its own similarity, or only to where that takes the middle of its points.

    `smoothing`: see `smoothed`. A point is visible in the frame while its component is seen.
    """
    tracks, visible = tracked.tracks.astype(np.float64), tracked.visibility.copy()
    for number in np.unique(tracked.component):
        own = tracked.component == number
        path = fit_path(tracks[:, own], visible[:, own]).smoothed(smoothing)
        if not turn_and_scale:
            path = replace(path, growth=np.zeros_like(path.growth))
        tracks[:, own] = path.apply(tracks[0, own])
        visible[:, own] = path.seen[:, None]
    return replace(tracked, tracks=tracks, visibility=visible & inside_frame(tracks, tracked.width, tracked.height))
