"""The page as a user has it: the real front end with one TrackGoCanvas, and hands that use mouse and keys on it.

Positions are fractions of the picture. Waiting is always for a state of the page, never for time to pass.
"""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from playwright.sync_api import Page

from tests.browser.standin_server import StandinServer

LOADER, CANVAS, BETWEEN = 1, 2, 3
EMPTY = '{"version":1,"components":[]}'
EDITOR = f"app.graph.getNodeById({CANVAS}).widgets.find((w) => w.name === 'editor')"
LAID_OUT = f"() => {EDITOR}?.trackgo?.stage.width > 50 && !{EDITOR}.trackgo.stage.pending"
READY = f"{LAID_OUT} && {EDITOR}.trackgo.source.image"


def workflow(document: str, picture: str | None, between: str = "", values: tuple = ()) -> dict[str, Any]:
    """LoadImage (→ a node of the type `between`) → TrackGoCanvas, saved; without a picture only the canvas."""
    source = BETWEEN if between else LOADER
    nodes = [
        {
            "id": LOADER,
            "type": "LoadImage",
            "pos": [20, 120],
            "size": [270, 314],
            "mode": 0,
            "properties": {},
            "outputs": [
                {"name": "IMAGE", "type": "IMAGE", "links": [1]},
                {"name": "MASK", "type": "MASK", "links": None},
            ],
            "widgets_values": [picture, "image"],
        },
        {
            "id": CANVAS,
            "type": "TrackGoCanvas",
            "pos": [360, 90],
            "size": [560, 640],
            "mode": 0,
            "properties": {},
            "inputs": [{"name": "image", "type": "IMAGE", "link": None if picture is None else 2 if between else 1}],
            "outputs": [],
            "widgets_values": [14, document],
        },
    ]
    links = [[1, LOADER, 0, BETWEEN if between else CANVAS, 0, "IMAGE"]]
    if picture is None:
        nodes, links = nodes[1:], []
    elif between:
        nodes.append(
            {
                "id": source,
                "type": between,
                "pos": [20, 480],
                "size": [270, 100],
                "mode": 0,
                "properties": {},
                "inputs": [{"name": "image", "type": "IMAGE", "link": 1}],
                "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [2]}],
                "widgets_values": list(values),
            }
        )
        links.append([2, BETWEEN, 0, CANVAS, 0, "IMAGE"])
    for order, node in enumerate(nodes):  # without these older front ends lay an alert over the editor
        node |= {"flags": {}, "order": order}
    return {
        "last_node_id": 3,
        "last_link_id": 2,
        "nodes": nodes,
        "links": links,
        "groups": [],
        "config": {},
        "extra": {"ds": {"scale": 1, "offset": [0, 0]}},
        "version": 0.4,
    }


