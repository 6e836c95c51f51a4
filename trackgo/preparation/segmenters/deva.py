"""DEVA (Cheng et al., 2023), which the paper used: its output folder, or the program where it is installed.

Neither code nor weights are part of this package; their licence, CC-BY-NC-SA 4.0, forbids commercial use.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from ...center_crop import CenterCrop
from ..decode import Window
from ..flow import Flow
from .masks import MaskFolder

_HOW = (
    "segmenter 'deva' needs the folder that DEVA wrote its annotations to (deva:FOLDER), or DEVA itself "
    "(github.com/hkchengrex/Tracking-Anything-with-DEVA, CC-BY-NC-SA, no commercial use) and its folder with "
    "demo/demo_automatic.py and saves/ (deva:FOLDER)"
)


class Deva:
    """Reads DEVA's masks, or runs its automatic demo (SAM prompts, DEVA propagation) on the window.

    Raises:
        ValueError: the folder is neither; says what is needed.
    """

    def __init__(self, folder: str) -> None:
        place = Path(folder)
        program = place / "demo" / "demo_automatic.py"
        if not folder or not place.is_dir():
            raise ValueError(f"there is no folder at '{folder}': {_HOW}")
        if program.is_file() and find_spec("deva") is None:
            raise ValueError(f"'{program}' is there, but the package 'deva' is not installed: {_HOW}")
        self.program = program if program.is_file() else None
        self.masks = None if self.program else MaskFolder(str(_annotations(place)))
        self.version = "deva (program)" if self.program else "deva (masks)"

    def segment(self, window: Window, flow: Flow, most: int) -> np.ndarray:
        """See ``Segmenter``."""
        if self.masks is not None:
            return self.masks.segment(window, flow, most)
        with tempfile.TemporaryDirectory() as folder:
            self._run(window.frames, Path(folder))
            return _own_masks(Path(folder) / "out" / "Annotations", window, flow, most)

    def _run(self, frames: np.ndarray, folder: Path) -> None:
        """DEVA's automatic demo over the frames, as its README runs it."""
        pictures = folder / "in"
        pictures.mkdir()
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(pictures / f"{number:05d}.jpg", quality=95)
        command = [sys.executable, str(self.program), "--img_path", str(pictures), "--output", str(folder / "out"),
                   "--temporal_setting", "semionline", "--size", "480"]  # fmt: skip
        done = subprocess.run(command, cwd=self.program.parents[1], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ValueError(f"DEVA failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")


def _annotations(place: Path) -> Path:
    return place / "Annotations" if (place / "Annotations").is_dir() else place


def _own_masks(annotations: Path, window: Window, flow: Flow, most: int) -> np.ndarray:
    """Masks of the window's own frames, which are framed already."""
    from dataclasses import replace

    frames, height, width = window.frames.shape[:3]
    folder = annotations / "window"
    pictures = sorted(annotations.rglob("*.png"))
    folder.mkdir(parents=True, exist_ok=True)
    for number, picture in enumerate(pictures):
        shutil.move(picture, folder / f"{number:05d}.png")
    same = replace(
        window, source=Path("window.mp4"), numbers=tuple(range(frames)), crop=CenterCrop(width, height, width, height)
    )
    return MaskFolder(str(annotations)).segment(same, flow, most)
