"""Pyramidal Lucas-Kanade (OpenCV), checked forward and backward and against the first frame; needs no download.

Each point is followed from frame to frame. It counts as seen while the way back leads to where it came from and its
surroundings still look as in the first frame, turned and grown as its neighbours have been. A point that is lost is
carried along with its neighbours and looked for again in every frame. So is a point on a flat surface, which shows
nothing to follow; it counts as seen where enough neighbours are and the color fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from einops import einsum

from ...drawing.coordinates import inside_frame
from ..tracker import Tracked, check_input
from .patches import Patches, smoothed

_NEIGHBOURS = 8
_RECENT = 4
"""Frames over which neighbours must have moved alike to be taken for parts of one thing."""

_COAST = 12
"""Frames for which a lost point without neighbours is expected to keep its speed."""


def _go_on() -> None:
    """Nobody wants to stop."""


@dataclass(frozen=True)
class LucasKanade:
    """Settings; lengths in pixels.

    Attributes:
        window, levels: of the pyramidal search; the window is odd, for frames of 576 rows, and smaller in smaller ones.
        most_return_px: how far from its start the way back may end.
        least_match: normalised correlation with the first frame below which a followed point counts as covered.
        least_found: the same for a lost point to be taken up again.
        most_change: grey levels by which the surroundings of a point on a flat surface may change.
        most_correction_px: how far the comparison with the first frame may move a followed point.
        search_px: how far from its expected place a lost point is looked for.
        proceed: called before each frame; what it raises ends the work.
    """

    window: int = 21
    levels: int = 4
    most_return_px: float = 1.0
    least_match: float = 0.6
    least_found: float = 0.8
    most_change: float = 12.0
    most_correction_px: float = 2.0
    search_px: float = 12.0
    proceed: Callable[[], None] = _go_on

    @property
    def version(self) -> str:
        """See ``Tracker``."""
        return f"lk 1 (OpenCV {cv2.__version__})"

    def track(self, frames: np.ndarray, points: np.ndarray) -> Tracked:
        """See ``Tracker``."""
        frames, points = check_input(frames, points)
        height, width = frames.shape[1:3]
        tracks = np.repeat(points[None], len(frames), axis=0)
        visible = np.repeat(inside_frame(tracks[:1], width, height), len(frames), axis=0)
        if len(points) and len(frames) > 1:
            _Chase(self, frames, tracks, visible).run_()
        return Tracked(tracks, visible)


class _Expected(NamedTuple):
    """Where N points would be by their neighbours, float32 [N, 2]; whether enough neighbours say so, bool [N]; and how
    well those agree, float [N], root mean square in pixels."""

    place: np.ndarray
    enough: np.ndarray
    residual: np.ndarray


class _Chase:
    """One clip being tracked; fills ``tracks`` and ``visible`` frame by frame."""

    def __init__(self, settings: LucasKanade, frames: np.ndarray, tracks: np.ndarray, visible: np.ndarray) -> None:
        self.settings, self.frames, self.tracks, self.visible = settings, frames, tracks, visible
        self.grey = cv2.cvtColor(frames[0], cv2.COLOR_RGB2GRAY)
        scale = float(np.clip(min(self.grey.shape) / 576, 0.65, 1))
        self.reach = round(settings.window * scale) // 2
        self.patches = Patches.of(frames[0], tracks[0], self.reach)
        self.neighbours = _nearest(tracks[0], self.patches.textured)
        self.last_seen = np.zeros(tracks.shape[1], np.int64)
        # How each point's surroundings have turned and grown since the first frame, [L, N, 2, 2].
        self.shape = np.tile(np.eye(2, dtype=np.float32), (*tracks.shape[:2], 1, 1))

    def run_(self) -> None:
        """All frames after the first."""
        for now in range(1, len(self.frames)):
            self.settings.proceed()
            before, self.grey = self.grey, cv2.cvtColor(self.frames[now], cv2.COLOR_RGB2GRAY)
            self._follow_(now, before)
            self._compare_(now, self._carry_(now))
            self.last_seen[self.visible[now]] = now

    def _follow_(self, now: int, before: np.ndarray) -> None:
        """Points seen in the frame before, there and back again."""
        self.visible[now] = False
        index = np.flatnonzero(self.visible[now - 1])
        self.tracks[now] = self.tracks[now - 1]
        if not len(index):
            return
        start = self.tracks[now - 1, index]
        speed = start - self.tracks[now - 2, index] if now > 1 else np.zeros_like(start)
        there, found = self._flow(before, self.grey, start, start + speed)
        back, returned = self._flow(self.grey, before, there, there - speed)
        good = found & returned & (np.linalg.norm(back - start, axis=1) <= self.settings.most_return_px)
        height, width = self.grey.shape
        good &= inside_frame(there, width, height)
        self.tracks[now, index] = np.where(found[:, None], there, start + speed)
        self.visible[now, index] = good

    def _flow(
        self, before: np.ndarray, after: np.ndarray, start: np.ndarray, guess: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        side, criteria = 2 * self.reach + 1, (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.01)
        height, width = before.shape
        guess = np.clip(guess, (0, 0), (width - 1, height - 1)).astype(np.float32)  # outside, OpenCV gives up
        there, found, _ = cv2.calcOpticalFlowPyrLK(
            before, after, start[:, None], guess[:, None].copy(), winSize=(side, side), maxLevel=self.settings.levels,
            criteria=criteria, flags=cv2.OPTFLOW_USE_INITIAL_FLOW, minEigThreshold=1e-7,
        )  # fmt: skip
        there = there[:, 0]
        return there, (found[:, 0] > 0) & np.isfinite(there).all(axis=1)

    def _carry_(self, now: int) -> _Expected:
        """Where each point would be if it moved with its neighbours; sets this frame's ``shape``.

        Neighbours count while they are seen and moved as the point did while it was seen.
        """
        first, near, points = self.tracks[0], self.neighbours, np.arange(self.tracks.shape[1])
        # A point on a flat surface has no track of its own to go by but the latest step.
        seen_at = np.where(self.visible[now] & ~self.patches.textured, now, self.last_seen)
        since = np.maximum(seen_at - _RECENT, 0)
        own = self.tracks[seen_at, points] - self.tracks[since, points]
        theirs = self.tracks[seen_at[:, None], near] - self.tracks[since[:, None], near]
        beside = first[near] - first[:, None]
        turned = self.shape[np.minimum(seen_at, now - 1), points] - self.shape[since, points]
        unlike = theirs - own[:, None] - einsum(turned, beside, "n a b, n k b -> n k a")
        alike = np.linalg.norm(unlike, axis=-1) <= 1 + 0.15 * np.linalg.norm(beside, axis=-1)
        weight = (alike & self.visible[now, near]).astype(np.float32)
        turn, place, residual = _similarity(first[near], self.tracks[now, near], weight, first)
        enough = weight.sum(axis=1) >= 3
        speed = own / np.maximum(seen_at - since, 1)[:, None]
        alone = self.tracks[seen_at, points] + speed * np.minimum(now - seen_at, _COAST)[:, None]
        place = np.where(enough[:, None], place, alone)
        self.shape[now] = np.where(enough[:, None, None], turn, self.shape[now - 1])
        return _Expected(place.astype(np.float32), enough, residual)

    def _compare_(self, now: int, expected: _Expected) -> None:
        """Correct what was followed and take up again what was lost, by the look of the first frame."""
        smooth, textured = smoothed(self.frames[now]), self.patches.textured
        self._confirm_(now, np.flatnonzero(self.visible[now] & textured), expected, smooth)
        lost = np.flatnonzero(~self.visible[now])
        self.tracks[now, lost] = expected.place[lost]
        self._recover_(now, lost[textured[lost]], expected, smooth)
        self._float_(now, np.flatnonzero(expected.enough & ~textured), expected.place, smooth)

    def _confirm_(self, now: int, index: np.ndarray, expected: _Expected, smooth: np.ndarray) -> None:
        settings, start = self.settings, self.tracks[now, index]
        place, match = self.patches.find(smooth, index, start, self.shape[now, index])
        near = np.linalg.norm(place - start, axis=1) <= settings.most_correction_px
        trusted = near & (match >= settings.least_found)
        self.tracks[now, index[trusted]] = place[trusted]
        # What leaves its neighbours, who agree among themselves, has probably caught hold of something in front.
        astray = np.linalg.norm(start - expected.place[index], axis=1) > 3 + 3 * expected.residual[index]
        wanted = np.where(expected.enough[index] & astray, 0.9, settings.least_match)
        self.visible[now, index[match < wanted]] = False

    def _recover_(self, now: int, lost: np.ndarray, expected: _Expected, smooth: np.ndarray) -> None:
        settings, (height, width) = self.settings, smooth.shape[:2]
        place, match = self._search(now, lost, smooth)
        whole = inside_frame(place - self.reach / 2, width - self.reach, height - self.reach)
        away = np.linalg.norm(place - self.tracks[now, lost], axis=1)
        # The less certain the place, and the further from it, the better the match must be: chance finds some.
        certain = expected.enough[lost] & (expected.residual[lost] <= 1.5)
        wanted = np.where(certain, settings.least_match + 0.1 * away, settings.least_found + 0.01 * away)
        again = (match >= np.minimum(wanted, 0.9)) & whole
        self.tracks[now, lost[again]] = place[again]
        self.visible[now, lost[again]] = True

    def _float_(self, now: int, flat: np.ndarray, expected: np.ndarray, smooth: np.ndarray) -> None:
        height, width = smooth.shape[:2]
        change = np.abs(self.patches.color_at(smooth, expected[flat]) - self.patches.color[flat]).max(axis=1)
        self.tracks[now, flat] = expected[flat]
        self.visible[now, flat] = (change <= self.settings.most_change) & inside_frame(expected[flat], width, height)

    def _search(self, now: int, index: np.ndarray, smooth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best match around the expected places of lost points."""
        reach, expected = self.settings.search_px, self.tracks[now, index]
        best, match = expected.copy(), np.full(len(index), -1, np.float32)
        for step in np.stack(np.meshgrid((-0.5, 0, 0.5), (-0.5, 0, 0.5)), axis=-1).reshape(-1, 2) * reach:
            place, found = self.patches.find(
                smooth, index, (expected + step).astype(np.float32), self.shape[now, index]
            )
            better = (found > match) & (np.linalg.norm(place - expected, axis=1) <= reach)
            best[better], match[better] = place[better], found[better]
        return best, match


