"""Pictures and drawings that come from outside: upload, paste, drop, files, upstream nodes, and other languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.editor_page import CANVAS, EDITOR, LOADER, workflow
from tests.browser.support import QUADRANTS, boat, close, drawing, pictures, queue, reddish

HINT = ".trackgo-status span"


@pytest.fixture
def alone(editor) -> Iterator:
    """An editor with one component and no picture connected."""
    editor.start(drawing(boat()), picture=None)
    yield editor
    editor.server.images = pictures()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    contents = {
        "quadrants.png": pictures()["quadrants.png"],
        "other.json": drawing(boat("one"), boat("two")).encode(),
        "broken.json": b'{"version": 1, "components": [{"start": 7}]}',
        "workflow.json": json.dumps(workflow(drawing(boat("dropped")), "quadrants.png")).encode(),
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return {name: tmp_path / name for name in contents}


def drop(editor, path: Path, u: float = 0.5, v: float = 0.5) -> None:
    """Drag a file from the desktop onto the picture."""
    x, y = editor.at(u, v)
    cdp = editor.page.context.new_cdp_session(editor.page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        cdp.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    cdp.detach()


def hint_says(editor, text: str) -> None:
    editor.page.wait_for_function(
        "([at, text]) => document.querySelector(at)?.textContent.includes(text)", arg=[HINT, text]
    )


def test_choose_a_picture_queue_it_and_undo(alone, files):
    with alone.page.expect_file_chooser() as chooser:
        alone.page.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files(files["quadrants.png"])
    alone.wait("editor.source.image")
    assert close(alone.pixel(0.8, 0.2), QUADRANTS[1])
    assert alone.document["image"] == "quadrants.png" and len(alone.components) == 1
    inputs = queue(alone)[str(CANVAS)]["inputs"]
    assert json.loads(inputs["editor"]) == alone.document and "image" not in inputs
    alone.focus()
    alone.press("Control+z")
    alone.wait("!editor.source.image")
    assert "image" not in alone.document and len(alone.components) == 1


def test_drop_a_picture(alone, files):
    drop(alone, files["quadrants.png"])
    alone.wait("editor.source.image")
    assert close(alone.pixel(0.8, 0.2), QUADRANTS[1])
    assert alone.page.evaluate("() => app.graph.nodes.length") == 1, "the graph must not make a node of it"


def test_paste_a_picture(alone):
    alone.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alone.page.evaluate(
        """async () => {
            const canvas = new OffscreenCanvas(40, 20)
            canvas.getContext('2d').fillRect(0, 0, 40, 20)
            await navigator.clipboard.write([new ClipboardItem({ 'image/png': await canvas.convertToBlob() })])
        }"""
    )
    alone.focus()
    alone.press("Control+v")
    alone.wait("editor.source.image && editor.stage.picture.width === 40")
    assert alone.document["image"].startswith("pasted/")
    assert alone.page.evaluate("() => app.graph.nodes.length") == 1


def test_a_connected_picture_is_not_replaced(editor, files):
    before = editor.text
    drop(editor, files["quadrants.png"])
    hint_says(editor, "A picture is connected")
    assert editor.text == before


def test_a_missing_picture_is_named_and_the_drawing_stays(editor):
    text = json.dumps({"version": 1, "image": "gone.png", "components": [boat()]})
    editor.load(workflow(text, None), picture=False)
    editor.wait("editor.source.error")
    assert "“gone.png” could not be loaded" in editor.page.locator(".trackgo-note").inner_text()
    assert editor.text == text
    editor.tool("brush")
    editor.drag((0.7, 0.7), (0.8, 0.7))
    assert len(editor.components[0]["mask"]["strokes"]) == 2 and editor.document["image"] == "gone.png"


def test_save_a_drawing_and_open_it_again(editor):
    editor.start(drawing(boat()))
    editor.action("files")
    with editor.page.expect_download() as download:
        editor.page.get_by_role("menuitem", name="Save the drawing").click()
    assert download.value.suggested_filename == "drawing.trackgo.json"
    saved = Path(download.value.path())
    assert json.loads(saved.read_text()) == editor.document
    editor.start()
    editor.action("files")
    with editor.page.expect_file_chooser() as chooser:
        editor.page.get_by_role("menuitem", name="Open a drawing").click()
    chooser.value.set_files(saved)
    editor.wait("editor.store.drawing.components.length === 1")
    assert editor.text == drawing(boat()).replace(": ", ":").replace(", ", ",")


def test_drop_a_drawing_is_one_step_of_undo(editor, files):
    editor.start(drawing(boat()))
    editor.page.evaluate(f"() => {{ window.calls = []; {EDITOR}.callback = (text) => window.calls.push(text) }}")
    drop(editor, files["other.json"])
    editor.wait("editor.store.drawing.components.length === 2")
    assert [c["name"] for c in editor.components] == ["one", "two"]
    assert len(editor.page.evaluate("() => window.calls")) == 1
    editor.focus()
    editor.press("Control+z")
    assert [c["name"] for c in editor.components] == ["boat"]


def test_a_malformed_drawing_changes_nothing_and_says_why(editor, files):
    before = editor.text
    drop(editor, files["broken.json"])
    hint_says(editor, "start must be a number from 0 to 1, got 7")
    assert editor.text == before and not editor.editor("store.canUndo")


def test_a_dropped_workflow_goes_on_to_comfyui(editor, files):
    drop(editor, files["workflow.json"])
    editor.page.wait_for_function(
        f"() => app.graph.getNodeById({CANVAS}) && {EDITOR}?.trackgo?.store.drawing.components[0]?.name === 'dropped'"
    )


def executed(editor, output: dict) -> None:
    """A run's report for our node, as the server sends it."""
    detail = {"node": str(CANVAS), "display_node": str(CANVAS), "output": output, "prompt_id": "p"}
    editor.server.send("executed", detail)


