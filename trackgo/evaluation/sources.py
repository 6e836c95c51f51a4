"""Where the videos to evaluate come from: held-out scenes of the demo's world, and folders of clips with drawings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..center_crop import CenterCrop
from ..demo.world import SINGLE, THREE, scene
from ..drawing import Drawing
from ..files import PICTURE_ENDINGS, picture_files, read_picture
from ..pipeline import fit_picture
from ..trajectories import PointTrajectories, point_trajectories
from ..video import FORMATS, read_clip
from .cases import Case, Source, known_case


def world_source(count: int, frames: int, width: int, height: int) -> Source:
    """Held-out scenes of the moving-sprites world with exact ground truth: two thirds with one moving sprite, one third
    with three. Each is given to the systems as a user would draw it."""
    if count < 1:
        raise ValueError(f"{count} scenes were asked for; at least one is needed")
    singles = count - count // 3

    def load(name: str) -> Case:
        index = int(name.removeprefix("scene-"))
        seen = scene(index, frames, width, height, "test", SINGLE if index < singles else THREE)
        wanted = point_trajectories(seen.drawing(), frames, width, height)
        case = known_case(name, seen.frames[0], wanted, seen.masks[0], seen.frames)
        return replace(case, measured=_mostly_seen(seen.trajectories()), plate=seen.clean_plate)

    names = tuple(f"scene-{index:03}" for index in range(count))
    return Source("held-out scenes of the demo's world", names, load, {"tracker": "exact: the sprites are known"})


def _mostly_seen(points: PointTrajectories) -> PointTrajectories:
    """The same, with objects of which less than half can be seen not seen at all: they are looked for as a whole."""
    visible = points.visibility.copy()
    for number in np.unique(points.component):
        own = points.component == number
        visible[np.ix_(visible[:, own].mean(axis=1) < 0.5, own)] = False
    return replace(points, visibility=visible)


def drawings_source(folder: Path, frames: int, width: int, height: int, seed: int = 0) -> Source:
    """A folder of NAME.json drawings, each beside NAME as a clip or as a folder of frames (its true video), or as a
    picture (then there is none).

    Raises:
        ValueError: no drawing there.
    """
    if not folder.is_dir():
        raise ValueError(f"there is no folder '{folder}'")
    names = tuple(sorted(path.stem for path in folder.glob("*.json")))
    if not names:
        raise ValueError(
            f"'{folder}' holds no drawing; put NAME.json beside each NAME.mp4, picture or folder of frames"
        )

    def load(name: str) -> Case:
        drawing = Drawing.from_json((folder / f"{name}.json").read_text(encoding="utf-8"))
        shown = read_video(folder, name, frames)
        first, wanted = fit_picture(shown[0], drawing, frames, width, height, seed)
        crop = CenterCrop(shown.shape[2], shown.shape[1], width, height)
        left, top = crop.corner
        masks = drawing.masks(*crop.covering)[:, top : top + height, left : left + width]
        if len(shown) == 1:
            return known_case(name, first, wanted, masks, None, 1 / crop.scale)
        if len(shown) < frames:
            raise ValueError(f"its video has {len(shown)} frames; {frames} are evaluated")
        return known_case(name, first, wanted, masks, crop.frames(shown), 1 / crop.scale)

    return Source(f"drawings in {folder.name}", names, load, {})


def read_video(folder: Path, name: str, most: int) -> NDArray[np.uint8]:
    """The first frames, uint8 [L, H, W, 3] with L ≤ most, of NAME in a folder: a clip, frames in a folder, a picture.

    Raises:
        ValueError, OSError: nothing of that name, or it cannot be read.
    """
    if (folder / name).is_dir():
        return read_frames(folder / name, most)
    for ending in FORMATS:
        if (folder / f"{name}{ending}").is_file():
            return read_clip(folder / f"{name}{ending}", most)[0]
    for ending in PICTURE_ENDINGS:
        if (folder / f"{name}{ending}").is_file():
            return read_picture(folder / f"{name}{ending}")[None]
    raise ValueError(f"no clip, folder of frames or picture of that name in '{folder}'")


def read_frames(folder: Path, most: int) -> NDArray[np.uint8]:
    """As ``read_video``, of a folder of pictures. ValueError when there is none or their sizes differ."""
    frames = [read_picture(path) for path in picture_files(folder)[:most]]
    if not frames:
        raise ValueError(f"'{folder}' holds no frame")
    if len({frame.shape for frame in frames}) > 1:
        raise ValueError(f"the frames in '{folder}' have different sizes")
    return np.stack(frames)
