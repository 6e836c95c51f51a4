"""Clips: what is written is read back."""

from __future__ import annotations

import weakref
from pathlib import Path

import numpy as np
import pytest

from trackgo.video import FORMATS, read_clip, write_clip


def _clip(frames: int = 5, height: int = 48, width: int = 64) -> np.ndarray:
    """A bright disc that moves over a gradient."""
    y, x = np.mgrid[:height, :width]
    ground = np.stack([x * 3, y * 4, x + y], axis=-1).clip(0, 255)
    return np.stack(
        [np.where(((x - 10 - 6 * i) ** 2 + (y - 24) ** 2 < 64)[..., None], 250, ground) for i in range(frames)]
    ).astype(np.uint8)


def _psnr(a: np.ndarray, b: np.ndarray) -> float:
    error = np.square(a.astype(float) - b).mean()
    return np.inf if error == 0 else 10 * np.log10(255**2 / error)


@pytest.mark.parametrize("ending", FORMATS)
def test_a_clip_comes_back(tmp_path: Path, ending: str) -> None:
    clip = _clip()
    write_clip(tmp_path / f"new/clip{ending}", clip, fps=10)
    back, rate = read_clip(tmp_path / f"new/clip{ending}")
    assert back.shape == clip.shape
    assert rate == pytest.approx(10, rel=0.05)
    assert _psnr(clip, back) > (20 if ending == ".gif" else 28)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [f"clip{ending}"]


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_frames_are_the_same_bytes(tmp_path: Path, ending: str) -> None:
    for name in ("a", "b"):
        write_clip(tmp_path / f"{name}{ending}", _clip())
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_mkv_is_lossless(tmp_path: Path) -> None:
    clip = np.random.default_rng(0).integers(0, 256, (3, 17, 23, 3), dtype=np.uint8)
    write_clip(tmp_path / "clip.mkv", clip)
    assert np.array_equal(read_clip(tmp_path / "clip.mkv")[0], clip)


def test_odd_sizes_lose_one_line_where_color_is_stored_at_half_size(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", _clip(height=49, width=65))
    assert read_clip(tmp_path / "clip.mp4")[0].shape == (5, 48, 64, 3)


def test_frames_made_one_by_one_are_written_one_by_one(tmp_path: Path) -> None:
    clip, made_so_far, most = _clip(9), [], []

    class Frame(np.ndarray):
        """An array that can be watched."""

    def frames():
        for frame in clip:
            one = frame.copy().view(Frame)
            made_so_far.append(weakref.ref(one))
            most.append(sum(made() is not None for made in made_so_far))
            yield one
            del one

    write_clip(tmp_path / "clip.mkv", frames())
    assert np.array_equal(read_clip(tmp_path / "clip.mkv")[0], clip)
    assert max(most) <= 4


def test_a_frame_of_another_size_or_none_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"frame 1 is uint8 \[4, 8, 3\]; every frame"):
        write_clip(tmp_path / "clip.mkv", (np.zeros((size, 8, 3), np.uint8) for size in (8, 4)))
    with pytest.raises(ValueError, match="got none"):
        write_clip(tmp_path / "clip.mkv", iter(()))
    assert not list(tmp_path.iterdir())


def test_reading_can_stop_early(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mkv", _clip(9))
    assert len(read_clip(tmp_path / "clip.mkv", most=4)[0]) == 4


@pytest.mark.parametrize(
    ("frames", "fps", "name", "words"),
    [
        (np.zeros((2, 8, 8), np.uint8), 7, "a.mp4", "uint8 [L, H, W, 3]"),
        (np.zeros((2, 8, 8, 3)), 7, "a.mp4", "float64"),
        (np.zeros((0, 8, 8, 3), np.uint8), 7, "a.mp4", "L ≥ 1"),
        (np.zeros((2, 8, 8, 3), np.uint8), 0, "a.mp4", "fps"),
        (np.zeros((2, 8, 8, 3), np.uint8), 7, "a.docx", "a name ending in .mp4"),
    ],
)
def test_bad_clips_are_refused(tmp_path: Path, frames: np.ndarray, fps: float, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        write_clip(tmp_path / name, frames, fps)
    assert words in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.mp4"):
        read_clip(tmp_path / "nowhere.mp4")
    (tmp_path / "text.mp4").write_text("not a video")
    with pytest.raises(ValueError, match=r"text\.mp4"):
        read_clip(tmp_path / "text.mp4")
