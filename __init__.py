"""ComfyUI-TrackGo: paint a mask, draw an arrow, and get a video in which just that part moves that way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comfy_api.latest import ComfyExtension

WEB_DIRECTORY = "./js"
__all__ = ["WEB_DIRECTORY", "comfy_entrypoint"]


async def comfy_entrypoint() -> ComfyExtension:
    """What ComfyUI calls to get the pack's nodes and its route; only then is anything of ComfyUI imported."""
    from .nodes import TrackGoExtension
    from .nodes.server import register_routes

    register_routes()
    return TrackGoExtension()
