"""The picture that was put into the editor itself: named in the document, kept in ComfyUI's input folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from ..trackgo.drawing import Drawing
from .input_files import fingerprint, input_path

KEY = "image"
MARK = " [input]"
NO_PICTURE = "there is no picture; connect one to image, or put one into the editor by upload, paste or drop"


def picture_name(document: Drawing) -> str | None:
    """The document's own picture, as ComfyUI names uploads ("boat.png", "sub/boat.png"), or None.

    Raises ValueError if it is no such name.
    """
    name = document.extra.get(KEY)
    if name is None:
        return None
    if not isinstance(name, str) or not name.removesuffix(MARK).strip():
        raise ValueError(f'the document\'s image is {name!r}; it must be the name of an uploaded picture ("boat.png")')
    return name.removesuffix(MARK)


def picture_path(name: str | None) -> Path:
    """Where a picture of this name lies. Raises ValueError for None, and for what is no file in the input folder."""
    if name is None:
        raise ValueError(NO_PICTURE)
    return input_path(name, "picture", "upload it in the editor")


def load_picture(name: str | None) -> torch.Tensor:
    """IMAGE [1,H,W,3] in [0,1], turned upright by its EXIF data, alpha dropped. Raises ValueError naming the file."""
    path = picture_path(name)
    try:
        with Image.open(path) as file:
            pixels = np.asarray(ImageOps.exif_transpose(file).convert("RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"the picture {name!r} cannot be read ({error}); upload another one") from error
    return torch.from_numpy(pixels.astype(np.float32) / 255)[None]


def picture_fingerprint(name: str) -> str:
    """Changes whenever the file's content does. Raises ValueError as `picture_path` does."""
    return fingerprint(picture_path(name))
