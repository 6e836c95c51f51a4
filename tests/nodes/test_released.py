"""What people have from released versions still opens and runs: graphs, drawings, weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.comfy_harness import ComfyServer
from tests.node_schemas import breaks, offered
from tests.nodes.support import check_node
from tests.released import FOLDER, measured, versions, weights
from tests.released.__main__ import HEADS, WIDTHS, main
from tests.trackgo.support import call, inputs, motion_of, tiny_unet
from trackgo import Drawing, __version__


@pytest.fixture(params=versions())
def folder(request: pytest.FixtureRequest) -> Path:
    return FOLDER / request.param


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_graphs_of_every_version_find_what_they_name(folder: Path, node_list) -> None:
    found = breaks(read(folder / "nodes.json"), offered(node_list))
    assert not found, f"graphs saved with version {folder.name} would break:\n" + "\n".join(found)


def test_drawings_and_weights_of_every_version_mean_the_same(folder: Path) -> None:
    expected, now = read(folder / "expected.json"), measured(folder)
    assert now["components"] == expected["components"]
    assert len(now["paths_px"]) == len(expected["paths_px"])
    for path, before in zip(now["paths_px"], expected["paths_px"], strict=True):
        assert torch.tensor(path).sub(torch.tensor(before)).abs().max() < 0.5, "a component goes elsewhere"
    assert now["features"] == pytest.approx(expected["features"], rel=1e-3)


def test_drawings_of_every_version_lose_nothing_on_the_way_through(folder: Path) -> None:
    document = read(folder / "drawing.json")
    assert json.loads(Drawing.from_json(json.dumps(document)).to_json()) == document


def test_weights_of_every_version_drive_a_unet(folder: Path) -> None:
    model, unet = weights(folder), tiny_unet(WIDTHS, HEADS)
    assert model.base_weights or folder.name != "0.1.0", "0.1.0's file has a base weight that was trained along"
    with torch.no_grad():
        bare = call(unet, inputs())
        with model.attached(unet, motion_of(model)):
            driven = call(unet, inputs())
        assert not torch.allclose(bare, driven)
        assert torch.equal(bare, call(unet, inputs()))


def test_workflows_of_every_version_fit_the_nodes(folder: Path, node_list) -> None:
    known = {node.define_schema().node_id: json.loads(json.dumps(node.GET_NODE_INFO_V1())) for node in node_list}
    ours = [node for node in read(folder / "workflow.json")["nodes"] if node["type"].startswith("TrackGo")]
    assert ours
    for node in ours:
        check_node(node, known[node["type"]])


@pytest.mark.slow
def test_workflows_of_every_version_run(folder: Path, comfy: ComfyServer) -> None:
    run = comfy.run(comfy.prompt_of(read(folder / "workflow.json")))
    assert run.error is None, run.error


def test_a_released_version_is_written_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr("tests.released.__main__.__version__", "0.1.0")
    assert main(["0.1.0"]) == 2 and "never written again" in capsys.readouterr().err
    assert main(["0.9.0"]) == 2 and "python -m tests.released 0.1.0" in capsys.readouterr().err
    assert __version__ not in versions() or __version__ == versions()[-1]
