"""Wan-Move's pair of .npy files, both ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trackgo import PointTrajectories
from trackgo.trajectories.interchange import export_tracks, import_tracks
from trackgo.trajectories.interchange.wan_move import read_files, write_files


def sample(frames: int = 5, count: int = 3, seed: int = 0) -> PointTrajectories:
    rng = np.random.default_rng(seed)
    path = rng.uniform(-50, 900, (frames, count, 2)).astype(np.float32)
    return PointTrajectories(path, rng.random((frames, count)) < 0.7, np.arange(count), 832, 480)


def same(a: PointTrajectories, b: PointTrajectories) -> None:
    for field in ("tracks", "visibility", "component", "width", "height"):
        assert np.array_equal(getattr(a, field), getattr(b, field)), field


@given(st.integers(1, 90), st.integers(0, 6), st.integers(0, 2**32))
def test_arrays_there_and_back(frames: int, count: int, seed: int) -> None:
    tracks, visibility = export_tracks(sample(frames, count, seed), "wan_move")
    assert (tracks.shape, tracks.dtype) == ((1, frames, count, 2), np.float32)
    assert (visibility.shape, visibility.dtype) == ((1, frames, count), np.bool_)
    same(import_tracks((tracks, visibility), 832, 480), sample(frames, count, seed))


def test_files_there_and_back(tmp_path: Path) -> None:
    for name in ("boat", "boat.npy", "boat_tracks.npy"):
        files = write_files(tmp_path / name, sample())
        assert [file.name for file in files] == ["boat_tracks.npy", "boat_visibility.npy"]
    same(import_tracks(read_files(*files), 832, 480), sample())
    assert np.load(files[0]).shape == (1, 5, 3, 2) and np.load(files[1]).dtype == bool


def test_shapes_that_the_model_also_takes() -> None:
    tracks, visibility = export_tracks(sample(), "wan_move")
    for arrays in ((tracks[0], visibility[0]), [torch.from_numpy(tracks), torch.from_numpy(visibility).float()]):
        same(import_tracks(arrays, 832, 480, format="wan_move"), sample())
    alone = import_tracks(tracks, 832, 480)
    inside = (tracks[0] >= -0.5).all(-1) & (tracks[0] < np.array([831.5, 479.5])).all(-1)
    assert np.array_equal(alone.visibility, inside)
    per_frame = import_tracks((tracks, visibility[:, :, :1]), 832, 480)
    assert np.array_equal(per_frame.visibility, np.repeat(visibility[0, :, :1], 3, axis=1))
    assert import_tracks(tracks, 832, 480, 9).frames == 9


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((2, 5, 3, 2)), "give those of one video"),
        (np.zeros((5, 3)), r"shape \[5, 3\]; it must be \[1, T, N, 2\]"),
        (np.zeros((1, 5, 3, 3)), "it must be"),
        ((np.zeros((1, 5, 3, 2)), np.zeros((1, 4, 3))), r"track_visibility has shape \[4, 3\]"),
        (np.full((1, 2, 1, 2), np.nan), "it must be a finite number"),
        (np.zeros((1, 1, 10_001, 2)), "10001 tracks"),
        (np.ones((1, 5, 2), bool), "that is the visibility"),
        (torch.ones(1, 5, 2, dtype=torch.bool), "that is the visibility"),
        ("[[1,2]]", "must be an array"),
        (None, "must be an array"),
    ],
)
def test_other_arrays_are_refused(source: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        import_tracks(source, 832, 480, format="wan_move")


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    text, pickled, promise, several = (tmp_path / name for name in ("a.npy", "b.npy", "c.npy", "d.npz"))
    text.write_text("[[1, 2]]")
    np.save(pickled, np.array([{"x": 1}], dtype=object), allow_pickle=True)
    np.save(promise, np.zeros((1, 2, 1, 2), np.float32))
    promise.write_bytes(promise.read_bytes().replace(b"(1, 2, 1, 2)", b"(1,99999999, 9999,2)"[:12].ljust(12)))
    np.savez(several, a=np.zeros(3))
    for file in (text, pickled, promise, several):
        with pytest.raises(ValueError, match=f"'{file}'"):
            read_files(file)