def _nearest(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """For each of float32 [N, 2] the nearest others of those in bool [N], int64 [N, K]; K is smaller when few are."""
    from scipy.spatial import cKDTree

    candidates = np.flatnonzero(among)
    count = min(len(candidates), _NEIGHBOURS + 1)
    if count < 2:
        return np.empty((len(points), 0), np.int64)
    _, place = cKDTree(points[candidates]).query(points, k=[*range(1, count + 1)])
    index = candidates[place]
    own = index == np.arange(len(points))[:, None]
    own[~own.any(axis=1), -1] = True  # a point that is no candidate, or shares its place, drops the furthest instead
    return index[~own].reshape(len(points), count - 1)


def _weighted_mean(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[N, K, 2] under [N, K] → [N, 2]; 0 where nothing weighs."""
    return einsum(values, weight, "n k a, n k -> n a") / np.maximum(weight.sum(axis=1, keepdims=True), 1e-6)


def _similarity(
    before: np.ndarray, after: np.ndarray, weight: np.ndarray, point: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least-squares similarity before → after [N, K, 2] under weights [N, K] → its matrix [N, 2, 2], where it takes
    ``point`` [N, 2], and its root mean square error [N]."""
    middle, target = _weighted_mean(before, weight), _weighted_mean(after, weight)
    from_middle, from_target = before - middle[:, None], after - target[:, None]
    x, y = np.moveaxis(from_middle, -1, 0)
    u, v = np.moveaxis(from_target, -1, 0)
    spread = np.maximum((weight * (x * x + y * y)).sum(axis=1), 1e-6)
    a = (weight * (x * u + y * v)).sum(axis=1) / spread
    b = (weight * (x * v - y * u)).sum(axis=1) / spread
    size = np.hypot(a, b)
    limited = np.clip(size, 0.4, 2.5) / np.maximum(size, 1e-6)  # neighbours on a line of noise may say anything
    a, b = np.where(size > 1e-3, a * limited, 1), np.where(size > 1e-3, b * limited, 0)
    turn = np.stack([np.stack([a, -b], axis=-1), np.stack([b, a], axis=-1)], axis=-2).astype(np.float32)
    error = from_target - einsum(turn, from_middle, "n a b, n k b -> n k a")
    residual = np.sqrt((weight * (error**2).sum(axis=-1)).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-6))
    return turn, target + einsum(turn, point - middle, "n a b, n b -> n a"), residual
