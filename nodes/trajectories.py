"""Nodes that turn drawings into trajectories, show them, and exchange them with other packs."""

from __future__ import annotations

import torch
from comfy_api.latest import io, ui

from ..trackgo.drawing import Drawing
from ..trackgo.figures import overlays
from ..trackgo.trajectories import point_trajectories
from ..trackgo.trajectories.interchange import EXPORT_FORMATS, IMPORT_FORMATS, export_tracks, import_tracks
from .common import CATEGORY, MAX_SIZE_PX, DrawingType, Tracks, frames_uint8, read_tracks, to_image

MIN_FRAMES, MAX_FRAMES = 6, 121
PREVIEW_FPS = 8.0
TEXT_IMPORTS = [name for name in IMPORT_FORMATS if name != "tracks"]  # TRACKS come by their own input and output
TEXT_EXPORTS = [name for name in EXPORT_FORMATS if name != "tracks"]


class TrackGoPointTrajectories(io.ComfyNode):
    """A drawing → TRACKS, their picture P, and coordinates for other packs."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoPointTrajectories",
            display_name="TrackGo Point Trajectories",
            category=CATEGORY,
            description="Places control points on every mask and moves them along the arrows, frame by frame.",
            inputs=[
                DrawingType.Input("drawing", tooltip="From TrackGo Canvas, Component or Camera Motion."),
                io.Int.Input(
                    "frames",
                    default=14,
                    min=MIN_FRAMES,
                    max=MAX_FRAMES,
                    tooltip="Number of frames; must equal the video's (SVD: 14, SVD-XT: 25).",
                ),
                io.Int.Input(
                    "width",
                    default=1024,
                    min=16,
                    max=MAX_SIZE_PX,
                    step=8,
                    tooltip="Width in pixels; must equal the video's.",
                ),
                io.Int.Input(
                    "height",
                    default=576,
                    min=16,
                    max=MAX_SIZE_PX,
                    step=8,
                    tooltip="Height in pixels; must equal the video's.",
                ),
                io.Int.Input(
                    "seed",
                    default=0,
                    min=0,
                    max=2**53 - 1,
                    control_after_generate=False,
                    tooltip="Chooses where on the masks the points lie; the same seed gives the same points.",
                ),
            ],
            outputs=[
                Tracks.Output(
                    "tracks",
                    display_name="tracks",
                    tooltip="ComfyUI's TRACKS: for TrackGo Apply, WanMove and other nodes that read them.",
                ),
                io.Image.Output(
                    "point_images",
                    display_name="point_images",
                    tooltip="What TrackGo sees: a coloured square per point and frame.",
                ),
                io.String.Output(
                    "coordinates",
                    display_name="coordinates",
                    tooltip="The same as JSON text, one list of pixel positions per point, one entry per frame: "
                    "for WanTrackToVideo, KJNodes and others.",
                ),
            ],
        )

    @classmethod
    def execute(cls, drawing: Drawing, frames: int, width: int, height: int, seed: int) -> io.NodeOutput:
        trajectories = point_trajectories(drawing, frames, width, height, seed)
        coordinates = export_tracks(trajectories, "kj")
        return io.NodeOutput(trajectories.to_tracks(), to_image(trajectories.render()), coordinates)


class TrackGoPreview(io.ComfyNode):
    """A picture, or generated frames, with the points and their trails on it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoPreview",
            display_name="TrackGo Preview",
            category=CATEGORY,
            description="Shows the trajectories over the picture or over the finished video, before or after sampling.",
            inputs=[
                io.Image.Input(
                    "image",
                    tooltip="One picture, or the frames of a video. A video of another length than the "
                    "tracks is followed at its own pace, first frame to last.",
                ),
                Tracks.Input("tracks", tooltip="From TrackGo Point Trajectories, or any node that gives TRACKS."),
                DrawingType.Input("drawing", optional=True, tooltip="Shows its masks and arrows as well."),
                io.Int.Input(
                    "tail",
                    default=8,
                    min=0,
                    max=MAX_FRAMES,
                    tooltip="How many frames a point's trail lasts; 0 shows the points alone.",
                ),
            ],
            outputs=[io.Image.Output("frames", display_name="frames", tooltip="One picture per frame.")],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, image: torch.Tensor, tracks: dict, tail: int, drawing: Drawing | None = None) -> io.NodeOutput:
        frames = frames_uint8(image)
        trajectories = read_tracks(tracks, frames.shape[2], frames.shape[1])
        if len(frames) == 1:
            frames = overlays.match_length(frames, trajectories.frames)
        elif len(frames) != trajectories.frames:
            trajectories = trajectories.resampled(len(frames))
        if drawing is not None:
            frames = overlays.draw_on_all(frames, drawing)
        shown = to_image(overlays.draw_trails(frames, trajectories, tail))
        saved = ui.ImageSaveHelper.save_animated_webp(
            shown,
            "trackgo_preview",
            io.FolderType.temp,
            cls=None,
            fps=PREVIEW_FPS,
            lossless=False,
            quality=85,
            method=0,
        )
        return io.NodeOutput(shown, ui={"images": [saved], "animated": (True,)})


