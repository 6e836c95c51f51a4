"""Subgraph blueprints: whole, valid, and with sizes that come from one place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.comfy_harness import ROOT
from tests.nodes.support import check_node

BLUEPRINTS = sorted((ROOT / "subgraphs").glob("*.json"))
INPUT, OUTPUT = -10, -20


@pytest.fixture(params=BLUEPRINTS, ids=lambda path: path.stem)
def blueprint(request: pytest.FixtureRequest) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """The file, the one node in it, and the subgraph that it stands for."""
    workflow = json.loads(request.param.read_text(encoding="utf-8"))
    (outer,), (inner,) = workflow["nodes"], workflow["definitions"]["subgraphs"]
    assert outer["type"] == inner["id"]
    return request.param, outer, inner


def test_it_is_called_as_its_file(blueprint) -> None:
    path, _, inner = blueprint
    assert inner["name"] == path.stem and path.stem.startswith("TrackGo ") and inner["description"]
    assert not set(path.stem) & set('<>:"/\\|?*'), "not a file's name on Windows"


def test_links_lead_from_an_output_to_an_input_of_the_same_type(blueprint) -> None:
    _, outer, inner = blueprint
    nodes = {node["id"]: node for node in inner["nodes"]}
    assert max(nodes) <= inner["state"]["lastNodeId"]
    for link in inner["links"]:
        source, target = link["origin_id"], link["target_id"]
        given = inner["inputs"] if source == INPUT else nodes[source]["outputs"]
        taken = inner["outputs"] if target == OUTPUT else nodes[target]["inputs"]
        start, end = given[link["origin_slot"]], taken[link["target_slot"]]
        assert start["type"] == end["type"] == link["type"]
        assert link["id"] in (start.get("linkIds") or start.get("links") or [])
        assert link["id"] in end["linkIds"] if target == OUTPUT else end["link"] == link["id"]
    for side in ("inputs", "outputs"):
        assert [item["name"] for item in outer[side]] == [item["name"] for item in inner[side]]
        assert all(item["linkIds"] for item in inner[side])
    shown = [name for _, name in outer["properties"]["proxyWidgets"]]
    assert shown == [item["name"] for item in outer["inputs"] if "widget" in item]
    assert len(outer["widgets_values"]) == len(shown)


def test_our_nodes_fit_their_schemas(blueprint, node_list) -> None:
    known = {node.define_schema().node_id: json.loads(json.dumps(node.GET_NODE_INFO_V1())) for node in node_list}
    for node in blueprint[2]["nodes"]:
        if node["type"].startswith("TrackGo"):
            check_node(node, known[node["type"]])


def test_drawing_tracks_and_latent_cannot_differ(blueprint) -> None:
    """Size, length and picture of everything come from Fit Picture."""
    inner = blueprint[2]
    kinds = {node["id"]: node["type"] for node in inner["nodes"]}
    fed = {
        (kinds[link["target_id"]], next(n for n in inner["nodes"] if n["id"] == link["target_id"])["inputs"][
            link["target_slot"]]["name"]): kinds.get(link["origin_id"])
        for link in inner["links"] if link["target_id"] != OUTPUT
    }  # fmt: skip
    (sized,) = {"TrackGoPointTrajectories", "TrackGoCutAndDrag"} & set(kinds.values())
    for kind, length in ((sized, "frames"), ("SVD_img2vid_Conditioning", "video_frames")):
        assert {fed[kind, name] for name in ("width", "height", length)} == {"TrackGoFitPicture"}
    assert fed["TrackGoCanvas", "image"] == fed["SVD_img2vid_Conditioning", "init_image"] == "TrackGoFitPicture"
    if sized == "TrackGoCutAndDrag":
        assert fed[sized, "image"] == "TrackGoFitPicture"
