"""Bootstrap intervals."""

from __future__ import annotations

import numpy as np
import pytest

from trackgo.evaluation.statistics import bootstrap_interval


def test_covers_the_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        sample = rng.normal(5, 2, 60)
        low, high = bootstrap_interval(sample, np.ones(60), seed=int(rng.integers(2**31)))
        inside += low <= 5 <= high
    assert 0.88 <= inside / 200 <= 0.99


def test_width_agrees_with_the_standard_error() -> None:
    sample = np.random.default_rng(1).normal(0, 3, 400)
    low, high = bootstrap_interval(sample * 10, np.full(400, 10))
    assert high - low == pytest.approx(2 * 1.96 * sample.std() / 20, rel=0.1)
    assert low < sample.mean() < high


def test_videos_that_count_nothing_are_left_out() -> None:
    assert bootstrap_interval([4.0, 0], [1, 0]) is None
    assert bootstrap_interval([], []) is None
    assert bootstrap_interval([3.0, 3, 0], [1, 1, 0]) == (3, 3)
    assert bootstrap_interval([1.0, 2], [1, 1], seed=4) == bootstrap_interval([1.0, 2], [1, 1], seed=4)
    with pytest.raises(ValueError, match="must both be"):
        bootstrap_interval([1.0], [1, 2])
