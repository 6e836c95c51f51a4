"""Nodes that make a drawing: the editor on the canvas, a mask with an arrow as text, and a camera movement."""

from __future__ import annotations

import json
from dataclasses import replace

import torch
import torch.nn.functional as F
from comfy_api.latest import io

from ..trackgo.drawing import CURVES, PLAYBACKS, Camera, Component, Drawing, Mask
from ..trackgo.drawing.camera import CAMERA_PLAYBACKS
from ..trackgo.drawing.json_values import without_mark
from ..trackgo.drawing.timing import DEFAULT_TIMES
from ..trackgo.figures import overlays
from ..trackgo.selection.points import selection_points
from .arrow_text import UNITS, parse_arrows
from .common import frames_uint8, save_preview, to_image, to_mask
from .picture import load_picture, picture_fingerprint, picture_name
from .schema import (
    CATEGORY,
    DrawingType,
    Editor,
    described,
    frames_input,
    more_timing_inputs,
    size_inputs,
    size_or_zero_inputs,
    timing_inputs,
)
from .timing_text import timing_of

EMPTY_DOCUMENT = '{"version":1,"components":[]}'
ONE_EACH = "one component per mask"
NOT_GIVEN = object()
FRAME_SIDE_PX = 640


def read_document(text: object) -> Drawing:
    """The editor's value as a drawing; nothing at all counts as an empty one. Raises ValueError."""
    if isinstance(text, str) and not without_mark(text).strip():
        return Drawing.empty()
    return Drawing.from_json(text)


def takes_input(component: Component) -> bool:
    """Whether a component's mask is meant to come from the mask input: nothing drawn, or {"source": "input"}."""
    return component.mask.is_empty or component.mask.extra.get("source") == "input"


def filled_from(drawing: Drawing, masks: torch.Tensor | None) -> Drawing:
    """The drawing with its empty masks taken from a MASK [B,H,W]: the first empty one gets the first, and so on.

    A mask is empty as `takes_input` says. The batch's last mask serves all the rest.
    """
    if masks is None:
        return drawing
    fills = mask_fills(masks, sum(map(takes_input, drawing.components)))
    components, taken = [], 0
    for component in drawing.components:
        if takes_input(component):
            component = replace(component, mask=fills[min(taken, len(fills) - 1)])
            taken += 1
        components.append(component)
    return replace(drawing, components=tuple(components))


def mask_fills(masks: torch.Tensor, wanted: int) -> list[Mask]:
    """The first `wanted` masks (at least one) of a MASK [B,H,W], as a document holds them."""
    given = masks.reshape(-1, *masks.shape[-2:])[: max(wanted, 1)].float().cpu().numpy()
    return [Component.from_mask(mask).mask for mask in given]


def reduced(images: torch.Tensor) -> torch.Tensor:
    """An IMAGE [B,H,W,C] with at most FRAME_SIDE_PX on its longer side, to be looked at only."""
    scale = FRAME_SIDE_PX / max(images.shape[1:3])
    if scale >= 1:
        return images
    return F.interpolate(images.movedim(-1, 1), scale_factor=scale, mode="area").movedim(1, -1)


def arrivals(upstream: Drawing | None, own: Drawing, masks: torch.Tensor | None) -> list[dict]:
    """What the editor shows besides its own document: an upstream drawing, and the masks that fill empty ones."""
    if upstream is None and masks is None:
        return []
    fills = [] if masks is None else mask_fills(masks, sum(map(takes_input, own.components)))
    shown = replace(upstream or Drawing.empty(), extra={})
    return [{"drawing": shown.to_json(), "masks": [fill.to_dict() for fill in fills]}]


class TrackGoCanvas(io.ComfyNode):
    """The editor: a picture in, a drawing out. Its value is the document, so it works the same without a browser."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoCanvas",
            category=CATEGORY,
            inputs=[
                io.Image.Input("image", optional=True),
                DrawingType.Input("drawing", optional=True),
                io.Mask.Input("mask", optional=True),
                frames_input(optional=True),
                Editor.Input("editor", optional=True, extra_dict={"default": EMPTY_DOCUMENT}),
            ],
            outputs=[
                DrawingType.Output("drawing_out", display_name="drawing"),
                io.Mask.Output("masks", display_name="masks"),
                io.Image.Output("preview", display_name="preview"),
                io.String.Output("select_points", display_name="select_points"),
            ],
            is_output_node=True,
        )
        return described(schema)

    @classmethod
    def validate_inputs(cls, editor: object = EMPTY_DOCUMENT) -> bool | str:
        """The document alone: ComfyUI reports an error once for every argument that this takes."""
        try:
            picture_name(read_document(editor))
        except ValueError as error:
            return f"TrackGo Canvas: {error}"
        return True

    @classmethod
    def fingerprint_inputs(cls, editor: object = EMPTY_DOCUMENT, image: object = NOT_GIVEN, **_: object) -> str:
        """The content of the document's own picture, where that is used; the rest ComfyUI compares by itself."""
        name = picture_name(read_document(editor)) if image is NOT_GIVEN else None
        try:
            return "" if name is None else picture_fingerprint(name)
        except ValueError:  # the picture is gone: `execute` says so, once
            return ""

    @classmethod
    def execute(
        cls, image: torch.Tensor | None = None, editor: str = EMPTY_DOCUMENT, drawing: Drawing | None = None,
        mask: torch.Tensor | None = None, frames: int = 1, **_: object,
    ) -> io.NodeOutput:  # fmt: skip
        """`frames` are those of the editor's timeline: so many of a batch it can show."""
        own = read_document(editor)
        image = load_picture(picture_name(own)) if image is None else image
        picture = frames_uint8(image[:1])[0]
        document = Drawing.concat(drawing or Drawing.empty(), filled_from(own, mask))
        height, width = picture.shape[:2]
        shown = to_image(overlays.draw_drawing(picture, document)[None])
        saved = save_preview(image[:1, ..., :3], "trackgo_canvas")
        answer = {"trackgo_image": saved, "trackgo_arrivals": arrivals(drawing, own, mask)}
        if image.shape[0] > 1 and frames > 1:
            answer["trackgo_frames"] = save_preview(reduced(image[1:frames, ..., :3]), "trackgo_canvas_frames")
        clicked = json.dumps([{"x": x, "y": y} for x, y in selection_points(document, width, height)])
        return io.NodeOutput(document, to_mask(document.masks(width, height)), shown, clicked, ui=answer)


