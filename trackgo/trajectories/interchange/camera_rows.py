"""A drawing's camera as rows of camera poses: MotionCtrl's and CameraCtrl's.

A drawing's camera acts on the picture, theirs stands in a scene. The rows are those of a camera that sees a flat
picture at distance 1 move just so: pan and turn exactly, zoom as coming nearer. What is nearer or farther than that
picture shows parallax, which the models make themselves.
"""

from __future__ import annotations

import json

import numpy as np

from ...drawing import Camera
from ..motion import camera_motion, check_frames

FOCAL = 1.0  # focal length in frame widths: a horizontal view of 53°
CAMERA_FORMATS = ("motionctrl", "cameractrl")


def poses(camera: Camera | None, frames: int, width: int, height: int) -> np.ndarray:
    """World-to-camera matrices [R | t], float64 [L, 3, 4]; x runs right, y down, z away; the identity stands still.

    With the picture's similarity x → s·R(x − c) + c + p, in pixels, and the focal length f in pixels: the distance
    becomes 1 / s, and the camera lies p / (f·s) to the other side.
    """
    check_frames(frames)
    motion = camera_motion(camera, frames, width, height)
    center = np.array([[(width - 1) / 2, (height - 1) / 2]])
    corners = center + np.array([[0.0, 0.0], [1.0, 0.0]])
    moved = motion.apply(corners)  # [L, 2, 2]: where the middle goes, and the place one pixel to its right
    along = moved[:, 1] - moved[:, 0]
    scale = np.hypot(*along.T)
    cos, sin = along.T / scale
    shift = (moved[:, 0] - center) / (FOCAL * width * scale[:, None])
    rows = np.zeros((frames, 3, 4))
    rows[:, 0, 0], rows[:, 0, 1] = cos, -sin
    rows[:, 1, 0], rows[:, 1, 1] = sin, cos
    rows[:, 2, 2] = 1
    rows[:, :2, 3] = shift
    rows[:, 2, 3] = 1 / scale - 1
    return rows


def motionctrl(camera: Camera | None, frames: int, width: int, height: int) -> str:
    """MotionCtrl-SVD's `camera`: a JSON list of one [R | t] a frame, 12 numbers in reading order."""
    rows = poses(camera, frames, width, height).reshape(frames, 12)
    return json.dumps((rows.round(6) + 0.0).tolist(), separators=(",", ":"))


def cameractrl(camera: Camera | None, frames: int, width: int, height: int) -> str:
    """CameraCtrl's text file: a line that names the source, then a line a frame.

    A line holds the time in microseconds, the intrinsics fx fy cx cy as parts of the frame, two zeros, and [R | t].
    """
    intrinsics = [FOCAL, FOCAL * width / height, 0.5, 0.5, 0, 0]
    lines = ["https://zhtjtcz.github.io/TrackGo-Page/"]
    for number, pose in enumerate(poses(camera, frames, width, height).reshape(frames, 12)):
        values = [*intrinsics, *(pose.round(9) + 0.0)]
        lines.append(" ".join([str(number * 1_000_000 // 8), *(f"{value:.9g}" for value in values)]))
    return "\n".join(lines) + "\n"


def export_camera(camera: Camera | None, frames: int, width: int, height: int, format: str) -> str:
    """The rows of one of `CAMERA_FORMATS`. Raises ValueError for another format, and for a drawing without a camera."""
    if format not in CAMERA_FORMATS:
        raise ValueError(f"format is {format!r}; it must be one of {', '.join(CAMERA_FORMATS)}")
    if camera is None or not camera.moves:
        raise ValueError("the drawing's camera does not move; pan, zoom or turn it first")
    return {"motionctrl": motionctrl, "cameractrl": cameractrl}[format](camera, frames, width, height)
