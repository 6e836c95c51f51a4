"""Nodes that make a drawing: the editor on the canvas, a mask with an arrow as text, and a camera movement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from comfy_api.latest import io, ui

from ..trackgo.drawing import Camera, Component, Drawing, Mask
from ..trackgo.figures import overlays
from .arrow_text import UNITS, parse_arrows
from .common import (
    CATEGORY,
    CURVES,
    MAX_SIZE_PX,
    DrawingType,
    Editor,
    check_order,
    easing_input,
    end_input,
    frames_uint8,
    start_input,
    to_image,
    to_mask,
)
from .picture import NO_PICTURE, load_picture, picture_fingerprint, picture_name, picture_path

EMPTY_DOCUMENT = '{"version":1,"components":[]}'
DEFAULT_FRAMES = 14
NOT_GIVEN = object()


def read_document(text: object) -> Drawing:
    """The editor's value as a drawing; nothing at all counts as an empty one. Raises ValueError."""
    if isinstance(text, str) and not text.strip():
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


def arrivals(upstream: Drawing | None, own: Drawing, masks: torch.Tensor | None) -> list[dict]:
    """What the editor shows besides its own document: an upstream drawing, and the masks that fill empty ones."""
    if upstream is None and masks is None:
        return []
    fills = [] if masks is None else mask_fills(masks, sum(map(takes_input, own.components)))
    shown = replace(upstream or Drawing.empty(), extra={})
    return [{"drawing": shown.to_json(), "masks": [fill.to_dict() for fill in fills]}]


def chained(upstream: Drawing | None, components: Sequence[Component]) -> Drawing:
    """An upstream drawing, if there is one, with more components behind its own."""
    return Drawing.concat(upstream or Drawing.empty(), Drawing(tuple(components)))


class TrackGoCanvas(io.ComfyNode):
    """The editor: a picture in, a drawing out. Its value is the document, so it works the same without a browser."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoCanvas",
            display_name="TrackGo Canvas",
            category=CATEGORY,
            description="Paint what shall move and draw an arrow for where it goes. Several parts, each with its own "
            "mask, arrows and timing, are one drawing.",
            inputs=[
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="The picture to draw on; of a batch, the first one. Not connected: the picture put into "
                    "the editor by upload, paste or drop.",
                ),
                DrawingType.Input(
                    "drawing",
                    optional=True,
                    tooltip="A drawing from another TrackGo node; its components come before the ones drawn here.",
                ),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Masks for components that have an arrow but no painted mask, in order.",
                ),
                io.Int.Input(
                    "frames",
                    optional=True,
                    default=DEFAULT_FRAMES,
                    min=6,
                    max=121,
                    tooltip="How many frames the editor's timeline shows; it changes nothing in the drawing.",
                ),
                Editor.Input(
                    "editor",
                    optional=True,
                    extra_dict={"default": EMPTY_DOCUMENT},
                    tooltip="The drawing document, version 1, as JSON text.",
                ),
            ],
            outputs=[
                DrawingType.Output(
                    "drawing_out",
                    display_name="drawing",
                    tooltip="For TrackGo Point Trajectories, or another TrackGo node that adds to it.",
                ),
                io.Mask.Output(
                    "masks",
                    display_name="masks",
                    tooltip="One mask per visible component, in order, at the picture's size.",
                ),
                io.Image.Output("preview", display_name="preview", tooltip="The picture with masks and arrows on it."),
            ],
            is_output_node=True,
        )

    @classmethod
    def validate_inputs(cls, editor: object = EMPTY_DOCUMENT, image: object = NOT_GIVEN) -> bool | str:
        """ComfyUI leaves `image` out where nothing is connected; then the document's own picture must be there."""
        try:
            name = picture_name(read_document(editor))
            if image is NOT_GIVEN:
                if name is None:
                    raise ValueError(NO_PICTURE)
                picture_path(name)
        except ValueError as error:
            return f"TrackGo Canvas: {error}"
        return True

    @classmethod
    def fingerprint_inputs(cls, editor: object = EMPTY_DOCUMENT, image: object = NOT_GIVEN, **_: object) -> str:
        """The content of the document's own picture, where that is used; the rest ComfyUI compares by itself."""
        name = picture_name(read_document(editor)) if image is NOT_GIVEN else None
        return "" if name is None else picture_fingerprint(name)

    @classmethod
    def execute(
        cls,
        image: torch.Tensor | None = None,
        frames: int = DEFAULT_FRAMES,
        editor: str = EMPTY_DOCUMENT,
        drawing: Drawing | None = None,
        mask: torch.Tensor | None = None,
    ) -> io.NodeOutput:
        own = read_document(editor)
        if image is None:
            name = picture_name(own)
            if name is None:
                raise ValueError(NO_PICTURE)
            image = load_picture(name)
        picture = frames_uint8(image[:1])[0]
        document = Drawing.concat(drawing or Drawing.empty(), filled_from(own, mask))
        height, width = picture.shape[:2]
        shown = to_image(overlays.draw_drawing(picture, document)[None])
        saved = ui.ImageSaveHelper.save_images(
            image[:1, ..., :3], "trackgo_canvas", io.FolderType.temp, cls=None, compress_level=1
        )
        answer = {"trackgo_image": saved, "trackgo_arrivals": arrivals(drawing, own, mask)}
        return io.NodeOutput(document, to_mask(document.masks(width, height)), shown, ui=answer)


