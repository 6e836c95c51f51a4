"""Fractions of the frame and pixels.

(0, 0) is the centre of the top-left pixel, x runs right, y down; fraction u of the frame ↔ pixel u·W − 0.5.
"""

from __future__ import annotations

import numpy as np

MAX_SIDE_PX = 16_384


def to_pixels(points_frac: np.ndarray, width: int, height: int) -> np.ndarray:
    """Fractions of the frame [..., 2] as (x, y) → pixel coordinates float64 [..., 2]; inverse of `to_fractions`."""
    return np.asarray(points_frac, dtype=np.float64) * (width, height) - 0.5


def to_fractions(points_px: np.ndarray, width: int, height: int) -> np.ndarray:
    """Pixel coordinates [..., 2] as (x, y) → fractions of the frame float64 [..., 2]; inverse of `to_pixels`."""
    return (np.asarray(points_px, dtype=np.float64) + 0.5) / (width, height)


def check_size(width: int, height: int) -> None:
    """Raise ValueError unless both are whole numbers from 1 to 16,384."""
    for name, value in (("width", width), ("height", height)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= MAX_SIDE_PX:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of pixels from 1 to {MAX_SIDE_PX}")


def inside_frame(tracks_px: np.ndarray, width: int, height: int) -> np.ndarray:
    """[..., 2] → bool [...]: −0.5 ≤ x < W − 0.5 and −0.5 ≤ y < H − 0.5, the frame's full area."""
    x, y = tracks_px[..., 0], tracks_px[..., 1]
    return (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
