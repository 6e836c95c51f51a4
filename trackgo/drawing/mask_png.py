"""Masks as PNG files in base64, as a document holds them: 8-bit greyscale, inside where ≥ 128."""

from __future__ import annotations

import base64
import binascii
import io

import numpy as np
from PIL import Image

MAX_PNG_PIXELS = 8_192 * 8_192
MAX_PNG_SIDE = 16_384
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_CHARACTERS = 44  # base64 of the 33 bytes that hold signature, width, height, depth and kind
_MODES = {(1, 0): "1", (16, 0): "I;16", 2: "RGB", 3: "P", 4: "LA", 6: "RGBA"}


def sample_nearest(values: np.ndarray, width: int, height: int) -> np.ndarray:
    """uint8 [h, w] → bool [H, W]: from source column floor((x + 0.5)·w/W), rows alike; set where at least 128."""
    source_height, source_width = values.shape
    if (source_width, source_height) == (width, height):
        return values >= 128
    columns = np.floor((np.arange(width) + 0.5) * source_width / width).astype(np.int64)
    rows = np.floor((np.arange(height) + 0.5) * source_height / height).astype(np.int64)
    return values[rows[:, None], columns] >= 128


def encode_png(mask: np.ndarray) -> str:
    """bool [H, W] → base64 text of an 8-bit greyscale PNG, 255 inside and 0 outside."""
    buffer = io.BytesIO()
    Image.fromarray(np.where(mask, np.uint8(255), np.uint8(0))).save(buffer, format="PNG")
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def png_size(text: str) -> tuple[int, int]:
    """Width and height of a PNG in base64, from its first bytes alone.

    ValueError unless it is greyscale of 8 bits (or 2, or 4), at most 16,384 pixels wide and high, and 64 megapixels.
    """
    try:
        header = base64.b64decode(text[:_HEADER_CHARACTERS], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"png is not base64 ({error}); it must be a PNG file as plain base64") from None
    if len(header) < 26 or header[:8] != _SIGNATURE or header[12:16] != b"IHDR":
        raise ValueError("png is not a readable PNG file; it must be an 8-bit greyscale PNG")
    width, height = int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")
    depth, kind = header[24], header[25]
    if not (1 <= width <= MAX_PNG_SIDE and 1 <= height <= MAX_PNG_SIDE and width * height <= MAX_PNG_PIXELS):
        raise ValueError(
            f"png has {width}×{height} pixels; at most {MAX_PNG_SIDE} on a side and {MAX_PNG_PIXELS} together are read"
        )
    if kind != 0 or depth not in (2, 4, 8):
        mode = _MODES.get((depth, kind)) or _MODES.get(kind, f"{kind} of {depth} bits")
        raise ValueError(f"png has mode {mode}; it must be 8-bit greyscale (mode L)")
    return width, height


def check_png(text: str) -> None:
    """Raise ValueError unless `text` is base64 of a whole greyscale PNG as `png_size` allows it."""
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
    png_size(text)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"png is not base64 ({error}); it must be a PNG file as plain base64") from None
    try:
        picture = Image.open(io.BytesIO(raw), formats=["PNG"])
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ValueError(f"png is not a readable PNG file ({error}); it must be an 8-bit greyscale PNG") from None
    if picture.mode != "L":
        raise ValueError(f"png has mode {picture.mode}; it must be 8-bit greyscale (mode L)")
    return picture