class TrackGoComponent(io.ComfyNode):
    """Any MASK plus an arrow as text → a component, behind an upstream drawing's."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoComponent",
            display_name="TrackGo Component",
            category=CATEGORY,
            description="Makes a part of the picture move without the editor: a mask from any node (SAM, Load Image, "
            "another pack) and an arrow as text, or the coordinates of another pack's path editor.",
            inputs=[
                io.Mask.Input(
                    "mask",
                    tooltip="What shall move: inside where the mask is at least half. Any size; it is "
                    "stretched over the picture.",
                ),
                DrawingType.Input("drawing", optional=True, tooltip="A drawing to add this component to."),
                io.String.Input(
                    "arrow",
                    multiline=True,
                    default="0.5, 0.5 -> 0.7, 0.5",
                    tooltip="x, y -> x, y, with more points if it bends and one line per arrow; two or more arrows "
                    "turn and scale the part. A path editor's JSON coordinates (KJNodes and others) work "
                    "too. Empty: the part stays where it is.",
                ),
                io.Combo.Input(
                    "units",
                    options=list(UNITS),
                    default="fraction",
                    tooltip="Whether the arrow counts in fractions of the picture (0 to 1) or in pixels. Another "
                    "pack's JSON coordinates are always read as pixels.",
                ),
                io.Combo.Input(
                    "curve",
                    options=CURVES,
                    default="straight",
                    tooltip="Straight from point to point, or a smooth curve through all of them.",
                ),
                start_input(),
                end_input(),
                easing_input(),
                io.String.Input("name", default="", tooltip="A name, for messages and the editor."),
                io.Combo.Input(
                    "batch",
                    options=["first mask", "one component per mask"],
                    default="first mask",
                    tooltip="What a batch of masks means: take the first (a video's masks), or make every mask a "
                    "component of its own with this same arrow (several objects).",
                ),
                io.Int.Input(
                    "width",
                    default=0,
                    min=0,
                    max=MAX_SIZE_PX,
                    tooltip="Width of the picture that the pixel coordinates belong to; 0: the mask's own width.",
                ),
                io.Int.Input(
                    "height",
                    default=0,
                    min=0,
                    max=MAX_SIZE_PX,
                    tooltip="Height of the picture that the pixel coordinates belong to; 0: the mask's own height.",
                ),
            ],
            outputs=[
                DrawingType.Output(
                    "drawing_out",
                    display_name="drawing",
                    tooltip="The upstream drawing with this component behind its own.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        mask: torch.Tensor,
        arrow: str,
        units: str,
        curve: str,
        start: float,
        end: float,
        easing: str,
        name: str,
        batch: str,
        width: int,
        height: int,
        drawing: Drawing | None = None,
    ) -> io.NodeOutput:
        check_order(start, end)
        masks = mask.reshape(-1, *mask.shape[-2:]).float().cpu().numpy()
        masks = masks if batch == "one component per mask" else masks[:1]
        size = (width or masks.shape[2], height or masks.shape[1])
        arrows = parse_arrows(arrow, units, curve, *size)
        names = [name] if len(masks) == 1 else [f"{name} {number}".strip() for number in range(1, len(masks) + 1)]
        components = [
            Component.from_mask(one, label, arrows, start=start, end=end, easing=easing)
            for one, label in zip(masks, names, strict=True)
        ]
        return io.NodeOutput(chained(drawing, components))


class TrackGoCameraMotion(io.ComfyNode):
    """The whole scene panned, zoomed and turned: the camera of a drawing."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoCameraMotion",
            display_name="TrackGo Camera Motion",
            category=CATEGORY,
            description="Moves the whole picture, as a camera would: pan, zoom and turn, on top of what the "
            "components do by themselves. Chain it with other components, or use it alone.",
            inputs=[
                DrawingType.Input("drawing", optional=True, tooltip="A drawing to add the camera's movement to."),
                io.Float.Input(
                    "pan_x",
                    default=0.0,
                    min=-2.0,
                    max=2.0,
                    step=0.01,
                    tooltip="How far the picture moves to the right by the end, in frame widths; negative: left.",
                ),
                io.Float.Input(
                    "pan_y",
                    default=0.0,
                    min=-2.0,
                    max=2.0,
                    step=0.01,
                    tooltip="How far the picture moves down by the end, in frame heights; negative: up.",
                ),
                io.Float.Input(
                    "zoom",
                    default=1.0,
                    min=0.1,
                    max=10.0,
                    step=0.01,
                    tooltip="How large the picture is at the end: above 1 the camera comes closer, below 1 it goes "
                    "away.",
                ),
                io.Float.Input(
                    "turn",
                    default=0.0,
                    min=-360.0,
                    max=360.0,
                    step=1.0,
                    tooltip="How far the picture has turned clockwise by the end, in degrees.",
                ),
                start_input(),
                end_input(),
                easing_input(),
                io.Int.Input(
                    "width",
                    default=1024,
                    min=16,
                    max=MAX_SIZE_PX,
                    tooltip="Not needed: the camera fits any width. It is here for graphs that were made with it.",
                ),
                io.Int.Input(
                    "height",
                    default=576,
                    min=16,
                    max=MAX_SIZE_PX,
                    tooltip="Not needed: the camera fits any height. It is here for graphs that were made with it.",
                ),
            ],
            outputs=[
                DrawingType.Output(
                    "drawing_out",
                    display_name="drawing",
                    tooltip="The upstream drawing with this camera. A drawing has one camera that moves.",
                )
            ],
        )

    @classmethod
    def execute(
        cls,
        pan_x: float,
        pan_y: float,
        zoom: float,
        turn: float,
        start: float,
        end: float,
        easing: str,
        width: int,
        height: int,
        drawing: Drawing | None = None,
    ) -> io.NodeOutput:
        check_order(start, end)
        camera = Camera((pan_x, pan_y), zoom, turn, start, end, easing)
        return io.NodeOutput((drawing or Drawing.empty()).with_camera(camera))
