"""The camera's frame with mouse, keys, numbers and touch in the real front end, classic and Nodes 2.0."""

from __future__ import annotations

import pytest

from tests.browser.support import QUADRANTS, boat, close, scrub_to_end, touch, with_camera

FRAMES = 14


def handle(editor, name: str) -> tuple[float, float]:
    """A handle's place as fractions of the picture."""
    return tuple(
        editor.page.evaluate(
            """async ([id, name]) => {
                const { stage, store } = app.graph.getNodeById(id).widgets.find((w) => w.name === 'editor').trackgo
                const { cameraHandles } = await import('/extensions/ComfyUI-TrackGo/editor/camera-gestures.js')
                const handles = cameraHandles(store.drawing, stage.scene)
                return stage.toFrac(name === 'knob' ? handles.knob : handles.corners[Number(name)])
            }""",
            [2, name],
        )
    )


def test_drag_inside_pans_corner_zooms_knob_turns(editor):
    editor.tool("camera")
    editor.drag((0.5, 0.6), (0.6, 0.7))
    assert editor.document["camera"]["pan"] == pytest.approx([-0.1, -0.1], abs=0.01)
    editor.press("Control+z")
    assert "camera" not in editor.document
    editor.drag(handle(editor, "2"), (0.75, 0.75))
    assert editor.document["camera"]["zoom"] == pytest.approx(2, abs=0.05)
    assert editor.document["camera"]["pan"] == pytest.approx([0, 0], abs=0.001)
    editor.drag(handle(editor, "knob"), (0.7, 0.5))
    assert editor.document["camera"]["turn"] == pytest.approx(-90, abs=4)
    editor.drag((0.95, 0.5), (0.5, 0.95))
    assert editor.document["camera"]["turn"] == pytest.approx(-180, abs=8), "outside turns too"
    editor.action("camera-reset")
    assert "camera" not in editor.document
    editor.press("Control+z")
    assert editor.document["camera"]["zoom"] == pytest.approx(2, abs=0.05)


def test_scrubbing_moves_background_and_objects(editor):
    editor.start(with_camera(boat(), pan=[0, 0.5]))
    assert close(editor.pixel(0.75, 0.2), QUADRANTS[1])
    scrub_to_end(editor)
    assert editor.editor("store.view.frame") == FRAMES - 1
    assert close(editor.pixel(0.9, 0.9), QUADRANTS[1], 12), "the upper right quarter lies at the bottom"
    assert close(editor.pixel(0.7, 0.7), QUADRANTS[0], 12), "the boat went right by itself and down with the camera"
    assert max(editor.pixel(0.9, 0.1)) < 70, "above, the picture has nothing to show"


def test_numbers_and_keys(editor):
    editor.tool("camera")
    for field, value in {"panX": "12.5", "panY": "-20", "zoom": "1.5", "turn": "30"}.items():
        editor.page.locator(f'.trackgo [data-field="{field}"]').fill(value)
        editor.press("Tab")
    camera = editor.document["camera"]
    assert (camera["pan"], camera["zoom"], camera["turn"]) == ([0.125, -0.2], 1.5, 30)
    editor.focus()
    editor.press(".", 3)
    editor.press("]")
    camera = editor.document["camera"]
    assert camera["turn"] == pytest.approx(33) and camera["zoom"] == pytest.approx(1.575, abs=1e-3)
    before = camera["pan"]
    editor.press("Shift+ArrowRight")
    assert editor.document["camera"]["pan"] != before
    assert editor.page.locator('.trackgo [data-field="turn"]').input_value() == "33"
    editor.press("Delete")
    assert "camera" not in editor.document
    assert editor.page.evaluate("() => app.graph.nodes.length") == 2, "Delete must not reach the graph"


def test_its_timing_is_a_bar_like_any_other(editor):
    editor.start(with_camera(boat(), zoom=2))
    row = editor.page.locator(".trackgo-camera-row")
    assert row.is_visible()
    bar = row.locator(".trackgo-bar").bounding_box()
    end = row.locator('[data-side="end"]').bounding_box()
    editor.page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2)
    editor.page.mouse.down()
    editor.page.mouse.move(bar["x"] + bar["width"] / 2, end["y"] + 3, steps=4)
    editor.page.mouse.up()
    assert editor.document["camera"]["end"] == pytest.approx(0.5, abs=0.05)
    row.locator('[data-action="easing"]').click()
    editor.page.get_by_role("menuitem", name="Ease in", exact=True).click()
    assert editor.document["camera"]["easing"] == "ease-in"
    row.locator('[data-action="camera-remove"]').click()
    assert "camera" not in editor.document and editor.components == [boat()]
    assert not row.is_visible()


def test_one_finger_moves_the_frame(editor):
    editor.tool("camera")
    touch(editor, "touchStart", (0.4, 0.5))
    touch(editor, "touchMove", (0.5, 0.5))
    touch(editor, "touchMove", (0.6, 0.5))
    touch(editor, "touchEnd")
    editor.wait("editor.store.drawing.camera")
    assert editor.document["camera"]["pan"] == pytest.approx([-0.2, 0], abs=0.01)
