"""Files that appear whole or not at all, and pictures on disk."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff")
_UNFINISHED = re.compile(r"\..+\.\d+\.unfinished")


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Where to write what shall stand at ``path``: it takes its place when the body ends, and goes when that raises.

    The name given has another ending, so that nobody who lists files of ``path``'s kind meets it. ``path``'s folder is
    made where it is missing. It gets the mode of an ordinary new file: safetensors leaves what only its owner can read.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    unfinished.touch()
    ordinary = unfinished.stat().st_mode
    unfinished.unlink()
    try:
        yield unfinished
        unfinished.chmod(ordinary)
        with open(unfinished, "rb+") as file:
            os.fsync(file.fileno())  # a name must not reach the disk before what it names
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left half-written in a folder; call it where nobody else writes."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_file() and _UNFINISHED.fullmatch(path.name):
            path.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """A text file in UTF-8, which appears whole or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def read_text(path: str | Path) -> str:
    """A text file in UTF-8, or in UTF-16 where a byte-order mark says so, as Windows Notepad writes them.

    Raises:
        ValueError: it is neither. OSError: it is not there.
    """
    content = Path(path).read_bytes()
    encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"'{path}' is not a text in {encoding.upper().removesuffix('-SIG')}: {error.reason}") from None


def picture_files(folder: Path) -> list[Path]:
    """The pictures directly in a folder, in the order of their numbers (of names that differ in nothing else)."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS and path.is_file())
    return sorted(found, key=lambda path: (len(path.stem), path.name))


def read_picture(path: str | Path) -> np.ndarray:
    """uint8 [H, W, 3], turned upright by its EXIF data, alpha dropped; as ComfyUI's Load Image shows it.

    Raises:
        ValueError: it is no picture. OSError: it is not there.
    """
    try:
        with Image.open(path) as picture:
            return np.array(ImageOps.exif_transpose(picture).convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError(f"'{path}' is not a picture that can be read: {error}") from error


def write_picture(path: str | Path, picture: np.ndarray, **options: int) -> None:
    """uint8 [H, W, 3] → a file whose format follows its name; ``options`` are that format's, as Pillow has them.

    Raises:
        ValueError: the name has no picture's ending.
    """
    path = Path(path)
    if path.suffix.lower() not in PICTURE_ENDINGS:
        raise ValueError(f"cannot write a picture to '{path}': use a name ending in {', '.join(PICTURE_ENDINGS)}")
    with replacing(path) as unfinished:
        Image.fromarray(picture).save(unfinished, Image.registered_extensions()[path.suffix.lower()], **options)
