"""The curves that path editors draw through control points, as dense lines.

Points are float64 [P, 2] as (x, y), at least two; a line is float64 [Q, 2] from the first to the last of them.
"""

from __future__ import annotations

import numpy as np

STEPS = 32  # of a line for each piece of a curve


def bezier(corners: np.ndarray) -> np.ndarray:
    """Cubic Bézier pieces float64 [S, 4, 2], each beginning where the one before ends → their line."""
    t = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)  # [32, 4]
    line = np.einsum("tc,scx->stx", weights, corners).reshape(-1, 2)
    return np.concatenate([line, corners[-1:, 3]])


def hermite(points: np.ndarray, arms: np.ndarray) -> np.ndarray:
    """Pieces between neighbours, each point's Bézier arm [P, 2] leading out of it and, turned round, into it."""
    return bezier(np.stack([points[:-1], points[:-1] + arms[:-1], points[1:] - arms[1:], points[1:]], axis=1))


def cardinal(points: np.ndarray, tension: float) -> np.ndarray:
    """Protovis's cardinal spline: an inner point's arm is (1 − tension)/2 of the way between its neighbours, and the
    two end pieces are quadratic, so 2/3 of the arm is what they know of it."""
    if len(points) < 3:
        return points
    arms = (1 - tension) / 2 * (points[2:] - points[:-2])
    first, last = points[1] - arms[0] * 2 / 3, points[-2] + arms[-1] * 2 / 3
    inner = np.stack([points[1:-2], points[1:-2] + arms[:-1], points[2:-1] - arms[1:], points[2:-1]], axis=1)
    ends = (_quadratic(points[0], first, points[1]), _quadratic(points[-2], last, points[-1]))
    return bezier(np.concatenate([ends[0], inner, ends[1]]))


def _quadratic(start: np.ndarray, corner: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A quadratic Bézier piece as a cubic one, [1, 4, 2]."""
    return np.stack([start, start + (corner - start) * 2 / 3, end + (corner - end) * 2 / 3, end])[None]


def monotone(points: np.ndarray) -> np.ndarray:
    """Monotone cubic interpolation of y over x (Fritsch–Carlson); x must grow or shrink from point to point.

    A slope m becomes an arm of x/3 · (1, m)/(1 + m²), where x is half the way between the neighbours: Protovis's.
    """
    if len(points) < 3:
        return points
    run, rise = np.diff(points, axis=0).T
    if (run == 0).any():
        raise ValueError("two neighbouring points have the same x, where a monotone curve is not defined")
    secant = rise / run
    slope = np.concatenate([secant[:1], (secant[:-1] + secant[1:]) / 2, secant[-1:]])
    flat = np.abs(secant) < 1e-7
    slope[:-1][flat] = slope[1:][flat] = 0
    for i in range(len(secant)):  # one after another: a slope is limited from both sides
        if abs(slope[i]) >= 1e-5 and abs(slope[i + 1]) >= 1e-5:
            reach = np.hypot(slope[i], slope[i + 1]) / abs(secant[i])
            if reach > 3:
                slope[i : i + 2] *= 3 / reach
    width = np.concatenate([run[:1], (run[:-1] + run[1:]) / 2, run[-1:]]) / 3 / (1 + slope**2)
    return hermite(points, np.stack([width, slope * width], axis=-1))


def basis(points: np.ndarray) -> np.ndarray:
    """The uniform cubic B-spline of the points, whose two ends count three times, so that the curve reaches them."""
    if len(points) < 3:
        return points
    held = np.concatenate([points[:1], points[:1], points, points[-1:], points[-1:]])
    joints = (held[:-2] + 4 * held[1:-1] + held[2:]) / 6
    before, after = (2 * held[1:-2] + held[2:-1]) / 3, (held[1:-2] + 2 * held[2:-1]) / 3
    return bezier(np.stack([joints[:-1], before, after, joints[1:]], axis=1))


def linear(points: np.ndarray) -> np.ndarray:
    """Straight from point to point."""
    return points


def step(points: np.ndarray, before: bool) -> np.ndarray:
    """Along the axes: first to the next point's y (before), or first to its x."""
    corner = points[:-1].copy()
    axis = 1 if before else 0
    corner[:, axis] = points[1:, axis]
    return np.concatenate([np.stack([points[:-1], corner], axis=1).reshape(-1, 2), points[-1:]])


def handled(points: np.ndarray, arriving: np.ndarray, leaving: np.ndarray) -> np.ndarray:
    """Bézier pieces with a handle [P, 2] before and one behind each point."""
    return bezier(np.stack([points[:-1], leaving[:-1], arriving[1:], points[1:]], axis=1))


def catmull_rom(points: np.ndarray) -> np.ndarray:
    """The uniform Catmull–Rom spline, whose two ends count twice; every piece has the same number of steps."""
    held = np.concatenate([points[:1], points, points[-1:]])
    return hermite(points, (held[2:] - held[:-2]) / 6)
