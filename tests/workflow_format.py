"""ComfyUI's two graph formats: what the front end saves (workflow) and what the server runs (prompt)."""

from __future__ import annotations

from typing import Any

WIDGET_TYPES = {"INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "TRACKGO_EDITOR"}
NOTES = {"MarkdownNote", "Note"}


def input_specs(info: dict[str, Any]) -> dict[str, list[Any]]:
    """Every input of a node in the order of its widgets: name → [type, options]."""
    groups = (info["input"].get(group, {}) for group in ("required", "optional"))
    return {name: spec for group in groups for name, spec in group.items()}


def widget_names(info: dict[str, Any]) -> list[str | None]:
    """What a node's `widgets_values` hold, in order; None for a companion that no input stands for."""
    names: list[str | None] = []
    for name, spec in input_specs(info).items():
        kind, options = spec[0], spec[1] if len(spec) > 1 else {}
        if isinstance(kind, list) or kind in WIDGET_TYPES:
            names.append(name)
            if options.get("control_after_generate", name in ("seed", "noise_seed")) or options.get("image_upload"):
                names.append(None)
    return names


def to_prompt(workflow: dict[str, Any], object_info: dict[str, Any]) -> dict[str, Any]:
    """The prompt that the front end would queue for a saved workflow."""
    sources = {link[0]: [str(link[1]), link[2]] for link in workflow["links"]}
    prompt = {}
    for node in workflow["nodes"]:
        if node["type"] in NOTES:
            continue
        names = widget_names(object_info[node["type"]])
        inputs = {name: value for name, value in zip(names, node["widgets_values"], strict=True) if name}
        inputs |= {item["name"]: sources[item["link"]] for item in node["inputs"] if item["link"] is not None}
        prompt[str(node["id"])] = {"class_type": node["type"], "inputs": inputs}
    return prompt
