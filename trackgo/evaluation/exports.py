"""Cases as inputs of other systems, so that a person can run those and set their videos beside ours.

Formats read in the sources of each project: DragAnything's demo.py, DragNUWA's tracking points (its demo and
ComfyUI-DragNUWA), MOFA-Video's run_gradio.py, SG-I2V's read_condition. All take one track an object, from its deepest
point. Their videos, put into one folder under their cases' names, are evaluated by ``--system NAME=FOLDER``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..center_crop import CenterCrop
from ..drawing.coordinates import to_fractions, to_pixels
from ..files import replacing, write_picture, write_text
from .cases import Case

_DRAGNUWA_SIZE = (576, 320)
_MOFA_SHORT_EDGE = 512
_MIN_BOX_PX = 4  # a box needs two different corners


def export_case(case: Case, system: str, folder: Path) -> Path:
    """Write a case's input for another system under folder/system/; the place. ValueError for an unknown system."""
    if system not in EXPORTS:
        raise ValueError(f"'{system}' is no known system; it must be one of {', '.join(EXPORTS)}")
    place = folder / system / case.name
    place.mkdir(parents=True, exist_ok=True)
    EXPORTS[system](case, place)
    return place


def _draganything(case: Case, place: Path) -> None:
    """demo.jpg, one mask picture an object, demo.json: object → mask_name and trajectory, whole pixels of demo.jpg."""
    _save(case.picture, place / "demo.jpg")
    tracks = _whole(case.peaks.tracks, case.size)
    entries = {}
    for number, mask in enumerate(case.masks):
        name = f"{number + 1}_object.png"  # JPEG would blur the edge, and the reader divides by 255 and truncates
        _save(mask.astype(np.uint8) * 255, place / name)
        entries[str(number + 1)] = {
            "comment": f"object {number + 1}", "mask_name": name, "trajectory": tracks[:, number].tolist()
        }  # fmt: skip
    _write(place / "demo.json", entries)


def _dragnuwa(case: Case, place: Path) -> None:
    """image.png and tracking_points.json, [[[x, y], …], …], at the 576×320 pixels of its model."""
    _save(cv2.resize(case.picture, _DRAGNUWA_SIZE, interpolation=cv2.INTER_AREA), place / "image.png")
    tracks = to_pixels(to_fractions(case.peaks.tracks, *case.size), *_DRAGNUWA_SIZE)
    _write(place / "tracking_points.json", _by_object(tracks, _DRAGNUWA_SIZE))


def _mofa(case: Case, place: Path) -> None:
    """image.png (short edge 512, cut to sides in steps of 64, as its page does to any picture), tracking_points.json in
    its pixels, mask.png (the motion brush)."""
    width, height = case.size
    scale = _MOFA_SHORT_EDGE / min(case.size)
    crop = CenterCrop(width, height, *(round(side * scale) // 64 * 64 for side in case.size))
    size = (crop.to_width, crop.to_height)
    _save(crop.frames(case.picture[None])[0], place / "image.png")
    _save(crop.masks(case.masks.any(axis=0)[None])[0].astype(np.uint8) * 255, place / "mask.png")
    _write(place / "tracking_points.json", _by_object(crop.points(case.peaks.tracks), size))


def _sg_i2v(case: Case, place: Path) -> None:
    """img.png and traj.npy, float64 [N, 2 + L, 2]: a box's top left and bottom right, then its centre in each frame."""
    _save(case.picture, place / "img.png")
    rows = []
    for number, mask in enumerate(case.masks):
        y, x = np.nonzero(mask)
        first, last = np.array([x.min(), y.min()], float), np.array([x.max(), y.max()], float) + 1
        last = np.maximum(last, first + _MIN_BOX_PX)
        path = case.peaks.tracks[:, number] - case.peaks.tracks[0, number] + (first + last) / 2
        rows.append(np.concatenate([[first, last], path]))
    with replacing(place / "traj.npy") as unfinished, open(unfinished, "wb") as file:
        np.save(file, np.stack(rows), allow_pickle=False)


EXPORTS: dict[str, Callable[[Case, Path], None]] = {
    "dragnuwa": _dragnuwa,
    "draganything": _draganything,
    "mofa-video": _mofa,
    "sg-i2v": _sg_i2v,
}


def _by_object(tracks: NDArray, size: tuple[int, int]) -> list[list[list[int]]]:
    """[L, S, 2] → [[[x, y], …], …], an object a list."""
    return _whole(tracks, size).swapaxes(0, 1).tolist()


def _whole(tracks: NDArray, size: tuple[int, int]) -> NDArray[np.int64]:
    """Whole pixels inside the frame: none of the readers checks, and one point outside stops or wraps them."""
    return np.floor(tracks + 0.5).astype(np.int64).clip(0, np.array(size) - 1)


def _save(picture: NDArray[np.uint8], path: Path) -> None:
    write_picture(path, picture, quality=95)


def _write(path: Path, value: object) -> None:
    write_text(path, json.dumps(value))
