"""Clips for the report: all frames of a video in one WebP picture, and the paths wanted and followed in it."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..trajectories import PointTrajectories
from .cases import Case
from .following import Followed

WIDTH_PX = 320  # of a frame in the report; smaller videos stay as they are, up to this
_QUALITY = 82
_MAX_SIDE_PX = 16_000  # of a WebP picture


@dataclass(frozen=True, eq=False)
class Clip:
    """A video to be played: frames in rows of ``columns`` in one picture.

    sheet: WebP. width, height: of a frame in it, pixels. paths: per object the mean of its points, [L][x, y] in
    fractions of the frame, None where it cannot be seen.
    """

    sheet: bytes
    frames: int
    columns: int
    width: int
    height: int
    paths: tuple[list[Any], ...]


def make_clip(case: Case, video: NDArray[np.uint8], followed: Followed | None) -> Clip:
    """The clip of a video uint8 [L, H, W, 3] with the paths that its objects took; of the wanted ones without
    ``followed``."""
    height, width = video.shape[1:3]
    frames = len(video)
    columns = math.ceil(math.sqrt(frames * height / width))
    rows = math.ceil(frames / columns)
    scale = min(1, WIDTH_PX / width, _MAX_SIDE_PX / (columns * width), _MAX_SIDE_PX / (rows * height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    sheet = np.zeros((rows * size[1], columns * size[0], 3), np.uint8)
    for i, frame in enumerate(video):
        top, left = i // columns * size[1], i % columns * size[0]
        small = frame if scale == 1 else cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        sheet[top : top + size[1], left : left + size[0]] = small
    tracks = case.measured.tracks if followed is None else followed.measured
    return Clip(_webp(sheet), frames, columns, *size, _paths(tracks, case.measured))


def _webp(picture: NDArray[np.uint8]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(picture).save(data, "WEBP", quality=_QUALITY, method=3)
    return data.getvalue()


def _paths(tracks: NDArray, measured: PointTrajectories) -> tuple[list[Any], ...]:
    """The mean over an object's points that should be seen, frame by frame."""
    paths = []
    for number in np.unique(measured.component):
        own = np.flatnonzero(measured.component == number)
        middle = measured.tracks[0, own].mean(axis=0)
        path = []
        for i in range(min(len(tracks), measured.frames)):
            seen = own[measured.visibility[i, own]]
            if not len(seen):
                path.append(None)
                continue
            shift = (tracks[i, seen] - measured.tracks[0, seen]).mean(axis=0)
            fraction = (middle + shift + 0.5) / (measured.width, measured.height)
            path.append([round(float(axis), 4) for axis in fraction])
        paths.append(path)
    return tuple(paths)
