"""The pack's one route on ComfyUI's server: the editor asks what the model will see of a drawing."""

from __future__ import annotations

import sys

from ..trackgo.trajectories.preview_request import ROUTE, handle


def register_routes() -> bool:
    """Add the route to ComfyUI's server, once; False where there is none, as in tests or when a graph runs elsewhere.

    ComfyUI has its `server` module loaded long before it loads packs; importing it here would start one elsewhere.
    """
    prompt_server = getattr(sys.modules.get("server"), "PromptServer", None)
    instance = getattr(prompt_server, "instance", None)
    if instance is None:
        return False
    if not any(getattr(route, "path", None) == ROUTE for route in instance.routes):
        instance.routes.post(ROUTE)(handle)
    return True
