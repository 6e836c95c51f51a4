"""The prompts that the tests build are those that the front end of each ComfyUI queues."""

from __future__ import annotations

import json

import pytest

from tests.browser.editor_page import EditorPage
from tests.browser.support import PATIENCE_MS, WINDOW
from tests.comfy_harness import ROOT
from tests.workflow_format import NOTES

WORKFLOWS = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))


@pytest.fixture(scope="module")
def page(chromium, comfy):
    page = chromium.new_page(viewport=WINDOW)
    page.set_default_timeout(PATIENCE_MS)
    page.request.post(f"{comfy.url}/settings/Comfy.TutorialCompleted", data="true")
    EditorPage(page, comfy, vue=False).open()
    yield page
    page.close()


EMPTY = {"nodes": [], "links": [], "groups": [], "config": {}, "extra": {}, "version": 0.4}


def queued(page) -> dict:
    """What the front end would send now, without the titles that the server ignores."""
    prompt = page.evaluate("async () => (await app.graphToPrompt()).output")
    return {key: {"class_type": node["class_type"], "inputs": node["inputs"]} for key, node in prompt.items()}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_saved_workflow(name: str, page, comfy) -> None:
    workflow = json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))
    known = comfy.node_info(node["type"] for node in workflow["nodes"])
    if missing := {node["type"] for node in workflow["nodes"]} - known.keys() - NOTES:
        pytest.skip(f"this ComfyUI has no {' and no '.join(missing)}: see test_workflows.py for who needs what")
    page.evaluate("(graph) => app.loadGraphData(graph)", workflow)
    page.wait_for_function("(count) => app.graph.nodes.length === count", arg=len(workflow["nodes"]))
    assert queued(page) == comfy.prompt_of(workflow)


def test_fresh_nodes_have_these_defaults(page, comfy) -> None:
    """Ours, and ComfyUI's that workflows hold."""
    kinds = {
        node["type"]
        for name in WORKFLOWS
        for node in json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))["nodes"]
    }
    known = comfy.get("/object_info")
    kinds = sorted(kind for kind in known if kind.startswith("TrackGo") or kind in kinds)
    page.evaluate(
        """async ([empty, kinds]) => {
            await app.loadGraphData(empty)
            for (const kind of kinds) app.graph.add(LiteGraph.createNode(kind))
        }""",
        [EMPTY, kinds],
    )
    nodes = {str(i): {"class_type": kind, "inputs": {}} for i, kind in enumerate(kinds, 1)}
    found = {node["class_type"]: node["inputs"] for node in queued(page).values()}
    assert found == {node["class_type"]: node["inputs"] for node in comfy.prompt(nodes).values()}


def test_a_chosen_option_of_a_dynamic_combo(page, comfy) -> None:
    """SaveVideo's format, since ComfyUI 0.33: its codec and the codec's own values follow."""
    if "COMFY_DYNAMICCOMBO_V3" not in json.dumps(comfy.node_info(["SaveVideo"])):
        pytest.skip("this ComfyUI's SaveVideo has no dynamic combo; it came with 0.33")
    chosen = {"format": "mp4", "format.codec": "h264", "format.codec.encoding": "re-encode"}
    page.evaluate(
        """async ([empty, chosen]) => {
            await app.loadGraphData(empty)
            const node = LiteGraph.createNode('SaveVideo')
            app.graph.add(node)
            for (const [name, value] of Object.entries(chosen))
                node.widgets.find((widget) => widget.name === name).value = value
        }""",
        [EMPTY, chosen],
    )
    (node,) = queued(page).values()
    built = comfy.prompt({"1": {"class_type": "SaveVideo", "inputs": chosen}})
    assert node == built["1"] and "format.codec.encoding.crf" in node["inputs"]
