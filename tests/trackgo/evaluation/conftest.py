"""Small real videos on disk, in the layouts that people have."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
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


@pytest.fixture
def vipseg(tmp_path: Path) -> Path:
    """VIPSeg as published: 16-bit masks; a good video, one too short, one without annotation, one not there."""
    root = tmp_path / "VIPSeg"
    video, masks = moving_square()
    labels = np.where(masks, 6101, 45).astype(np.uint16)
    labels[:, :8] = 0
    for name, length in (("good", FRAMES), ("short", 3)):
        save_frames(root / "imgs" / name, video[:length], ".png")
        save_frames(root / "panomasks" / name, labels[:length], ".png")
    save_frames(root / "imgs" / "bare", video, ".png")
    (root / "val.txt").write_text("good\nshort\nbare\ngone\n")
    return root


@pytest.fixture
def davis(tmp_path: Path) -> Path:
    """DAVIS: palette annotations."""
    root = tmp_path / "DAVIS"
    video, masks = moving_square()
    save_frames(root / "JPEGImages" / "480p" / "square", video, ".jpg")
    folder = root / "Annotations" / "480p" / "square"
    folder.mkdir(parents=True)
    for i, mask in enumerate(masks):
        picture = Image.fromarray(mask.astype(np.uint8), "P")
        picture.putpalette([0, 0, 0, 128, 0, 0])
        picture.save(folder / f"{i:05}.png")
    (root / "ImageSets" / "2017").mkdir(parents=True)
    (root / "ImageSets" / "2017" / "val.txt").write_text("square\n")
    return root
