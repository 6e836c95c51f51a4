"""Which picture the editor shows before anything ran: through subgraphs, from templates, and at what cost."""

from __future__ import annotations

import json

import pytest

from tests.browser.editor_page import CANVAS, EDITOR, LOADER, workflow
from tests.browser.support import boat, drawing
from tests.comfy_harness import ROOT

ROOT_GRAPH = "(app.rootGraph ?? app.graph)"
FIND = f"""(type) => {{
    const all = (graph) => graph.nodes.flatMap((node) => [node, ...(node.subgraph ? all(node.subgraph) : [])])
    return all({ROOT_GRAPH}).find((node) => node.type === type)
}}"""
EDITOR_ANYWHERE = f"({FIND})('TrackGoCanvas')?.widgets.find((widget) => widget.name === 'editor').trackgo"
PICTURE = (
    f"() => {EDITOR_ANYWHERE}?.source.image?.src.includes('quadrants.png') && {EDITOR_ANYWHERE}.stage.picture.width"
)


@pytest.fixture
def complaints(editor):
    """Every error that the page writes to its console meanwhile."""
    heard: list[str] = []

    def listen(message) -> None:
        if message.type == "error":
            heard.append(message.text)

    editor.page.on("console", listen)
    editor.page.on("pageerror", lambda problem: heard.append(str(problem)))
    yield heard
    editor.page.remove_listener("console", listen)
    assert not [text for text in heard if "TrackGo" in text or "getLinks" in text or "source.js" in text]


def pack(editor, *ids: int) -> None:
    """Convert nodes of the graph that is open to a subgraph, by the menu's own command."""
    editor.page.evaluate(
        "(ids) => app.canvas.selectItems(ids.map((id) => app.canvas.graph.getNodeById(id)))", list(ids)
    )
    editor.page.evaluate("() => app.extensionManager.command.execute('Comfy.Graph.ConvertToSubgraph')")
    for node in ids:
        editor.page.wait_for_function("(id) => !app.canvas.graph.getNodeById(id)", arg=node)


def enter(editor) -> None:
    """Open the subgraph of the open graph's subgraph node."""
    editor.page.evaluate(
        "() => { const node = app.canvas.graph.nodes.find((node) => node.subgraph);"
        " app.canvas.openSubgraph(node.subgraph, node) }"
    )
    editor.reset_graph_view()


def poke(editor) -> None:
    """Something happens in the page that changes nothing."""
    editor.page.keyboard.press("Shift")


def without_subgraphs(editor) -> None:
    if editor.vue and editor.version.startswith("1.27"):
        pytest.skip("the first Nodes 2.0 keeps showing the outer graph's nodes when a subgraph is opened")


def test_a_picture_comes_into_subgraphs_of_any_depth(editor, complaints):
    without_subgraphs(editor)
    editor.start(drawing(boat()))
    pack(editor, CANVAS)
    enter(editor)
    poke(editor)
    editor.page.wait_for_function(PICTURE)
    assert editor.page.locator(".trackgo-note:visible").count() == 0
    inner = editor.page.evaluate("() => app.canvas.graph.nodes.find((node) => node.type === 'TrackGoCanvas').id")
    pack(editor, inner)
    enter(editor)
    poke(editor)
    editor.page.wait_for_function(PICTURE)
    assert editor.page.locator(".trackgo-note:visible").count() == 0
    editor.page.evaluate(f"() => app.canvas.setGraph({ROOT_GRAPH})")
    loader = f"({FIND})('LoadImage')"
    editor.page.evaluate(
        f"() => {{ const widget = {loader}.widgets.find(({{ name }}) => name === 'image');"
        " widget.value = 'plain.png'; widget.callback?.('plain.png') }"
    )
    enter(editor)
    enter(editor)
    poke(editor)
    editor.page.wait_for_function(f"() => {EDITOR_ANYWHERE}?.source.url?.includes('plain.png')")


def test_promoting_the_editor_is_not_offered(editor):
    """The widget belongs to its node: promoted, it would show nothing."""
    without_subgraphs(editor)
    editor.start(drawing(boat()))
    pack(editor, CANVAS)
    enter(editor)
    node = f"({FIND})('TrackGoCanvas')"
    offered = editor.page.evaluate(f"""() => {{
        const node = {node}, options = []
        const widget = node.widgets.find((one) => one.name === 'editor')
        node.pos = [360, 90]
        app.canvas.graph_mouse = [node.pos[0] + 40, node.pos[1] + (widget.y ?? 60) + 40]
        node.getExtraMenuOptions?.(app.canvas, options)
        return options.map((option) => option?.content ?? '')
    }}""")
    assert not [text for text in offered if "editor" in text]


