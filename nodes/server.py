"""The pack's routes on ComfyUI's server: what the model will see of a drawing, what is under a pointer, the demo's
photograph."""

from __future__ import annotations

import sys

from ..trackgo.demo import picture_request
from ..trackgo.selection import request as selection_request
from ..trackgo.trajectories import preview_request


def register_routes() -> bool:
    """Add the routes to ComfyUI's server, once; False where there is none, as in tests or when a graph runs elsewhere.

    ComfyUI has its `server` module loaded long before it loads packs; importing it here would start one elsewhere.
    """
    prompt_server = getattr(sys.modules.get("server"), "PromptServer", None)
    instance = getattr(prompt_server, "instance", None)
    if instance is None:
        return False
    known = {getattr(route, "path", None) for route in instance.routes}
    for posted in (preview_request, selection_request):
        if posted.ROUTE not in known:
            instance.routes.post(posted.ROUTE)(posted.handle)
    if picture_request.ROUTE not in known:
        instance.routes.get(picture_request.ROUTE)(picture_request.handle)
    return True
