"""The pack as ComfyUI sees it: the entrypoint, the nodes' schemas, their help pages."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest

from tests.comfy_harness import ROOT
from tests.comfy_standin import ComfyNode

NODE_IDS = {
    "TrackGoCanvas",
    "TrackGoComponent",
    "TrackGoCameraMotion",
    "TrackGoPointTrajectories",
    "TrackGoPreview",
    "TrackGoImportTracks",
    "TrackGoExportTracks",
    "TrackGoLoader",
    "TrackGoApply",
    "TrackGoDemoModel",
    "TrackGoAttentionView",
    "TrackGoObjMC",
}


def test_entrypoint_gives_every_node(node_list: list[type[ComfyNode]]) -> None:
    assert {node.define_schema().node_id for node in node_list} >= NODE_IDS


def test_schemas_are_valid_and_explain_everything(node_list: list[type[ComfyNode]]) -> None:
    for node in node_list:
        schema = node.GET_SCHEMA()  # raises where ComfyUI 0.3.64 would refuse the pack
        assert schema.category == "TrackGo"
        assert schema.display_name.startswith("TrackGo ")
        assert schema.description.endswith(".")
        for item in [*schema.inputs, *schema.outputs]:
            if item.id == "editor":
                assert not item.tooltip, "Nodes 2.0 would show it all the while one draws"
                continue
            assert item.tooltip and item.tooltip.endswith("."), f"{schema.node_id}.{item.id} needs a tooltip"


def test_optional_defaults_lie_within_their_limits(node_list: list[type[ComfyNode]]) -> None:
    for node in node_list:
        for group in ("required", "optional"):
            for name, (kind, options) in node.GET_NODE_INFO_V1()["input"].get(group, {}).items():
                if kind in ("INT", "FLOAT"):
                    assert options["min"] <= options["default"] <= options["max"], f"{node.__name__}.{name}"
                if kind == "COMBO" and "default" in options:
                    assert options["default"] in options["options"], f"{node.__name__}.{name}"


def test_the_editor_is_the_last_widget_of_the_canvas(nodes) -> None:
    info = nodes.TrackGoCanvas.GET_NODE_INFO_V1()
    assert info["input_order"]["optional"][-1] == "editor"
    assert info["input"]["optional"]["editor"][0] == "TRACKGO_EDITOR"


@pytest.mark.parametrize("node_id", sorted(NODE_IDS))
def test_every_node_has_a_help_page(node_id: str) -> None:
    text = (ROOT / "js" / "docs" / f"{node_id}.md").read_text(encoding="utf-8")
    assert text.startswith("# TrackGo ")
    assert len(text) > 300


def test_importing_the_pack_imports_nothing_of_comfyui() -> None:
    code = (
        "import importlib.util, sys; "
        f"spec = importlib.util.spec_from_file_location('pack', {str(ROOT / '__init__.py')!r}); "
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module); "
        "assert not {'comfy_api', 'torch', 'nodes'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_editors_routes_are_registered_once_and_only_where_a_server_is(
    nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = pytest.importorskip("aiohttp.web")
    package = nodes.TrackGoCanvas.__module__.rpartition(".")[0]
    register_routes = importlib.import_module(f"{package}.server").register_routes
    monkeypatch.delitem(sys.modules, "server", raising=False)
    assert not register_routes()
    server = ModuleType("server")
    server.PromptServer = SimpleNamespace(instance=SimpleNamespace(routes=web.RouteTableDef()))
    monkeypatch.setitem(sys.modules, "server", server)
    assert register_routes() and register_routes()
    routes = [(route.method, route.path) for route in server.PromptServer.instance.routes]
    assert routes == [("POST", "/trackgo/trajectories"), ("POST", "/trackgo/select"), ("GET", "/trackgo/demo-image")]


def test_loading_the_nodes_leaves_out_what_takes_long() -> None:
    """ComfyUI starts no later for them (`python -m benchmarks.import_time` measures it)."""
    code = (
        "import asyncio, sys, torch; sys.path.append(sys.argv[1])\n"
        "from tests.comfy_standin import load_pack, standin_comfyui\n"
        "with standin_comfyui():\n"
        "    extension = asyncio.run(load_pack().comfy_entrypoint())\n"
        "    for node in asyncio.run(extension.get_node_list()): node.GET_SCHEMA()\n"
        "late = {'torch._dynamo', 'sympy', 'diffusers', 'transformers', 'sklearn', 'av', 'pydantic', 'yaml'}\n"
        "print(*late & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code, str(ROOT)], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []
