"""The drawing survives whatever a workflow goes through: saving, reloading, copying, mode switches, runs."""

from __future__ import annotations

import json
from base64 import b64decode

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.editor_page import CANVAS, EDITOR, LOADER, EditorPage
from tests.browser.support import PATIENCE_MS, WINDOW, boat, close, drawing, queue, reddish


def draw_something(editor) -> dict:
    editor.tool("brush")
    editor.drag((0.2, 0.3), (0.4, 0.3), (0.4, 0.5))
    editor.tool("arrow")
    editor.drag((0.3, 0.3), (0.6, 0.5))
    return editor.document


def test_queued_document_equals_the_drawn_one(editor):
    drawn = draw_something(editor)
    inputs = queue(editor)[str(CANVAS)]["inputs"]
    assert json.loads(inputs["editor"]) == drawn
    assert inputs["frames"] == 14 and inputs["image"] == ["1", 0]


def test_an_arrow_by_clicks_is_queued_before_it_is_finished(editor):
    editor.tool("arrow")
    editor.click(0.2, 0.2)
    editor.click(0.4, 0.4)
    editor.click(0.6, 0.3)
    (component,) = json.loads(queue(editor)[str(CANVAS)]["inputs"]["editor"])["components"]
    assert component["arrows"][0]["points"][2] == pytest.approx([0.6, 0.3], abs=0.003)
    editor.click(0.8, 0.5)
    editor.page.mouse.move(*editor.at(0.9, 0.9))
    editor.page.mouse.click(150, 800)
    editor.page.mouse.click(150, 820)
    editor.wait("editor.store.draft === null || editor.store.draft.rubber === null")
    assert len(editor.components[0]["arrows"][0]["points"]) == 4
    assert json.loads(queue(editor)[str(CANVAS)]["inputs"]["editor"]) == editor.document
    editor.focus()
    editor.press("Control+z")
    assert editor.components == [], "one step of undo"


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


def command(editor, name: str) -> None:
    editor.page.evaluate("(name) => app.extensionManager.command.execute(name)", name)


def test_to_another_workflow_and_back(editor):
    drawn = draw_something(editor)
    command(editor, "Comfy.NewBlankWorkflow")
    editor.page.wait_for_function("() => !app.graph.nodes.some((node) => node.type === 'TrackGoCanvas')")
    command(editor, "Workspace.PreviousOpenedWorkflow")
    editor.page.wait_for_function(f"() => {EDITOR}?.trackgo")
    editor.reset_graph_view()
    editor.ready()
    assert editor.document == drawn
    editor.tool("brush")
    editor.drag((0.7, 0.7), (0.8, 0.7))
    assert len(editor.components[0]["mask"]["strokes"]) == 2


def test_into_a_subgraph_and_out_again(editor):
    """Packed, drawn on inside, queued, and unpacked."""
    if editor.vue and editor.version.startswith("1.27"):
        pytest.skip("the first Nodes 2.0 keeps showing the outer graph's nodes when a subgraph is opened")
    drawn = draw_something(editor)
    editor.page.evaluate(f"() => app.canvas.selectItems([app.graph.getNodeById({CANVAS})])")
    command(editor, "Comfy.Graph.ConvertToSubgraph")
    editor.page.wait_for_function("() => app.graph.nodes.some((node) => node.subgraph)")
    inner = "app.graph.nodes.find((node) => node.subgraph).subgraph.nodes.find((node) => node.type === 'TrackGoCanvas')"
    value = f"() => {inner}.widgets.find((widget) => widget.name === 'editor').value"
    assert json.loads(editor.page.evaluate(value)) == drawn
    editor.page.evaluate("() => app.canvas.openSubgraph(app.graph.nodes.find((node) => node.subgraph).subgraph)")
    editor.page.wait_for_function("() => app.canvas.graph !== (app.rootGraph ?? app.graph)")
    editor.reset_graph_view()
    editor.page.evaluate("() => { app.canvas.graph.nodes.find((n) => n.type === 'TrackGoCanvas').pos = [360, 90] }")
    brush = editor.page.locator('.trackgo [data-tool="brush"]')
    brush.click()
    canvas = editor.page.locator(".trackgo-canvas").bounding_box()
    x, y = canvas["x"] + 0.7 * canvas["width"], canvas["y"] + 0.6 * canvas["height"]
    editor.page.mouse.move(x, y)
    editor.page.mouse.down()
    editor.page.mouse.move(x + 40, y + 10, steps=4)
    editor.page.mouse.up()
    grown = json.loads(editor.page.evaluate(value.replace("app.graph", "(app.rootGraph ?? app.graph)")))
    assert len(grown["components"][0]["mask"]["strokes"]) == 2
    queued = [node for node in queue(editor).values() if node["class_type"] == "TrackGoCanvas"]
    assert [json.loads(node["inputs"]["editor"]) for node in queued] == [grown]
    editor.page.evaluate("() => app.canvas.setGraph(app.rootGraph ?? app.graph)")
    editor.page.evaluate("() => app.canvas.selectItems([app.graph.nodes.find((node) => node.subgraph)])")
    command(editor, "Comfy.Graph.UnpackSubgraph")
    editor.page.wait_for_function("() => app.graph.nodes.some((node) => node.type === 'TrackGoCanvas')")
    unpacked = "app.graph.nodes.find((node) => node.type === 'TrackGoCanvas').widgets.find((w) => w.name === 'editor')"
    assert json.loads(editor.page.evaluate(f"() => {unpacked}.value")) == grown
    editor.page.wait_for_function(f"() => {unpacked}.trackgo.source.image && {unpacked}.trackgo.element.isConnected")