class TrackGoComponent(io.ComfyNode):
    """Any MASK plus an arrow as text → a component, behind an upstream drawing's."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoComponent",
            category=CATEGORY,
            inputs=[
                io.Mask.Input("mask"),
                DrawingType.Input("drawing", optional=True),
                io.String.Input("arrow", multiline=True, default="0.5, 0.5 -> 0.7, 0.5"),
                io.Combo.Input("units", options=list(UNITS), default="fraction"),
                io.Combo.Input("curve", options=list(CURVES), default="straight"),
                *timing_inputs(),
                io.String.Input("name", default=""),
                io.Combo.Input("batch", options=["first mask", ONE_EACH], default="first mask"),
                *size_or_zero_inputs("width", "height"),
                *more_timing_inputs(PLAYBACKS),
            ],
            outputs=[DrawingType.Output("drawing_out", display_name="drawing")],
        )
        return described(schema)

    @classmethod
    def execute(
        cls, mask: torch.Tensor, arrow: str, units: str, curve: str, start: float, end: float, easing: str, name: str,
        batch: str, width: int, height: int, drawing: Drawing | None = None, bezier: str = "", holds: str = "",
        playback: str = PLAYBACKS[0], times: int = DEFAULT_TIMES,
    ) -> io.NodeOutput:  # fmt: skip
        masks = mask.reshape(-1, *mask.shape[-2:]).float().cpu().numpy()
        masks = masks if batch == ONE_EACH else masks[:1]
        size = (width or masks.shape[2], height or masks.shape[1])
        arrows = parse_arrows(arrow, units, curve, *size)
        names = [name] if len(masks) == 1 else [f"{name} {number}".strip() for number in range(1, len(masks) + 1)]
        timing = {"start": start, "end": end, "easing": easing} | timing_of(bezier, holds, playback, times)
        components = [
            Component.from_mask(one, label, arrows, **timing) for one, label in zip(masks, names, strict=True)
        ]
        return io.NodeOutput(Drawing.concat(drawing or Drawing.empty(), Drawing(tuple(components))))


class TrackGoCameraMotion(io.ComfyNode):
    """The whole scene panned, zoomed and turned: the camera of a drawing."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoCameraMotion",
            category=CATEGORY,
            inputs=[
                DrawingType.Input("drawing", optional=True),
                io.Float.Input("pan_x", default=0.0, min=-2.0, max=2.0, step=0.01),
                io.Float.Input("pan_y", default=0.0, min=-2.0, max=2.0, step=0.01),
                io.Float.Input("zoom", default=1.0, min=0.1, max=10.0, step=0.01),
                io.Float.Input("turn", default=0.0, min=-360.0, max=360.0, step=1.0),
                *timing_inputs(),
                *size_inputs(),
                *more_timing_inputs(CAMERA_PLAYBACKS),
            ],
            outputs=[DrawingType.Output("drawing_out", display_name="drawing")],
        )
        return described(schema)

    @classmethod
    def execute(
        cls, pan_x: float, pan_y: float, zoom: float, turn: float, start: float, end: float, easing: str,
        drawing: Drawing | None = None, bezier: str = "", holds: str = "", playback: str = CAMERA_PLAYBACKS[0],
        times: int = DEFAULT_TIMES, **_: object,
    ) -> io.NodeOutput:  # fmt: skip
        """`_` takes `width` and `height`, which are there for saved graphs: the camera fits any size."""
        timing = timing_of(bezier, holds, playback, times)
        camera = Camera((pan_x, pan_y), zoom, turn, start, end, easing, **timing)
        return io.NodeOutput((drawing or Drawing.empty()).with_camera(camera))


NODES: list[type[io.ComfyNode]] = [TrackGoCanvas, TrackGoComponent, TrackGoCameraMotion]
