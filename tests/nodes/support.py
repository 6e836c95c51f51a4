"""What several tests of the nodes share."""

from __future__ import annotations

from typing import Any

from tests.workflow_format import choices, input_specs, saved_widgets

MODEL_FILES = {"ckpt_name", "trackgo_name", "unet_name", "clip_name", "vae_name"}


def node(kind: str, **inputs: object) -> dict:
    return {"class_type": kind, "inputs": inputs}


def check_node(node: dict[str, Any], info: dict[str, Any]) -> None:
    """One saved node against its definition: names, types, number of widget values, their limits.

    A newer ComfyUI may have given one of its own nodes more widgets and outputs: they come last.
    """
    assert {item["name"] for item in node["inputs"]} <= set(input_specs(info["input"])), node["type"]
    assert [output["type"] for output in node["outputs"]] == info["output"][: len(node["outputs"])], node["type"]
    connected = {item["name"] for item in node["inputs"] if item["link"] is not None}
    widgets = [widget for widget in saved_widgets(info, node["widgets_values"]) if widget.name]
    assert set(info["input"]["required"]) <= connected | {widget.name for widget in widgets}, node["type"]
    for widget in widgets:
        offered, where = choices(widget.spec), f"{node['type']}.{widget.name}"
        if offered is not None and widget.name not in MODEL_FILES:
            assert widget.value in offered, where
        if widget.spec[0] in ("INT", "FLOAT"):
            options = widget.spec[1]
            assert options.get("min", widget.value) <= widget.value <= options.get("max", widget.value), where
