"""The Fréchet distance against closed forms, scipy's matrix root, and what the libraries' own functions gave."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from trackgo.evaluation.frechet import frechet_distance


def with_moments(mean: np.ndarray, covariance: np.ndarray, count: int = 50) -> np.ndarray:
    """[count, D] whose mean and covariance (over N − 1) are exactly these."""
    noise = np.random.default_rng(1).normal(size=(count, len(mean)))
    noise -= noise.mean(axis=0)
    whitened = noise @ np.linalg.inv(np.linalg.cholesky(np.cov(noise, rowvar=False))).T
    return whitened @ np.linalg.cholesky(covariance).T + mean


def test_gaussians_in_closed_form() -> None:
    """Commuting covariances: |μ₁ − μ₂|² + Σ (σ₁ − σ₂)²."""
    first = with_moments(np.array([1.0, 2, 3]), np.diag([4.0, 9, 1]))
    second = with_moments(np.array([1.0, 0, 0]), np.diag([1.0, 1, 25]), 70)
    assert frechet_distance(first, second) == pytest.approx(0 + 4 + 9 + 1 + 4 + 16)
    assert frechet_distance(second, first) == pytest.approx(34)


def test_one_dimension_and_turned_axes() -> None:
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(3, 3)))[0]
    first = with_moments(np.zeros(3), np.diag([4.0, 9, 1])) @ turn
    second = with_moments(np.zeros(3), np.diag([1.0, 1, 1])) @ turn
    assert frechet_distance(first, second) == pytest.approx(1 + 4 + 0)
    assert frechet_distance([[0.0], [2]], [[5.0], [5]]) == pytest.approx(16 + 2)


def test_covariances_that_do_not_commute() -> None:
    """2 × 2: tr (Σ₁Σ₂)^½ = √(tr Σ₁Σ₂ + 2 √det Σ₁Σ₂)."""
    one, two = np.array([[4.0, 1], [1, 2]]), np.array([[3.0, -1], [-1, 1]])
    product = one @ two
    expected = np.trace(one + two) - 2 * np.sqrt(np.trace(product) + 2 * np.sqrt(np.linalg.det(product)))
    got = frechet_distance(with_moments(np.zeros(2), one), with_moments(np.zeros(2), two))
    assert got == pytest.approx(expected)


@pytest.mark.parametrize("ddof", [0, 1])
def test_same_as_by_the_matrix_root(ddof: int) -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(60, 8)), rng.normal(size=(40, 8)) @ rng.normal(size=(8, 8)) + 0.3
    one, two = (np.cov(features, rowvar=False, ddof=ddof) for features in (first, second))
    difference = first.mean(axis=0) - second.mean(axis=0)
    expected = difference @ difference + np.trace(one + two - 2 * sqrtm(one @ two).real)
    assert frechet_distance(first, second, ddof) == pytest.approx(expected)


def test_same_as_the_libraries() -> None:
    """torch-fidelity 0.4.0 (fid_statistics_to_metric) and cd-fvd 0.1.1 (compute_fvd_from_stats) gave these figures."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(500, 64))
    second = rng.normal(size=(300, 64)) @ rng.normal(size=(64, 64)) * 0.2 + 0.1
    assert frechet_distance(first, second, ddof=1) == pytest.approx(61.30687406662017, rel=1e-12)
    stored = (features.astype(np.float32) for features in (first, second))  # as cd-fvd keeps them
    assert frechet_distance(*stored, ddof=0) == pytest.approx(61.08045990309568, rel=1e-10)


def test_fewer_rows_than_features() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.normal(size=(5, 300)), rng.normal(size=(7, 300)) + 1
    padded = [np.linalg.qr(np.concatenate([first, second]).T)[0].T @ features.T for features in (first, second)]
    assert frechet_distance(first, second) == pytest.approx(frechet_distance(padded[0].T, padded[1].T))
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (np.zeros((1, 3)), np.zeros((4, 3)), "N ≥ 2"),
        (np.zeros((4, 3)), np.zeros((4, 2)), "3 and 2"),
        (np.full((4, 3), np.nan), np.zeros((4, 3)), "not finite"),
    ],
)
def test_mistakes(first: np.ndarray, second: np.ndarray, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        frechet_distance(first, second)
