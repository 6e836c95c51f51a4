"""Masks as PNG files in base64, as a document holds them: 8-bit greyscale, inside where ≥ 128."""

from __future__ import annotations

import base64
import binascii
import io

import numpy as np
from PIL import Image

MAX_PNG_PIXELS = 8_192 * 8_192


def sample_nearest(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """uint8 [h, w] → bool [H, W]: from source column floor((x + 0.5)·w/W), rows alike; set where at least 128."""
    source_height, source_width = values.shape
    columns = np.floor((np.arange(width) + 0.5) * source_width / width).astype(np.int64)
    rows = np.floor((np.arange(height) + 0.5) * source_height / height).astype(np.int64)
    return values[rows[:, None], columns] >= 128


def encode_png(mask: np.ndarray) -> str:
    """bool [H, W] → base64 text of an 8-bit greyscale PNG, 255 inside and 0 outside."""
    buffer = io.BytesIO()
    Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def check_png(text: str) -> None:
    """Raise ValueError unless `text` is base64 of a whole 8-bit greyscale PNG of at most 64 megapixels."""
    picture = _open_png(text)
    try:
        picture.verify()
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"png is damaged ({error}); it must be a whole PNG file as base64") from None


def decode_png(text: str) -> np.ndarray:
    """Base64 of an 8-bit greyscale PNG → uint8 [h, w]; ValueError as `check_png`."""
    picture = _open_png(text)
    try:
        return np.asarray(picture, dtype=np.uint8)
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError(f"png is damaged ({error}); it must be a whole PNG file as base64") from None


def _open_png(text: str) -> Image.Image:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"png is not base64 ({error}); it must be a PNG file as plain base64") from None
    try:
        picture = Image.open(io.BytesIO(raw), formats=["PNG"])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"png is not a readable PNG file ({error}); it must be an 8-bit greyscale PNG") from None
    if picture.width * picture.height > MAX_PNG_PIXELS:
        raise ValueError(f"png has {picture.width}×{picture.height} pixels; at most {MAX_PNG_PIXELS} are read")
    if picture.mode != "L":
        raise ValueError(f"png has mode {picture.mode}; it must be 8-bit greyscale (mode L)")
    return picture
