from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trackgo.preparation.clips import known_clip
from tests.trackgo.tracking.clips import textured
from trackgo.tracking.tracker import Tracked
from trackgo.tracking.trackers import build_tracker, tracker_names


def grid_points(left: int, right: int, top: int, bottom: int, count: int) -> np.ndarray:
    x, y = np.meshgrid(np.linspace(left, right, count), np.linspace(top, bottom, count))
    return np.stack([x.ravel(), y.ravel()], axis=-1).astype(np.float32)


@pytest.mark.slow
def test_lk_follows_things_over_a_panned_background() -> None:
    errors = []
    for index in range(4):
        clip = known_clip(index, 25, 448, 256)
        tracked = build_tracker("lk").track(clip.frames, clip.tracks[0])
        errors.append(np.linalg.norm(tracked.tracks - clip.tracks, axis=-1)[1:][clip.visible[1:]])
    error = np.concatenate(errors)
    assert np.median(error) <= 0.5
    assert np.mean(error <= 4) >= 0.9


@settings(max_examples=8, deadline=None)
@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(0, 5))
def test_lk_finds_whole_pixel_shifts(dx: int, dy: int, seed: int) -> None:
    picture = textured(seed, 240, 300)
    frames = np.stack([picture[60 - i * dy : 180 - i * dy, 70 - i * dx : 230 - i * dx] for i in range(5)])
    points = grid_points(60, 100, 45, 75, 4)
    tracked = build_tracker("lk").track(frames, points)
    expected = points + np.arange(5)[:, None, None] * np.array([dx, dy])
    assert tracked.visible.all()
    assert np.abs(tracked.tracks - expected).max() < 0.1


def test_lk_turns_with_a_turning_thing() -> None:
    picture, middle = textured(3, 200, 200), (99.5, 99.5)
    frames, expected = [], []
    points = grid_points(70, 130, 70, 130, 5)
    for i in range(16):
        matrix = cv2.getRotationMatrix2D(middle, 5 * i, 1 + 0.01 * i)
        frames.append(cv2.warpAffine(picture, matrix, (200, 200), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT))
        expected.append(points @ matrix[:, :2].T + matrix[:, 2])
    tracked = build_tracker("lk").track(np.stack(frames), points)
    assert np.abs(tracked.tracks - expected).max() < 1
    assert tracked.visible.mean() > 0.95


def test_lk_hides_what_is_covered_and_finds_it_again() -> None:
    thing, cover = textured(1, 120, 240), textured(9, 120, 40)
    frames = []
    for i in range(16):
        frame = np.roll(thing, 2 * i, axis=1)
        left = 150 - 12 * i
        a, b = max(left, 0), max(left + 40, 0)
        frame[:, a:b] = cover[:, a - left : b - left]
        frames.append(frame)
    points = grid_points(60, 84, 30, 90, 5)
    tracked = build_tracker("lk").track(np.stack(frames), points)
    expected = points + np.arange(16)[:, None, None] * np.array([2, 0])
    left = 150 - 12 * np.arange(16)[:, None]
    inside = (expected[..., 0] > left + 3) & (expected[..., 0] < left + 36)  # well within the cover
    clear = (expected[..., 0] < left - 14) | (expected[..., 0] > left + 54)  # no patch touches it
    assert inside.any(axis=0).all()
    assert tracked.visible[inside].mean() < 0.1
    assert tracked.visible[clear].mean() > 0.97
    assert np.linalg.norm(tracked.tracks - expected, axis=-1)[clear & tracked.visible].max() < 1


def test_lk_carries_points_on_a_flat_surface_with_their_surroundings() -> None:
    picture = textured(4, 200, 260)
    picture[70:130, 70:130] = (90, 120, 60)
    frames = np.stack([np.roll(picture, (i, 3 * i), axis=(0, 1)) for i in range(10)])
    around = grid_points(60, 140, 60, 140, 6)
    flat = grid_points(92, 108, 92, 108, 3)
    tracked = build_tracker("lk").track(frames, np.concatenate([around, flat]))
    expected = flat + np.arange(10)[:, None, None] * np.array([3, 1])
    assert np.abs(tracked.tracks[:, len(around) :] - expected).max() < 1
    assert tracked.visible[:, len(around) :].all()


