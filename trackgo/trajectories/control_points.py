"""Control points on masks: how many (eq. 10), and where (K-means).

Coordinates are pixels as (x, y); (0, 0) is the centre of the top-left pixel.
"""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

MIN_POINTS, MAX_POINTS = 16, 64  # eq. 10
MIN_SHARE, MAX_SHARE = 0.1, 0.4
_KMEANS_ITERATIONS = 30


def points_per_component(p: float) -> int:
    """Eq. 10: how many control points K a component gets, 16 to 64, by its mask's share p (0…1) of the image."""
    share = min(max(p, MIN_SHARE), MAX_SHARE)
    wanted = MIN_POINTS + (MAX_POINTS - MIN_POINTS) / (MAX_SHARE - MIN_SHARE) * (share - MIN_SHARE)
    return math.floor(wanted + 0.5)


def control_points(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A component's K control points, float64 [K, 2] as (x, y) in pixels, all different and all on the mask.

    K by eq. 10 from bool [H, W]. 3K random pixels of the mask are clustered into K by K-means; a centre outside the
    mask (crescents, rings) goes to the nearest free pixel of the mask. A mask of at most K pixels gives all its pixels.
    """
    count = np.count_nonzero(mask)
    wanted = points_per_component(count / mask.size)
    chosen = np.sort(rng.choice(count, min(count, 3 * wanted), replace=False))
    samples = _set_pixels(mask, chosen)
    if count <= wanted:
        return samples
    return onto_mask(_cluster(samples, wanted, int(rng.integers(2**31))), mask)


def _set_pixels(mask: np.ndarray, which: np.ndarray) -> np.ndarray:
    """The set pixels of those numbers, in reading order and increasing: float64 [n, 2] as (x, y). Only the rows that
    hold one are looked through: a list of all pixels takes more room than the mask."""
    before = np.append(0, np.count_nonzero(mask, axis=1).cumsum())
    rows = np.searchsorted(before, which, side="right") - 1
    columns = np.empty_like(which)
    for row in np.unique(rows):
        columns[rows == row] = np.flatnonzero(mask[row])[which[rows == row] - before[row]]
    return np.stack([columns, rows], axis=-1).astype(np.float64)


@cache
def _thread_controller() -> Any:
    from threadpoolctl import ThreadpoolController  # comes with scikit-learn

    return ThreadpoolController()  # looks through all loaded libraries: once is enough


def _cluster(samples: np.ndarray, count: int, seed: int) -> np.ndarray:
    """K-means of distinct float64 [S, 2] → centres [count, 2], on one thread: faster for so few, and reproducible."""
    from sklearn.cluster import KMeans  # takes a second to import

    means = KMeans(count, n_init=1, max_iter=_KMEANS_ITERATIONS, random_state=seed)
    with _thread_controller().limit(limits=1):
        return means.fit(samples).cluster_centers_


def onto_mask(centres: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Centres float64 [K, 2] inside the frame → the same, those outside the mask moved to its nearest free pixel.

    A pixel of bool [H, W] is free while no other centre lies in it. ValueError when the mask has fewer than K pixels.
    """
    if np.count_nonzero(mask) < len(centres):
        raise ValueError(f"the mask has {np.count_nonzero(mask)} pixels; {len(centres)} centres need at least as many")
    points = centres.copy()
    columns, rows = np.floor(centres + 0.5).astype(np.int64).T
    outside = ~mask[rows, columns]
    free = mask.copy()
    free[rows, columns] = False
    for index in np.flatnonzero(outside):
        points[index] = column, row = _nearest_pixel(free, centres[index])
        free[int(row), int(column)] = False
    return points


def _nearest_pixel(free: np.ndarray, point: np.ndarray) -> tuple[int, int]:
    """The (x, y) of the pixel of `free` nearest to `point`; `free` holds one. Looks in growing squares around it."""
    x, y = point
    reach = 8
    while True:
        left, top = max(0, math.ceil(x - reach)), max(0, math.ceil(y - reach))
        window = free[top : math.floor(y + reach) + 1, left : math.floor(x + reach) + 1]
        rows, columns = np.nonzero(window)
        distance = np.hypot(columns + left - x, rows + top - y)
        # A pixel in the square's corner may be further off than one beside the square: only `reach` itself is certain.
        if distance.size and (distance.min() <= reach or window.size == free.size):
            nearest = distance.argmin()
            return int(columns[nearest]) + left, int(rows[nearest]) + top
        reach *= 2
