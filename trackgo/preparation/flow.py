"""Dense motion of a window: OpenCV's DIS flow, and a homography per step for the camera."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

WIDTH = 512
"""Pixels: flow is computed on frames of at most this width."""

_GRID_PX = 8
_CAMERA_ERROR_PX = 0.8


@dataclass(frozen=True, eq=False)
class Flow:
    """Motion at working size, h × w.

    Attributes:
        grey: uint8 [L, h, w]. color: uint8 [L, h, w, 3].
        forward: float32 [L−1, h, w, 2], pixels, from frame t to t + 1.
        backward: float32 [L−1, h, w, 2], from frame t + 1 to t.
        camera: float64 [L−1, 3, 3], the homography that takes frame t's background to frame t + 1.
    """

    color: np.ndarray
    grey: np.ndarray
    forward: np.ndarray
    backward: np.ndarray
    camera: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.grey.shape[2], self.grey.shape[1]

    def camera_flow(self, step: int) -> np.ndarray:
        """What the camera alone does at a step: float32 [h, w, 2]."""
        return homography_flow(self.camera[step], *self.size)

    def residual(self, step: int) -> np.ndarray:
        """Motion against the camera at a step: float32 [h, w, 2]."""
        return self.forward[step] - self.camera_flow(step)


def dense_flow(frames: np.ndarray) -> Flow:
    """Both directions between consecutive frames of uint8 [L, H, W, 3], L ≥ 2."""
    height, width = frames.shape[1:3]
    scale = min(1.0, WIDTH / width)
    size = (round(width * scale), round(height * scale))
    color = np.stack([cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in frames])
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in color])
    method = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    forward = np.stack([method.calc(a, b, None) for a, b in pairwise(grey)])
    backward = np.stack([method.calc(b, a, None) for a, b in pairwise(grey)])
    camera = np.stack([_camera(flow, back) for flow, back in zip(forward, backward, strict=True)])
    return Flow(color, grey, forward, backward, camera)


def homography_flow(matrix: np.ndarray, width: int, height: int) -> np.ndarray:
    """Where a homography moves every pixel, relative to itself: float32 [h, w, 2]."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    points = np.stack([x, y, np.ones_like(x)], axis=-1) @ matrix.T
    return (points[..., :2] / points[..., 2:] - np.stack([x, y], axis=-1)).astype(np.float32)


def inconsistency(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """How far from its start a pixel ends that goes there and back: float32 [h, w]; large where it gets covered."""
    return np.linalg.norm(forward + carried(backward, forward), axis=-1)


def carried(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Float32 picture [h, w] or [h, w, c] looked up where ``flow`` [h, w, 2] leads."""
    height, width = flow.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _camera(forward: np.ndarray, backward: np.ndarray) -> np.ndarray:
    """The homography most of the picture follows, by RANSAC over trustworthy pixels of a grid."""
    height, width = forward.shape[:2]
    y, x = (axis.ravel() for axis in np.mgrid[_GRID_PX // 2 : height : _GRID_PX, _GRID_PX // 2 : width : _GRID_PX])
    good = inconsistency(forward, backward)[y, x] < 1
    if good.sum() < 12:
        good[:] = True
    start = np.stack([x, y], axis=-1)[good].astype(np.float32)
    matrix, inside = cv2.findHomography(start, start + forward[y, x][good], cv2.RANSAC, _CAMERA_ERROR_PX)
    plausible = matrix is not None and inside.sum() >= 8 and np.isfinite(matrix).all()
    return matrix if plausible and abs(np.linalg.det(matrix) - 1) < 0.5 else np.eye(3)
