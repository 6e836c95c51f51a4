"""The example workflows: whole, valid, and — where nothing needs downloading — run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.comfy_harness import ROOT, ComfyServer
from tests.nodes.support import check_node
from tests.workflow_format import NOTES, saved_widgets
from trackgo import Drawing
from trackgo.demo.example import example_image
from trackgo.options import sampling_of
from trackgo.video import read_clip

WORKFLOWS = (
    "trackgo_demo", "trackgo_attention", "trackgo_svd", "trackgo_camera", "trackgo_cut_and_drag",
    "trackgo_demo_cut_and_drag", "trackgo_to_wan_ati", "trackgo_to_wan_cut_and_drag", "trackgo_to_wan_move",
    "trackgo_track_video", "trackgo_sam3",
)  # fmt: skip
RUNNABLE = ("trackgo_demo", "trackgo_camera", "trackgo_attention", "trackgo_demo_cut_and_drag", "trackgo_track_video")
SIZED = ("TrackGoPointTrajectories", "TrackGoCutAndDrag")
FORMAT = ("frames", "width", "height")
NEWER = {"WanMoveTrackToVideo": "0.8", "SAM3_Detect": "0.33"}  # ComfyUI's own nodes that older versions lack


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


def test_drawings_in_workflows_are_valid_and_sizes_agree(workflow: dict[str, Any], node_list) -> None:
    known = {node.define_schema().node_id: node.GET_NODE_INFO_V1() for node in node_list}
    by_type = {node["type"]: node for node in workflow["nodes"]}
    canvas = values(by_type["TrackGoCanvas"], known["TrackGoCanvas"])
    points, *others = ({k: values(by_type[kind], known[kind])[k] for k in FORMAT} for kind in SIZED if kind in by_type)
    assert all(other == points for other in others)
    assert Drawing.from_json(canvas["editor"]).masks(64, 64).any() or "TrackGoCameraMotion" in by_type
    assert canvas["frames"] == points["frames"]
    (maker,) = (node for kind, node in by_type.items() if kind.startswith(("SVD_", "WanTrack", "WanMove", "WanImage")))
    sizes = [value for value in maker["widgets_values"] if isinstance(value, int)]
    start = sizes.index(points["width"])
    assert sizes[start : start + 3] == [points["width"], points["height"], points["frames"]]


@pytest.mark.parametrize("name", ["trackgo_demo", "trackgo_camera"])
def test_the_demo_model_is_held_as_the_library_holds_it(name: str) -> None:
    saved = {node["type"]: node["widgets_values"] for node in read(name)["nodes"]}
    both = sampling_of("demo").held("both")
    assert saved["TrackGoHoldMotion"] == [both.start, both.release] and saved["KSampler"][2] == both.steps


def test_no_picture_is_squashed(workflow: dict[str, Any]) -> None:
    for node in workflow["nodes"]:
        if node["type"] == "ImageScale":
            assert node["widgets_values"][3] == "center"


def test_apply_compares_the_latent_before_anything_is_sampled(workflow: dict[str, Any]) -> None:
    kinds = {node["id"]: node["type"] for node in workflow["nodes"]}
    for node in workflow["nodes"]:
        if node["type"] == "TrackGoApply":
            (link,) = (item["link"] for item in node["inputs"] if item["name"] == "latent")
            source = next(source for number, source, *_ in workflow["links"] if number == link)
            assert kinds[source] == "SVD_img2vid_Conditioning"


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
        if node["type"] in NEWER and node["type"] not in known:
            (note,) = (other["widgets_values"][0] for other in workflow["nodes"] if other["type"] in NOTES)
            said = f"**Needs ComfyUI {NEWER[node['type']]} or later**"
            assert said in note.split("\n\n")[1], "said first, where the node is missing"
            continue
        assert node["type"] in known, node["type"]
        check_node(node, known[node["type"]])


@pytest.mark.slow
def test_the_tiny_model_films_the_cameras_move_and_nothing_comes_apart(comfy: ComfyServer, tmp_path: Path) -> None:
    """The flower is found again in every frame, as large as it is then; in the end it is where the camera says."""
    workflow = read("trackgo_camera")
    run = comfy.run(comfy.prompt_of(workflow))
    (save,) = (str(node["id"]) for node in workflow["nodes"] if node["type"] == "SaveVideo")
    (pan_x, _, zoom, *_), (width, height, _) = (
        next(node for node in workflow["nodes"] if node["type"] == kind)["widgets_values"][:3]
        for kind in ("TrackGoCameraMotion", "SVD_img2vid_Conditioning")
    )
    path = tmp_path / "camera.mp4"
    path.write_bytes(comfy.file(run.outputs[save]["images"][0]))
    frames, (top, left) = read_clip(path)[0], (20, 5)
    flower = cv2.cvtColor(example_image(width, height)[top:95, left:90], cv2.COLOR_RGB2GRAY)
    found = []
    for i, frame in enumerate(frames):
        size = zoom ** (i / (len(frames) - 1))
        grown = cv2.resize(flower, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        found.append(
            cv2.minMaxLoc(cv2.matchTemplate(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), grown, cv2.TM_CCOEFF_NORMED))
        )
    assert len(frames) == 14
    assert min(alike for _, alike, *_ in found) > 0.8
    expected = width / 2 + zoom * (left - width / 2) + pan_x * width, height / 2 + zoom * (top - height / 2)
    assert np.abs(np.subtract(found[-1][3], expected)).max() <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNNABLE)
def test_workflows_without_downloads_run(name: str, comfy: ComfyServer) -> None:
    workflow = read(name)
    run = comfy.run(comfy.prompt_of(workflow))
    assert run.error is None, run.error
    (save,) = (str(node["id"]) for node in workflow["nodes"] if node["type"] == "SaveVideo")
    (video,) = run.outputs[save]["images"]
    assert Path(video["filename"]).suffix == ".mp4" and len(comfy.file(video)) > 1000
