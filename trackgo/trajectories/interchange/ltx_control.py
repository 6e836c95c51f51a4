"""The control video that LTX's motion-track IC-LoRA is given: each track with a trail behind it, on black.

A disc for each of a track's last 51 positions, drawn at a short side of 1080 pixels and brought down to the video's
size: radius 8 px at the present position, 2 px at the oldest, newer over older. The model was trained with red and blue
changed: the present is blue, then come cyan and green, the oldest is red.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..points import PointTrajectories

SHORT_SIDE_PX = 1080
TRAIL = 50  # frames
MIN_RADIUS_PX, MAX_RADIUS_PX = 2.0, 8.0
_SHIFT = 4  # bits behind the point in OpenCV's whole numbers


def control_video(trajectories: PointTrajectories) -> np.ndarray:
    """uint8 [L, H, W, 3] of the trajectories' own length and size. Positions that are not visible are left out."""
    width, height = trajectories.width, trajectories.height
    scale = SHORT_SIDE_PX / min(width, height)
    canvas = (SHORT_SIDE_PX, int(width * scale)) if height <= width else (int(height * scale), SHORT_SIDE_PX)
    places = np.round(trajectories.tracks * np.array([canvas[1] / width, canvas[0] / height])).astype(int)
    frames = np.zeros((trajectories.frames, height, width, 3), np.uint8)
    for now, frame in enumerate(frames):
        drawn = np.zeros((*canvas, 3), np.uint8)
        for then in range(max(0, now - TRAIL), now + 1):
            fresh = 1 - (now - then) / TRAIL
            _discs_(drawn, places[then][trajectories.visibility[then]], fresh)
        frame[:] = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_LINEAR)
    return frames


def _discs_(drawn: np.ndarray, places: np.ndarray, fresh: float) -> None:
    radius = MIN_RADIUS_PX + (MAX_RADIUS_PX - MIN_RADIUS_PX) * fresh
    color = age_color(fresh)
    for x, y in places.tolist():
        if -radius <= x < drawn.shape[1] + radius and -radius <= y < drawn.shape[0] + radius:
            cv2.circle(drawn, (x << _SHIFT, y << _SHIFT), round(radius * (1 << _SHIFT)), color, -1, cv2.LINE_8, _SHIFT)


def age_color(fresh: float) -> tuple[int, int, int]:
    """RGB from 1 (now: blue) over 2/3 (cyan) and 1/3 (green) to 0 (50 frames ago: red)."""
    stops = np.array([[255, 0, 0], [0, 255, 0], [0, 255, 255], [0, 0, 255]])
    red, green, blue = (np.interp(fresh, np.linspace(0, 1, 4), channel) for channel in stops.T)
    return round(red), round(green), round(blue)
