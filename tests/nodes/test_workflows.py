"""The example workflows: whole, valid, and — where nothing needs downloading — run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.comfy_harness import ROOT, ComfyServer
from tests.workflow_format import NOTES, choices, input_specs, saved_widgets
from trackgo import Drawing

WORKFLOWS = (
    "trackgo_demo", "trackgo_attention", "trackgo_svd", "trackgo_camera", "trackgo_to_wan_ati", "trackgo_to_wan_move",
)  # fmt: skip
RUNNABLE = ("trackgo_demo", "trackgo_camera", "trackgo_attention")
MODEL_FILES = {"ckpt_name", "trackgo_name", "unet_name", "clip_name", "vae_name"}


@pytest.fixture(params=WORKFLOWS)
def workflow(request: pytest.FixtureRequest) -> dict[str, Any]:
    return read(request.param)


def read(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))


def values(node: dict[str, Any], info: dict[str, Any]) -> dict[str, Any]:
    """A node's widget values by input name."""
    return {widget.name: widget.value for widget in saved_widgets(info, node["widgets_values"]) if widget.name}


def test_all_workflows_are_tested() -> None:
    assert {path.stem for path in (ROOT / "workflows").glob("*.json")} == set(WORKFLOWS)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_workflow_has_a_thumbnail(name: str) -> None:
    path = ROOT / "workflows" / f"{name}.jpg"
    with Image.open(path) as picture:
        assert picture.format == "JPEG" and min(picture.size) >= 256
    assert path.stat().st_size < 200_000


def test_links_lead_from_an_output_to_an_input_of_the_same_type(workflow: dict[str, Any]) -> None:
    nodes = {node["id"]: node for node in workflow["nodes"]}
    assert len(nodes) == len(workflow["nodes"]) and max(nodes) == workflow["last_node_id"]
    assert len({link[0] for link in workflow["links"]}) == len(workflow["links"])
    for link, source, out, target, slot, kind in workflow["links"]:
        output, item = nodes[source]["outputs"][out], nodes[target]["inputs"][slot]
        assert link in output["links"] and item["link"] == link
        assert output["type"] == item["type"] == kind
    linked = [item["link"] for node in workflow["nodes"] for item in node["inputs"] if item["link"] is not None]
    assert sorted(linked) == sorted(link[0] for link in workflow["links"])


def test_our_nodes_fit_their_schemas(workflow: dict[str, Any], node_list) -> None:
    known = {node.define_schema().node_id: json.loads(json.dumps(node.GET_NODE_INFO_V1())) for node in node_list}
    ours = [node for node in workflow["nodes"] if node["type"].startswith("TrackGo")]
    assert ours
    for node in ours:
        info = known[node["type"]]
        assert len(node["widgets_values"]) == len(saved_widgets(info, [])), f"{node['type']} is saved with every value"
        check_node(node, info)


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


def test_drawings_in_workflows_are_valid_and_sizes_agree(workflow: dict[str, Any], node_list) -> None:
    known = {node.define_schema().node_id: node.GET_NODE_INFO_V1() for node in node_list}
    by_type = {node["type"]: node for node in workflow["nodes"]}
    canvas = values(by_type["TrackGoCanvas"], known["TrackGoCanvas"])
    points = values(by_type["TrackGoPointTrajectories"], known["TrackGoPointTrajectories"])
    assert Drawing.from_json(canvas["editor"]).masks(64, 64).any() or "TrackGoCameraMotion" in by_type
    assert canvas["frames"] == points["frames"]
    (maker,) = (node for kind, node in by_type.items() if kind.startswith(("SVD_", "WanTrack", "WanMove")))
    sizes = [value for value in maker["widgets_values"] if isinstance(value, int)]
    start = sizes.index(points["width"])
    assert sizes[start : start + 3] == [points["width"], points["height"], points["frames"]]


def test_notes_explain_each_workflow(workflow: dict[str, Any]) -> None:
    (note,) = (node for node in workflow["nodes"] if node["type"] in NOTES)
    assert len(note["widgets_values"][0]) > 200
    files = [value for node in workflow["nodes"] for value in node["widgets_values"] if str(value).endswith("tensors")]
    for file in files:
        assert file in note["widgets_values"][0] or "trackgo" in file, f"the note does not say where {file} goes"


def test_the_real_comfyui_knows_every_node(workflow: dict[str, Any], comfy: ComfyServer) -> None:
    known = comfy.get("/object_info")
    for node in workflow["nodes"]:
        if node["type"] in NOTES:
            continue
        if node["type"] == "WanMoveTrackToVideo" and node["type"] not in known:
            continue  # ComfyUI before 0.8
        assert node["type"] in known, node["type"]
        check_node(node, known[node["type"]])


@pytest.mark.parametrize("name", RUNNABLE)
def test_workflows_without_downloads_run(name: str, comfy: ComfyServer) -> None:
    workflow = read(name)
    run = comfy.run(comfy.prompt_of(workflow))
    assert run.error is None, run.error
    (save,) = (str(node["id"]) for node in workflow["nodes"] if node["type"] == "SaveVideo")
    (video,) = run.outputs[save]["images"]
    assert Path(video["filename"]).suffix == ".mp4" and len(comfy.file(video)) > 1000
