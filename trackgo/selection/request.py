"""What lies in a box or under clicks, for the editor: one request in, one outline out. Nothing is stored.

The request is JSON: {"page", "width", "height", "pixels", "box", "include", "exclude"}. "page" is as for the points.
"pixels" is the picture, at most 512 on a side: red, green and blue bytes, row after row, as base64; so no decoder of
picture files is in anybody's reach. "box" is [left, top, right, bottom] or null, "include" and "exclude" are lists of
[u, v], all in fractions of the picture. The answer is {"points"}: one closed outline in fractions, empty where nothing
was found.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..drawing.checks import shown
from ..trajectories.preview_queue import PreviewQueue
from ..trajectories.preview_request import read_request, respond, whole
from .cut import MAX_SIDE_PX, Prompts, cut_out
from .outline import outline

if TYPE_CHECKING:
    from aiohttp import web

ROUTE = "/trackgo/select"
MIN_SIDE_PX = 8
MAX_CLICKS = 200
_KEYS = '{"width", "height", "pixels", "box", "include", "exclude"}'
_DECIMALS = 5


def answer(request: bytes, proceed: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """A request's body → the answer as values for JSON; ValueError with one sentence for anything that is wrong.

    `proceed` is called between the steps of the work; what it raises ends it.
    """
    given = read_request(request, _KEYS)
    width, height = (whole(given, side, MIN_SIDE_PX, MAX_SIDE_PX) for side in ("width", "height"))
    box = _numbers(given["box"], 4, "box") if given.get("box") is not None else None
    prompts = Prompts(_upright(box), _places(given, "include"), _places(given, "exclude"))
    picture = _pixels(given.get("pixels"), width, height)
    proceed()
    points = outline(cut_out(picture, prompts, proceed))
    return {"points": points.round(_DECIMALS).tolist()}


def _upright(box: tuple[float, ...] | None) -> tuple[float, float, float, float] | None:
    """A box drawn in any direction, within the frame."""
    if box is None:
        return None
    (left, right), (top, bottom) = (sorted(min(max(box[i], 0.0), 1.0) for i in pair) for pair in ((0, 2), (1, 3)))
    if left == right or top == bottom:
        raise ValueError(f"box is {shown(box)}; it must cover a part of the picture")
    return left, top, right, bottom


def _places(given: dict[str, Any], name: str) -> list[tuple[float, float]]:
    places = given.get(name, [])
    if not isinstance(places, list) or len(places) > MAX_CLICKS:
        raise ValueError(f"{name} is {shown(places)}; it must be a list of at most {MAX_CLICKS} places [u, v]")
    return [_numbers(place, 2, f"{name}, place {number}") for number, place in enumerate(places, 1)]


def _numbers(value: object, count: int, name: str) -> tuple[float, ...]:
    good = isinstance(value, list) and len(value) == count
    if not good or not all(type(one) in (int, float) and abs(one) <= 10 for one in value):
        raise ValueError(f"{name} is {shown(value)}; it must be a list of {count} numbers from -10 to 10")
    return tuple(float(one) for one in value)


def _pixels(text: object, width: int, height: int) -> np.ndarray:
    """Base64 → uint8 [h, w, 3]."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != width * height * 3:
        raise ValueError(f"pixels must be {width * height * 3} bytes as base64: {width}×{height} of red, green, blue")
    return np.frombuffer(data, np.uint8).reshape(height, width, 3)


@cache
def _queue() -> PreviewQueue:
    """One of its own: a selection is not to wait for somebody's points."""
    return PreviewQueue("other selections wait already")


async def handle(request: web.Request) -> web.Response:
    """The route's handler for an aiohttp server, ComfyUI's or another; statuses are those of `respond`."""
    return await respond(request, _queue(), answer, "the selection takes longer than {:g} seconds")
