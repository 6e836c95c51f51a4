"""ObjMC on track files alone: a folder or a zip of JSON files, one a video, object id → list of [x, y] pixels.

This is the form in which DragAnything publishes its tracks of VIPSeg's validation set (`trajectories.zip`). Objects and
videos that only one side has do not count; they are named, where that project's script would stop or stay silent.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from ..drawing.coordinates import inside_frame, to_fractions, to_pixels
from .objmc import Mode, ObjMCResult, objmc, pooled
from .results import Problem

STATIC = "static"
PUBLISHED_FRAMES = 14
"""How many frames published figures compare: the length of the videos that SVD's 14-frame model makes."""

Tracks = dict[str, NDArray[np.float64]]
"""Object id → [L, 2] pixels (x, y)."""
Size = tuple[int, int]

_MAX_BYTES = 64 * 2**20  # of one JSON file
_MAX_PX = 1e9


@dataclass(frozen=True)
class TrackFrame:
    """size: of the frame that a video's tracks lie in, None when not known. evaluated: the size to rescale them to."""

    size: Size | None = None
    evaluated: Size | None = None

    def __post_init__(self) -> None:
        if self.evaluated and not self.size:
            raise ValueError("to evaluate at another size, the size of the frame that the tracks lie in must be given")

    def rescaled(self, track: NDArray) -> NDArray:
        """[..., 2] pixels of the one frame → of the other."""
        if not self.evaluated:
            return track
        return to_pixels(to_fractions(track, *self.size), *self.evaluated)


@dataclass(frozen=True)
class TrackScores:
    """ObjMC of every video that both sides have, all of them pooled, and what was wrong with the others."""

    videos: Mapping[str, ObjMCResult]
    total: ObjMCResult
    problems: tuple[Problem, ...]


def read_track_files(path: Path, problems: list[Problem]) -> dict[str, Tracks]:
    """Every readable JSON file of a folder or zip (at any depth) by its name without ending; the others go on the list.

    Raises:
        ValueError: nothing there, neither a folder nor a zip, or no JSON file in it.
    """
    found: dict[str, Tracks] = {}
    names = 0
    for name, read in _files(path):
        names += 1
        video = PurePosixPath(name).stem
        try:
            if video in found:
                raise ValueError("a second file of this name; each video needs one")
            found[video] = parse_tracks(read())
        except (ValueError, zipfile.BadZipFile) as error:
            problems.append(Problem(video, str(path), str(error)))
    if not names:
        raise ValueError(f"'{path}' holds no .json file; it must hold one for each video")
    return found


