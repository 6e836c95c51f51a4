"""What the model will see of a drawing, for the editor: one request in, one answer out. Nothing is stored.

The request is JSON: {"page", "drawing": {…version 1…} (or its text), "frames", "width", "height", "seed"}. "page" may
be left out; it is any name of the page that asks and stands first, so that its newer request takes an older one's
place. The answer holds what `point_trajectories` gives, so K-means exists once: `tracks` (float32 [L, N, 2], little
endian) and `visibility` (bits [L, N], rows one after another, most significant first), both as base64, `component` [N]
and `empty`, the numbers of components that have no points because their mask covers no pixel. Both count the visible
components from 0.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..drawing import Drawing
from ..drawing.checks import shown
from ..drawing.json_values import parse_json
from .control_points import MAX_POINTS
from .motion import MAX_FRAMES
from .points import point_trajectories
from .preview_queue import Busy, Job, PreviewQueue

if TYPE_CHECKING:
    from aiohttp import web

ROUTE = "/trackgo/trajectories"
ARRIVAL_S = 60
MAX_REQUEST_BYTES = 8 * 1024 * 1024
MAX_COMMAS = 300_000  # in a request: parsing holds up the server's other threads, a tenth of a second for so many
MAX_SIDE_PX = 4_096
MAX_COMPONENTS = 200
MAX_MASK_PIXELS = MAX_COMPONENTS * 4_096 * 2_160  # all masks together, though there is one at a time
MAX_POSITIONS = 2_000_000  # of all points in all frames: an answer of some twenty megabytes
_PAGE = re.compile(rb'\s*\{\s*"page"\s*:\s*"([\w-]{1,64})"')


def answer(request: bytes, proceed: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """A request's body → the answer as values for JSON; ValueError with one sentence for anything that is wrong.

    `proceed` is called between components and strokes; what it raises ends the work.
    """
    given = read_request(request, '{"drawing", "frames", "width", "height", "seed"}')
    frames = whole(given, "frames", 1, MAX_FRAMES)
    width, height = (whole(given, side, 16, MAX_SIDE_PX) for side in ("width", "height"))
    seed = whole(given, "seed", 0, 2**53 - 1) if "seed" in given else 0
    document = given.get("drawing")
    proceed()
    drawing = Drawing.from_json(document) if isinstance(document, str) else Drawing.from_dict(document)
    _check_amount(drawing, frames, width, height)
    trajectories = point_trajectories(drawing, frames, width, height, seed, skip_empty=True, proceed=proceed)
    present = set(trajectories.component.tolist())
    return {
        "width": width,
        "height": height,
        "frames": frames,
        "tracks": _base64(trajectories.tracks.astype("<f4")),
        "visibility": _base64(np.packbits(trajectories.visibility.reshape(-1))),
        "component": trajectories.component.tolist(),
        "empty": [number for number in range(len(drawing.active)) if number not in present],
    }


def read_request(request: bytes, keys: str) -> dict[str, Any]:
    """A body → its JSON object; ValueError with one sentence for anything else. `keys`: what it may hold, as said."""
    if len(request) > MAX_REQUEST_BYTES:
        raise ValueError(f"the request has {len(request)} bytes; at most {MAX_REQUEST_BYTES} are read")
    if (commas := request.count(b",")) > MAX_COMMAS:
        raise ValueError(
            f"the request has {commas} commas, two for every point of the drawing; at most {MAX_COMMAS} are read: "
            "draw with fewer points"
        )
    try:
        text = request.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"the request is not UTF-8 text: {error}") from None
    given = parse_json(text, "the request")
    if not isinstance(given, dict):
        raise ValueError(f"the request must be an object {keys}")
    return given


def whole(given: dict[str, Any], name: str, low: int, high: int) -> int:
    """A whole number of the request, from `low` to `high`; ValueError otherwise."""
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} is {shown(value)}; it must be a whole number from {low} to {high}")
    return value


def _check_amount(drawing: Drawing, frames: int, width: int, height: int) -> None:
    count = len(drawing.active)
    if count > MAX_COMPONENTS:
        raise ValueError(f"the drawing has {count} visible components; points are shown for at most {MAX_COMPONENTS}")
    if count * width * height > MAX_MASK_PIXELS:
        raise ValueError(
            f"{count} masks of {width}×{height} pixels are too many to show points for; hide some components"
        )
    if (count + 1) * MAX_POINTS * frames > MAX_POSITIONS:  # one more: the background under a moving camera
        raise ValueError(
            f"the points of {count} components over {frames} frames are too many to show; hide some components, or take"
            f" fewer frames"
        )


def _base64(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


@cache
def _queue() -> PreviewQueue:
    return PreviewQueue()


async def handle(request: web.Request) -> web.Response:
    """The route's handler for an aiohttp server, ComfyUI's or another; `respond` says what comes of it."""
    return await respond(request, _queue(), answer)


async def respond(
    request: web.Request,
    queue: PreviewQueue,
    answers: Callable[[bytes, Callable[[], None]], dict[str, Any]],
    late: str = Job.late,
) -> web.Response:
    """What `answers` makes of a request's body, in its turn: 200 with the answer, or one sentence with

    400 for a bad request, 408 for one that does not arrive, 413 for a large one, 415 for another type than JSON (which
    a foreign page may send without asking), 503 where others wait already or the work takes too long (`late` says so).
    """
    from aiohttp import web

    try:
        body = await asyncio.wait_for(_body(request), ARRIVAL_S)
        job = Job(_page(body), lambda job: json.dumps(answers(body, job.proceed)).encode("ascii"), late=late)
        queue.submit(job)
        return web.Response(body=await asyncio.wrap_future(job.done), content_type="application/json")
    except _Refused as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except Busy as error:
        return web.json_response({"error": str(error)}, status=503, headers={"Retry-After": "1"})
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
    except asyncio.TimeoutError:  # a class of its own in Python 3.10
        return web.json_response({"error": f"The request did not arrive in {ARRIVAL_S} seconds."}, status=408)


class _Refused(Exception):
    """A request that is not read; ``status`` is what HTTP says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def _body(request: web.Request) -> bytes:
    """A request's bytes, uncompressed; _Refused for those that are not to be read."""
    from aiohttp import ClientPayloadError, web
    from aiohttp.http_exceptions import HttpProcessingError

    if request.content_type != "application/json":
        raise _Refused(415, f"The request is {request.content_type}; it must be application/json.")
    if (request.content_length or 0) > MAX_REQUEST_BYTES:
        raise _Refused(413, f"The request is larger than {MAX_REQUEST_BYTES} bytes.")
    try:
        body = await request.content.read(MAX_REQUEST_BYTES + 1)
        while len(body) <= MAX_REQUEST_BYTES and (
            more := await request.content.read(MAX_REQUEST_BYTES + 1 - len(body))
        ):
            body += more
    except (ClientPayloadError, HttpProcessingError, web.RequestPayloadError) as error:
        raise _Refused(400, f"The request's body cannot be read: {error}") from None
    if len(body) > MAX_REQUEST_BYTES:
        raise _Refused(413, f"The request is larger than {MAX_REQUEST_BYTES} bytes.")
    return body


def _page(body: bytes) -> str:
    """The page that asks, if the request begins with its name: so it is known before the rest is read."""
    named = _PAGE.match(body)
    return named[1].decode("ascii") if named else ""
