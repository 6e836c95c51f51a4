"""What a node has to say of a run: in ComfyUI's log and as text on the node; a warning stops nothing."""

from __future__ import annotations

import logging
import sys

from comfy_execution.utils import get_executing_context


def said(text: str | None) -> dict[str, tuple[str, ...]]:
    """What a node's `ui` holds for js/node_text.js to show; None takes away what the run before showed."""
    return {"text": () if text is None else (text,)}


def warned(problem: str | None) -> dict[str, tuple[str, ...]]:
    """As `said`, and the problem stands in the log."""
    if problem is not None:
        _log(problem)
    return said(problem)


def warn(problem: str) -> None:
    """A problem found while another pack's node runs: in the log, and on that node where there is a server."""
    _log(problem)
    context = get_executing_context()
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if context is not None and server is not None:
        server.send_progress_text(problem, context.node_id)


def _log(problem: str) -> None:
    logging.getLogger(__name__).warning("TrackGo: %s", problem)
