"""How prompts are built from `/object_info`: widgets in order, companions, dynamic combos, defaults, links.

The same against the real front end is in tests/browser/test_prompt_format.py.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflow_format import complete, saved_widgets, to_prompt

CODEC = ["COMFY_DYNAMICCOMBO_V3", {"options": [
    {"key": "auto", "inputs": {"required": {}}},
    {"key": "av1", "inputs": {"required": {"crf": ["FLOAT", {"default": 30.0}]},
                              "optional": {"matte": ["MASK"], "note": ["STRING", {}]}}},
]}]  # fmt: skip
OBJECT_INFO: dict[str, Any] = {
    "Save": {"input": {
        "required": {"video": ["VIDEO"],
                     "prefix": ["STRING", {"default": "clip"}],
                     "format": ["COMFY_DYNAMICCOMBO_V3", {"options": [
                         {"key": "plain", "inputs": {"required": {}}},
                         {"key": "mp4", "inputs": {"required": {"codec": CODEC}}},
                     ]}]},
        "optional": {"depth": ["INT", {"default": 8}]},
    }},
    "Sample": {"input": {
        "required": {"seed": ["INT", {}], "steps": ["INT", {"default": 4, "control_after_generate": False}],
                     "name": [["euler", "heun"], {}],
                     "style": ["COMBO", {"options": ["a", "b"], "default": "b", "control_after_generate": True}],
                     "cfg": ["FLOAT", {"default": 2.5, "forceInput": True}], "on": ["BOOLEAN", {}]},
        "hidden": {"unique_id": ["UNIQUE_ID"]},
    }},
    "Load": {"input": {"required": {"image": [["b.png"], {"image_upload": True}], "alpha": ["BOOLEAN", {}]}}},
    "Batch": {"input": {"required": {"images": ["COMFY_AUTOGROW_V3", {}]}}},
}  # fmt: skip
for _name, _info in OBJECT_INFO.items():
    _info["name"] = _name


def inputs(kind: str, **given: Any) -> dict[str, Any]:
    return complete({"1": {"class_type": kind, "inputs": given}}, OBJECT_INFO)["1"]["inputs"]


def test_defaults_are_the_front_ends() -> None:
    assert inputs("Sample") == {"seed": 0, "steps": 4, "name": "euler", "style": "b", "on": False}
    assert inputs("Sample", cfg=["7", 0], steps=["8", 1])["steps"] == ["8", 1]


def test_a_dynamic_combo_brings_the_inputs_of_its_option() -> None:
    assert inputs("Save", video=["2", 0]) == {"video": ["2", 0], "prefix": "clip", "format": "plain", "depth": 8}
    chosen = {"format": "mp4", "format.codec": "av1", "format.codec.matte": ["3", 1]}
    assert inputs("Save", **chosen) == {
        "prefix": "clip", "format": "mp4", "format.codec": "av1", "format.codec.crf": 30.0, "format.codec.note": "",
        "format.codec.matte": ["3", 1], "depth": 8,
    }  # fmt: skip


def test_inputs_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match=r"node 1 \(Sample\) has no input sped; it has cfg, seed, steps"):
        inputs("Sample", sped=3)
    with pytest.raises(ValueError, match=r"no input format\.codec;"):
        inputs("Save", **{"format.codec": "av1"})  # not with this format
    with pytest.raises(ValueError, match="this ComfyUI has no node Nothing"):
        inputs("Nothing")
    assert inputs("Batch", **{"images.image0": ["2", 0]}) == {"images.image0": ["2", 0]}


def saved(kind: str, *values: Any) -> dict[str, Any]:
    return {widget.name: widget.value for widget in saved_widgets(OBJECT_INFO[kind], values) if widget.name}


def test_saved_values_are_taken_in_order_past_their_companions() -> None:
    expected = {"seed": 7, "steps": 9, "name": "heun", "style": "a", "on": True}
    assert saved("Sample", 7, "randomize", 9, "heun", "a", "fixed", "", True) == expected
    assert saved("Load", "c.png", True, "image") == {"image": "c.png", "alpha": True}  # the button stands last


def test_saved_values_fill_a_dynamic_combo_and_the_rest_takes_its_default() -> None:
    before = {"prefix": "x", "format": "mp4", "format.codec": "av1"}
    assert saved("Save", "x", "mp4", "av1") == before | {"format.codec.crf": 30.0, "format.codec.note": "", "depth": 8}
    assert saved("Save", "x", "plain", 10) == {"prefix": "x", "format": "plain", "depth": 10}
    with pytest.raises(ValueError, match=r"Save has 3 widgets; the values \[11\] are left over"):
        saved("Save", "x", "plain", 10, 11)


def test_a_workflows_links_come_in_place_of_values_and_notes_stay_out() -> None:
    nodes = [
        {"id": 4, "type": "Load", "widgets_values": ["b.png"]},
        {"id": 5, "type": "Save", "inputs": [{"name": "video", "link": 1}, {"name": "depth", "link": 2},
                                             {"name": "other", "link": None}], "widgets_values": ["x"]},
        {"id": 6, "type": "Note", "widgets_values": ["text"]},
    ]  # fmt: skip
    workflow = {"nodes": nodes, "links": [[1, 4, 0, 5, 0, "VIDEO"], [2, 4, 1, 5, 1, "INT"]]}
    prompt = to_prompt(workflow, OBJECT_INFO)
    assert set(prompt) == {"4", "5"}
    assert prompt["5"]["inputs"] == {"prefix": "x", "format": "plain", "depth": ["4", 1], "video": ["4", 0]}
    nodes[0]["mode"] = 4
    with pytest.raises(ValueError, match=r"node 4 \(Load\) is muted or bypassed"):
        to_prompt(workflow, OBJECT_INFO)
