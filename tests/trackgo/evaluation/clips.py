"""Small clips with known motion, and how data sets lie on disk."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

FRAMES = 6
WIDTH, HEIGHT = 160, 90
STEP = (4.0, 2.0)  # pixels a frame


def moving_square(frames: int = FRAMES, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A textured square crossing a textured, still background: uint8 [L, 90, 160, 3]; its masks, bool [L, 90, 160]."""
    rng = np.random.default_rng(seed)
    texture = lambda h, w: cv2.GaussianBlur(rng.integers(0, 255, (h, w, 3)).astype(np.uint8), (0, 0), 1.2)  # noqa: E731
    background, square = texture(HEIGHT, WIDTH) // 2, texture(32, 32) // 2 + 120
    video, masks = np.repeat(background[None], frames, axis=0), np.zeros((frames, HEIGHT, WIDTH), bool)
    for i in range(frames):
        left, top = 30 + int(STEP[0] * i), 20 + int(STEP[1] * i)
        video[i, top : top + 32, left : left + 32] = square
        masks[i, top : top + 32, left : left + 32] = True
    return video, masks


def save_frames(folder: Path, pictures: np.ndarray, ending: str) -> None:
    folder.mkdir(parents=True)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{i:08}{ending}", **({"quality": 98} if ending == ".jpg" else {}))
