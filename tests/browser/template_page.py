"""The example workflows in a page of a real ComfyUI: opened, run, and where their nodes then lie."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import Page

from tests.browser.support import PATIENCE_MS
from tests.comfy_harness import ROOT, ComfyServer

Box = tuple[float, float, float, float]  # left, top, right, bottom in the graph's pixels

TEMPLATES = sorted(path.stem for path in (ROOT / "workflows").glob("*.json"))
VIEW = {"width": 2400, "height": 1500}
SCALE = 0.5  # all of a template lies in the window
CANVAS_OF_GRAPH = "app.canvas.ds.scale = scale; app.canvas.ds.offset = offset; app.canvas.setDirty(true, true)"
MEASURE = """(vue) => Object.fromEntries(app.graph.nodes.map((node) => {
    if (!vue) {
        const [x, y] = node.pos, [width, height] = node.size
        return [node.id, [x, y - LiteGraph.NODE_TITLE_HEIGHT, x + width, y + height]]
    }
    const rect = document.querySelector(`[data-node-id="${node.id}"]`).getBoundingClientRect()
    const { scale, offset } = app.canvas.ds, board = app.canvas.canvas.getBoundingClientRect()
    const across = (x) => (x - board.left) / scale - offset[0], down = (y) => (y - board.top) / scale - offset[1]
    return [node.id, [across(rect.left), down(rect.top), across(rect.right), down(rect.bottom)]]
}))"""
SETTLED = (
    f"const measure = {MEASURE}"
    + """
    for (let still = 0, before = ''; still < 12; ) {
        await new Promise(requestAnimationFrame)
        const now = JSON.stringify(measure(vue))
        still = now === before ? still + 1 : 0
        before = now
    }
"""
)


def read_template(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))


class TemplatePage:
    """A page of a server in either mode that shows one template after the other."""

    def __init__(self, page: Page, comfy: ComfyServer, vue: bool) -> None:
        self.page, self.comfy, self.vue = page, comfy, vue
        page.set_default_timeout(PATIENCE_MS)
        for key, value in (("Comfy.TutorialCompleted", True), ("Comfy.VueNodes.Enabled", vue)):
            page.request.post(f"{comfy.url}/settings/{key}", data=json.dumps(value))
        page.goto(comfy.url, wait_until="commit")
        page.wait_for_function(
            "() => window.app?.graph?.nodes?.length && window.LiteGraph?.registered_node_types?.TrackGoCanvas"
        )
        page.wait_for_function("(on) => !!LiteGraph.vueNodesMode === on", arg=vue)

    def show(self, graph: dict[str, Any]) -> None:
        """Open a graph, all of it in the window."""
        left = min(node["pos"][0] for node in graph["nodes"]) - 40
        self.page.evaluate("(graph) => app.loadGraphData(graph)", graph)
        self.page.wait_for_function("(count) => app.graph.nodes.length === count", arg=len(graph["nodes"]))
        offset = [-left, 200]
        self.page.evaluate(f"([scale, offset]) => {{ {CANVAS_OF_GRAPH} }}", [SCALE, offset])
        if self.vue:
            self.page.wait_for_function(
                "(count) => document.querySelectorAll('[data-node-id]').length >= count", arg=len(graph["nodes"])
            )
        self.settle()

    def settle(self) -> None:
        """Wait until no node changes its place or size any more."""
        self.page.evaluate(f"async (vue) => {{ {SETTLED} }}", self.vue)

    def boxes(self) -> dict[int, Box]:
        """Every node with its title: id → where it lies."""
        return {int(key): tuple(box) for key, box in self.page.evaluate(MEASURE, self.vue).items()}

    def on_screen(self, box: Box) -> Box:
        """A box of the graph in the window."""
        x, y = self.page.evaluate(
            "() => { const r = app.canvas.canvas.getBoundingClientRect(); return [r.left, r.top] }"
        )
        (dx, dy), scale = self.page.evaluate("() => [[...app.canvas.ds.offset], app.canvas.ds.scale]")
        left, top, right, bottom = box
        return x + (left + dx) * scale, y + (top + dy) * scale, x + (right + dx) * scale, y + (bottom + dy) * scale

    def run(self) -> dict[str, dict[str, Any]]:
        """Queue what is open, as the button does; what each node gave, by its number, once the page shows it."""
        with self.page.expect_response("**/prompt") as response:
            self.page.evaluate("() => app.queuePrompt(0, 1)")
        run = self.comfy.wait(response.value.json()["prompt_id"])
        assert run.error is None, run.error
        self.page.wait_for_function(
            "(ids) => ids.every((id) => app.nodeOutputs?.[id] || app.graph.getNodeById(id)?.images)",
            arg=[number for number, output in run.outputs.items() if "images" in output],
        )
        self.pictures_shown()
        return run.outputs

    def pretend(self, outputs: dict[str, dict[str, Any]]) -> None:
        """Tell the page what a run would tell it, for a graph whose models are not there."""
        self.page.evaluate(
            """(outputs) => {
                for (const [node, output] of Object.entries(outputs))
                    app.api.dispatchCustomEvent('executed', { node, display_node: node, output, prompt_id: 'none' })
            }""",
            outputs,
        )
        self.pictures_shown()

    def pictures_shown(self) -> None:
        """Wait for every picture and video of a run to be loaded, and for the layout to follow."""
        self.page.wait_for_function(
            "() => [...document.images].every((image) => image.complete) && "
            "[...document.querySelectorAll('video')].every((video) => video.readyState > 0 || video.error)"
        )
        if not self.vue:
            self.page.wait_for_function(
                "() => app.graph.nodes.every((node) => !node.images?.length || node.imgs?.length || node.widgets?.some("
                "(widget) => widget.name === 'video-preview'))"
            )
        self.settle()