@pytest.mark.slow
def test_a_crash_of_the_page_loses_only_the_unfinished_gesture(editor, chromium):
    """The front end's own draft brings the workflow back in a new tab."""
    context = chromium.new_context(viewport=WINDOW)
    first = EditorPage(context.new_page(), editor.server, editor.vue)
    first.page.set_default_timeout(PATIENCE_MS)
    try:
        first.open()
        first.start()
        drawn = draw_something(first)
        first.page.mouse.move(*first.at(0.7, 0.7))
        first.page.mouse.down()
        first.page.mouse.move(*first.at(0.8, 0.8), steps=4)
        drafts = (
            "() => Object.entries({...localStorage, ...sessionStorage}).some(([, v]) => v.includes('TrackGoCanvas'))"
        )
        first.page.wait_for_function(drafts)
        arrow = r"() => Object.values({...localStorage}).some((value) => /arrows[\\]*\":\[\{/.test(value))"
        first.page.wait_for_function(arrow)
        first.page.close(run_before_unload=False)
        second = EditorPage(context.new_page(), editor.server, editor.vue)
        second.page.set_default_timeout(PATIENCE_MS)
        second.page.goto(editor.server.url, wait_until="commit")
        second.page.wait_for_function(f"() => window.app?.graph?.getNodeById({CANVAS}) && {EDITOR}.trackgo")
        assert second.document == drawn
    finally:
        context.close()


def test_frame_count_and_picture_size_leave_the_drawing_alone(editor):
    draw_something(editor)
    text = editor.text
    widget = "widgets.find((w) => w.name === '{}')"
    editor.page.evaluate(f"() => {{ app.graph.getNodeById({CANVAS}).{widget.format('frames')}.value = 25 }}")
    editor.wait("editor.store.view.frames === 25")
    assert editor.page.locator(".trackgo-count").first.inner_text() == "1 / 25"
    editor.page.evaluate(f"() => {{ app.graph.getNodeById({LOADER}).{widget.format('image')}.value = 'plain.png' }}")
    editor.wait("editor.stage.picture.width === 300")
    assert editor.text == text
    assert reddish((77, 77, 77), editor.pixel(0.25, 0.3))


def test_a_malformed_document_is_saved_as_it_is(editor):
    text = '{"version": 1, "components": [{"start": 7}]'
    editor.start(text)
    saved = editor.page.evaluate("() => JSON.parse(JSON.stringify(app.graph.serialize()))")
    assert next(node for node in saved["nodes"] if node["id"] == CANVAS)["widgets_values"][-1] == text
    assert queue(editor)[str(CANVAS)]["inputs"]["editor"] == text
    editor.load(saved)
    assert editor.text == text and "not valid JSON" in editor.page.locator(".trackgo-error").inner_text()


def test_picture_of_our_own_run(editor):
    """Behind a node that may do anything to the frame, no picture is shown until a run reports what really arrived."""
    editor.start(between="SomeFilter")
    expect(editor.page.locator(".trackgo-note")).to_contain_text("Run the graph once")
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


@pytest.mark.slow
def test_page_and_python_agree_on_masks_and_arrows(editor):
    """What was drawn with the mouse, rasterised by the page's modules and by the library."""
    from trackgo import Drawing
    from trackgo.trajectories.motion import arrow_positions, ease, progress

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
            const { applyStrokes, createRaster } = await import(base + 'rasterize.js')
            const { arrowPositions } = await import(base + 'motion.js')
            const [component] = JSON.parse(text).components
            const positions = [...Array(frames).keys()].map((i) => arrowPositions(component, i, frames, 1024, 576)[0])
            const raster = applyStrokes(createRaster(1024, 576), component.mask.strokes)
            let bytes = ''
            for (let i = 0; i < raster.data.length; i += 8192)
                bytes += String.fromCharCode(...raster.data.subarray(i, i + 8192))
            return [btoa(bytes), positions]
        }""",
        [editor.text, 14],
    )
    library = Drawing.from_json(editor.text)
    mask = library.masks(1024, 576)[0]
    page_mask = np.frombuffer(b64decode(result[0]), np.uint8).reshape(576, 1024) > 0
    assert mask.sum() > 5000
    assert (mask != page_mask).mean() < 0.002
    component = library.components[0]
    share = ease(progress(14, component.start, component.end), component.easing)
    expected = arrow_positions(component.arrows[0], share, 1024, 576)
    positions = np.array(result[1]) @ [1, 1j]
    assert np.abs(positions - expected).max() < 0.01
