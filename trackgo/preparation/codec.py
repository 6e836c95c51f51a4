"""The video member of a sample: H.264 good enough to train on, checked frame by frame."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

from ..video import encode

PSNR_FLOOR_DB = 38.0
"""No frame of a stored video has less, against the frames that were prepared."""

_TRIES = (
    ("libx264", "yuv444p", "12"),
    ("libx264", "yuv444p", "8"),
    ("libx264", "yuv444p", "4"),
    ("libx264rgb", "rgb24", "0"),  # lossless
)


def encode_video(frames: np.ndarray, fps: float) -> tuple[bytes, float]:
    """uint8 [L, H, W, 3] → an MP4 file, and the PSNR in dB of its worst frame (100 when lossless).

    The first of four qualities that holds ``PSNR_FLOOR_DB``; the last is lossless. One thread, and no dates: the same
    frames give the same bytes with the same version of FFmpeg.
    """
    for codec, pixels, quality in _TRIES:
        data = _encode(frames, Fraction(fps).limit_denominator(1001), codec, pixels, quality)
        found = worst_psnr(frames, decode_video(data))
        if found >= PSNR_FLOOR_DB:
            break
    return data, found


def _encode(frames: np.ndarray, fps: Fraction, codec: str, pixels: str, quality: str) -> bytes:
    target = io.BytesIO()
    # x264's assembly for macroblock trees reads memory it has not set: the same frames give other bytes now and then.
    options = {"crf": quality, "preset": "veryfast", "threads": "1", "x264-params": "mbtree=0:weightp=0"}
    encode(target, frames, codec, pixels, options, fps, format="mp4", options={"fflags": "+bitexact"})
    return target.getvalue()


def decode_video(data: bytes) -> np.ndarray:
    """An MP4 file → uint8 [L, H, W, 3].

    Raises:
        ValueError: it cannot be decoded.
    """
    try:
        with av.open(io.BytesIO(data)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise ValueError(f"its video cannot be decoded: {error}") from error


def worst_psnr(first: np.ndarray, second: np.ndarray) -> float:
    """PSNR in dB of the frame in which two clips uint8 [L, H, W, 3] differ most; 100 when they are equal."""
    errors = [np.square(a.astype(np.float32) - b).mean() for a, b in zip(first, second, strict=True)]
    worst = float(max(errors))
    return 100.0 if worst == 0 else float(10 * np.log10(255**2 / worst))
