"""Nodes for what models want besides trajectories: a picture that fits, LTX's control video, rows of camera poses."""

from __future__ import annotations

import numpy as np
import torch
from comfy_api.latest import io

from ..trackgo.drawing import Drawing
from ..trackgo.picture_fit import TARGETS, WAYS, fitted
from ..trackgo.trajectories.frame_rules import FRAME_RULES
from ..trackgo.trajectories.interchange.camera_rows import CAMERA_FORMATS, export_camera
from ..trackgo.trajectories.interchange.ltx_control import control_video
from .common import read_tracks, to_image
from .notices import said
from .schema import CATEGORY, DrawingType, Tracks, described, frames_input, size_inputs, size_or_zero_inputs


class TrackGoFitPicture(io.ComfyNode):
    """A picture → the picture, size and length that a model takes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoFitPicture",
            category=CATEGORY,
            inputs=[
                io.Image.Input("image"),
                io.Combo.Input("target", options=list(TARGETS), default="svd"),
                io.Combo.Input("how", options=list(WAYS), default="crop"),
                *size_or_zero_inputs("width", "height"),
                frames_input(default=0, min=0),
            ],
            outputs=[
                io.Image.Output("picture", display_name="image"),
                io.Int.Output("width_out", display_name="width"),
                io.Int.Output("height_out", display_name="height"),
                io.Int.Output("frames_out", display_name="frames"),
            ],
        )
        return described(schema)

    @classmethod
    def execute(cls, image: torch.Tensor, target: str, how: str, width: int, height: int, frames: int) -> io.NodeOutput:
        model = TARGETS[target]
        size = model.size((image.shape[2], image.shape[1]), width, height)
        pictures = image[..., :3].float().cpu().numpy()
        made = np.stack([fitted(picture, *size, how) for picture in pictures])
        return io.NodeOutput(torch.from_numpy(made), *size, model.length(frames))


class TrackGoControlVideo(io.ComfyNode):
    """TRACKS → the video of trails that LTX's motion-track IC-LoRA reads."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoControlVideo",
            category=CATEGORY,
            inputs=[
                Tracks.Input("tracks"),
                *size_inputs(),
                io.Boolean.Input("fit", default=True),
            ],
            outputs=[
                io.Image.Output("control", display_name="frames"),
                io.Int.Output("frames_out", display_name="length"),
                io.Int.Output("width_out", display_name="width"),
                io.Int.Output("height_out", display_name="height"),
            ],
        )
        return described(schema)

    @classmethod
    def execute(cls, tracks: dict, width: int, height: int, fit: bool) -> io.NodeOutput:
        given = read_tracks(tracks, width, height)
        rule = FRAME_RULES["ltx"]
        size = (given.frames, given.width, given.height)
        if fit:
            given = rule.fitted(given)
        elif rule.nearest(*size) != size:
            raise ValueError(f"TrackGo Control Video: {rule.advice(*size).removesuffix('.')}; turn fit on to take them")
        frames = to_image(control_video(given))
        return io.NodeOutput(frames, given.frames, given.width, given.height, ui=said(rule.done(*size)))


class TrackGoExportCamera(io.ComfyNode):
    """A drawing's camera → the rows of camera poses that MotionCtrl and CameraCtrl read."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoExportCamera",
            category=CATEGORY,
            inputs=[
                DrawingType.Input("drawing"),
                io.Combo.Input("format", options=list(CAMERA_FORMATS), default="motionctrl"),
                frames_input(min=2),
                *size_inputs(),
            ],
            outputs=[io.String.Output("text", display_name="text")],
        )
        return described(schema)

    @classmethod
    def execute(cls, drawing: Drawing, format: str, frames: int, width: int, height: int) -> io.NodeOutput:
        try:
            return io.NodeOutput(export_camera(drawing.camera, frames, width, height, format))
        except ValueError as error:
            raise ValueError(f"TrackGo Export Camera: {error}") from None


NODES: list[type[io.ComfyNode]] = [TrackGoFitPicture, TrackGoControlVideo, TrackGoExportCamera]
