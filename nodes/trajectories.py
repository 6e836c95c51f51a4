"""Nodes that turn drawings into trajectories, show them, and exchange them with other packs."""

from __future__ import annotations

import numpy as np
import torch
from comfy_api.latest import io

from ..trackgo.drawing import Drawing
from ..trackgo.figures import overlays
from ..trackgo.trajectories import PointTrajectories, point_trajectories
from ..trackgo.trajectories.frame_rules import FRAME_RULES, RULE_OF_FORMAT
from ..trackgo.trajectories.interchange import TEXT_FORMATS, TEXT_WRITERS, UNITS, export_tracks, import_tracks
from ..trackgo.trajectories.motion import MAX_FRAMES
from .common import frames_uint8, read_tracks, save_animation, to_image
from .notices import said, warned
from .schema import (
    CATEGORY,
    DrawingType,
    Tracks,
    described,
    frames_input,
    seed_input,
    size_inputs,
    size_or_zero_inputs,
)

PREVIEW_FPS = 8.0
MIN_MOVE_PX = 0.5
TEXT_IMPORTS = ["auto", *TEXT_FORMATS]  # TRACKS come by their own input and output
TEXT_EXPORTS = list(TEXT_WRITERS)
AS_THEY_ARE, IF_THEY_FIT = "as they are", "only if they fit"
FITS = [AS_THEY_ARE, *FRAME_RULES, IF_THEY_FIT]


def brought_to_model(
    node: str, trajectories: PointTrajectories, format: str, fit: str
) -> tuple[PointTrajectories, str]:
    """Trajectories as one of `FITS` says, and one sentence of what the model wants that reads `format` and what was
    done; no sentence where several models read it. Raises ValueError, which `node` begins, where they have to fit and
    do not.
    """
    key = RULE_OF_FORMAT.get(format, "") if fit in (AS_THEY_ARE, IF_THEY_FIT) else fit
    rule = FRAME_RULES.get(key)
    given = (trajectories.frames, trajectories.width, trajectories.height)
    if rule is None:
        return trajectories, ""
    if fit == IF_THEY_FIT and rule.nearest(*given) != given:
        remedy = f"give TrackGo Point Trajectories these, or set fit to {key}"
        raise ValueError(f"{node}: {rule.advice(*given).removesuffix('.')}; {remedy}")
    if fit in (AS_THEY_ARE, IF_THEY_FIT):
        return trajectories, rule.advice(*given)
    return rule.fitted(trajectories), rule.done(*given)


class TrackGoPointTrajectories(io.ComfyNode):
    """A drawing → TRACKS, their picture P, and coordinates for other packs."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoPointTrajectories",
            category=CATEGORY,
            inputs=[
                DrawingType.Input("drawing"),
                frames_input(),
                *size_inputs(step=8),
                seed_input(),
            ],
            outputs=[
                Tracks.Output("tracks", display_name="tracks"),
                io.Image.Output("point_images", display_name="point_images"),
                io.String.Output("coordinates", display_name="coordinates"),
            ],
        )
        return described(schema)

    @classmethod
    def execute(cls, drawing: Drawing, frames: int, width: int, height: int, seed: int) -> io.NodeOutput:
        trajectories = point_trajectories(drawing, frames, width, height, seed)
        coordinates = export_tracks(trajectories, "kj")
        points = to_image(trajectories.render())
        return io.NodeOutput(trajectories.to_tracks(), points, coordinates, ui=warned(unmoved(trajectories)))


def unmoved(trajectories: PointTrajectories) -> str | None:
    """What to say of trajectories that move nothing; None where something moves by at least `MIN_MOVE_PX`."""
    if not trajectories.tracks.size:
        return (
            "TrackGo Point Trajectories: the drawing is empty, so nothing follows it; paint a mask and draw an arrow, "
            "or move the camera"
        )
    if np.ptp(trajectories.tracks, axis=0).max() < MIN_MOVE_PX:
        return "TrackGo Point Trajectories: nothing in the drawing moves; draw an arrow on a mask, or move the camera"
    return None


class TrackGoPreview(io.ComfyNode):
    """A picture, or generated frames, with the points and their trails on it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoPreview",
            category=CATEGORY,
            inputs=[
                io.Image.Input("image"),
                Tracks.Input("tracks"),
                DrawingType.Input("drawing", optional=True),
                io.Int.Input("tail", default=8, min=0, max=MAX_FRAMES),
                io.Boolean.Input("resample", default=False, optional=True),
            ],
            outputs=[io.Image.Output("frames", display_name="frames")],
            is_output_node=True,
        )
        return described(schema)

    @classmethod
    def execute(
        cls, image: torch.Tensor, tracks: dict, tail: int, drawing: Drawing | None = None, resample: bool = False
    ) -> io.NodeOutput:
        frames = frames_uint8(image)
        trajectories = read_tracks(tracks, frames.shape[2], frames.shape[1])
        if len(frames) == 1:
            frames = overlays.match_length(frames, trajectories.frames)
        elif len(frames) != trajectories.frames:
            if not resample:
                raise ValueError(
                    f"TrackGo Preview: image has {len(frames)} frames and the tracks have {trajectories.frames}; make "
                    "both the same, or turn resample on to show the tracks at the video's pace"
                )
            trajectories = trajectories.resampled(len(frames))
        if drawing is not None:
            frames = overlays.draw_on_all(frames, drawing)
        shown = to_image(overlays.draw_trails(frames, trajectories, tail))
        saved = save_animation(shown, "trackgo_preview", PREVIEW_FPS)
        return io.NodeOutput(shown, ui={"images": [saved], "animated": (True,)})


