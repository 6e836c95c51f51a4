"""Decode and cut: any video file, or a folder of pictures, into windows of L frames between two cuts.

Frames are taken at a constant rate by their time stamps, turned upright, and fitted to the size wanted: scaled until
they cover it, then cut about their middle.
"""

from __future__ import annotations

import stat
import time
from bisect import insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from ..center_crop import CenterCrop
from ..files import picture_files, read_picture
from .cuts import CutDetector
from .settings import Settings

VIDEO_ENDINGS = (
    ".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg", ".mpeg", ".ts", ".m2ts", ".wmv", ".flv", ".ogv",
    ".3gp", ".gif",
)  # fmt: skip
PICTURE_RATE = 24.0
"""Frames per second of a folder of pictures."""

CLIP_SECONDS = 600.0
"""A clip that gives no window in so many seconds of decoding, or no frame in _STALL_SECONDS, is left."""

MAX_FRAME_PIXELS = 2**26
MIN_RATE, MAX_RATE = 0.01, 1_000.0
"""Frames per second of a clip that is read."""

_STALL_SECONDS = 30.0
_LONGEST_GAP_SECONDS = 0.5
_REORDERED = 4
"""Frames among which time stamps may be out of order."""


class Unusable(ValueError):
    """A clip that cannot give a window: ``reason`` in a word or two, for counting, and a sentence about it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.reason, str(self))  # so that it crosses processes


@dataclass(frozen=True, eq=False)
class Window:
    """L consecutive frames of one shot.

    Attributes:
        source: the file or folder.
        frames: uint8 [L, H, W, 3].
        numbers: which frames of the source they are, from 0.
        fps: frames per second they were taken at.
        crop: how they were brought to their size.
    """

    source: Path
    frames: np.ndarray
    numbers: tuple[int, ...]
    fps: float
    crop: CenterCrop


@dataclass(frozen=True, eq=False)
class _Picture:
    """A decoded frame: its number, time in seconds and pixels uint8 [h, w, 3], and its shape as shown."""

    number: int
    time: float
    pixels: np.ndarray
    shown: tuple[int, int]


def windows(source: Path, settings: Settings) -> Iterator[Window]:
    """The windows of a source, one after another; frames that fill no window are dropped.

    Raises:
        Unusable: unreadable, empty, one frame, or no shot long enough; also in the middle, where a file breaks off.
    """
    found, longest, read = 0, 0, 0
    detector, run = CutDetector(), []
    started = time.monotonic()
    for picture, fps, fresh in _sampled(source, settings.fps):
        read += 1
        if time.monotonic() - started > CLIP_SECONDS:
            raise Unusable("took too long", f"'{source}': {CLIP_SECONDS:g} seconds went by without a window")
        if detector.cut(picture.pixels) or fresh:
            run = []
        run.append(picture)
        longest = max(longest, len(run))
        if len(run) == settings.frames:
            yield _window(source, run, fps, settings)
            started = time.monotonic()
            run, found = [], found + 1
            if settings.most_windows and found == settings.most_windows:
                return
    if read < 2:
        raise Unusable(
            "empty" if read == 0 else "one frame", f"'{source}' holds {read or 'no'} frame{'s' * (read != 1)}"
        )
    if not found:
        raise Unusable(
            "too short", f"'{source}': its longest run without a cut has {longest} frames, {settings.frames} are needed"
        )


def _window(source: Path, run: list[_Picture], fps: float, settings: Settings) -> Window:
    crop = CenterCrop(*run[0].shown, settings.width, settings.height)
    frames = np.stack([crop.picture(picture.pixels) for picture in run])
    return Window(source, frames, tuple(picture.number for picture in run), fps, crop)


def _sampled(source: Path, fps: float) -> Iterator[tuple[_Picture, float, bool]]:
    """Pictures at a constant rate: the nearest to each tick of a clock. The flag says that the clock began anew,
    because time stamps jumped or the picture changed its size."""
    pictures, own = _open(source)
    rate = fps or own
    tick, before, fresh = None, None, False
    for picture in pictures:
        gap = before is not None and not 0 <= picture.time - before.time <= max(_LONGEST_GAP_SECONDS, 3 / own)
        if before is None or gap or picture.shown != before.shown:
            if before is not None:
                yield before, rate, fresh
            tick, fresh = picture.time, before is not None
        else:
            middle = (before.time + picture.time) / 2
            while tick < middle - 1e-9:
                yield before, rate, fresh
                tick, fresh = tick + 1 / rate, False
        before = picture
    if before is not None:
        yield before, rate, fresh


def _open(source: Path) -> tuple[Iterator[_Picture], float]:
    """The pictures of a source and its frames per second."""
    if source.is_dir():
        return _pictures(source), PICTURE_RATE
    if not source.is_file():
        raise Unusable("no file", f"'{source}' is {_kind(source)}, no file")
    try:
        container = av.open(f"file:{source}", options={"protocol_whitelist": "file"}, timeout=_STALL_SECONDS)
    except av.FFmpegError as error:
        raise Unusable("unreadable", f"'{source}' is not a video that can be read: {error}") from error
    if not container.streams.video:
        container.close()
        raise Unusable("no video", f"'{source}' holds no video stream")
    stream = container.streams.video[0]
    rate = float(stream.average_rate or 0) or 25.0
    if stream.codec_context is None:
        container.close()
        raise Unusable("unreadable", f"'{source}' holds a video in a format that is not known here")
    if stream.width * stream.height > MAX_FRAME_PIXELS:
        container.close()
        raise Unusable("too large", f"'{source}' has {stream.width}×{stream.height} pixels, more than are read")
    if not MIN_RATE <= rate <= MAX_RATE:
        container.close()
        raise Unusable("frame rate", f"'{source}' has {rate:g} frames per second, not {MIN_RATE:g} to {MAX_RATE:g}")
    return _decoded(container, source, rate), rate


def _kind(path: Path) -> str:
    """What something is that is no file, in words."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"not there ({error.strerror})"
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a disk"}
    return kinds.get(stat.S_IFMT(mode), "something else")


