"""Wan-Move's pair of `.npy` files: tracks float32 [1, T, N, 2] in pixels, and visibility bool [1, T, N]."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np

from ...files import replacing
from ..points import MAX_LENGTH, PointTrajectories
from .base import MAX_TRACKS

Arrays = tuple[np.ndarray, np.ndarray]
"""Tracks [1, T, N, 2] and visibility [1, T, N]."""

_BROKEN_FILES = (ValueError, EOFError, OverflowError, SyntaxError, TypeError, RecursionError, MemoryError, TokenError)
TRACKS_ENDING, VISIBILITY_ENDING = "_tracks.npy", "_visibility.npy"  # as in the model's own benchmark


def are_arrays(source: Any) -> bool:
    """Whether this is an array or tensor, or a pair of them."""
    parts = source if isinstance(source, tuple | list) and len(source) == 2 else [source]
    return all(hasattr(part, "shape") and hasattr(part, "dtype") for part in parts)


def from_arrays(source: Any, width: int, height: int) -> PointTrajectories:
    """Tracks [1, T, N, 2] or [T, N, 2], alone or with visibility [1, T, N], [T, N] or [T, 1] (nonzero: visible).

    Without visibility a point is visible inside the frame of width × height pixels. Each track becomes a component.
    """
    if not are_arrays(source):
        raise ValueError("wan_move tracks must be an array [1, T, N, 2], or such an array and its visibility [1, T, N]")
    path, visibility = source if isinstance(source, tuple | list) else (source, None)
    if str(path.dtype).endswith("bool"):
        raise ValueError("the tracks are true and false, not numbers: that is the visibility; give the other array")
    path = _one_video("the tracks", path, 4)
    if path.ndim != 3 or path.shape[2] != 2:
        raise ValueError(f"the tracks have shape {list(path.shape)}; it must be [1, T, N, 2]")
    _check_amount(path.shape)
    tracks = {"track_path": path, "track_component": np.arange(path.shape[1])}
    if visibility is not None:
        tracks["track_visibility"] = _one_video("the visibility", visibility, 3)
    return PointTrajectories.from_tracks(tracks, width, height)


def _one_video(name: str, array: Any, dimensions: int) -> Any:
    """An array without its batch dimension."""
    if len(array.shape) < dimensions:
        return array
    if len(array.shape) > dimensions or array.shape[0] != 1:
        raise ValueError(f"{name} have shape {list(array.shape)}; give those of one video")
    return array[0]


def _check_amount(shape: tuple[int, ...]) -> None:
    frames, tracks = shape[:2]
    if frames > MAX_LENGTH or tracks > MAX_TRACKS:
        raise ValueError(
            f"the tracks have {frames} frames and {tracks} tracks; at most {MAX_LENGTH} and {MAX_TRACKS} are read"
        )


def to_arrays(trajectories: PointTrajectories) -> Arrays:
    """The pair as Wan-Move's own example has it: float32 and bool."""
    return trajectories.tracks[None].copy(), trajectories.visibility[None].copy()


def read_files(tracks: Path, visibility: Path | None = None) -> Any:
    """The arrays of one or two `.npy` files, as `from_arrays` takes them; ValueError for what is no such file."""
    return _load(tracks) if visibility is None else (_load(tracks), _load(visibility))


def _load(path: Path) -> np.ndarray:
    """Mapped rather than read, so that a header that promises too much costs nothing; never a pickle."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _BROKEN_FILES as error:
        raise ValueError(f"'{path}' is not a file of numbers in NumPy's .npy form: {error}") from None
    if not isinstance(array, np.ndarray):
        raise ValueError(f"'{path}' holds several arrays; give one .npy file for tracks and one for visibility")
    return array


def write_files(stem: Path, trajectories: PointTrajectories) -> tuple[Path, Path]:
    """<stem>_tracks.npy and <stem>_visibility.npy; their paths. An ending .npy or _tracks.npy of `stem` is dropped."""
    name = stem.name.removesuffix(".npy").removesuffix("_tracks")
    paths = stem.with_name(name + TRACKS_ENDING), stem.with_name(name + VISIBILITY_ENDING)
    for path, array in zip(paths, to_arrays(trajectories), strict=True):
        with replacing(path) as unfinished, open(unfinished, "wb") as file:
            np.save(file, array, allow_pickle=False)
    return paths
