"""A mask → one closed outline that the drawing's rule of non-zero winding fills with exactly its parts and holes."""

from __future__ import annotations

import cv2
import numpy as np

_FINER = 4
"""Outlines are traced at so many times the mask's size, smoothed: a pixel's corners do not show when it is enlarged."""

_TOLERANCE_PX = 0.35
_MAX_RINGS = 64


def outline(mask: np.ndarray) -> np.ndarray:
    """bool [h, w] → float64 [P, 2], (u, v) in fractions of the frame; no point at all for an empty mask.

    Holes run the other way round, and what is apart is joined by bridges of no width: they are crossed once in each
    direction, which adds nothing to any winding. At most the 64 longest rings are kept.
    """
    height, width = mask.shape
    large = cv2.resize(mask.astype(np.float32), None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_NEAREST)
    fine = cv2.GaussianBlur(large, (0, 0), 0.5 * _FINER, borderType=cv2.BORDER_REPLICATE) > 0.5
    padded = cv2.copyMakeBorder(fine.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    found, hierarchy = cv2.findContours(padded, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = []
    for number, ring in enumerate(found):
        simple = cv2.approxPolyDP(ring, _TOLERANCE_PX * _FINER, closed=True)[:, 0].astype(np.float64) - 1
        if len(simple) < 3:
            continue
        hole = hierarchy[0][number][3] >= 0
        backwards = cv2.contourArea(simple.astype(np.float32), oriented=True) < 0
        rings.append(simple[::-1] if hole != backwards else simple)
    if not rings:
        return np.zeros((0, 2))
    rings.sort(key=len, reverse=True)
    edges = _to_edges(_joined(rings[:_MAX_RINGS]), fine.shape)
    return edges / (width * _FINER, height * _FINER)


def _to_edges(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Pixel numbers → corner coordinates; what lies on the frame's last pixel reaches its edge."""
    height, width = shape
    moved = points + 0.5
    for axis, last in ((0, width), (1, height)):
        moved[points[:, axis] <= 0, axis] = 0
        moved[points[:, axis] >= last - 1, axis] = last
    return moved


def _joined(rings: list[np.ndarray]) -> np.ndarray:
    whole = rings[0]
    for ring in rings[1:]:
        apart = np.abs(whole[:, None] - ring).sum(axis=-1)
        here, there = np.unravel_index(apart.argmin(), apart.shape)
        turned = np.roll(ring, -there, axis=0)
        whole = np.concatenate([whole[: here + 1], turned, turned[:1], whole[here:]])
    return whole
