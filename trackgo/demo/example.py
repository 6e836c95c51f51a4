"""The picture and the drawing that the demo begins with."""

from __future__ import annotations

import json
import math

import cv2
import numpy as np

from ..drawing import Drawing

CROP_PX = (128, 0, 427)  # left, top, side of a square around the flower, in the 640×427 photograph
_FLOWER = (0.42, 0.525, 0.335)  # centre x, y and radius, as fractions of the square
_ARROW = [[0.42, 0.525], [0.6, 0.45]]


def example_image(width: int, height: int) -> np.ndarray:
    """A photograph as uint8 [height, width, 3]: scikit-learn's sample picture of a flower (CC BY), cropped square."""
    from sklearn.datasets import load_sample_image

    left, top, side = CROP_PX
    square = load_sample_image("flower.jpg")[top : top + side, left : left + side]
    return cv2.resize(square, (width, height), interpolation=cv2.INTER_AREA)


def example_drawing() -> Drawing:
    """A lasso around the flower and one arrow to the upper right."""
    x, y, radius = _FLOWER
    turns = [2 * math.pi * i / 24 for i in range(24)]
    lasso = [[round(x + radius * math.cos(t), 4), round(y + radius * math.sin(t), 4)] for t in turns]
    component = {
        "name": "flower",
        "mask": {"strokes": [{"tool": "lasso", "points": lasso}]},
        "arrows": [{"points": _ARROW, "curve": "straight"}],
        "start": 0.0,
        "end": 1.0,
        "easing": "linear",
    }
    return Drawing.from_json(json.dumps({"version": 1, "components": [component]}))
