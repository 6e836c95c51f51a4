"""The drawing survives whatever a workflow goes through: saving, reloading, copying, mode switches, runs."""

from __future__ import annotations

import json

import numpy as np

from tests.browser.editor_page import CANVAS, EDITOR
from tests.browser.test_editor import boat, close, drawing, reddish


def draw_something(editor) -> dict:
    editor.tool("brush")
    editor.drag((0.2, 0.3), (0.4, 0.3), (0.4, 0.5))
    editor.tool("arrow")
    editor.drag((0.3, 0.3), (0.6, 0.5))
    return editor.document


def queue(editor) -> dict:
    """Press the shortcut that runs the graph, with the focus still in the editor; the prompt the server got."""
    with editor.page.expect_response("**/prompt"):
        editor.press("Control+Enter")
    return editor.server.prompts[-1]["prompt"]


def test_queued_document_equals_the_drawn_one(editor):
    drawn = draw_something(editor)
    inputs = queue(editor)[str(CANVAS)]["inputs"]
    assert json.loads(inputs["editor"]) == drawn
    assert inputs["frames"] == 14 and inputs["image"] == ["1", 0]


def test_save_and_reload_the_page(editor):
    plain = editor.pixel(0.3, 0.3)
    drawn = draw_something(editor)
    saved = editor.page.evaluate("() => JSON.parse(JSON.stringify(app.graph.serialize()))")
    node = next(node for node in saved["nodes"] if node["id"] == CANVAS)
    assert json.loads(node["widgets_values"][-1]) == drawn
    editor.open()
    editor.load(saved)
    assert editor.document == drawn
    assert reddish(plain, editor.pixel(0.25, 0.3))
    editor.tool("brush")
    editor.drag((0.7, 0.7), (0.8, 0.7))
    assert len(editor.components[0]["mask"]["strokes"]) == 2


def test_unknown_keys_survive(editor):
    text = json.dumps({"version": 1, "components": [boat(tint="warm")], "author": "someone"})
    editor.start(text)
    assert editor.text == text
    editor.tool("brush")
    editor.drag((0.7, 0.7), (0.8, 0.7))
    assert editor.document["author"] == "someone" and editor.components[0]["tint"] == "warm"


def test_copies_of_a_node_are_independent(editor):
    editor.start(drawing(boat()))
    values = editor.page.evaluate(
        f"""() => {{
            const node = app.graph.getNodeById({CANVAS})
            app.canvas.selectNode(node)
            app.canvas.copyToClipboard([node])
            app.canvas.pasteFromClipboard()
            const copy = app.graph.nodes.find((n) => n.type === 'TrackGoCanvas' && n !== node)
            const widget = (n) => n.widgets.find((w) => w.name === 'editor')
            const before = widget(copy).value
            widget(copy).value = '{{"version":1,"components":[]}}'
            const result = [widget(node).value, before, widget(copy).trackgo !== widget(node).trackgo]
            app.graph.remove(copy)
            return result
        }}"""
    )
    assert values == [drawing(boat()), drawing(boat()), True]


def test_switching_between_classic_and_nodes_2(editor):
    drawn = draw_something(editor)
    for vue in (not editor.vue, editor.vue):
        editor.page.evaluate("(on) => app.extensionManager.setting.set('Comfy.VueNodes.Enabled', on)", vue)
        condition = f"(on) => LiteGraph.vueNodesMode === on && {EDITOR}.trackgo.element.isConnected"
        editor.page.wait_for_function(condition, arg=vue)
        editor.ready()
        assert editor.document == drawn
    strokes = len(editor.components[0]["mask"]["strokes"])
    editor.tool("brush")
    editor.drag((0.7, 0.7), (0.8, 0.7))
    assert len(editor.components[0]["mask"]["strokes"]) == strokes + 1


def test_picture_of_our_own_run(editor):
    """Behind a node that may do anything to the frame, no picture is shown until a run reports what really arrived."""
    editor.start(between="SomeFilter")
    assert "Run the graph once" in editor.page.locator(".trackgo-note").inner_text()
    assert not editor.editor("source.image")
    output = {"trackgo_image": [{"filename": "plain.png", "subfolder": "", "type": "temp"}]}
    detail = {"node": str(CANVAS), "display_node": str(CANVAS), "output": output, "prompt_id": "p"}
    editor.server.send("executed", detail)
    editor.wait("editor.stage.picture.width === 300")
    assert close(editor.pixel(0.2, 0.2), (77, 77, 77))


def test_a_removed_node_leaves_nothing_behind(editor):
    editor.action("full")
    editor.page.evaluate(
        f"""() => {{
            window.gone = {EDITOR}.trackgo
            app.graph.remove(app.graph.getNodeById({CANVAS}))
        }}"""
    )
    editor.page.locator(".trackgo").wait_for(state="detached")
    drawn = editor.page.evaluate("() => window.gone.stage.drawn")
    editor.page.evaluate("async () => { for (let i = 0; i < 30; i += 1) await new Promise(requestAnimationFrame) }")
    assert editor.page.evaluate("() => window.gone.stage.drawn") == drawn


def test_page_and_python_agree_on_masks_and_arrows(editor):
    """What was drawn with the mouse, rasterised by the page's modules and by the library."""
    from trackgo import Drawing
    from trackgo.motion import arrow_positions, ease, progress

    editor.tool("brush")
    editor.drag((0.2, 0.3), (0.4, 0.35), (0.3, 0.5), steps=9)
    editor.tool("lasso")
    editor.drag((0.6, 0.6), (0.8, 0.55), (0.85, 0.8), (0.55, 0.7))
    editor.tool("erase")
    editor.drag((0.3, 0.2), (0.33, 0.6), steps=9)
    editor.tool("freehand")
    editor.drag((0.3, 0.4), (0.5, 0.2), (0.8, 0.4), steps=9)
    result = editor.page.evaluate(
        """async ([text, frames]) => {
            const base = '/extensions/ComfyUI-TrackGo/editor/'
            const { rasterizeStrokes } = await import(base + 'rasterize.js')
            const { arrowPositions } = await import(base + 'motion.js')
            const [component] = JSON.parse(text).components
            const positions = [...Array(frames).keys()].map((i) => arrowPositions(component, i, frames, 1024, 576)[0])
            return [Array.from(rasterizeStrokes(component.mask.strokes, 1024, 576).data), positions]
        }""",
        [editor.text, 14],
    )
    library = Drawing.from_json(editor.text)
    mask = library.masks(1024, 576)[0]
    page_mask = np.array(result[0], dtype=bool).reshape(576, 1024)
    assert mask.sum() > 5000
    assert (mask != page_mask).mean() < 0.002
    component = library.components[0]
    share = ease(progress(14, component.start, component.end), component.easing)
    expected = arrow_positions(component.arrows[0], share, 1024, 576)
    positions = np.array(result[1]) @ [1, 1j]
    assert np.abs(positions - expected).max() < 0.01
