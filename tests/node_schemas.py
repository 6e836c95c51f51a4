"""What the nodes offer to saved graphs, on record: `python -m tests.node_schemas` adds what is new to the record.

A saved graph names nodes, inputs and combo options by their text, and keeps widget values and output slots by their
place. So anything may be added (inputs only as optional ones: ComfyUI refuses a prompt that lacks a required input;
widgets and outputs only behind the others), and nothing may be renamed, removed, retyped, moved or given another
default. `breaks` says in words where present schemas do that to recorded ones. Tooltips and descriptions are not on
record, they may improve.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from tests.comfy_harness import ROOT
from tests.comfy_standin import ComfyNode, load_pack, standin_comfyui

RECORD = ROOT / "tests" / "fixtures" / "node_schemas.json"
NODE_KEYS = ("display_name", "category", "is_output_node", "is_input_list", "not_idempotent")
GONE = (
    "the node is gone; give it back its id and its place in nodes/__init__.py. A better node gets an id of its own; "
    "where ComfyUI has node replacement, an io.NodeReplace offers it in this one's place (CONTRIBUTING.md)"
)
MAY_WIDEN = ("optional", "min", "max", "options")  # each has a rule of its own


def offered(node_list: list[type[ComfyNode]]) -> dict[str, Any]:
    """What every node offers, by id, in the front end's order of inputs: the required ones come first."""
    found = {}
    for node in node_list:
        schema, inputs = node.GET_SCHEMA(), node.GET_NODE_INFO_V1()["input"]
        found[schema.node_id] = {key: getattr(schema, key) for key in NODE_KEYS} | {
            "inputs": [
                {"id": name, "type": kind, "optional": group == "optional"} | _without_tooltip(options)
                for group in ("required", "optional")
                for name, (kind, options) in inputs.get(group, {}).items()
            ],
            "outputs": [
                {"id": o.id, "type": o.io_type, "display_name": o.display_name, "is_output_list": o.is_output_list}
                for o in schema.outputs
            ],
        }
    return json.loads(json.dumps(found))


def _without_tooltip(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key != "tooltip"}


def recorded() -> dict[str, Any]:
    return json.loads(RECORD.read_text(encoding="utf-8"))


def breaks(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """One sentence for each thing in `now` that would harm a graph saved when the nodes were as in `before`."""
    found = []
    for node_id, node in before.items():
        if node_id not in now:
            found.append(f"{node_id}: {GONE}")
        else:
            found += [f"{node_id}: {text}" for text in _node_breaks(node, now[node_id])]
    return found


def _node_breaks(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = [
        f"{key} was {before[key]!r} and is {now[key]!r}; set it back" for key in NODE_KEYS if now[key] != before[key]
    ]
    present = {item["id"]: item for item in now["inputs"]}
    for item in before["inputs"]:
        if item["id"] not in present:
            found.append(f"input {item['id']} is gone; declare it again, even where execute no longer reads it")
        else:
            found += [f"input {item['id']}: {text}" for text in _input_breaks(item, present[item["id"]])]
    known = {item["id"] for item in before["inputs"]}
    found += [
        f"input {item['id']} is new and required; make it optional, with a default that changes nothing"
        for item in now["inputs"]
        if item["id"] not in known and not item["optional"]
    ]
    old, new = _widgets(before), _widgets(now)
    if set(old) <= set(new) and new[: len(old)] != old:
        found.append(f"widgets came as {old} and come as {new}; put new ones last, values are saved by place")
    return found + _output_breaks(before["outputs"], now["outputs"])


def _widgets(node: dict[str, Any]) -> list[str]:
    """Ids of the inputs that keep a value in the node rather than wait for a link."""
    return [item["id"] for item in node["inputs"] if "default" in item or "options" in item]


def _input_breaks(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = []
    if before["optional"] and not now["optional"]:
        found.append("was optional and is required; make it optional again")
    if "min" in before and now.get("min", before["min"]) > before["min"]:
        found.append(f"min was {before['min']} and is {now['min']}; saved values below it would be refused")
    if "max" in before and now.get("max", before["max"]) < before["max"]:
        found.append(f"max was {before['max']} and is {now['max']}; saved values above it would be refused")
    if lost := [option for option in before.get("options", []) if option not in now.get("options", [])]:
        found.append(f"options {lost} are gone; offer them again")
    fixed = [key for key in before if key not in MAY_WIDEN]
    if "control_after_generate" not in before:
        fixed.append("control_after_generate")  # brings a second widget, which moves the values behind it
    return found + [
        f"{key} was {before.get(key)!r} and is {now.get(key)!r}; set it back"
        for key in fixed
        if now.get(key) != before.get(key)
    ]


def _output_breaks(before: list[dict[str, Any]], now: list[dict[str, Any]]) -> list[str]:
    found = []
    for slot, item in enumerate(before):
        if slot >= len(now) or now[slot]["id"] != item["id"]:
            there = now[slot]["id"] if slot < len(now) else "nothing"
            found.append(f"output {slot} was {item['id']} and is {there}; links are saved by place, put new ones last")
        else:
            found += [
                f"output {item['id']}: {key} was {item[key]!r} and is {now[slot][key]!r}; set it back"
                for key in item
                if now[slot][key] != item[key]
            ]
    return found


def main() -> int:
    """Write the record; 2, with what is wrong, if present schemas break it."""
    with standin_comfyui():
        extension = asyncio.run(load_pack().comfy_entrypoint())
        now = offered(asyncio.run(extension.get_node_list()))
    if RECORD.exists() and (found := breaks(recorded(), now)):
        print("\n".join(found), file=sys.stderr)
        return 2
    RECORD.write_text(json.dumps(now, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
