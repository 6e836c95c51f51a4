"""A node that takes the motion of a video's things and gives it to another picture."""

from __future__ import annotations

import numpy as np
import torch
from comfy_api.latest import io

from ..trackgo.drawing.checks import located
from ..trackgo.tracking.clicks import read_box, read_clicks
from ..trackgo.tracking.clip_motion import (
    MAX_SMOOTHING,
    WAYS,
    Box,
    follow,
    lost,
    mask_starts,
    moved_as,
    placed,
)
from ..trackgo.tracking.trackers.lk import LucasKanade
from ..trackgo.trajectories.interchange import UNITS
from .common import frames_uint8, interrupted
from .notices import warned
from .schema import CATEGORY, Tracks, described, frames_input, seed_input, size_or_zero_inputs

INSIDE = 0.5  # of a mask, as everywhere


class TrackGoTrackVideo(io.ComfyNode):
    """A clip + masks or clicked points → TRACKS that move another picture the same way."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoTrackVideo",
            category=CATEGORY,
            inputs=[
                io.Image.Input("image"),
                io.Mask.Input("masks", optional=True),
                io.Mask.Input("target_mask", optional=True),
                io.String.Input("points", multiline=True, default=""),
                io.Combo.Input("units", options=list(UNITS), default="auto"),
                io.Combo.Input("motion", options=list(WAYS), default=WAYS[0]),
                io.Float.Input("smoothing", default=1.0, min=0.0, max=MAX_SMOOTHING, step=0.1),
                frames_input(default=0, min=0),
                *size_or_zero_inputs("width", "height"),
                io.String.Input("box", default=""),
                seed_input(),
            ],
            outputs=[Tracks.Output("tracks", display_name="tracks")],
        )
        return described(schema)

    @classmethod
    def execute(
        cls, image: torch.Tensor, points: str, units: str, motion: str, smoothing: float, frames: int, width: int,
        height: int, box: str, seed: int, masks: torch.Tensor | None = None, target_mask: torch.Tensor | None = None,
    ) -> io.NodeOutput:  # fmt: skip
        with located("TrackGo Track Video"):
            _check_finite("image", image)
            clip = frames_uint8(image)
            given, aim = _masks("masks", masks), _masks("target_mask", target_mask)
            if len(given) and given.shape[1:] != clip.shape[1:3]:
                sizes = (given.shape[2], given.shape[1], clip.shape[2], clip.shape[1])
                raise ValueError("masks is {}×{} px and the clip {}×{} px; make it for the clip's frame".format(*sizes))
            width, height = _size((width, height), aim, clip)
            target = read_box(box, width, height, units) if target_mask is None else _box_of(aim)
            clicks = read_clicks(points, clip.shape[2], clip.shape[1], units)
            tracked = follow(clip, mask_starts(given, seed) + clicks, LucasKanade(proceed=interrupted))
            source = None if clicks else Box.around(given)
            made = placed(moved_as(tracked, motion, smoothing), width, height, source, target)
            made = made.resampled(frames) if frames else made
        problem = lost(tracked)
        return io.NodeOutput(made.to_tracks(), ui=warned(problem and f"TrackGo Track Video: {problem}"))


def _check_finite(name: str, values: torch.Tensor) -> None:
    """ValueError naming the first picture of a batch that holds NaN or infinity."""
    for number, picture in enumerate(values, start=1):
        if not torch.isfinite(picture).all():
            raise ValueError(f"{name} {number} holds numbers that are not finite; it must hold 0 to 1")


def _masks(name: str, masks: torch.Tensor | None) -> np.ndarray:
    """A MASK as bool [s, H, W]; no mask, none."""
    if masks is None:
        return np.zeros((0, 1, 1), dtype=bool)
    masks = masks.reshape(-1, *masks.shape[-2:])
    _check_finite(name, masks)
    return (masks >= INSIDE).cpu().numpy()


def _size(asked: tuple[int, int], aim: np.ndarray, clip: np.ndarray) -> tuple[int, int]:
    """Width and height as asked, where 0 is that of the target mask, else of the clip."""
    own = aim.shape[:0:-1] if len(aim) else clip.shape[2:0:-1]
    return asked[0] or own[0], asked[1] or own[1]


def _box_of(aim: np.ndarray) -> Box:
    box = Box.around(aim)
    if box is None:
        raise ValueError("target_mask covers no pixel; paint where the motion is to go, or disconnect it")
    return box


NODES: list[type[io.ComfyNode]] = [TrackGoTrackVideo]
