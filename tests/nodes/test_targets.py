"""Nodes that bring pictures, control videos and camera rows to what models want, executed."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from trackgo.drawing import Camera, Drawing
from trackgo.picture_fit import TARGETS, fitted
from trackgo.trajectories import point_trajectories

PHOTO = torch.linspace(0, 1, 40).reshape(1, 1, 40, 1).repeat(1, 30, 1, 3)  # 40 × 30, brighter to the right


def fit(
    nodes, image: torch.Tensor = PHOTO, target: str = "svd", how: str = "crop", width=0, height=0, frames=0
) -> tuple:
    given = {"image": image, "target": target, "how": how, "width": width, "height": height, "frames": frames}
    return nodes.run("TrackGoFitPicture", **given).args


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, (896, 640, 25)),
        ({"frames": 16}, (896, 640, 14)),
        ({"frames": 20}, (896, 640, 25)),
        ({"width": 1024}, (1024, 768, 25)),
        ({"height": 500, "width": 500}, (512, 512, 25)),
        ({"target": "wan", "frames": 80}, (736, 544, 81)),
        ({"target": "ltx", "frames": 100}, (736, 544, 97)),
        ({"width": 7, "height": 7}, (64, 64, 25)),
        ({"target": "demo"}, (128, 128, 14)),
    ],
    ids=str,
)
def test_size_and_length_are_the_models(nodes, asked: dict, expected: tuple) -> None:
    image, *given = fit(nodes, **asked)
    assert tuple(given) == expected
    assert image.shape == (1, expected[1], expected[0], 3) and image.dtype == torch.float32


def test_shape_is_kept_and_nothing_is_squashed(nodes) -> None:
    square = torch.zeros(2, 60, 100, 4)
    square[:, 20:40, 40:60, :3] = 1  # a square in the middle
    for how, side in (("crop", 20 * 128 / 60), ("pad", 20 * 128 / 100)):
        image = fit(nodes, square, "demo", how)[0]
        assert image.shape == (2, 128, 128, 3)
        lit = image[0, ..., 0] > 0.5
        across, down = lit.any(0).sum().item(), lit.any(1).sum().item()
        assert across == pytest.approx(side, abs=2) and down == pytest.approx(side, abs=2)
    white = fit(nodes, torch.ones(1, 60, 100, 3), "demo", "pad")[0][0, ..., 0]
    assert not white[:20].any() and not white[-20:].any() and white[30:-30].min() > 0.99


def test_values_stay_between_0_and_1(nodes) -> None:
    noise = torch.rand(1, 9, 9, 3, generator=torch.Generator().manual_seed(0)).round()
    image = fit(nodes, noise, "demo")[0]
    assert image.min() >= 0 and image.max() <= 1


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(ValueError, match="must be crop or pad"):
        fitted(np.zeros((4, 4, 3), np.uint8), 8, 8, "stretch")


def test_every_target_takes_what_it_gives() -> None:
    for name, target in TARGETS.items():
        for picture in ((640, 427), (427, 640), (4000, 300)):
            size = target.size(picture)
            assert target.rule.nearest(1, *size)[1:] == size, name
            assert target.size(picture, *size) == size
        for frames in (1, 13, 50, 300):
            assert target.length(target.length(frames)) == target.length(frames)


DRAWING = Drawing.from_json(
    json.dumps(
        {
            "version": 1,
            "components": [
                {
                    "mask": {"strokes": [{"tool": "brush", "radius": 0.1, "points": [[0.25, 0.5]]}]},
                    "arrows": [{"points": [[0.25, 0.5], [0.75, 0.5]]}],
                }
            ],
            "camera": Camera(pan=(0.1, 0.0)).to_dict(),
        }
    )
)


def test_the_control_video_fits_ltx(nodes) -> None:
    tracks = point_trajectories(DRAWING, 20, 90, 60).to_tracks()
    frames, *size = nodes.run("TrackGoControlVideo", tracks=tracks, width=0, height=0, fit=True).args
    assert size == [17, 96, 64] and frames.shape == (17, 64, 96, 3)
    with pytest.raises(ValueError, match=r"Control Video: LTX wants 8n\+1 frames .* the nearest are 17 .* turn fit on"):
        nodes.run("TrackGoControlVideo", tracks=tracks, width=0, height=0, fit=False)


def test_camera_rows(nodes) -> None:
    size = {"frames": 5, "width": 96, "height": 64}
    (text,) = nodes.run("TrackGoExportCamera", drawing=DRAWING, format="motionctrl", **size).args
    rows = np.array(json.loads(text))
    assert rows.shape == (5, 12) and rows[-1][3] == pytest.approx(0.1)
    with pytest.raises(ValueError, match="Export Camera: the drawing's camera does not move"):
        nodes.run("TrackGoExportCamera", drawing=Drawing.empty(), format="cameractrl", **size)