class TrackGoImportTracks(io.ComfyNode):
    """Another pack's coordinates or TRACKS → TRACKS as TrackGo wants them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoImportTracks",
            display_name="TrackGo Import Tracks",
            category=CATEGORY,
            description="Reads the trajectories of other packs (KJNodes, WanVideoWrapper ATI, LTX, PIXFL, Tora, "
            "DragNUWA, DragAnything) or any TRACKS, and fits them to another length and size.",
            inputs=[
                io.String.Input(
                    "text",
                    multiline=True,
                    default="",
                    tooltip="Another pack's coordinates, as JSON text. Not used when tracks are connected.",
                ),
                Tracks.Input("tracks", optional=True, tooltip="Any node's TRACKS, instead of text."),
                io.Combo.Input(
                    "format",
                    options=TEXT_IMPORTS,
                    default="auto",
                    tooltip="Where the text comes from; auto looks at it. It decides how points become frames.",
                ),
                io.Int.Input(
                    "frames",
                    default=0,
                    min=0,
                    max=MAX_FRAMES,
                    tooltip="How many frames to give; 0 keeps the source's own number.",
                ),
                io.Int.Input(
                    "width",
                    default=1024,
                    min=16,
                    max=MAX_SIZE_PX,
                    tooltip="Width of the picture that the coordinates were made for.",
                ),
                io.Int.Input(
                    "height",
                    default=576,
                    min=16,
                    max=MAX_SIZE_PX,
                    tooltip="Height of the picture that the coordinates were made for.",
                ),
                io.Int.Input(
                    "new_width",
                    default=0,
                    min=0,
                    max=MAX_SIZE_PX,
                    tooltip="Width of the video that the tracks shall drive; 0: the same.",
                ),
                io.Int.Input(
                    "new_height",
                    default=0,
                    min=0,
                    max=MAX_SIZE_PX,
                    tooltip="Height of the video that the tracks shall drive; 0: the same.",
                ),
            ],
            outputs=[
                Tracks.Output(
                    "imported",
                    display_name="tracks",
                    tooltip="For TrackGo Apply and TrackGo Preview, or any node that reads TRACKS.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        text: str,
        format: str,
        frames: int,
        width: int,
        height: int,
        new_width: int,
        new_height: int,
        tracks: dict | None = None,
    ) -> io.NodeOutput:
        if tracks is None and isinstance(text, str) and not text.strip():
            raise ValueError(
                "TrackGo Import Tracks: there is nothing to import; connect tracks, or put coordinates into text"
            )
        source, format = (text, format) if tracks is None else (tracks, "tracks")
        imported = import_tracks(source, width, height, frames or None, format)
        imported = imported.resized(new_width or imported.width, new_height or imported.height)
        return io.NodeOutput(imported.to_tracks())


class TrackGoExportTracks(io.ComfyNode):
    """TRACKS → the text another pack wants, and TRACKS for core nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoExportTracks",
            display_name="TrackGo Export Tracks",
            category=CATEGORY,
            description="Writes trajectories in the format that another pack reads.",
            inputs=[
                Tracks.Input("tracks", tooltip="From TrackGo Point Trajectories, or any node that gives TRACKS."),
                io.Combo.Input(
                    "format",
                    options=TEXT_EXPORTS,
                    default="kj",
                    tooltip="kj: one point per frame (KJNodes, most packs). ati121: WanTrackToVideo and ATI, 121 "
                    "points. ltx: LTXVideo. tora: one track per component. dragnuwa: pairs [x, y].",
                ),
                io.Int.Input(
                    "width",
                    default=1024,
                    min=16,
                    max=MAX_SIZE_PX,
                    tooltip="Width of the video, for tracks from elsewhere that do not say it themselves.",
                ),
                io.Int.Input(
                    "height",
                    default=576,
                    min=16,
                    max=MAX_SIZE_PX,
                    tooltip="Height of the video, for tracks from elsewhere that do not say it themselves.",
                ),
            ],
            outputs=[
                io.String.Output("text", display_name="text", tooltip="The coordinates in that format."),
                Tracks.Output(
                    "exported", display_name="tracks", tooltip="The same tracks, for nodes that read TRACKS."
                ),
            ],
        )

    @classmethod
    def execute(cls, tracks: dict, format: str, width: int, height: int) -> io.NodeOutput:
        trajectories = read_tracks(tracks, width, height)
        return io.NodeOutput(export_tracks(trajectories, format), trajectories.to_tracks())
