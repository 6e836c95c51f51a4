"""What a node has to say of a run: a sentence that js/node_text.js shows on the node, and a warning stops nothing."""

from __future__ import annotations

import logging


def said(text: str | None) -> dict[str, tuple[str, ...]]:
    """What a node's `ui` holds to show a text on it; None takes away what the run before showed."""
    return {"text": () if text is None else (text,)}


def warned(problem: str | None) -> dict[str, tuple[str, ...]]:
    """As `said`, and the problem stands in the log."""
    if problem is not None:
        logging.getLogger(__name__).warning(problem)
    return said(problem)
