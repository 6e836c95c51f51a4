"""What the nodes share: the graph's own types, and ComfyUI's pictures and masks as arrays and back."""

from __future__ import annotations

import numpy as np
import torch
from comfy_api.latest import io

from ..trackgo.trajectories import PointTrajectories

CATEGORY = "TrackGo"
DrawingType = io.Custom("TRACKGO_DRAWING")
Editor = io.Custom("TRACKGO_EDITOR")
Tracks = io.Custom("TRACKS")  # ComfyUI's own type; io.Tracks itself is missing before 0.8

EASINGS = ["linear", "ease-in", "ease-out", "ease-in-out"]
CURVES = ["straight", "smooth"]
MAX_SIZE_PX = 16_384


def start_input() -> io.Float.Input:
    """When a component begins to move."""
    return io.Float.Input(
        "start",
        default=0.0,
        min=0.0,
        max=1.0,
        step=0.01,
        tooltip="When the movement begins, as a fraction of the clip: 0 is the first frame.",
    )


def end_input() -> io.Float.Input:
    """When a component comes to rest."""
    return io.Float.Input(
        "end",
        default=1.0,
        min=0.0,
        max=1.0,
        step=0.01,
        tooltip="When the movement is over, as a fraction of the clip: 1 is the last frame.",
    )


def easing_input() -> io.Combo.Input:
    """How a component's speed changes on its way."""
    return io.Combo.Input(
        "easing",
        options=EASINGS,
        default="linear",
        tooltip="How the speed changes on the way: constant, gathering speed, slowing down, or both.",
    )


def frames_uint8(image: torch.Tensor) -> np.ndarray:
    """An IMAGE [B,H,W,3 or 4] in [0,1] as uint8 [B,H,W,3]; alpha is dropped."""
    return (image[..., :3].clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def to_image(frames: np.ndarray) -> torch.Tensor:
    """uint8 [B,H,W,3] as an IMAGE, float32 [B,H,W,3] in [0,1]."""
    return torch.from_numpy(frames).float() / 255


def to_mask(masks: np.ndarray) -> torch.Tensor:
    """bool [s,H,W] as a MASK, float32 [s,H,W], 0 or 1."""
    return torch.from_numpy(masks.astype(np.float32))


def check_order(start: float, end: float) -> None:
    """Raise ValueError if a movement would be over before it begins."""
    if end < start:
        raise ValueError(f"start is {start:g} and end is {end:g}; start must not be after end")


def read_tracks(tracks: dict, width: int | None = None, height: int | None = None) -> PointTrajectories:
    """A graph's TRACKS as point trajectories; `width` and `height` serve tracks that do not say their frame's size."""
    return PointTrajectories.from_tracks(tracks, width=width, height=height)
