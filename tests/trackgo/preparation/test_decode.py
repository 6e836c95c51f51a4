from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from tests.trackgo.preparation.clips import known_clip
from trackgo.center_crop import CenterCrop
from trackgo.preparation.decode import Unusable, find_sources, windows
from trackgo.preparation.settings import Settings
from trackgo.video import write_clip

SMALL = Settings(frames=8, width=192, height=128)


def numbered(count: int, height: int = 64, width: int = 96) -> np.ndarray:
    """Frames whose grey level tells their number."""
    return np.stack([np.full((height, width, 3), 20 + 4 * n, np.uint8) for n in range(count)])


def write_timed(path: Path, frames: np.ndarray, times: list[int]) -> None:
    """Frames at time stamps in milliseconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = *frames.shape[1:3], "bgr0"
        stream.codec_context.time_base = Fraction(1, 1000)
        for frame, time in zip(frames, times, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            picture.pts, picture.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def levels(frames: np.ndarray) -> list[int]:
    return [(int(frame[0, 0, 0]) - 20) // 4 for frame in frames]


def test_a_clip_is_cut_into_windows_that_follow_each_other(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mkv", numbered(21), 12.5)
    found = list(windows(tmp_path / "a.mkv", Settings(frames=8, width=96, height=64)))
    assert [window.numbers for window in found] == [tuple(range(8)), tuple(range(8, 16))]
    assert levels(found[1].frames) == list(range(8, 16))
    assert found[0].fps == 12.5
    one = list(windows(tmp_path / "a.mkv", Settings(frames=8, width=96, height=64, most_windows=1)))
    assert len(one) == 1


def test_no_window_reaches_across_a_cut(tmp_path: Path) -> None:
    shots = [known_clip(index, 11, 192, 128).frames for index in (0, 2, 4)]
    write_clip(tmp_path / "cuts.mkv", np.concatenate(shots), 10)
    assert [window.numbers[0] for window in windows(tmp_path / "cuts.mkv", SMALL)] == [0, 11, 22]


def test_motion_alone_is_no_cut(tmp_path: Path) -> None:
    clip = known_clip(1, 32, 192, 128).frames
    write_clip(tmp_path / "a.mkv", clip[::2], 10)
    assert len(list(windows(tmp_path / "a.mkv", SMALL))) == 2


def test_variable_rate_becomes_constant_by_time_stamps(tmp_path: Path) -> None:
    times = [0, 40, 80, 200, 240, 280, 320, 360, 400, 440]
    write_timed(tmp_path / "vfr.mkv", numbered(10), times)
    found = next(windows(tmp_path / "vfr.mkv", Settings(frames=10, width=96, height=64, fps=25)))
    assert levels(found.frames) == [0, 1, 2, 2, 3, 3, 4, 5, 6, 7]  # nearest to each tick of 40 ms


def test_fps_takes_every_other_frame(tmp_path: Path) -> None:
    write_clip(tmp_path / "a.mkv", numbered(20), 20)
    found = next(windows(tmp_path / "a.mkv", Settings(frames=8, width=96, height=64, fps=10)))
    steps = np.diff(levels(found.frames))
    assert (steps == 2).all()
    assert found.fps == 10


def test_a_jump_in_time_ends_a_window(tmp_path: Path) -> None:
    write_timed(tmp_path / "gap.mkv", numbered(16), [40 * n + (5000 if n >= 6 else 0) for n in range(16)])
    found = list(windows(tmp_path / "gap.mkv", Settings(frames=8, width=96, height=64)))
    assert [window.numbers[0] for window in found] == [6]


def test_folders_of_pictures_are_clips_too(tmp_path: Path) -> None:
    folder = tmp_path / "bear"
    folder.mkdir()
    for number, frame in enumerate(numbered(9)):
        cv2.imwrite(str(folder / f"{number:05d}.png"), frame)
    found = list(windows(folder, Settings(frames=8, width=96, height=64)))
    assert [levels(window.frames) for window in found] == [list(range(8))]


@pytest.mark.parametrize(("width", "height"), [(192, 128), (100, 130), (401, 99)])
def test_framing_keeps_the_middle_and_the_shape(width: int, height: int) -> None:
    crop = CenterCrop(width, height, 192, 128)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    shown = np.stack([x, y, x * 0], axis=-1)
    result = crop.picture(shown)
    assert result.shape == (128, 192, 3)
    middle = result[64 - 8 : 64 + 8, 96 - 8 : 96 + 8].mean(axis=(0, 1))[:2]
    assert np.abs(middle - [(width - 1) / 2, (height - 1) / 2]).max() < 0.6
    steps = [float(np.diff(result[64, 80:112, 0]).mean()), float(np.diff(result[48:80, 96, 1]).mean())]
    assert steps == pytest.approx([1 / crop.scale] * 2, rel=0.02)  # squares stay squares
    labels = crop.picture((x > width / 2).astype(np.int32) * 7, labels=True)
    assert set(np.unique(labels)) == {0, 7}


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "wide.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for frame in numbered(8, 64, 64):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    window = next(windows(tmp_path / "wide.mp4", Settings(frames=8, width=128, height=64)))
    assert (window.crop.width, window.crop.height) == (128, 64)
    assert window.crop.scale == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [("empty.mp4", "unreadable"), ("text.mp4", "unreadable"), ("single.mkv", "one frame"), ("short.mkv", "too short")],
)
def test_clips_that_give_no_window_say_why(videos: Path, name: str, reason: str) -> None:
    with pytest.raises(Unusable, match=name) as caught:
        list(windows(videos / name, SMALL))
    assert caught.value.reason == reason


def test_what_comes_before_a_break_is_still_used(videos: Path, tmp_path: Path) -> None:
    whole = tmp_path / "long.mkv"
    write_clip(whole, known_clip(1, 30, 192, 128).frames, 10)
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) * 2 // 3])
    assert len(list(windows(whole, SMALL))) == 2


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "tone.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(Unusable) as caught:
        list(windows(tmp_path / "tone.mkv", SMALL))
    assert caught.value.reason == "no video"


def test_sources_are_found_in_folders_in_a_fixed_order(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "notes.txt", "deep/c.webm", "frames/2.jpg", "frames/1.jpg", ".hidden/d.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in find_sources([tmp_path])]
    assert found == ["a.MOV", "b.mp4", "deep/c.webm", "frames"]
    named = find_sources([tmp_path / "notes.txt", tmp_path / "b.mp4", tmp_path / "b.mp4"])
    assert [path.name for path in named] == ["notes.txt", "b.mp4"]
    with pytest.raises(FileNotFoundError, match="nothing at"):
        find_sources([tmp_path / "missing"])
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="no clip in"):
        find_sources([tmp_path / "none"])
