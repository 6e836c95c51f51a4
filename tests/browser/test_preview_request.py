"""What the model will see, in the real front end: Python's own points and P, asked for after gestures only."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from tests.browser.support import boat, close, drawing, scrub_to_end, with_camera
from trackgo import Drawing, point_trajectories
from trackgo.trajectories import COMPONENT_COLORS

SIZE = (512, 288)  # of quadrants.png


def control_picture(text: str, frame: int) -> np.ndarray:
    return point_trajectories(Drawing.from_json(text), 14, *SIZE).render()[frame]


def shown(editor) -> np.ndarray:
    """The stage's pixels under the centre of every pixel of the picture, uint8 [H, W, 3]."""
    editor.page.mouse.move(5, 500)
    editor.settle()
    values = editor.page.evaluate(
        """([id, width, height]) => {
            const { stage } = app.graph.getNodeById(id).widgets.find((w) => w.name === 'editor').trackgo
            const ratio = stage.canvas.width / stage.width
            const all = stage.context.getImageData(0, 0, stage.canvas.width, stage.canvas.height)
            let out = ''
            for (let y = 0; y < height; y += 1) {
                for (let x = 0; x < width; x += 1) {
                    const [sx, sy] = stage.scene.toStage([(x + 0.5) / width, (y + 0.5) / height])
                    const at = 4 * (Math.floor(sy * ratio) * all.width + Math.floor(sx * ratio))
                    out += String.fromCharCode(all.data[at], all.data[at + 1], all.data[at + 2])
                }
            }
            return btoa(out)
        }""",
        [2, *SIZE],
    )
    return np.frombuffer(base64.b64decode(values), np.uint8).reshape(SIZE[1], SIZE[0], 3)


def wait_for_points(editor) -> None:
    editor.wait("editor.previewRequest.trajectories && !editor.previewRequest.abort")


def test_p_is_pythons_own_at_every_frame(editor):
    editor.start(with_camera(boat(), boat("second", start=0.5), pan=[0.1, 0.2], zoom=1.3))
    editor.focus()
    editor.press("m", 2)
    wait_for_points(editor)
    for frame in (0, 13):
        found, expected = shown(editor), control_picture(editor.text, frame)
        # Where a pixel of P and those around it are alike, the stage's scale does not matter.
        calm = np.zeros(SIZE[::-1], bool)
        calm[2:-2, 2:-2] = True  # at its border the picture shines through half pixels of the stage
        for step in np.ndindex(3, 3):
            calm &= (np.roll(expected, np.array(step) - 1, (0, 1)) == expected).all(axis=-1)
        assert np.abs(found.astype(int) - expected)[calm].max() <= 3
        for color in COMPONENT_COLORS[:3]:
            assert (expected[calm] == color).all(axis=-1).any()
        scrub_to_end(editor)
    editor.press("m")
    assert editor.editor("store.view.modelPreview") == "off"


def test_points_lie_over_the_picture_and_follow_gestures(editor):
    editor.start(drawing(boat()))
    editor.action("model-preview")
    wait_for_points(editor)
    x, y = point_trajectories(Drawing.from_json(editor.text), 14, *SIZE).tracks[0, 0].tolist()
    assert close(editor.pixel((x + 0.5) / SIZE[0], (y + 0.5) / SIZE[1]), COMPONENT_COLORS[0])
    asked = editor.server.preview_requests
    editor.tool("brush")
    editor.page.mouse.move(*editor.at(0.7, 0.7))
    editor.page.mouse.down()
    editor.page.mouse.move(*editor.at(0.8, 0.7), steps=8)
    assert editor.server.preview_requests == asked, "nothing is asked during a gesture"
    editor.page.mouse.up()
    editor.wait("editor.previewRequest.key.includes(editor.store.text) && !editor.previewRequest.abort")
    assert editor.server.preview_requests == asked + 1
    assert editor.editor("previewRequest.trajectories.component.length") == len(
        point_trajectories(Drawing.from_json(editor.text), 14, *SIZE).component
    )
    asked = editor.server.preview_requests
    editor.action("model-preview")
    editor.action("model-preview")
    editor.drag((0.7, 0.8), (0.8, 0.8))
    assert editor.server.preview_requests == asked, "nothing is asked while it is off"


def test_what_cannot_be_shown_is_said(editor):
    editor.start(json.dumps({"version": 1, "components": [{"name": "kite", "arrows": boat()["arrows"]}]}))
    editor.action("model-preview")
    status = editor.page.locator(".trackgo-status")
    status.get_by_text("for want of a mask: “kite”").wait_for()
    editor.server.preview_route_missing = True
    try:
        editor.tool("brush")
        editor.drag((0.2, 0.2), (0.3, 0.3))
        status.get_by_text("restart ComfyUI").wait_for()
        assert close(editor.pixel(0.9, 0.2), (90, 110, 100)), "drawing goes on"
    finally:
        editor.server.preview_route_missing = False
    editor.drag((0.4, 0.2), (0.5, 0.3))
    wait_for_points(editor)
    assert editor.editor("previewRequest.message") == ""


@pytest.fixture(autouse=True)
def off_again(editor):
    yield
    editor.server.preview_route_missing = False