def test_a_picture_comes_out_of_a_subgraph(editor, complaints):
    without_subgraphs(editor)
    editor.start(drawing(boat()))
    pack(editor, LOADER)
    editor.page.wait_for_function(PICTURE)
    poke(editor)
    editor.page.wait_for_function(PICTURE)
    assert editor.page.locator(".trackgo-note:visible").count() == 0


@pytest.mark.parametrize("name", ["trackgo_demo", "trackgo_camera", "trackgo_attention"])
def test_the_demos_photograph_is_there_at_once(editor, name):
    graph = json.loads((ROOT / "workflows" / f"{name}.json").read_text(encoding="utf-8"))
    editor.page.evaluate("(graph) => app.loadGraphData(graph)", graph)
    editor.page.wait_for_function(
        f"() => ({FIND})('TrackGoCanvas') && {EDITOR_ANYWHERE}.source.image?.naturalWidth === 128"
    )
    assert editor.page.locator(".trackgo-note:visible").count() == 0


def test_an_unknown_picture_has_the_shape_of_the_video(editor):
    graph = workflow(drawing(boat()), "quadrants.png", "SomeFilter")
    graph["nodes"].append(
        {
            "id": 9, "type": "TrackGoPointTrajectories", "pos": [980, 90], "size": [300, 200], "mode": 0,
            "flags": {}, "order": 4, "properties": {}, "outputs": [],
            "inputs": [{"name": "drawing", "type": "TRACKGO_DRAWING", "link": 9}],
            "widgets_values": [14, 640, 320, 0],
        }
    )  # fmt: skip
    canvas = next(node for node in graph["nodes"] if node["id"] == CANVAS)
    canvas["outputs"] = [{"name": "drawing", "type": "TRACKGO_DRAWING", "links": [9]}]
    graph["links"].append([9, CANVAS, 0, 9, 0, "TRACKGO_DRAWING"])
    graph |= {"last_node_id": 9, "last_link_id": 9}
    editor.load(graph, picture=False)
    editor.page.wait_for_function(
        f"() => {EDITOR}.trackgo.stage.picture.width === 2 * {EDITOR}.trackgo.stage.picture.height"
    )
    note = editor.page.locator(".trackgo-note").bounding_box()
    stage = editor.page.locator(".trackgo-stage").bounding_box()
    assert note["y"] + note["height"] <= stage["y"] + 1, "the message has a line of its own"


def test_twenty_editors_do_nothing_while_nothing_happens(editor):
    editor.start_many(drawing(boat()), "quadrants.png", 20)
    rounds, drawn = editor.page.evaluate(f"""async () => {{
        const rest = (frames) => new Promise((done) => {{
            const step = () => (frames-- > 0 ? requestAnimationFrame(step) : done())
            step()
        }})
        const all = app.graph.nodes.map((node) => node.widgets?.find((w) => w.trackgo)?.trackgo).filter(Boolean)
        const drawn = () => all.reduce((sum, one) => sum + one.stage.drawn, 0)
        const {{ watch }} = {EDITOR}.trackgo.host
        await rest(60)
        const before = [watch.rounds, drawn()]
        await rest(120)
        return [watch.rounds - before[0], drawn() - before[1]]
    }}""")
    assert drawn == 0
    # Some releases redraw an idle classic graph a few times a second; each of these allows one round for all editors.
    assert rounds <= 8


def test_what_the_drawing_lacks_stands_below_it(editor):
    status = editor.page.locator(".trackgo-status")
    editor.tool("brush")
    editor.drag((0.3, 0.3), (0.4, 0.3))
    status.get_by_text("Nothing moves yet").wait_for()
    editor.tool("arrow")
    assert "Nothing moves" not in status.inner_text()
    editor.drag((0.35, 0.3), (0.6, 0.3))
    editor.tool("brush")
    editor.wait("!document.querySelector('.trackgo-status').textContent.includes('Nothing moves')")
    editor.page.keyboard.press("n")
    editor.tool("arrow")
    editor.drag((0.7, 0.7), (0.8, 0.7))
    status.get_by_text("“object 2” covers no pixel").wait_for()
