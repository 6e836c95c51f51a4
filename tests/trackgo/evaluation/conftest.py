"""Small real videos on disk, in the layouts that people have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trackgo.evaluation.clips import FRAMES, moving_square, save_frames


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
