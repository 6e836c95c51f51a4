"""The Fréchet distance between two Gaussians fitted to features: what FID and FVD are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def frechet_distance(first: ArrayLike, second: ArrayLike, ddof: int = 1) -> float:
    """|μ₁ − μ₂|² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½) of two sets of features.

    With Σ₁ = AᵀA and Σ₂ = BᵀB (A, B the centred features over √(N − ddof)), tr (Σ₁Σ₂)^½ is the sum of the singular
    values of ABᵀ. No covariance is formed and no root of an indefinite matrix taken, so sets smaller than the feature
    size, whose covariance has no full rank, lose no digits.

    Args:
        first, second: [N, D] and [M, D], one row for each video or picture.
        ddof: 1 divides by N − 1 (FID as torch-fidelity and pytorch-fid have it), 0 by N (FVD as cd-fvd has it).

    Raises:
        ValueError: shapes that do not fit, fewer than two rows, or a value that is not finite.
    """
    pair = [np.asarray(features, dtype=np.float64) for features in (first, second)]
    for features in pair:
        if features.ndim != 2 or len(features) < 2:
            raise ValueError(f"features have shape {list(features.shape)}; they must be [N, D] with N ≥ 2")
        if not np.isfinite(features).all():
            raise ValueError("features hold a value that is not finite")
    if pair[0].shape[1] != pair[1].shape[1]:
        raise ValueError(f"features have sizes {pair[0].shape[1]} and {pair[1].shape[1]}; they must be the same")
    means = [features.mean(axis=0) for features in pair]
    roots = [_root(features - mean, ddof) for features, mean in zip(pair, means, strict=True)]
    shared = np.linalg.svd(roots[0] @ roots[1].T, compute_uv=False).sum()
    variances = sum(float((root**2).sum()) for root in roots)
    return max(0.0, float(((means[0] - means[1]) ** 2).sum()) + variances - 2 * float(shared))


def _root(centred: NDArray, ddof: int) -> NDArray:
    """R with RᵀR = Σ, at most D rows, for any number of rows."""
    scaled = centred / np.sqrt(len(centred) - ddof)
    return np.linalg.qr(scaled, mode="r") if len(scaled) > scaled.shape[1] else scaled
