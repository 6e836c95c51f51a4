"""A pan moves a bitmap; what it leaves must be what drawing anew shows."""

from __future__ import annotations

import pytest

from tests.browser.editor_page import EDITOR
from tests.browser.support import boat, drawing

pytestmark = pytest.mark.slow

PIXELS = f"""(anew) => {{
    const {{ stage }} = {EDITOR}.trackgo
    if (anew) stage.backdrop.key = null
    stage.pointer = null
    stage.draw()
    const {{ width, height }} = stage.canvas
    const bytes = stage.context.getImageData(0, 0, width, height).data
    if (anew) return bytes.reduce((most, value, i) => Math.max(most, Math.abs(value - window.shown[i])), 0)
    window.shown = bytes
    return new Set(bytes).size
}}"""


def middle_drag(editor, start, *places, release: bool) -> None:
    editor.page.mouse.move(*start)
    editor.page.mouse.down(button="middle")
    for place in places:
        editor.page.mouse.move(*place, steps=7)
    if release:
        editor.page.mouse.up(button="middle")


@pytest.mark.parametrize("graph_scale", [1, 0.83], ids=["whole pixels", "between pixels"])
def test_a_pan_leaves_what_drawing_anew_shows(editor, graph_scale: float):
    across = {"strokes": [{"tool": "brush", "radius": 0.05, "points": [[0.4, 0.3], [0.6, 0.7]]}]}
    curve = [{"points": [[0.35, 0.6], [0.5, 0.35], [0.7, 0.55]], "curve": "smooth"}]
    editor.start(drawing(boat(), boat("wave", mask=across, arrows=curve), boat("still", mask=across, arrows=[])))
    editor.page.evaluate(f"() => {{ app.canvas.ds.scale = {graph_scale}; app.canvas.setDirty(true, true) }}")
    editor.settle()
    editor.focus()
    editor.press("+", times=4)
    editor.settle()
    box = editor.page.locator(".trackgo-canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = editor.editor("stage.view.x")
    graph = editor.page.evaluate("() => [...app.canvas.ds.offset]")
    # Far enough that the bitmap ends on the way, and back; once with the button still down.
    for places, release in [([(-140, -90), (211, 97)], False), ([(37, -23)], True)]:
        middle_drag(editor, middle, *((middle[0] + x, middle[1] + y) for x, y in places), release=release)
        editor.settle()
        assert editor.page.evaluate(PIXELS, False) > 50, "the picture is on the stage"
        assert editor.page.evaluate(PIXELS, True) == 0, "in any channel of any pixel"
    assert editor.editor("stage.view.x") != before
    assert editor.page.evaluate("() => [...app.canvas.ds.offset]") == graph, "the graph must not pan as well"