class TrackGoImportTracks(io.ComfyNode):
    """Another pack's coordinates or TRACKS → TRACKS as TrackGo wants them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoImportTracks",
            category=CATEGORY,
            inputs=[
                io.String.Input("text", multiline=True, default=""),
                Tracks.Input("tracks", optional=True),
                io.Combo.Input("format", options=TEXT_IMPORTS, default="auto"),
                frames_input(default=0, min=0),
                *size_inputs(),
                *size_or_zero_inputs("new_width", "new_height"),
                io.Combo.Input("units", options=list(UNITS), default="auto", optional=True),
            ],
            outputs=[Tracks.Output("imported", display_name="tracks")],
        )
        return described(schema)

    @classmethod
    def execute(
        cls, text: str, format: str, frames: int, width: int, height: int, new_width: int, new_height: int,
        tracks: dict | None = None, units: str = "auto",
    ) -> io.NodeOutput:  # fmt: skip
        if tracks is None and isinstance(text, str) and not text.strip():
            raise ValueError(
                "TrackGo Import Tracks: there is nothing to import; connect tracks, or put coordinates into text"
            )
        source, format = (text, format) if tracks is None else (tracks, "tracks")
        imported = import_tracks(source, width, height, frames or None, format, units)
        imported = imported.resized(new_width or imported.width, new_height or imported.height)
        return io.NodeOutput(imported.to_tracks())


class TrackGoExportTracks(io.ComfyNode):
    """TRACKS → the text another pack wants, and TRACKS for core nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoExportTracks",
            category=CATEGORY,
            inputs=[
                Tracks.Input("tracks"),
                io.Combo.Input("format", options=TEXT_EXPORTS, default="kj"),
                *size_inputs(),
                io.Combo.Input("fit", options=FITS, default=AS_THEY_ARE, optional=True),
            ],
            outputs=[
                io.String.Output("text", display_name="text"),
                Tracks.Output("exported", display_name="tracks"),
                io.String.Output("note", display_name="note"),
                io.Int.Output("frames_out", display_name="frames"),
                io.Int.Output("width_out", display_name="width"),
                io.Int.Output("height_out", display_name="height"),
            ],
        )
        return described(schema)

    @classmethod
    def execute(cls, tracks: dict, format: str, width: int, height: int, fit: str = AS_THEY_ARE) -> io.NodeOutput:
        trajectories = read_tracks(tracks, width, height)
        trajectories, note = brought_to_model("TrackGo Export Tracks", trajectories, format, fit)
        size = (trajectories.frames, trajectories.width, trajectories.height)
        text = export_tracks(trajectories, format)
        return io.NodeOutput(text, trajectories.to_tracks(), note, *size, ui=said(note or None))


NODES: list[type[io.ComfyNode]] = [
    TrackGoPointTrajectories,
    TrackGoPreview,
    TrackGoImportTracks,
    TrackGoExportTracks,
]