def test_lk_marks_points_that_leave_the_frame() -> None:
    picture = textured(2, 100, 400)
    frames = np.stack([picture[:, 12 * i : 12 * i + 160] for i in range(12)])
    points = np.array([[100, 50], [140, 40], [150, 60]], np.float32)
    tracked = build_tracker("lk").track(frames, points)
    expected = points[:, 0] - 12 * np.arange(12)[:, None]
    assert not tracked.visible[expected < -0.5].any()
    assert tracked.visible[expected > 25].all()
    assert np.isfinite(tracked.tracks).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_lk_needs_no_neighbours(count: int) -> None:
    frames = np.stack([np.roll(textured(5, 90, 120), 2 * i, axis=1) for i in range(4)])
    points = np.array([[40, 40], [60, 50]], np.float32)[:count]
    tracked = build_tracker("lk").track(frames, points)
    assert tracked.tracks.shape == (4, count, 2)
    assert np.abs(tracked.tracks - points - np.arange(4)[:, None, None] * np.array([2, 0])).max(initial=0) < 0.1


def test_lk_takes_one_frame_and_points_at_one_place_or_outside() -> None:
    frame = textured(5, 90, 120)[None]
    points = np.array([[40, 40]] * 12 + [[-30, 5]], np.float32)
    tracked = build_tracker("lk").track(frame, points)
    assert (tracked.tracks[0] == points).all()
    assert tracked.visible[0].tolist() == [True] * 12 + [False]
    several = build_tracker("lk").track(np.repeat(frame, 3, axis=0), points)
    assert np.abs(several.tracks[:, :12] - 40).max() < 0.1
    assert not several.visible[:, 12].any()


@pytest.mark.parametrize(
    ("frames", "points", "message"),
    [
        (np.zeros((2, 8, 8), np.uint8), np.zeros((1, 2)), "frames must be uint8"),
        (np.zeros((2, 8, 8, 3), np.float32), np.zeros((1, 2)), "frames must be uint8"),
        (np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, 3)), "points must be"),
        (np.zeros((2, 8, 8, 3), np.uint8), np.full((1, 2), np.nan), "points must be"),
    ],
)
def test_bad_input_is_named(frames: np.ndarray, points: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_tracker("lk").track(frames, points)


def test_tracked_checks_its_fields() -> None:
    with pytest.raises(ValueError, match="visible must be bool"):
        Tracked(np.zeros((2, 3, 2), np.float32), np.ones((3, 2), bool))
    with pytest.raises(ValueError, match="not finite"):
        Tracked(np.full((2, 3, 2), np.inf, np.float32), np.ones((2, 3), bool))


def test_unknown_names_and_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"no tracker 'tapir'; known ones are lk, cotracker"):
        build_tracker("tapir")
    with pytest.raises(ValueError, match="takes no argument"):
        build_tracker("lk:fast")


@pytest.mark.skipif(importlib.util.find_spec("cotracker") is not None, reason="CoTracker is installed here")
def test_cotracker_says_how_to_get_it_and_its_licence() -> None:
    with pytest.raises(ValueError, match=r"CC-BY-NC.*pip install"):
        build_tracker("cotracker:weights.pth")


PLUGIN = """
import numpy as np
from trackgo.preparation.trackers import Tracked

class Still:
    version = "still 1"
    def __init__(self, text): self.text = text
    def track(self, frames, points):
        tracks = np.repeat(np.float32(points)[None], len(frames), axis=0)
        return Tracked(tracks, np.ones(tracks.shape[:2], bool))
"""


def test_other_packages_add_trackers_by_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "still_tracker.py").write_text(PLUGIN)
    info = tmp_path / "still_tracker-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: still-tracker\nVersion: 1.0\n")
    entries = "[trackgo.trackers]\nstill = still_tracker:Still\nbroken = still_tracker:Missing\n"
    (info / "entry_points.txt").write_text(entries)
    monkeypatch.syspath_prepend(tmp_path)
    assert set(tracker_names()) >= {"lk", "cotracker", "still", "broken"}
    tracker = build_tracker("still:text")
    assert tracker.text == "text"
    assert tracker.track(np.zeros((3, 8, 8, 3), np.uint8), np.zeros((2, 2))).tracks.shape == (3, 2, 2)
    with pytest.raises(ValueError, match=r"'broken'.*cannot be imported"):
        build_tracker("broken")
