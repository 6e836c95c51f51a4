"""Inputs of other systems, read back the way those systems read them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trackgo.evaluation.cases import Case
from trackgo.evaluation.exports import EXPORTS, export_case
from trackgo.trajectories import PointTrajectories

WIDTH, HEIGHT, FRAMES = 1024, 576, 5


@pytest.fixture
def case() -> Case:
    """Two objects; the second leaves the frame to the right."""
    masks = np.zeros((2, HEIGHT, WIDTH), bool)
    masks[0, 100:201, 300:501] = True
    masks[1, 10:31, 980:1001] = True
    starts = np.array([[400.0, 150.0], [990.0, 20.0]])
    tracks = starts + np.arange(FRAMES)[:, None, None] * np.array([[10.0, -5.0], [20.0, 0.0]])
    points = PointTrajectories(tracks, np.ones((FRAMES, 2), bool), np.arange(2), WIDTH, HEIGHT)
    picture = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    return Case("boat", picture, points, points, points, masks)


def test_draganything(case: Case, tmp_path: Path) -> None:
    place = export_case(case, "draganything", tmp_path)
    entries = json.loads((place / "demo.json").read_text())
    assert list(entries) == ["1", "2"]
    assert entries["1"]["trajectory"] == [[400 + 10 * i, 150 - 5 * i] for i in range(FRAMES)]
    assert entries["2"]["trajectory"][-1] == [WIDTH - 1, 20]
    mask = np.array(Image.open(place / entries["1"]["mask_name"]))
    assert np.array_equal((mask / 255).astype(np.uint8), case.masks[0])
    assert Image.open(place / "demo.jpg").size == (WIDTH, HEIGHT)


def test_dragnuwa(case: Case, tmp_path: Path) -> None:
    place = export_case(case, "dragnuwa", tmp_path)
    tracks = json.loads((place / "tracking_points.json").read_text())
    assert Image.open(place / "image.png").size == (576, 320)
    assert [len(track) for track in tracks] == [FRAMES, FRAMES]
    assert tracks[0][0] == [225, 83]  # 400.5 · 576/1024 − 0.5 and 150.5 · 320/576 − 0.5
    assert all(0 <= x < 576 and 0 <= y < 320 for track in tracks for x, y in track)


def test_mofa_video(case: Case, tmp_path: Path) -> None:
    place = export_case(case, "mofa-video", tmp_path)
    image, brush = Image.open(place / "image.png"), np.array(Image.open(place / "mask.png"))
    assert image.size == brush.shape[::-1] == (896, 512)  # 910×512, cut to steps of 64
    tracks = json.loads((place / "tracking_points.json").read_text())
    x, y = tracks[0][0]
    assert (x, y) == (round(400.5 * 910 / 1024 - 0.5 - 7), round(150.5 * 512 / 576 - 0.5))
    assert brush[y, x] == 255 and brush[0, 0] == 0
    assert all(0 <= x < 896 and 0 <= y < 512 for track in tracks for x, y in track)


def test_sg_i2v(case: Case, tmp_path: Path) -> None:
    place = export_case(case, "sg-i2v", tmp_path)
    rows = np.load(place / "traj.npy", allow_pickle=False)
    assert rows.shape == (2, 2 + FRAMES, 2)
    assert rows[0, :2].tolist() == [[300, 100], [501, 201]]
    assert rows[0, 2].tolist() == [400.5, 150.5]
    assert (rows[0, -1] - rows[0, 2]).tolist() == [40, -20]
    assert Image.open(place / "img.png").size == (WIDTH, HEIGHT)


def test_unknown(case: Case, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=", ".join(EXPORTS)):
        export_case(case, "sora", tmp_path)
