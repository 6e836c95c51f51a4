"""VIPSeg's validation set and DAVIS as sources of videos to evaluate.

Objects are those of the first frame's annotation. The largest come first, as the paper's "significant components"; at
most ``most`` of them, 6 in the paper.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ..center_crop import CenterCrop
from ..files import picture_files
from ..tracking.tracker import Tracker
from .cases import Case, Source, masks_of_labels, tracked_case
from .sources import read_frames

MOST_OBJECTS = 6
_VOID = 0
_LAST_STUFF = 124  # VIPSeg: values up to here are stuff, category × 100 + instance above


def vipseg_source(
    root: Path, frames: int, width: int, height: int, tracker: Tracker, most: int = MOST_OBJECTS, stuff: bool = False
) -> Source:
    """VIPSeg as published (imgs/, panomasks/, val.txt) or made smaller by its own script (images/, panomasks/).

    Args:
        stuff: also sky, road and the like, as DragAnything does; by default only things, where a video has any.

    Raises:
        ValueError: another layout; says what is missing.
    """
    pictures = next((root / name for name in ("imgs", "images") if (root / name).is_dir()), None)
    if pictures is None or not (root / "panomasks").is_dir():
        raise ValueError(f"'{root}' is not VIPSeg's layout: imgs/VIDEO/*.jpg, panomasks/VIDEO/*.png and val.txt")
    listing = next((path for path in (root / "val.txt", root.parent / "val.txt") if path.is_file()), None)
    if listing is None:
        raise ValueError(f"'{root}' has no val.txt, which lists the videos of the validation set")

    def chosen(labels: NDArray) -> list[int]:
        found = _by_area(labels)
        things = [label for label in found if label > _LAST_STUFF]
        return found if stuff or not things else things

    def load(name: str) -> Case:
        labels = _first_annotation(root / "panomasks" / name)
        return _annotated(name, pictures / name, labels, chosen(labels)[:most], (frames, width, height), tracker)

    settings = {"tracker": tracker.version, "objects": "things and stuff" if stuff else "things", "at most": most}
    return Source("VIPSeg, validation set", _listed(listing), load, settings)


def davis_source(
    root: Path, frames: int, width: int, height: int, tracker: Tracker, most: int = MOST_OBJECTS
) -> Source:
    """DAVIS 2017 (JPEGImages/SIZE/, Annotations/SIZE/, ImageSets/2017/val.txt); the largest size that is there.

    Raises:
        ValueError: another layout; says what is missing.
    """
    size = next((s for s in ("Full-Resolution", "480p") if (root / "JPEGImages" / s).is_dir()), None)
    listing = root / "ImageSets" / "2017" / "val.txt"
    if size is None or not (root / "Annotations" / size).is_dir() or not listing.is_file():
        raise ValueError(
            f"'{root}' is not DAVIS's layout: JPEGImages/480p/VIDEO/*.jpg, Annotations/480p/VIDEO/*.png and "
            "ImageSets/2017/val.txt"
        )

    def load(name: str) -> Case:
        labels = _first_annotation(root / "Annotations" / size / name)
        pictures = root / "JPEGImages" / size / name
        return _annotated(name, pictures, labels, _by_area(labels)[:most], (frames, width, height), tracker)

    return Source(f"DAVIS 2017, validation set ({size})", _listed(listing), load, {"tracker": tracker.version})


def _listed(path: Path) -> tuple[str, ...]:
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    unsafe = [name for name in names if name in (".", "..") or "/" in name or "\\" in name]
    if not names or unsafe:
        raise ValueError(f"'{path}' must list one video's name a line{f', not {unsafe[0]}' if unsafe else ''}")
    return names


def _by_area(labels: NDArray) -> list[int]:
    """The labels of [H, W] other than void, the largest area first."""
    found, areas = np.unique(labels[labels != _VOID], return_counts=True)
    return [int(label) for label in found[np.argsort(-areas, kind="stable")]]


def _first_annotation(folder: Path) -> NDArray:
    """The label picture of the first frame, integers [H, W] (palette or grey values)."""
    files = picture_files(folder) if folder.is_dir() else []
    if not files:
        raise ValueError(f"no annotation in '{folder}'")
    try:
        with Image.open(files[0]) as picture:
            labels = np.array(picture)
    except (UnidentifiedImageError, SyntaxError) as error:
        raise ValueError(f"'{files[0]}' is not a picture that can be read: {error}") from error
    if labels.ndim != 2:
        raise ValueError(f"'{files[0]}' must hold one label a pixel, palette or grey, got {list(labels.shape)}")
    return labels.astype(np.int64)


def _annotated(
    name: str, pictures: Path, labels: NDArray, chosen: list[int], size: tuple[int, int, int], tracker: Tracker
) -> Case:
    frames, width, height = size
    if not pictures.is_dir():
        raise ValueError(f"there is no folder '{pictures}'")
    video = read_frames(pictures, frames)
    if len(video) < frames:
        raise ValueError(f"it has {len(video)} frames; {frames} are evaluated")
    if labels.shape != video.shape[1:3]:
        raise ValueError(f"its annotation is {labels.shape[::-1]} pixels, its frames are {video.shape[2:0:-1]}")
    crop = CenterCrop(video.shape[2], video.shape[1], width, height)
    masks = crop.masks(masks_of_labels(labels, chosen))
    return tracked_case(name, crop.frames(video), masks, tracker, 1 / crop.scale)
