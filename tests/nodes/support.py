"""What several tests of the nodes share."""

from __future__ import annotations


def node(kind: str, **inputs: object) -> dict:
    return {"class_type": kind, "inputs": inputs}
