"""Graphs saved with an earlier version keep working: nodes only ever gain inputs, options and outputs."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from tests.node_schemas import breaks, offered, recorded


def test_nothing_that_saved_graphs_name_is_lost(node_list) -> None:
    found = breaks(recorded(), offered(node_list))
    assert not found, "saved graphs would break:\n" + "\n".join(found)


def test_everything_offered_is_on_record(node_list) -> None:
    assert recorded() == offered(node_list), "where nothing is lost, run: python -m tests.node_schemas"


def _input(node: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in node["inputs"] if item["id"] == name)


def change_nothing(node: dict[str, Any]) -> None:
    pass


def add_optional_input(node: dict[str, Any]) -> None:
    node["inputs"].append({"id": "blur", "type": "FLOAT", "optional": True, "default": 0.0})


def add_output_and_option(node: dict[str, Any]) -> None:
    node["outputs"].append({"id": "mask", "type": "MASK", "display_name": "mask", "is_output_list": False})
    _input(node, "format")["options"].append("new")


def widen(node: dict[str, Any]) -> None:
    _input(node, "frames")["max"] = 10_000
    _input(node, "text")["optional"] = True


@pytest.mark.parametrize("change", [change_nothing, add_optional_input, add_output_and_option, widen])
def test_additions_break_nothing(change: Callable[[dict[str, Any]], None]) -> None:
    before = {"TrackGoImportTracks": deepcopy(recorded()["TrackGoImportTracks"])}
    now = deepcopy(before)
    change(now["TrackGoImportTracks"])
    assert breaks(before, now) == []


BREAKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "input text is gone": lambda node: node["inputs"].remove(_input(node, "text")),
    "input frames is gone": lambda node: _input(node, "frames").update(id="length"),
    "input width: type was 'INT' and is 'FLOAT'": lambda node: _input(node, "width").update(type="FLOAT"),
    "input width: default was 1024 and is 512": lambda node: _input(node, "width").update(default=512),
    "input frames: max was 1024 and is 25": lambda node: _input(node, "frames").update(max=25),
    "input new_width: min was 0 and is 8": lambda node: _input(node, "new_width").update(min=8),
    "input tracks: was optional and is required": lambda node: _input(node, "tracks").update(optional=False),
    "input format: options ['ati'] are gone": lambda node: _input(node, "format")["options"].remove("ati"),
    "input blur is new and required": lambda node: node["inputs"].append(
        {"id": "blur", "type": "FLOAT", "optional": False, "default": 0.0}
    ),
    "widgets came as": lambda node: node["inputs"].insert(
        0, {"id": "blur", "type": "FLOAT", "optional": True, "default": 0.0}
    ),
    "input frames: control_after_generate was None": lambda node: _input(node, "frames").update(
        control_after_generate=True
    ),
    "output 0 was imported and is mask": lambda node: node["outputs"].insert(0, {"id": "mask"}),
    "output 0 was imported and is nothing": lambda node: node["outputs"].clear(),
    "output imported: type was 'TRACKS'": lambda node: node["outputs"][0].update(type="STRING"),
    "is_input_list was False and is True": lambda node: node.update(is_input_list=True),
}


@pytest.mark.parametrize("message", BREAKS)
def test_each_break_is_named(message: str) -> None:
    before = {"TrackGoImportTracks": recorded()["TrackGoImportTracks"]}
    now = deepcopy(before)
    BREAKS[message](now["TrackGoImportTracks"])
    assert any(found.startswith(f"TrackGoImportTracks: {message}") for found in breaks(before, now))


def test_a_lost_node_is_named() -> None:
    (found,) = breaks({"TrackGoGone": {}}, {})
    assert found.startswith("TrackGoGone: the node is gone; give it back its id") and "io.NodeReplace" in found
