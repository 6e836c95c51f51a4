"""Confidence intervals by bootstrap over videos."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

_DRAWS = 2000
_AT_ONCE = 200  # draws held in memory together


def bootstrap_interval(totals: ArrayLike, counts: ArrayLike, seed: int = 0) -> tuple[float, float] | None:
    """95 % interval of Σtotals / Σcounts when the videos are drawn anew, with replacement: percentile bootstrap.

    Args:
        totals, counts: [V] one a video, such as its summed distances and how many there are.

    Returns:
        (low, high), or None with fewer than two videos that count, from which nothing can be said.
    """
    totals, counts = np.asarray(totals, np.float64), np.asarray(counts, np.float64)
    if totals.shape != counts.shape or totals.ndim != 1:
        raise ValueError(f"totals {list(totals.shape)} and counts {list(counts.shape)} must both be [V]")
    used = counts > 0
    totals, counts = totals[used], counts[used]
    if len(totals) < 2:
        return None
    rng = np.random.default_rng(seed)
    figures = []
    for _ in range(_DRAWS // _AT_ONCE):
        drawn = rng.integers(len(totals), size=(_AT_ONCE, len(totals)))
        figures.append(totals[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(figures), [0.025, 0.975])
    return float(low), float(high)
