"""ObjMC in a graph, over the stand-in."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from trackgo.trajectories import PointTrajectories


def moving_texture(shift: float, frames: int = 7, size: int = 96) -> np.ndarray:
    """A textured picture that moves to the right by ``shift`` pixels a frame, uint8 [L, H, W, 3]."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (size // 4, 2 * size // 4, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(rough).resize((2 * size, size), Image.Resampling.BICUBIC))
    starts = [round(size / 2 - shift * i) for i in range(frames)]
    return np.stack([large[:, start : start + size] for start in starts])


def shifted_tracks(shift: float, frames: int = 7, size: int = 96) -> PointTrajectories:
    """Two components of four points each that move to the right by ``shift`` pixels a frame."""
    starts = np.array([[x, y] for x in (24, 40) for y in (20, 40, 60, 76)], np.float32)
    tracks = starts + np.arange(frames)[:, None, None] * np.array([shift, 0], np.float32)
    return PointTrajectories(tracks, np.ones(tracks.shape[:2], bool), np.repeat([0, 1], 4), size, size)


def score(nodes, video: np.ndarray, tracks: PointTrajectories) -> tuple[float, float, dict, torch.Tensor]:
    given = {"frames": torch.from_numpy(video).float() / 255, "tracks": tracks.to_tracks()}
    value, static, report, picture = nodes.run("TrackGoObjMC", **given).result
    return value, static, json.loads(report), picture


@pytest.mark.parametrize("wanted", [4, 0, 6])
def test_objmc_is_the_distance_between_wanted_and_real_motion(nodes, wanted: int) -> None:
    """The picture moves 4 px a frame: frame i is off by i·|wanted − 4| px, on average over 7 frames 3·|wanted − 4|."""
    value, static, report, picture = score(nodes, moving_texture(4), shifted_tracks(wanted))
    assert value == pytest.approx(3 * abs(wanted - 4), abs=0.3)
    assert static == pytest.approx(3 * wanted, abs=1e-4)
    assert report["objmc_mean"] == pytest.approx(value, abs=1e-3)
    assert report["objmc_sum"] == pytest.approx(7 * value, abs=1e-2)
    assert [c["component"] for c in report["components"]] == [1, 2]
    assert np.mean([c["mean"] for c in report["components"]]) == pytest.approx(value, abs=1e-3)
    assert picture.shape[0] == 1 and picture.shape[3] == 3 and float(picture.std()) > 0.05


def test_objmc_says_its_score_beside_its_picture(nodes) -> None:
    """As text: the picture on the node is too small to read."""
    given = {"frames": torch.from_numpy(moving_texture(4)).float() / 255, "tracks": shifted_tracks(6).to_tracks()}
    output = nodes.run("TrackGoObjMC", **given)
    (text,) = output.ui["text"]
    assert len(output.ui["images"]) == 1
    assert text.startswith(f"ObjMC {output.args[0]:.2f} px; standing still would be {output.args[1]:.2f} px")


def test_objmc_at_another_size_is_in_pixels_of_the_video(nodes) -> None:
    half = shifted_tracks(4).resized(48, 48)
    assert score(nodes, moving_texture(4), half)[1] == pytest.approx(12, abs=1e-3)


def test_points_that_begin_outside_do_not_count(nodes) -> None:
    inside = shifted_tracks(4)
    outside = inside.tracks + np.where(np.arange(8) < 4, -200, 0)[:, None].astype(np.float32)
    partly = PointTrajectories(outside, inside.visibility & (np.arange(8) >= 4), inside.component, 96, 96)
    value, _, report, _ = score(nodes, moving_texture(4), partly)
    assert value == pytest.approx(0, abs=0.3)
    assert report["components"][0] == {"component": 1, "mean": None, "static": None}
    assert report["components"][1]["mean"] == pytest.approx(0, abs=0.3)


def test_objmc_mistakes(nodes) -> None:
    with pytest.raises(ValueError, match="7 frames and the tracks 9"):
        score(nodes, moving_texture(4), shifted_tracks(4, frames=9))
    gone = shifted_tracks(4)
    gone = PointTrajectories(gone.tracks - 500, np.zeros_like(gone.visibility), gone.component, 96, 96)
    with pytest.raises(ValueError, match="inside the first frame"):
        score(nodes, moving_texture(4), gone)
    with pytest.raises(ValueError, match="lk"):
        nodes.run("TrackGoObjMC", frames=torch.zeros(7, 8, 8, 3), tracks=gone.to_tracks(), tracker="nobody")
