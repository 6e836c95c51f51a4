"""Scaling a frame so that it covers another size and cutting its middle out: how pictures come to a model's size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .drawing.coordinates import to_fractions, to_pixels


@dataclass(frozen=True)
class CenterCrop:
    """From frames of width × height, as shown (pixels made square), to frames of to_width × to_height."""

    width: int
    height: int
    to_width: int
    to_height: int

    @property
    def scale(self) -> float:
        """Pixels there for one here."""
        return max(self.to_width / self.width, self.to_height / self.height)

    @property
    def covering(self) -> tuple[int, int]:
        """Width and height before the cut."""
        wide, high = round(self.width * self.scale), round(self.height * self.scale)
        return max(self.to_width, wide), max(self.to_height, high)

    @property
    def corner(self) -> tuple[int, int]:
        """Left and top of the cut."""
        return (self.covering[0] - self.to_width) // 2, (self.covering[1] - self.to_height) // 2

    def picture(self, picture: NDArray, labels: bool = False) -> NDArray:
        """[h, w] or [h, w, 3] (stored with other than square pixels it may have another shape) → [H, W] or [H, W, 3];
        ``labels`` are never blended."""
        if picture.shape[1::-1] != self.covering:
            smooth = cv2.INTER_AREA if self.covering[0] < picture.shape[1] else cv2.INTER_CUBIC
            picture = cv2.resize(picture, self.covering, interpolation=cv2.INTER_NEAREST_EXACT if labels else smooth)
        left, top = self.corner
        return np.ascontiguousarray(picture[top : top + self.to_height, left : left + self.to_width])

    def frames(self, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """uint8 [L, h, w, 3] → [L, H, W, 3]."""
        return np.stack([self.picture(frame) for frame in frames])

    def masks(self, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """bool [S, h, w] → [S, H, W], nearest."""
        cut = [self.picture(mask.astype(np.uint8), labels=True) for mask in masks]
        return np.stack(cut).astype(bool) if cut else np.zeros((0, self.to_height, self.to_width), bool)

    def points(self, points_px: NDArray) -> NDArray:
        """[..., 2] pixels → pixels."""
        return to_pixels(to_fractions(points_px, self.width, self.height), *self.covering) - np.array(self.corner)