class EditorPage:
    def __init__(self, page: Page, server: StandinServer, vue: bool) -> None:
        self.page, self.server, self.vue = page, server, vue

    # -- opening -----------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Load the page; ready when the front end has put its first graph up and knows our node."""
        self.page.goto(self.server.url, wait_until="commit")
        self.page.wait_for_function(
            "() => window.app?.graph?.nodes?.length && window.LiteGraph?.registered_node_types?.TrackGoCanvas",
            timeout=60_000,
        )

    def load(self, graph: dict[str, Any], picture: bool = True) -> None:
        """Open a workflow in the page and wait until the editor is laid out and shows its picture, if it has any."""
        self.page.evaluate("(graph) => app.loadGraphData(graph)", graph)
        self.page.wait_for_function(f"() => {EDITOR}?.trackgo")
        self.reset_graph_view()
        self.ready(picture)

    def start_many(self, document: str, picture: str, number: int) -> None:
        """So many editors of one picture in one graph."""
        graph = workflow(document, picture)
        (canvas,) = (node for node in graph["nodes"] if node["id"] == CANVAS)
        for extra in range(1, number):
            place = [360 + 600 * (extra % 5), 90 + 720 * (extra // 5)]
            one = deepcopy(canvas) | {"id": 100 + extra, "pos": place}
            one["inputs"][0]["link"] = 100 + extra
            graph["nodes"].append(one)
            graph["links"].append([100 + extra, LOADER, 0, 100 + extra, 0, "IMAGE"])
        graph["nodes"][0]["outputs"][0]["links"] = [link[0] for link in graph["links"]]
        graph |= {"last_node_id": 100 + number, "last_link_id": 100 + number}
        self.page.evaluate("(graph) => app.loadGraphData(graph)", graph)
        self.reset_graph_view()
        last = CANVAS if number == 1 else 99 + number
        self.page.wait_for_function(f"() => {EDITOR}?.trackgo?.source.image && app.graph.getNodeById({last})")

    def reset_graph_view(self) -> None:
        self.page.evaluate(
            "() => { app.canvas.ds.scale = 1; app.canvas.ds.offset = [0, 0]; app.canvas.setDirty(true, true) }"
        )

    def start(self, document: str = EMPTY, picture: str | None = "quadrants.png", between: str = "") -> None:
        self.load(workflow(document, picture, between), picture=picture is not None and not between)

    def ready(self, picture: bool = True) -> None:
        self.page.wait_for_function(READY if picture else LAID_OUT)
        self.page.locator(".trackgo-canvas").wait_for()
        self.settle()

    def settle(self) -> None:
        """Wait until the stage is in the page, and neither moves nor has anything left to draw."""
        self.page.evaluate(
            f"""async () => {{
                const stage = {EDITOR}.trackgo.stage
                const look = () => JSON.stringify([stage.canvas.getBoundingClientRect(), stage.drawn, stage.pending])
                for (let still = 0, before = '', frames = 0; still < 4 && frames < 600; frames += 1) {{
                    await new Promise(requestAnimationFrame)
                    still = stage.canvas.isConnected && look() === before ? still + 1 : 0
                    before = look()
                }}
            }}"""
        )

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        """The widget's value."""
        return self.page.evaluate(f"() => {EDITOR}.value")

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def components(self) -> list[dict[str, Any]]:
        return self.document["components"]

    def editor(self, expression: str) -> Any:
        """A property of the editor object, such as `store.view.frame`."""
        return self.page.evaluate(f"() => {EDITOR}.trackgo.{expression}")

    def wait(self, condition: str) -> None:
        """Until a condition on `editor` holds."""
        self.page.wait_for_function(f"() => {{ const editor = {EDITOR}.trackgo; return {condition} }}")

    def at(self, u: float, v: float) -> tuple[float, float]:
        """Where a place of the picture is in the window."""
        x, y = self.page.evaluate(
            f"""([u, v]) => {{
                const stage = {EDITOR}.trackgo.stage
                const box = stage.canvas.getBoundingClientRect()
                const [x, y] = stage.scene.toStage([u, v])
                return [box.left + (x * box.width) / stage.width, box.top + (y * box.height) / stage.height]
            }}""",
            [u, v],
        )
        return x, y

    def pixel(self, u: float, v: float, stay: bool = False) -> tuple[int, int, int]:
        """The color shown at a place of the picture, once all is drawn and, unless it is to stay, the mouse away."""
        if not stay:
            self.page.mouse.move(5, 500)
        self.settle()
        return tuple(
            self.page.evaluate(
                f"""([u, v]) => {{
                    const stage = {EDITOR}.trackgo.stage
                    const ratio = stage.canvas.width / stage.width
                    const [x, y] = stage.scene.toStage([u, v])
                    return [...stage.context.getImageData(x * ratio, y * ratio, 1, 1).data].slice(0, 3)
                }}""",
                [u, v],
            )
        )

    # -- acting ----------------------------------------------------------------------------------------------------

    def tool(self, name: str) -> None:
        self.page.locator(f'.trackgo [data-tool="{name}"]').click()
        self.settle()  # the first click selects the node, and some front ends lay it out anew for that

    def action(self, name: str, row: int | None = None) -> None:
        within = f'.trackgo-row[data-index="{row}"] ' if row is not None else ".trackgo "
        self.page.locator(f'{within}[data-action="{name}"]').click()

    def drag(self, *places: tuple[float, float], steps: int = 5) -> None:
        """Press at the first place, move through the others, release at the last."""
        self.page.mouse.move(*self.at(*places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*self.at(*place), steps=steps)
        self.page.mouse.up()

    def click(self, u: float, v: float) -> None:
        self.page.mouse.click(*self.at(u, v))

    def double_click(self, u: float, v: float) -> None:
        self.page.mouse.dblclick(*self.at(u, v))

    def focus(self) -> None:
        self.page.locator(".trackgo").focus()

    def press(self, keys: str, times: int = 1) -> None:
        for _ in range(times):
            self.page.keyboard.press(keys)
