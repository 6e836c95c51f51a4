"""The picture that was put into the editor itself: named in the document, kept in ComfyUI's input folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import folder_paths
import numpy as np
import torch
from PIL import Image, ImageOps

from ..trackgo.drawing import Drawing

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
    folder = Path(folder_paths.get_input_directory()).absolute()
    parts = name.replace("\\", "/").split("/")
    if "\0" in name or ".." in parts or ":" in name or not parts[0] or name.endswith(("[output]", "[temp]")):
        raise ValueError(f"the picture {name!r} is not in ComfyUI's input folder; upload it in the editor")
    path = folder.joinpath(*parts)
    if not path.is_file():
        raise ValueError(f"the picture {name!r} is not in ComfyUI's input folder any more; upload it again")
    return path


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
    return hashlib.sha256(picture_path(name).read_bytes()).hexdigest()
