"""LTX's control video and the rows of camera poses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from trackgo.drawing import Camera
from trackgo.trajectories import PointTrajectories
from trackgo.trajectories.interchange.camera_rows import FOCAL, export_camera, poses
from trackgo.trajectories.interchange.ltx_control import control_video
from trackgo.trajectories.motion import camera_motion

WIDTH, HEIGHT, FRAMES = 384, 256, 60
Y = 120


def straight(visible: bool = True) -> PointTrajectories:
    """One point that runs from left to right."""
    tracks = np.stack([np.linspace(32, 352, FRAMES), np.full(FRAMES, float(Y))], axis=-1)[:, None].astype(np.float32)
    return PointTrajectories(tracks, np.full((FRAMES, 1), visible), np.zeros(1, np.int64), WIDTH, HEIGHT)


def test_a_track_is_blue_in_front_and_red_in_the_end() -> None:
    frames = control_video(straight())
    assert frames.shape == (FRAMES, HEIGHT, WIDTH, 3) and frames.dtype == np.uint8
    last = frames[-1].astype(int)
    place = lambda age: last[Y, round(32 + (FRAMES - 1 - age) * 320 / (FRAMES - 1))]  # noqa: E731
    assert place(0)[2] > 120 and place(0)[0] < 20, "now: blue"
    assert place(33)[1] > place(33)[2], "older: green"
    oldest = last[Y - 2 : Y + 3, 74:96].max(axis=(0, 1))
    assert oldest[0] > 1.5 * oldest[1] and oldest[2] == 0, "oldest: red"
    assert not last[:, :32].any(), "older than the trail: nothing"
    assert not last[: Y - 4].any() and not last[Y + 5 :].any(), "a narrow trail"
    assert not control_video(straight(visible=False)).any()


def test_discs_shrink_with_age() -> None:
    last = control_video(straight())[-1].max(axis=-1).astype(float)
    thickness = last.sum(axis=0) / 255
    assert thickness[350] > 2 * thickness[82:88].mean() > 0


CAMERA = Camera(pan=(0.2, -0.1), zoom=1.5, turn=20.0)


def test_camera_rows_move_a_flat_picture_as_the_drawing_says() -> None:
    """Places of the picture, put at distance 1 and seen by each pose, land where the camera's similarity moves them."""
    rows = poses(CAMERA, 9, WIDTH, HEIGHT)
    assert np.allclose(rows[0], np.eye(3, 4))
    focal, center = FOCAL * WIDTH, np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    places = np.array([[0.0, 0.0], [383.0, 0.0], [40.0, 255.0], [191.5, 127.5]])
    scene = np.concatenate([(places - center) / focal, np.ones((4, 1))], axis=1)
    seen = np.einsum("lij,nj->lni", rows[:, :, :3], scene) + rows[:, None, :, 3]
    assert np.allclose(
        focal * seen[..., :2] / seen[..., 2:] + center, camera_motion(CAMERA, 9, WIDTH, HEIGHT).apply(places)
    )


def test_both_texts_hold_the_poses() -> None:
    rows = poses(CAMERA, 5, WIDTH, HEIGHT).reshape(5, 12)
    assert np.allclose(json.loads(export_camera(CAMERA, 5, WIDTH, HEIGHT, "motionctrl")), rows, atol=1e-5)
    head, *lines = export_camera(CAMERA, 5, WIDTH, HEIGHT, "cameractrl").splitlines()
    assert head.startswith("https://")
    values = np.array([line.split() for line in lines], dtype=float)
    assert values.shape == (5, 19)
    assert np.allclose(values[:, 7:], rows) and np.allclose(values[:, 1:7], [1, 1.5, 0.5, 0.5, 0, 0])


def test_a_camera_that_stands_still_is_refused() -> None:
    with pytest.raises(ValueError, match="does not move; pan, zoom or turn"):
        export_camera(Camera(), 5, WIDTH, HEIGHT, "motionctrl")
    with pytest.raises(ValueError, match="must be one of motionctrl, cameractrl"):
        export_camera(CAMERA, 5, WIDTH, HEIGHT, "colmap")
