"""The demo's photograph for the editor, which shows it before the graph has run. One picture, the same for everyone."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING

import cv2

from .example import example_image

if TYPE_CHECKING:
    from aiohttp import web

ROUTE = "/trackgo/demo-image"
SIDE_PX = 128
"""The demo model's frames are square, of this side."""


@cache
def demo_png() -> bytes:
    """What TrackGo Demo Model hands out as its image, as a PNG of `SIDE_PX`×`SIDE_PX` pixels."""
    return cv2.imencode(".png", example_image(SIDE_PX, SIDE_PX)[..., ::-1])[1].tobytes()


async def handle(_: web.Request) -> web.Response:
    """The route's handler for an aiohttp server; nothing of the request is read."""
    from aiohttp import web

    body = await asyncio.get_running_loop().run_in_executor(None, demo_png)
    return web.Response(body=body, content_type="image/png", headers={"Cache-Control": "max-age=86400"})