def parse_tracks(content: bytes) -> Tracks:
    """JSON text of one video → its tracks. ValueError says what is wrong with it, and at which object."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError("it must hold an object: object id → list of [x, y]")
    tracks = {}
    for name, points in value.items():
        try:
            track = np.array(points, dtype=np.float64)
        except (TypeError, ValueError):
            track = np.empty(0)
        if track.ndim != 2 or track.shape[1] != 2 or not (np.abs(track) <= _MAX_PX).all():
            raise ValueError(f"object {name}: it must be a list of [x, y], finite numbers of pixels, one for a frame")
        tracks[name] = track
    return tracks


def _files(path: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The name and content of each JSON file, in the order of their names."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            yield file.name, file.read_bytes
    elif path.is_file() and zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in sorted(archive.infolist(), key=lambda item: item.filename):
                name = PurePosixPath(entry.filename)
                if name.suffix == ".json" and "__MACOSX" not in name.parts:
                    yield name.name, lambda entry=entry: _unpacked(archive, entry)
    elif path.exists():
        raise ValueError(f"'{path}' is neither a folder nor a zip of JSON files")
    else:
        raise ValueError(f"there is nothing at '{path}'; give a folder or a zip of JSON files, one a video")


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    if entry.file_size > _MAX_BYTES:
        raise ValueError(f"{entry.file_size / 2**20:.0f} MiB; a video's tracks have at most {_MAX_BYTES >> 20}")
    return archive.read(entry)


def read_sizes(path: Path) -> dict[str, Size]:
    """A JSON file, video → [width, height] in pixels. ValueError when it is none."""
    try:
        value = json.loads(path.read_bytes())
        return {name: (int(width), int(height)) for name, (width, height) in value.items()}
    except (ValueError, TypeError, AttributeError):
        raise ValueError(f"'{path}' must be JSON of the form {{\"video\": [width, height], …}}") from None


def compare_track_files(
    predicted: Path | str,
    reference: Path,
    mode: Mode = "draganything",
    frames: int | None = None,
    sizes: Mapping[str, Size] | Size | None = None,
    evaluated: Size | None = None,
) -> TrackScores:
    """ObjMC of track files.

    Args:
        predicted: folder or zip, or the word ``static`` for videos that do not move.
        frames: compare only the first ones; by default all that both have, and 14 for ``static``.
        sizes: in which frame the reference's pixels lie, one for all or by video. ``mean`` and ``sum`` then leave out
            what is outside it; without, they count every point.
        evaluated: rescale both to this size first; needs ``sizes``.

    Raises:
        ValueError: input that cannot be read, or no video that both sides have.
    """
    problems: list[Problem] = []
    wanted = read_track_files(reference, problems)
    if str(predicted) == STATIC:
        went = {video: _still(tracks, frames or PUBLISHED_FRAMES) for video, tracks in wanted.items()}
    else:
        went = read_track_files(Path(predicted), problems)
    known = {problem.video for problem in problems}
    for video in sorted((went.keys() ^ wanted.keys()) - known):
        problems.append(Problem(video, "reference" if video in wanted else "predicted", "only this side has it"))
    results = {}
    for video in sorted(went.keys() & wanted.keys()):
        try:
            framing = TrackFrame(_size_of(video, sizes), evaluated)
            results[video] = _compare_video(video, went[video], wanted[video], frames, mode, framing, problems)
        except ValueError as error:
            problems.append(Problem(video, "", str(error)))
    if not results:
        reasons = f": {problems[0]}" if problems else ""
        raise ValueError(f"no video of '{predicted}' and '{reference}' can be compared{reasons}")
    return TrackScores(results, pooled(list(results.values())), tuple(problems))


def _size_of(video: str, sizes: Mapping[str, Size] | Size | None) -> Size | None:
    if not isinstance(sizes, Mapping):
        return sizes
    if video not in sizes:
        raise ValueError("its size is not among those given; add it as [width, height]")
    return sizes[video]


def _still(tracks: Tracks, frames: int) -> Tracks:
    return {name: np.repeat(track[:1], min(frames, len(track)), axis=0) for name, track in tracks.items()}


def _compare_video(
    video: str,
    went: Tracks,
    wanted: Tracks,
    frames: int | None,
    mode: Mode,
    frame: TrackFrame,
    problems: list[Problem],
) -> ObjMCResult:
    """All objects that both sides have; each of its own length."""
    missing = [name for name in wanted if name not in went]
    if missing:
        problems.append(Problem(video, "predicted", f"object {', '.join(missing)} is missing"))
    names = [name for name in wanted if name in went]
    if not names:
        raise ValueError("no object that both sides have")
    parts = [_compare_object(name, went[name][:frames], wanted[name][:frames], mode, frame) for name in names]
    return replace(pooled(parts), ids=tuple(names), videos=1, cut=max(part.cut for part in parts))


def _compare_object(name: str, went: NDArray, wanted: NDArray, mode: Mode, frame: TrackFrame) -> ObjMCResult:
    """[L, 2] and [L', 2] pixels."""
    if not len(went) or not len(wanted):
        raise ValueError(f"object {name}: its track holds no point")
    seen = None if frame.size is None else inside_frame(wanted, *frame.size)[:, None]
    pair = [frame.rescaled(track)[:, None] for track in (went, wanted)]
    return objmc(*pair, seen, mode)
