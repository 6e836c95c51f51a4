"""What the nodes' schemas are made of: the graph's own types, inputs that several nodes have, and the texts.

Every text that people read stands once, in locales/en/nodeDefs.json, where ComfyUI's front end reads it too.
"""

from __future__ import annotations

import json
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any

from comfy_api.latest import io

from ..trackgo.drawing import EASINGS
from ..trackgo.drawing.coordinates import MAX_SIDE_PX
from ..trackgo.drawing.timing import DEFAULT_TIMES, MAX_TIMES
from ..trackgo.trajectories.motion import MAX_FRAMES
from .search_words import SEARCH_WORDS

CATEGORY = "TrackGo"
DrawingType = io.Custom("TRACKGO_DRAWING")
Editor = io.Custom("TRACKGO_EDITOR")
Tracks = io.Custom("TRACKS")  # ComfyUI's own type; io.Tracks itself is missing before 0.8
TrackGoWeights = io.Custom("TRACKGO")

MIN_FRAMES = 6
MAX_SEED = 2**53 - 1  # the largest whole number that JavaScript counts to
_TEXTS = Path(__file__).parents[1] / "locales" / "en" / "nodeDefs.json"


def described(schema: io.Schema) -> io.Schema:
    """The schema with its display name, description and tooltips filled in.

    `node_id` stays a literal in the node's own file, where ComfyUI-Manager's scanner looks for it. Raises ValueError
    naming a text that is missing. The editor has no tooltip: Nodes 2.0 would show it beside the node all the while one
    draws, and a text in the locales would be one even where the schema has none.
    """
    node = schema.node_id
    schema.display_name, schema.description = _text(node, "display_name"), _text(node, "description")
    if hasattr(schema, "search_aliases"):  # not in ComfyUI 0.8 and older
        schema.search_aliases = list(SEARCH_WORDS.get(node, ()))
    for item in schema.inputs:
        if not isinstance(item, Editor.Input):
            item.tooltip = _text(node, "inputs", item.id, "tooltip")
    for slot, item in enumerate(schema.outputs):
        item.tooltip = _text(node, "outputs", str(slot), "tooltip")
    return schema


def _text(*path: str) -> str:
    try:
        return reduce(getitem, path, _texts())
    except KeyError:
        raise ValueError(f"locales/en/nodeDefs.json has no text {'.'.join(path)}; write it there") from None


@cache
def _texts() -> dict[str, Any]:
    return json.loads(_TEXTS.read_text(encoding="utf-8"))


def frames_input(default: int = 14, min: int = MIN_FRAMES, optional: bool = False) -> io.Int.Input:
    """A number of frames of tracks; a model that samples them has bounds of its own."""
    return io.Int.Input("frames", default=default, min=min, max=MAX_FRAMES, optional=optional)


def size_inputs(step: int | None = None) -> list[io.Int.Input]:
    """Width and height of a video or picture in pixels."""
    sides = {"width": 1024, "height": 576}  # SVD's own
    return [io.Int.Input(s, default=px, min=16, max=MAX_SIDE_PX, step=step) for s, px in sides.items()]


def size_or_zero_inputs(width: str, height: str) -> list[io.Int.Input]:
    """Width and height in pixels under these names, where 0 means the size of what comes in."""
    return [io.Int.Input(side, default=0, min=0, max=MAX_SIDE_PX) for side in (width, height)]


def seed_input() -> io.Int.Input:
    """A seed that stays as it is between runs."""
    return io.Int.Input("seed", default=0, min=0, max=MAX_SEED, control_after_generate=False)


def fraction_input(name: str, default: float, step: float = 0.01) -> io.Float.Input:
    """A share from 0 to 1 of the clip or of the sampling."""
    return io.Float.Input(name, default=default, min=0.0, max=1.0, step=step)


def timing_inputs() -> list[io.Float.Input | io.Combo.Input]:
    """When a movement begins and ends, and how its speed changes on the way."""
    easing = io.Combo.Input("easing", options=list(EASINGS), default="linear")
    return [fraction_input("start", 0.0), fraction_input("end", 1.0), easing]


def more_timing_inputs(playbacks: tuple[str, ...]) -> list[io.String.Input | io.Combo.Input | io.Int.Input]:
    """A drawn speed, stays, and which way it runs: `timing_text` reads them. Optional: older graphs lack them."""
    return [
        io.String.Input("bezier", default="", optional=True),
        io.String.Input("holds", default="", optional=True),
        io.Combo.Input("playback", options=list(playbacks), default=playbacks[0], optional=True),
        io.Int.Input("times", default=DEFAULT_TIMES, min=1, max=MAX_TIMES, optional=True),
    ]