def test_what_arrives_upstream_is_shown_but_never_touched(editor):
    camera = {"id": 9, "type": "TrackGoCameraMotion", "pos": [20, 600], "size": [200, 60], "mode": 0}
    camera |= {"flags": {}, "order": 3, "properties": {}}
    graph = workflow(drawing(boat(mask={"strokes": []})), "quadrants.png")
    graph["nodes"].append(camera | {"outputs": [{"name": "drawing", "type": "TRACKGO_DRAWING", "links": [7]}]})
    canvas = next(node for node in graph["nodes"] if node["id"] == CANVAS)
    canvas["inputs"].append({"name": "drawing", "type": "TRACKGO_DRAWING", "link": 7})
    graph["links"].append([7, 9, 0, CANVAS, 1, "TRACKGO_DRAWING"])
    editor.load(graph)
    before = editor.text
    plain, own = editor.pixel(0.74, 0.86), editor.pixel(0.15, 0.85)
    lasso = {"tool": "lasso", "points": [[0.7, 0.7], [0.9, 0.7], [0.9, 0.9], [0.7, 0.9]]}
    upstream = drawing({"name": "upstream", "mask": {"strokes": [lasso]}})
    strokes = [{"tool": "brush", "radius": 0.1, "points": [[0.15, 0.85]]}]
    executed(editor, {"trackgo_arrivals": [{"drawing": upstream, "masks": [{"strokes": strokes}]}]})
    editor.page.locator(".trackgo-ghosts").wait_for()
    assert "upstream" in editor.page.locator(".trackgo-ghosts").inner_text()
    assert reddish(plain, editor.pixel(0.74, 0.86)), "the first color of P"
    green = editor.pixel(0.15, 0.85)
    assert green[1] > own[1] and green[0] < own[0], "the second color, in the mask that arrived"
    editor.tool("select")
    editor.drag((0.75, 0.75), (0.5, 0.5))
    assert editor.text == before
    editor.page.evaluate(f"() => app.graph.getNodeById({CANVAS}).disconnectInput(1)")
    editor.wait("editor.store.offset === 0")
    assert close(editor.pixel(0.74, 0.86), plain)


def test_a_resize_before_the_editor_is_done_to_the_picture(editor):
    """ImageScale with a centred crop of 512×288 to a square keeps the middle: no run is needed to know that."""
    editor.load(workflow(drawing(boat()), "quadrants.png", "ImageScale", ("area", 300, 300, "center")))
    editor.wait("editor.stage.picture.width === 300 && editor.stage.picture.height === 300")
    for place, color in zip([(0.05, 0.05), (0.9, 0.1)], QUADRANTS, strict=False):
        assert close(editor.pixel(*place), color)


@pytest.mark.parametrize(("language", "undo"), [("zh", "撤销 (Ctrl+Z)"), ("ja", "元に戻す (Ctrl+Z)")])
def test_texts_follow_the_language_at_once(editor, language: str, undo: str):
    editor.tool("brush")
    editor.drag((0.2, 0.3), (0.4, 0.3))
    drawn = editor.text
    switch = "(to) => app.extensionManager.setting.set('Comfy.Locale', to)"
    editor.page.evaluate(switch, language)
    try:
        editor.page.get_by_role("button", name=undo).wait_for()
        assert editor.page.locator(".trackgo").get_attribute("aria-label") != "TrackGo editor"
        assert editor.page.locator(HINT).inner_text() != "Paint what should move · [ ] size · Alt erases"
        assert editor.text == drawn
    finally:
        editor.page.evaluate(switch, "en")
    editor.page.get_by_role("button", name="Undo (Ctrl+Z)").wait_for()


def test_the_loader_is_followed_when_it_changes(editor):
    editor.page.evaluate(
        f"() => {{ app.graph.getNodeById({LOADER}).widgets.find((w) => w.name === 'image').value = 'plain.png' }}"
    )
    editor.wait("editor.stage.picture.width === 300")
    assert close(editor.pixel(0.5, 0.5), (77, 77, 77))
