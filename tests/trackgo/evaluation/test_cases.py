"""Cases: how a frame is brought to size, which points are compared, and what the sources read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.trackgo.evaluation.clips import FRAMES, HEIGHT, STEP, WIDTH, moving_square, save_frames
from trackgo.center_crop import CenterCrop
from trackgo.demo.example import example_drawing, example_image
from trackgo.evaluation.cases import Case, deepest_point, tracked_case
from trackgo.evaluation.datasets import davis_source, vipseg_source
from trackgo.evaluation.prepared import prepared_case, shards_source
from trackgo.evaluation.sources import drawings_source, world_source
from trackgo.pipeline import fit_picture
from trackgo.preparation.sample import Sample
from trackgo.preparation.shards import pack, write_tar
from trackgo.tracking.trackers import build_tracker
from trackgo.video import write_clip

LK = build_tracker("lk")


@pytest.mark.parametrize("size", [(64, 64), (128, 64), (640, 384), (427, 427)])
def test_a_frame_is_fitted_as_the_pipeline_fits_a_picture(size: tuple[int, int]) -> None:
    picture, drawing = example_image(427, 300), example_drawing()
    fitted, trajectories = fit_picture(picture, drawing, FRAMES, *size)
    crop = CenterCrop(427, 300, *size)
    assert np.array_equal(crop.frames(picture[None])[0], fitted)
    middle = crop.points(np.array([0.42 * 427 - 0.5, 0.525 * 300 - 0.5]))  # where the drawing's arrow starts
    own = trajectories.tracks[0].mean(axis=0)
    assert np.abs(own - middle).max() < 0.03 * max(size)


def test_points_follow_pixels() -> None:
    crop = CenterCrop(100, 50, 64, 64)
    picture = np.zeros((1, 50, 100, 3), np.uint8)
    picture[0, 20:23, 48:51] = 255
    bright = np.argwhere(crop.frames(picture)[0, ..., 0] > 128).mean(axis=0)[::-1]
    assert crop.points(np.array([49.0, 21.0])) == pytest.approx(bright, abs=0.6)
    assert np.allclose(CenterCrop(80, 60, 80, 60).points(np.array([3.5, 7.0])), [3.5, 7.0])


def test_deepest_point() -> None:
    mask = np.zeros((40, 60), bool)
    mask[5:16, 10:21] = True
    mask[30:33, 2:50] = True
    assert deepest_point(mask).tolist() == [15, 10]
    with pytest.raises(ValueError, match="empty"):
        deepest_point(np.zeros((4, 4), bool))


def _moves_as_the_square(case: Case, tolerance_px: float = 0.5) -> None:
    wanted = np.arange(case.frames)[:, None] * np.array(STEP)
    for points in (case.measured, case.peaks):
        away = np.abs(points.tracks - points.tracks[:1] - wanted[:, None] / case.scale).max(axis=-1)
        # Points on the very edge see half background, and some of them stay with it.
        assert np.quantile(away[points.visibility], 0.8) < tolerance_px
        assert points.visibility.mean() > 0.8


def test_points_of_a_real_video_are_tracked() -> None:
    video, masks = moving_square()
    case = tracked_case("square", video, np.stack([masks[0], np.zeros_like(masks[0])]), LK)
    _moves_as_the_square(case)
    assert case.masks.shape == (1, HEIGHT, WIDTH)
    assert case.peaks.tracks[0, 0] == pytest.approx([45.5, 35.5], abs=1)
    with pytest.raises(ValueError, match="no object of 16 pixels"):
        tracked_case("nothing", video, masks[:0], LK)


def test_vipseg(vipseg: Path) -> None:
    source = vipseg_source(vipseg, FRAMES, WIDTH, HEIGHT, LK)
    assert source.names == ("good", "short", "bare", "gone")
    case = source.load("good")
    assert case.masks.sum(axis=(1, 2)).tolist() == [32 * 32]  # things alone
    _moves_as_the_square(case)
    assert case.scale == 1
    with_stuff = vipseg_source(vipseg, FRAMES, WIDTH, HEIGHT, LK, stuff=True).load("good")
    assert with_stuff.masks.sum(axis=(1, 2)).tolist() == [WIDTH * (HEIGHT - 8) - 32 * 32, 32 * 32]
    one = vipseg_source(vipseg, FRAMES, WIDTH, HEIGHT, LK, most=1, stuff=True).load("good")
    assert len(one.masks) == 1
    for name, expected in (("short", "3 frames; 6"), ("bare", "no annotation"), ("gone", "gone")):
        with pytest.raises(ValueError, match=expected):
            source.load(name)


def test_vipseg_at_another_size(vipseg: Path) -> None:
    case = vipseg_source(vipseg, FRAMES, 320, 180, LK).load("good")
    assert case.real.shape == (FRAMES, 180, 320, 3)
    assert case.scale == 0.5
    _moves_as_the_square(case, 1)


@pytest.mark.parametrize("missing", ["imgs", "panomasks", "val.txt"])
def test_another_layout_than_vipsegs(missing: str, vipseg: Path) -> None:
    (vipseg / missing).rename(vipseg / "elsewhere")
    with pytest.raises(ValueError, match=r"imgs/|val\.txt"):
        vipseg_source(vipseg, FRAMES, WIDTH, HEIGHT, LK)


def test_a_list_may_not_lead_elsewhere(vipseg: Path) -> None:
    (vipseg / "val.txt").write_text("../../secret\n")
    with pytest.raises(ValueError, match="secret"):
        vipseg_source(vipseg, FRAMES, WIDTH, HEIGHT, LK)


def test_davis(davis: Path) -> None:
    source = davis_source(davis, FRAMES, WIDTH, HEIGHT, LK)
    _moves_as_the_square(source.load("square"))
    with pytest.raises(ValueError, match="JPEGImages"):
        davis_source(davis / "JPEGImages", FRAMES, WIDTH, HEIGHT, LK)


def test_drawings(tmp_path: Path) -> None:
    video, _ = moving_square()
    square = {"tool": "lasso", "points": [[u / WIDTH, v / HEIGHT] for u, v in ((30, 20), (62, 20), (62, 52), (30, 52))]}
    arrow = [[46 / WIDTH, 36 / HEIGHT], [(46 + STEP[0] * 5) / WIDTH, (36 + STEP[1] * 5) / HEIGHT]]
    text = json.dumps({"version": 1, "components": [{"mask": {"strokes": [square]}, "arrows": [{"points": arrow}]}]})
    for name in ("clip", "folder", "picture", "short", "alone"):
        (tmp_path / f"{name}.json").write_text(text)
    write_clip(tmp_path / "clip.mkv", video)
    save_frames(tmp_path / "folder", video, ".png")
    Image.fromarray(video[0]).save(tmp_path / "picture.png")
    write_clip(tmp_path / "short.mkv", video[:4])
    source = drawings_source(tmp_path, FRAMES, WIDTH, HEIGHT)
    assert set(source.names) == {"clip", "folder", "picture", "short", "alone"}
    for name in ("clip", "folder", "picture"):
        _moves_as_the_square(source.load(name), 1e-3)
    assert np.array_equal(source.load("clip").real, video)
    assert source.load("picture").real is None
    with pytest.raises(ValueError, match="4 frames; 6"):
        source.load("short")
    with pytest.raises(ValueError, match="no clip, folder of frames or picture"):
        source.load("alone")
    with pytest.raises(ValueError, match="no drawing"):
        drawings_source(tmp_path / "folder", FRAMES, WIDTH, HEIGHT)


def test_world() -> None:
    source = world_source(3, 8, 64, 64)
    assert len(source.names) == 3
    assert [len(source.load(name).masks) for name in source.names] == [1, 1, 3]
    case = source.load(source.names[0])
    shift = case.wanted.tracks[-1].mean(axis=0) - case.wanted.tracks[0].mean(axis=0)
    truth = case.measured.tracks[-1].mean(axis=0) - case.measured.tracks[0].mean(axis=0)
    assert shift == pytest.approx(truth, abs=1e-2)  # the drawing tells what really happens
    with pytest.raises(ValueError, match="at least one"):
        world_source(0, 8, 64, 64)


@pytest.fixture
def sample() -> Sample:
    """A sample as data preparation leaves it; its first object lies in a corner that a square frame cuts off."""
    video, square = moving_square()
    corner = np.zeros_like(square)
    corner[:, :20, :20] = True
    starts = np.array([[5.0, 5.0], [40.5, 30.5], [50.5, 40.5]], np.float32)
    moves = np.array([[0.0], [1], [1]]) * np.array(STEP)
    tracks = (starts + np.arange(FRAMES)[:, None, None] * moves).astype(np.float32)
    visible = np.ones((FRAMES, 3), bool)
    return Sample("square", video, tracks, visible, np.array([0, 1, 1]), np.stack([corner, square], axis=1))


def test_prepared_samples(sample: Sample) -> None:
    case = prepared_case(sample, FRAMES, HEIGHT, HEIGHT)
    _moves_as_the_square(case, 1e-3)
    assert case.masks.shape == (1, HEIGHT, HEIGHT)  # what cannot be seen is no object
    assert case.wanted.component.tolist() == [0, 0]
    assert case.wanted.tracks[0, 0] == pytest.approx([5.5, 30.5])
    with pytest.raises(ValueError, match="6 frames; 9"):
        prepared_case(sample, 9, HEIGHT, HEIGHT)
    with pytest.raises(ValueError, match="none of its objects"):
        prepared_case(replace(sample, visible=np.zeros((FRAMES, 3), bool)), FRAMES, HEIGHT, HEIGHT)


def test_shards(sample: Sample, tmp_path: Path) -> None:
    samples = [replace(sample, key=key) for key in ("a", "b")]
    write_tar(tmp_path / "shard-000000.tar", ((one.key, pack(one)) for one in samples))
    source = shards_source(tmp_path, FRAMES, HEIGHT, HEIGHT)
    assert source.names == ("a", "b")
    for name in ("b", "a"):
        case = source.load(name)
        assert case.name == name
        _moves_as_the_square(case, 1e-3)
    (tmp_path / "empty").mkdir()
    with pytest.raises((ValueError, OSError)):
        shards_source(tmp_path / "empty", FRAMES, HEIGHT, HEIGHT)