def _decoded(container: av.container.InputContainer, source: Path, rate: float) -> Iterator[_Picture]:
    stream = container.streams.video[0]
    stream.thread_count = 1  # clips are prepared side by side; threads would fight for the cores
    aspect = float(stream.sample_aspect_ratio or 1)
    with container:
        try:
            for number, (frame, seconds) in enumerate(_in_order(container.decode(stream), rate)):
                if frame.width * frame.height > MAX_FRAME_PIXELS:
                    raise Unusable("too large", f"'{source}' has a frame of {frame.width}×{frame.height} pixels")
                yield _upright(frame, aspect, number, seconds)
        except (av.FFmpegError, MemoryError) as error:
            raise Unusable("broken off", f"'{source}' cannot be decoded to its end: {error}") from error


def _in_order(frames: Iterator[av.VideoFrame], rate: float) -> Iterator[tuple[av.VideoFrame, float]]:
    """Frames with their times in seconds. Decoders give frames in the order they are shown, but AVI files with B-frames
    label them in the order they are stored: the times of a few frames together are right, once sorted."""
    waiting: deque[av.VideoFrame] = deque()
    times: list[float] = []
    for number, frame in enumerate(frames):
        waiting.append(frame)
        insort(times, number / rate if frame.time is None else frame.time)
        if len(waiting) > _REORDERED:
            yield waiting.popleft(), times.pop(0)
    yield from zip(waiting, times, strict=True)


def _upright(frame: av.VideoFrame, aspect: float, number: int, time: float) -> _Picture:
    """``aspect``: width of a pixel over its height."""
    turns = round(getattr(frame, "rotation", 0) / 90) % 4  # PyAV before 13 does not tell
    shown = [round(frame.width * aspect), frame.height]
    pixels = np.rot90(frame.to_ndarray(format="rgb24"), turns)
    return _Picture(number, time, np.ascontiguousarray(pixels), tuple(shown[::-1] if turns % 2 else shown))


def _pictures(folder: Path) -> Iterator[_Picture]:
    try:
        paths = picture_files(folder)
    except OSError as error:
        raise Unusable("unreadable", f"'{folder}' cannot be listed: {error.strerror}") from error
    for number, path in enumerate(paths):
        try:
            pixels = read_picture(path)
        except (ValueError, OSError) as error:
            raise Unusable("broken off", str(error)) from error
        yield _Picture(number, number / PICTURE_RATE, pixels, (pixels.shape[1], pixels.shape[0]))


def find_sources(paths: list[Path]) -> list[Path]:
    """Files and folders → every clip in them, in a fixed order: video files, and folders that hold pictures.

    A file named directly is taken whatever its ending; reading it will tell.

    Raises:
        FileNotFoundError: nothing at a path. ValueError: no clip anywhere.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"there is nothing at '{path}'")
        found += _in_folder(path, frozenset()) if path.is_dir() else [path]
    unique = list(dict.fromkeys(found))
    if not unique:
        where = ", ".join(f"'{path}'" for path in paths)
        raise ValueError(f"there is no clip in {where}: neither video files nor folders of pictures")
    return unique


def _in_folder(folder: Path, around: frozenset[Path]) -> list[Path]:
    """The clips in a folder inside those `around` it. One that cannot be listed stands for itself: reading it tells."""
    place = folder.resolve()
    if place in around:  # a link back to where it lies
        return []
    try:
        inside = sorted(folder.iterdir())
        if picture_files(folder) and not any(path.suffix.lower() in VIDEO_ENDINGS for path in inside):
            return [folder]
    except OSError:
        return [folder]
    found = []
    for path in inside:
        if path.name.startswith("."):
            continue
        if path.is_dir():
            found += _in_folder(path, around | {place})
        elif path.suffix.lower() in VIDEO_ENDINGS:
            found.append(path)
    return found
