"""Small pictures around points of the first frame, found again in later frames by Gauss-Newton steps.

Frame-to-frame tracking drifts and cannot tell when a point is covered; comparing with the first frame does both.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from einops import einsum

_STEPS = 6
_LONGEST_STEP_PX = 2.0
_FREE_CHANGE = 12.0
"""Grey levels by which a patch may brighten or darken for nothing."""

_FLAT = 2.0
"""Grey levels: a patch that varies less shows nothing that could be recognised."""

_MIN_STRUCTURE = 0.001
"""Least eigenvalue of the mean outer product of a normalised patch's gradient, per px²; an edge alone has none."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Colored patches of side 2·reach + 1 around N points.

    Attributes:
        offsets: float32 [M, 2], the M samples of a patch relative to its point.
        weight: float32 [M], sums to 1; the middle weighs most, for the rim may belong to something else.
        values: float32 [N, M, 3], levels less ``color``, divided by ``deviation``.
        gradient: float32 [N, M, 2, 3], derivatives of ``values``.
        color: float32 [N, 3], the weighted mean.
        deviation: float32 [N], weighted, all three channels together.
        textured: bool [N], whether the patch varies in both directions.
    """

    offsets: np.ndarray
    weight: np.ndarray
    values: np.ndarray
    gradient: np.ndarray
    color: np.ndarray
    deviation: np.ndarray
    textured: np.ndarray

    @classmethod
    def of(cls, frame: np.ndarray, points: np.ndarray, reach: int) -> Patches:
        """The patches of uint8 [H, W, 3] around float32 [N, 2]."""
        side = np.arange(-reach, reach + 1, dtype=np.float32)
        offsets = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
        weight = np.exp(-0.5 * (offsets**2).sum(axis=1) / (0.6 * reach) ** 2)
        weight = (weight / weight.sum()).astype(np.float32)
        smooth = smoothed(frame)
        place = points[:, None] + offsets
        values, color, deviation = _normal(_sample(smooth, place), weight)
        slopes = [_sample(cv2.Scharr(smooth, cv2.CV_32F, *way) / 32, place) for way in ((1, 0), (0, 1))]
        gradient = np.stack(slopes, axis=2) / deviation[:, None, None, None]
        weakest = np.linalg.eigvalsh(_structure(gradient, weight))[:, 0]
        textured = (deviation > _FLAT) & (weakest > _MIN_STRUCTURE)
        return cls(offsets, weight, values, gradient, color, deviation, textured)

    def color_at(self, smooth: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The mean color [K, 3] around float32 [K, 2] in ``smooth`` [H, W, 3]."""
        return einsum(_sample(smooth, points[:, None] + self.offsets), self.weight, "k m c, m -> k c")

    def find(
        self, smooth: np.ndarray, index: np.ndarray, start: np.ndarray, shape: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Patches ``index`` int [K] in ``smooth`` [H, W, 3] (see ``smoothed``), from ``start`` float32 [K, 2].

        shape: float32 [K, 2, 2], how the surroundings of each point have turned and grown since the first frame.
        Returns the positions float32 [K, 2] and how well they match, −1 to 1: Lin's concordance, which is correlation
        less what differs in contrast and color.
        """
        offsets = einsum(shape, self.offsets, "k a b, m b -> k m a")
        values, deviation, color = self.values[index], self.deviation[index], self.color[index]
        # d(values)/d(position): the first frame's derivatives, turned into the current frame.
        slope = einsum(self.gradient[index], np.linalg.inv(shape), "k m b c, k b a -> k m a c")
        solve = np.linalg.inv(_structure(slope, self.weight) + 1e-5 * np.eye(2, dtype=np.float32))
        position, best, match = start.copy(), start.copy(), np.full(len(start), -1, np.float32)
        for _ in range(_STEPS):
            seen, mean, contrast = _normal(_sample(smooth, position[:, None] + offsets), self.weight)
            alike = einsum(seen, values, self.weight, "k m c, k m c, m -> k") / 3
            change = np.maximum(np.abs(mean - color) - _FREE_CHANGE, 0)
            spread = contrast**2 + deviation**2 + (change**2).mean(axis=1)
            now = 2 * alike * contrast * deviation / spread
            better = now > match
            best[better], match[better] = position[better], now[better]
            pull = einsum(self.weight, slope, values - seen, "m, k m b c, k m c -> k b")
            step = einsum(solve, pull, "k a b, k b -> k a")
            length = np.linalg.norm(step, axis=1, keepdims=True)
            position = position + step * np.minimum(1, _LONGEST_STEP_PX / np.maximum(length, 1e-6))
        return best, match


def smoothed(frame: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] → float32, as patches are compared."""
    return cv2.GaussianBlur(frame, (0, 0), 0.8).astype(np.float32)


def _sample(picture: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Float32 [H, W, 3] at places [K, M, 2], linear, the border carried on outwards → [K, M, 3]."""
    found = np.empty((*place.shape[:2], 3), np.float32)
    for at in range(0, len(place), 32_000):  # cv2.remap takes at most 32,767 rows at a time
        part = place[at : at + 32_000].astype(np.float32)
        x, y = np.ascontiguousarray(part[..., 0]), np.ascontiguousarray(part[..., 1])
        found[at : at + 32_000] = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found


def _structure(gradient: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The mean outer product [K, 2, 2] of gradients [K, M, 2, 3]."""
    return einsum(weight, gradient, gradient, "m, k m a c, k m b c -> k a b")


def _normal(levels: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[K, M, 3] with mean 0 per channel and deviation 1 over all, the means [K, 3] and the deviation [K] it had."""
    mean = einsum(levels, weight, "k m c, m -> k c")
    centred = levels - mean[:, None]
    deviation = np.sqrt(einsum(centred, centred, weight, "k m c, k m c, m -> k") / 3)
    deviation = np.maximum(deviation, np.float32(1e-3))
    return centred / deviation[:, None, None], mean, deviation
