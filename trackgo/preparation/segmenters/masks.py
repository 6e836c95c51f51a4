"""Masks that already exist: per-frame pictures as DAVIS, YouTube-VOS and VIPSeg store them.

The folder holds one folder per clip, named as the clip's folder or file is (without its ending), and in it one PNG per
frame, in order. A pixel's value, or its color, names the thing it belongs to.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from ..decode import Window
from ..flow import Flow

_MIN_SHARE = 0.0005
_MIN_MOTION = 0.25
"""Pixels per step at flow's working size: of several things the ones that move come first."""


class MaskFolder:
    """Reads masks from ``folder``.

    Layouts: indexed PNGs (DAVIS, YouTube-VOS: 0 is background, 255 is not labelled), 16-bit or color panoptic PNGs
    (VIPSeg: 0 or black is not labelled). Names need not match the video's: the n-th picture is for frame n. A clip with
    masks for some of its frames only (YouTube-VOS' every fifth) is refused.

    Raises:
        ValueError: no such folder.
    """

    version = "masks 1"

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        if not folder or not self.folder.is_dir():
            raise ValueError(
                f"segmenter 'masks' needs the folder of the masks: masks:FOLDER; there is none at '{folder}'"
            )

    def segment(self, window: Window, flow: Flow, most: int) -> np.ndarray:
        """See ``Segmenter``."""
        labels = [window.crop.picture(picture, labels=True) for picture in self._pictures(window)]
        first, counts = np.unique(labels[0], return_counts=True)
        things = first[(first != 0) & (counts >= _MIN_SHARE * labels[0].size)]
        things = _by_importance(things, labels[0], flow)[:most]
        masks = [np.stack([picture == thing for picture in labels]) for thing in things]
        shape = (len(labels), 0, *labels[0].shape)
        return np.stack(masks, axis=1) if masks else np.zeros(shape, bool)

    def _pictures(self, window: Window) -> list[np.ndarray]:
        """The window's label pictures int32 [h, w], as large as the masks are stored."""
        name = window.source.name if window.source.is_dir() else window.source.stem
        folder = self.folder / name
        files = sorted(folder.glob("*.png")) if folder.is_dir() else []
        if len(files) <= window.numbers[-1]:
            raise ValueError(f"'{folder}' has {len(files)} masks (*.png); frame {window.numbers[-1]} has none")
        return [read_labels(files[number]) for number in window.numbers]


def read_labels(path: Path) -> np.ndarray:
    """A mask picture → int32 [h, w], 0 where nothing is labelled.

    Raises:
        ValueError: not a picture.
    """
    try:
        with Image.open(path) as picture:
            values = np.asarray(picture if picture.mode in ("P", "L", "I", "I;16", "1") else picture.convert("RGB"))
    except (UnidentifiedImageError, OSError) as error:
        raise ValueError(f"'{path}' is not a mask picture: {error}") from error
    if values.ndim == 3:  # panoptic colors: id = R + 256 G + 65536 B, as COCO has it
        return values.astype(np.int32) @ np.array([1, 256, 65536], np.int32)
    labels = values.astype(np.int32)
    unlabelled = values.dtype == np.uint8 and len(np.unique(labels)) > 2  # of two values, 255 is the thing
    return np.where(labels == 255, 0, labels) if unlabelled else labels


def _by_importance(things: np.ndarray, labels: np.ndarray, flow: Flow) -> list[int]:
    """What moves against the camera first, each kind by area."""
    small = cv2.resize(labels.astype(np.float32), flow.size, interpolation=cv2.INTER_NEAREST_EXACT).astype(np.int32)
    speed = np.mean([np.linalg.norm(flow.residual(step), axis=-1) for step in range(min(4, len(flow.forward)))], axis=0)

    def rank(thing: int) -> tuple[bool, int]:
        inside = small == thing
        moves = inside.any() and float(np.median(speed[inside])) >= _MIN_MOTION
        return (not moves, -int((labels == thing).sum()))

    return sorted((int(thing) for thing in things), key=rank)
