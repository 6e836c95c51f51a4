"""A picture, its size and a length as a video model takes them, so that drawing, latent and tracks agree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .center_crop import CenterCrop
from .drawing.coordinates import check_size
from .svd.sizes import LATENT_PX
from .trajectories.frame_rules import FRAME_RULES, FrameRule

WAYS = ("crop", "pad")


@dataclass(frozen=True)
class Target:
    """What a model samples.

    rule: its lengths and sides. area_px: pixels of the frames it was made for. frames: its own length. lengths: the
    only ones it knows; where it is empty, any that the rule allows. own_size: width and height where a picture's shape
    shall not decide.
    """

    rule: FrameRule
    area_px: int
    frames: int
    lengths: tuple[int, ...] = ()
    own_size: tuple[int, int] | None = None

    def length(self, frames: int) -> int:
        """The nearest number of frames it takes, of two the larger; its own for 0."""
        if not frames:
            return self.frames
        if self.lengths:
            return min(reversed(self.lengths), key=lambda known: abs(known - frames))
        return self.rule.nearest(frames, 16, 16)[0]

    def size(self, picture: tuple[int, int], width: int = 0, height: int = 0) -> tuple[int, int]:
        """Width and height for a picture of (width, height) pixels: the nearest that the model takes.

        A side of 0 follows from the other one and the picture's shape; with both 0 the model's own number of pixels
        comes in the picture's shape, or its own size.
        """
        check_size(*picture)
        if not width and not height:
            return self.own_size or fit_size(*picture, self.area_px, self.rule.multiple)
        given_width, given_height = picture
        width = width or round(height * given_width / given_height)
        height = height or round(width * given_height / given_width)
        return self.rule.nearest(1, width, height)[1:]


TARGETS: Mapping[str, Target] = {
    "svd": Target(FRAME_RULES["svd"], 1024 * 576, 25, (14, 25)),
    "wan": Target(FRAME_RULES["wan"], 832 * 480, 81),
    "ltx": Target(FRAME_RULES["ltx"], 768 * 512, 97),
    "cogvideox": Target(FRAME_RULES["cogvideox"], 720 * 480, 49),
    "demo": Target(FrameRule("the demo model", 1, 64), 128 * 128, 14, (14,), (128, 128)),
}


def fit_size(width: int, height: int, area_px: int = 1024 * 576, multiple: int = LATENT_PX) -> tuple[int, int]:
    """The (width, height) in multiples of ``multiple`` nearest a picture's aspect, with about ``area_px`` pixels."""
    scale = math.sqrt(area_px / (width * height))
    return tuple(max(multiple, round(side * scale / multiple) * multiple) for side in (width, height))


def fitted(picture: NDArray, width: int, height: int, how: str = "crop") -> NDArray:
    """A picture [h, w, 3], uint8 or float32 in 0–1, at width × height with its shape kept.

    crop: it covers the frame and its middle is cut out. pad: all of it is seen, with black beside or above and below.
    Raises ValueError for another way.
    """
    if how not in WAYS:
        raise ValueError(f"how is {how!r}; it must be crop or pad")
    given_height, given_width = picture.shape[:2]
    if how == "crop":
        made = CenterCrop(given_width, given_height, width, height).picture(picture)
        return made if made.dtype == np.uint8 else made.clip(0, 1)
    scale = min(width / given_width, height / given_height)
    inner = (max(1, min(width, round(given_width * scale))), max(1, min(height, round(given_height * scale))))
    smooth = cv2.INTER_AREA if inner[0] < given_width else cv2.INTER_CUBIC
    shown = cv2.resize(picture, inner, interpolation=smooth)
    framed = np.zeros((height, width, 3), picture.dtype)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    framed[top : top + inner[1], left : left + inner[0]] = shown if shown.dtype == np.uint8 else shown.clip(0, 1)
    return framed
