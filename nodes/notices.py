"""What a node has to say while it runs: a sentence shown on the node itself, and a warning that stops nothing."""

from __future__ import annotations

import logging
import sys

from comfy_api.latest import io

_warned: set[str] = set()  # nodes in the page that show a warning of their last run


def show_on_node(node: type[io.ComfyNode], text: str) -> None:
    """Show a text on the node that is running, below its widgets, in place of what stood there.

    The node's schema must ask for ``Hidden.unique_id``. Does nothing where there is no server, as in tests. ComfyUI has
    its `server` module loaded long before it runs a node.
    """
    number = getattr(node.hidden, "unique_id", None)
    server = getattr(getattr(sys.modules.get("server"), "PromptServer", None), "instance", None)
    if server is not None and number is not None:
        server.send_progress_text(text, number)


def warn(node: type[io.ComfyNode], problem: str | None) -> None:
    """Log a problem and show it on the node; with None take away what the node's last run showed."""
    number = str(getattr(node.hidden, "unique_id", None))
    if problem is not None:
        logging.getLogger(__name__).warning(problem)
        show_on_node(node, problem)
        _warned.add(number)
    elif number in _warned:
        show_on_node(node, "")
        _warned.discard(number)
