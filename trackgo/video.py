"""Reading and writing clips with PyAV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np

from .files import replacing

_CODECS = {
    ".mp4": ("mp4", "libx264", "yuv420p", {"crf": "14", "preset": "slow"}),
    ".mov": ("mov", "libx264", "yuv420p", {"crf": "14", "preset": "slow"}),
    ".mkv": ("matroska", "ffv1", "bgr0", {}),  # lossless
    ".webm": ("webm", "libvpx-vp9", "yuv420p", {"crf": "20", "b": "0"}),
    ".gif": ("gif", "gif", "rgb8", {}),
}
FORMATS = tuple(_CODECS)


def check_output(path: str | Path) -> Path:
    """``path`` as a Path, if a clip can be written there.

    Raises:
        ValueError: an ending that is no clip's; says which are.
    """
    path = Path(path)
    if path.suffix.lower() not in _CODECS:
        raise ValueError(f"cannot write a clip to '{path}': use a name ending in {', '.join(_CODECS)}")
    return path


def write_clip(path: str | Path, frames: np.ndarray | Iterable[np.ndarray], fps: float = 7.0) -> None:
    """Write frames, uint8 [H, W, 3] each; the format follows the name. The file appears whole or not at all.

    Frames that are made one by one are written one by one, so that a long clip needs no memory. MP4, MOV and WebM store
    color at half size, so odd widths and heights lose their last column or row there.

    Raises:
        ValueError: frames of another shape or type, no frames, an unknown ending, or fps not above 0.
    """
    path = check_output(path)
    if isinstance(frames, np.ndarray) and (frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8):
        raise ValueError(f"frames must be uint8 [L, H, W, 3] with L ≥ 1, got {frames.dtype} {list(frames.shape)}")
    if not fps > 0:
        raise ValueError(f"fps must be above 0, got {fps}")
    container, codec, pixels, options = _CODECS[path.suffix.lower()]
    with replacing(path) as unfinished:
        rate = Fraction(fps).limit_denominator(1001)
        checked = _checked(frames, even=pixels == "yuv420p")
        exact = {"fflags": "+bitexact"}  # else Matroska and WebM get a random number: the same frames, the same bytes
        encode(str(unfinished), checked, codec, pixels, options, rate, format=container, options=exact)


def _checked(frames: Iterable[np.ndarray], even: bool) -> Iterator[np.ndarray]:
    """The frames one by one, cut to even sides if so asked. ValueError for none, or one of another kind."""
    size = None
    for number, frame in enumerate(frames):
        size = size or frame.shape
        if frame.dtype != np.uint8 or frame.shape != (*size[:2], 3):
            raise ValueError(
                f"frame {number} is {frame.dtype} {list(frame.shape)}; every frame of a clip must be uint8 [H, W, 3] "
                "of one size"
            )
        height, width = frame.shape[:2]
        yield frame[: height - height % 2, : width - width % 2] if even else frame
    if size is None:
        raise ValueError("frames must be uint8 [L, H, W, 3] with L ≥ 1, got none")


def encode(
    target: str | BinaryIO,
    frames: Iterable[np.ndarray],
    codec: str,
    pixels: str,
    codec_options: Mapping[str, str],
    fps: Fraction,
    **container: Any,
) -> None:
    """Frames, uint8 [H, W, 3] each, at least one → a file or stream, by FFmpeg's names for codec, pixels and options.

    ``container`` goes to ``av.open``: ``format``, FFmpeg's name of it, and whatever else.
    """
    frames = iter(frames)
    first = next(frames)
    with av.open(target, "w", **container) as output:
        stream = output.add_stream(codec, rate=fps, options=dict(codec_options))
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pixels
        for frame in chain([first], frames):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        output.mux(stream.encode())


def read_clip(path: str | Path, most: int | None = None) -> tuple[np.ndarray, float]:
    """Read a clip as uint8 [L, H, W, 3] and its average frame rate.

    Args:
        most: stop after this many frames.

    Raises:
        FileNotFoundError: nothing at ``path``.
        ValueError: not a video, or no frame in it can be decoded.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no clip at '{path}'")
    frames = []
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            rate = float(stream.average_rate or 0)
            for frame in container.decode(stream):
                frames.append(frame.to_ndarray(format="rgb24"))
                if most is not None and len(frames) >= most:
                    break
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(f"'{path}' is not a video that can be read: {error}") from error
    if not frames:
        raise ValueError(f"'{path}' holds no frames")
    return np.stack(frames), rate
