"""Speed, playback and stays by mouse, touch, pen and keys, in the real front end; Python makes the same of them."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.support import boat, drag_with, drawing, with_camera
from trackgo import Drawing
from trackgo.trajectories.motion import arrow_positions, shares

FRAMES = 14
Box = dict[str, float]


def box_of(editor, selector: str, row: int | None = None) -> Box:
    within = f'.trackgo-row[data-index="{row}"] ' if row is not None else ""
    box = editor.page.locator(within + selector).bounding_box()
    assert box is not None
    return box


def middle(box: Box) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_by(editor, selector: str, dx: float, dy: float = 0.0, row: int | None = None) -> None:
    x, y = middle(box_of(editor, selector, row))
    editor.page.mouse.move(x, y)
    editor.page.mouse.down()
    editor.page.mouse.move(x + dx, y + dy, steps=5)
    editor.page.mouse.up()


def steps_of_undo(editor) -> int:
    return editor.editor("store.history.past.length")


def page_and_python_agree(editor) -> None:
    """Every arrow's tip at every frame, by the page's modules and by the library."""
    found = editor.page.evaluate(
        """async ([text, frames]) => {
            const { arrowPositions } = await import('/extensions/ComfyUI-TrackGo/editor/motion.js')
            return JSON.parse(text).components.map((component) =>
                [...Array(frames).keys()].map((i) => arrowPositions(component, i, frames, 512, 288)[0]))
        }""",
        [editor.text, FRAMES],
    )
    for component, places in zip(Drawing.from_json(editor.text).components, found, strict=True):
        expected = arrow_positions(component.arrows[0], shares(component, FRAMES), 512, 288)
        assert np.abs(np.array(places) @ [1, 1j] - expected).max() < 1e-9


def test_the_speed_is_drawn_and_a_preset_takes_its_place_again(editor):
    editor.start(drawing(boat(easing="ease-in")))
    before = editor.document
    editor.action("easing", row=0)
    graph = box_of(editor, ".trackgo-curve")
    drag_by(editor, '[data-knob="1"]', -0.4 * graph["width"], -0.5 * graph["height"])
    x1, y1, x2, y2 = editor.components[0]["bezier"]
    assert (x1, y1) == pytest.approx((1 / 3, 0), abs=0.001), "it begins with what was chosen before"
    assert (x2, y2) == pytest.approx((2 / 3 - 0.4, 1 / 3 + 0.5), abs=0.03)
    assert editor.components[0]["easing"] == "ease-in" and steps_of_undo(editor) == 1
    page_and_python_agree(editor)
    knob = editor.page.locator('[data-knob="0"]')
    knob.focus()
    editor.press("ArrowUp", 2)
    editor.press("Shift+ArrowRight")
    assert editor.components[0]["bezier"][:2] == pytest.approx([0.333 + 0.1, 0.04], abs=0.002)
    editor.page.get_by_role("menuitem", name="Ease out").click()
    assert "bezier" not in editor.components[0] and editor.components[0]["easing"] == "ease-out"
    editor.page.get_by_role("menuitem", name="Drawn curve").click()
    assert editor.components[0]["bezier"] == pytest.approx([1 / 3, 2 / 3, 2 / 3, 1], abs=0.001)
    editor.press("Escape")
    assert editor.page.locator(".trackgo-menu").count() == 0
    editor.press("Control+z", steps_of_undo(editor))
    assert editor.document == before


def test_stays_are_added_dragged_stretched_and_removed(editor):
    editor.start(drawing(boat("one"), boat("two", playback="reverse")))
    before = editor.document
    for row in (0, 1):
        bar = box_of(editor, ".trackgo-bar", row)
        frame = bar["width"] / (FRAMES - 1)
        x, y = bar["x"] + 4 * frame, bar["y"] + bar["height"] / 2
        editor.page.mouse.dblclick(x, y)
        (hold,) = editor.components[row]["holds"]
        assert hold["place"] == pytest.approx(4 / 13 if row == 0 else 9 / 13, abs=1e-4)
        assert hold["span"] == pytest.approx(4 / 13, abs=1e-4)
        count = steps_of_undo(editor)
        drag_by(editor, '[data-hold="0"]', 3 * frame, row=row)
        stay = box_of(editor, '[data-hold="0"]', row)
        left = (stay["x"] - bar["x"]) / frame
        assert left == pytest.approx(round(left), abs=0.1), "it begins at a frame"
        longer = editor.components[row]["holds"][0]
        assert longer["span"] == hold["span"] and longer["place"] != hold["place"]
        drag_by(editor, '[data-hold="0"] [data-edge="right"]', 2 * frame, row=row)
        drag_by(editor, '[data-hold="0"] [data-edge="left"]', frame, row=row)
        assert steps_of_undo(editor) == count + 3, "one step for each drag"
        lasts = editor.components[row]["holds"][0]["span"] * 13
        assert lasts == pytest.approx(round(lasts), abs=0.01) and lasts > 4
        page_and_python_agree(editor)
        stay = editor.page.locator(f'.trackgo-row[data-index="{row}"] [data-hold="0"]')
        stay.focus()
        editor.press("ArrowUp")
        assert editor.components[row]["holds"][0]["span"] * 13 == pytest.approx(lasts + 1, abs=0.01)
        place = editor.components[row]["holds"][0]["place"]
        editor.press("ArrowRight")
        moved = editor.components[row]["holds"][0]["place"]
        assert moved > place if row == 0 else moved < place
        editor.press("Delete")
        assert "holds" not in editor.components[row]
    editor.focus()
    editor.press("Control+z", steps_of_undo(editor))
    assert editor.document == before


@pytest.mark.parametrize("kind", ["touch", "pen"])
def test_ends_and_stays_by_finger_and_pen(editor, kind):
    editor.start(drawing(boat(holds=[{"place": 0.5, "span": 0.3}])))
    bar = box_of(editor, ".trackgo-bar", 0)
    drag_with(editor, kind, middle(box_of(editor, '[data-hold="0"]', 0)), 0.15 * bar["width"])
    assert editor.components[0]["holds"][0]["place"] == pytest.approx(0.5 + 0.15 / 0.7, abs=0.06)
    drag_with(editor, kind, middle(box_of(editor, '[data-side="start"]', 0)), 0.2 * bar["width"])
    assert editor.components[0]["start"] == pytest.approx(0.2, abs=0.05)
    assert steps_of_undo(editor) == 2


def test_there_and_back_three_times_and_a_camera_that_does_not_run_in_reverse(editor):
    editor.start(with_camera(boat(), zoom=1.5))
    before = editor.document
    editor.action("easing", row=0)
    editor.page.locator('[data-playback="ping-pong"]').click()
    assert editor.components[0]["playback"] == "ping-pong" and "times" not in editor.components[0]
    times = editor.page.locator(".trackgo-playback input")
    assert times.input_value() == "2"
    times.fill("3")
    times.press("Enter")
    assert editor.components[0]["times"] == 3
    page_and_python_agree(editor)
    editor.page.locator('[data-action="hold-add"]').click()
    assert editor.components[0]["holds"][0]["place"] == 0
    frames = editor.page.locator(".trackgo-stays input")
    frames.fill("2")
    frames.press("Enter")
    assert editor.components[0]["holds"][0]["span"] * 13 / 3 == pytest.approx(2, abs=0.01)
    assert editor.page.locator(".trackgo-row[data-index='0'] .trackgo-stay").count() == 3
    editor.page.get_by_role("button", name="Remove this stay").click()
    assert "holds" not in editor.components[0] and frames.count() == 0
    editor.page.locator('[data-playback="once"]').click()
    assert not {"playback", "times"} & editor.components[0].keys()
    editor.press("Escape")
    editor.page.locator(".trackgo-camera-row [data-action=easing]").click()
    assert editor.page.locator("[data-playback=reverse]").count() == 0
    editor.page.locator('[data-playback="loop"]').click()
    assert editor.document["camera"]["playback"] == "loop"
    Drawing.from_json(editor.text)
    editor.press("Escape")
    editor.press("Control+z", steps_of_undo(editor))
    assert editor.document == before


def test_a_locked_component_keeps_its_time(editor):
    editor.start(drawing(boat(locked=True, holds=[{"place": 0.5, "span": 0.3}])))
    before = editor.document
    drag_by(editor, '[data-hold="0"]', 40, row=0)
    drag_by(editor, '[data-side="end"]', -60, row=0)
    editor.action("easing", row=0)
    drag_by(editor, '[data-knob="0"]', 30)
    assert editor.document == before
    assert editor.page.get_by_role("menuitem", name="Ease out").is_disabled()
