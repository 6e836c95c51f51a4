"""Drawing with the mouse in the real front end, classic and Nodes 2.0."""

from __future__ import annotations

import json

import pytest

from tests.browser.editor_page import CANVAS, EDITOR, LOADER
from tests.browser.support import QUADRANTS, boat, close, drawing, reddish, touch

RED = (255, 48, 48)


def test_shows_the_upstream_picture_before_anything_ran(editor):
    for place, color in zip([(0.2, 0.2), (0.8, 0.2), (0.2, 0.8), (0.8, 0.7)], QUADRANTS, strict=True):
        assert close(editor.pixel(*place), color)


def test_paint_and_erase(editor):
    editor.tool("brush")
    before = editor.pixel(0.36, 0.3)
    editor.drag((0.2, 0.3), (0.4, 0.3))
    assert reddish(before, editor.pixel(0.36, 0.3))
    (component,) = editor.components
    (stroke,) = component["mask"]["strokes"]
    assert stroke["tool"] == "brush" and stroke["points"][0] == pytest.approx([0.2, 0.3], abs=0.003)
    assert stroke["points"][-1] == pytest.approx([0.4, 0.3], abs=0.003)

    editor.tool("erase")
    editor.drag((0.36, 0.2), (0.36, 0.4))
    assert close(editor.pixel(0.36, 0.3), before)
    assert reddish(before, editor.pixel(0.21, 0.3))
    assert [s["tool"] for s in editor.components[0]["mask"]["strokes"]] == ["brush", "erase"]


def test_lasso_fill_and_alt_erases(editor):
    editor.tool("lasso")
    editor.drag((0.1, 0.1), (0.3, 0.1), (0.3, 0.4), (0.1, 0.4))
    editor.tool("fill")
    editor.click(0.5, 0.5)
    editor.tool("brush")
    editor.page.keyboard.down("Alt")
    editor.drag((0.7, 0.7), (0.8, 0.7))
    editor.page.keyboard.up("Alt")
    assert [s["tool"] for s in editor.components[0]["mask"]["strokes"]] == ["lasso", "fill", "erase"]


def test_arrows_straight_by_clicks_smooth_and_freehand(editor):
    editor.tool("arrow")
    editor.drag((0.2, 0.2), (0.5, 0.3))
    editor.action("add")
    editor.action("curve")
    editor.click(0.2, 0.7)
    editor.click(0.4, 0.8)
    editor.double_click(0.6, 0.6)
    editor.action("add")
    editor.tool("freehand")
    editor.drag((0.7, 0.2), (0.8, 0.3), (0.9, 0.2), steps=12)
    straight, clicked, free = (component["arrows"][0] for component in editor.components)
    assert straight["curve"] == "straight" and len(straight["points"]) == 2
    assert straight["points"][1] == pytest.approx([0.5, 0.3], abs=0.003)
    assert clicked["curve"] == "smooth" and len(clicked["points"]) == 3
    assert clicked["points"][2] == pytest.approx([0.6, 0.6], abs=0.003)
    assert free["curve"] == "smooth" and 3 <= len(free["points"]) < 12


def test_enter_finishes_and_escape_drops_an_arrow(editor):
    editor.tool("arrow")
    editor.click(0.2, 0.2)
    editor.click(0.4, 0.4)
    editor.press("Enter")
    assert len(editor.components[0]["arrows"]) == 1
    editor.click(0.6, 0.2)
    editor.click(0.7, 0.4)
    editor.press("Escape")
    assert len(editor.components[0]["arrows"]) == 1


def test_drag_insert_and_delete_points(editor):
    editor.start(drawing(boat()))
    editor.tool("select")
    editor.drag((0.7, 0.25), (0.8, 0.6))
    assert editor.components[0]["arrows"][0]["points"][1] == pytest.approx([0.8, 0.6], abs=0.003)
    editor.double_click(0.5, 0.425)
    points = editor.components[0]["arrows"][0]["points"]
    assert len(points) == 3 and points[1] == pytest.approx([0.5, 0.425], abs=0.006)
    editor.press("Delete")
    assert len(editor.components[0]["arrows"][0]["points"]) == 2
    assert editor.page.evaluate(f"() => !!app.graph.getNodeById({CANVAS})"), "Delete must not reach the graph"


def test_move_a_whole_component(editor):
    editor.start(drawing(boat()))
    editor.tool("select")
    editor.drag((0.15, 0.35), (0.25, 0.55))
    component = editor.components[0]
    assert component["mask"]["strokes"][0]["points"][0] == pytest.approx([0.2, 0.3], abs=0.004)
    assert component["arrows"][0]["points"][0] == pytest.approx([0.3, 0.45], abs=0.004)


def test_component_list(editor):
    editor.start(drawing(boat("one"), boat("two")))
    rows = editor.page.locator(".trackgo-rows .trackgo-row")
    assert rows.count() == 2
    editor.action("add")
    assert rows.count() == 3 and editor.editor("store.view.selected") == 2
    editor.action("eye", row=0)
    assert editor.components[0]["hidden"] is True
    editor.action("remove", row=1)
    assert [c["name"] for c in editor.components] == ["one", "object 3"]
    editor.page.locator('.trackgo-row[data-index="1"] .trackgo-name').dblclick()
    editor.page.locator(".trackgo-rename").fill("a cat")
    editor.press("Enter")
    assert editor.components[1]["name"] == "a cat"


def test_rename_enter_and_leaving_keep_escape_does_not(editor):
    editor.start(drawing(boat("one")))
    errors = []

    def note(error) -> None:
        errors.append(error)

    editor.page.on("pageerror", note)
    name = editor.page.locator('.trackgo-row[data-index="0"] .trackgo-name')
    field = editor.page.locator(".trackgo-rename")

    def type_name(text: str) -> None:
        name.dblclick()
        field.fill(text)

    def focused(selector: str) -> bool:
        return editor.page.evaluate("(selector) => document.activeElement.matches(selector)", selector)

    type_name("two")
    editor.press("Escape")
    assert editor.components[0]["name"] == "one" and name.inner_text() == "one" and focused(".trackgo")
    assert not editor.editor("store.canUndo")
    type_name("three")
    editor.press("Enter")
    assert editor.components[0]["name"] == "three" and name.inner_text() == "three" and focused(".trackgo")
    type_name("四")
    field.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    field.dispatch_event("keydown", {"key": "Escape", "isComposing": True})
    assert field.input_value() == "四", "the input method's keys are not the field's"
    editor.page.locator(".trackgo-scrub").focus()
    assert editor.components[0]["name"] == "四" and focused(".trackgo-scrub"), "leaving keeps it and the new focus"
    editor.focus()
    editor.press("Control+z", 2)
    assert editor.components[0]["name"] == "one", "one step of undo each"
    editor.tool("camera")
    turn = editor.page.locator('[data-field="turn"]')
    turn.fill("30")
    editor.press("Escape")
    assert "camera" not in editor.document and turn.input_value() == "0" and focused(".trackgo")
    turn.fill("30")
    editor.press("Enter")
    assert editor.document["camera"]["turn"] == 30
    editor.page.remove_listener("pageerror", note)
    assert errors == []


def test_timing_bar_and_easing(editor):
    editor.start(drawing(boat()))
    bar = editor.page.locator('.trackgo-row[data-index="0"] .trackgo-bar').bounding_box()
    end = editor.page.locator('.trackgo-row[data-index="0"] [data-side="end"]').bounding_box()
    editor.page.mouse.move(end["x"] + end["width"] / 2, end["y"] + end["height"] / 2)
    editor.page.mouse.down()
    editor.page.mouse.move(bar["x"] + bar["width"] / 2, end["y"] + 3, steps=4)
    editor.page.mouse.up()
    assert editor.components[0]["end"] == pytest.approx(0.5, abs=0.05)
    editor.action("easing", row=0)
    editor.page.get_by_role("menuitem", name="Ease out").click()
    assert editor.components[0]["easing"] == "ease-out"


def test_undo_to_the_start_and_redo_to_the_end(editor):
    start = editor.document
    editor.tool("brush")
    editor.drag((0.2, 0.3), (0.4, 0.3))
    editor.tool("arrow")
    editor.drag((0.3, 0.3), (0.6, 0.5))
    editor.action("add")
    editor.tool("brush")
    editor.drag((0.7, 0.7), (0.8, 0.8))
    done = editor.document
    assert len(done["components"]) == 2
    editor.focus()
    editor.press("Control+z", 4)
    assert editor.document == start
    assert editor.page.evaluate("() => app.graph.nodes.length") == 2, "the graph's own undo must not run"
    editor.press("Control+z")
    assert editor.document == start
    editor.press("Control+Shift+z", 3)
    editor.press("Control+y")
    assert editor.document == done


def test_undo_of_the_graph_keeps_the_editors_own(editor):
    """ComfyUI's undo builds every node anew; the drawing it goes back to still has its past and its future."""
    states = [editor.document]
    editor.tool("brush")
    for v in (0.2, 0.4, 0.6):
        editor.drag((0.2, v), (0.4, v))
        states.append(editor.document)

    def on_the_graph(keys: str, expected: int) -> None:
        """Some front ends record their own new layout of the node as a step, too, so one key may not be enough."""
        editor.page.mouse.click(150, 800)
        editor.page.wait_for_function("() => !document.activeElement?.closest('.trackgo')")
        for _ in range(4):
            editor.page.evaluate(f"() => {{ window.editorBefore = {EDITOR}.trackgo }}")
            editor.press(keys)
            editor.page.wait_for_function(f"() => {EDITOR}?.trackgo && {EDITOR}.trackgo !== window.editorBefore")
            editor.ready()
            if editor.document != states[expected + 1]:
                break
        assert editor.document == states[expected]

    on_the_graph("Control+z", 2)
    on_the_graph("Control+z", 1)
    editor.focus()
    editor.press("Control+z")
    assert editor.document == states[0]
    editor.press("Control+Shift+z", 3)
    assert editor.document == states[3]


def test_keys_that_mean_nothing_here_stay_in_the_editor(editor):
    """Every key without Ctrl or Alt: none opens or moves anything of ComfyUI's, or takes the focus."""
    editor.start(drawing(boat()))
    look = """() => JSON.stringify([
        document.activeElement.className, app.graph.nodes.map((node) => [node.id, node.mode, !!node.flags?.collapsed]),
        app.extensionManager.sidebarTab?.activeSidebarTabId ?? null, app.canvas.read_only, app.canvas.ds.scale,
        document.querySelectorAll('[role=dialog], .comfy-modal:not([style*=none]), .side-bar-panel').length,
    ])"""
    editor.focus()
    before = editor.page.evaluate(look)
    for key in "abcdeghijklmnopqrstuvwxyz0123456789`~.,;'/\\-=_+":
        editor.press(key)
        if key.isalpha():
            editor.press(f"Shift+{key}")
    editor.press("F2")
    editor.page.evaluate("async () => { for (let i = 0; i < 10; i += 1) await new Promise(requestAnimationFrame) }")
    assert editor.page.evaluate(look) == before
    editor.page.mouse.click(150, 800)
    editor.press("w")
    editor.page.wait_for_function(f"(before) => ({look})() !== before", arg=before)
    editor.press("w")


def test_a_mask_shows_on_an_object_of_its_own_color(editor):
    editor.start(drawing(boat()), picture="red.png")
    edge = [editor.pixel(0.1 + step / 1500, 0.25) for step in range(-9, 30, 3)]
    brightness = [sum(color) for color in edge]
    assert max(brightness) > 2 * min(brightness), "a dark line between the mask and what is around it"
    editor.focus()
    editor.press("b")
    editor.drag((0.6, 0.6), (0.7, 0.6))
    radius = editor.editor("store.view.radius")
    line = [sum(editor.pixel(0.65, 0.6 + radius * 512 / 288 * (0.88 + 0.01 * step))) for step in range(18)]
    assert min(line) < 0.75 * max(line), "a stroke just drawn has it too"


def test_the_brush_says_its_width_in_pixels_of_the_picture_and_takes_one(editor):
    editor.tool("brush")
    width = editor.page.locator('[data-action="brush-width"]')
    assert width.input_value() == "31"
    editor.focus()
    editor.press("]")
    assert width.input_value() == "35"
    slider = editor.page.get_by_role("slider", name="Brush size")
    slider.fill("100")
    assert width.input_value() == "256" and slider.get_attribute("aria-valuetext") == "256 px"
    editor.drag((0.5, 0.2), (0.5, 0.3))
    assert editor.components[0]["mask"]["strokes"][0]["radius"] * 2 * 512 == pytest.approx(256)
    width.fill("40")
    width.press("Enter")
    editor.drag((0.5, 0.2), (0.5, 0.3))
    assert editor.components[0]["mask"]["strokes"][1]["radius"] * 2 * 512 == pytest.approx(40, abs=0.01)
    assert editor.page.evaluate("document.activeElement.matches('.trackgo')"), "Enter gives the keys back to the stage"
    for typed, shown in (("0", "2"), ("9999", "256"), ("", "256")):
        width.fill(typed)
        width.press("Tab")
        assert width.input_value() == shown
    editor.tool("lasso")
    assert not width.is_visible()
    editor.tool("brush")
    slider.fill("56")


def test_nothing_in_the_toolbar_covers_anything_else(editor):
    """However narrow the node is: rows are added."""
    overlaps = """() => {
        const shown = [...document.querySelectorAll('.trackgo-toolbar :is(button, input)')]
            .filter((one) => one.offsetParent).map((one) => [one, one.getBoundingClientRect()])
        return shown.flatMap(([a, p], i) => shown.slice(i + 1).filter(([b, q]) => (
            p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1
        )).map(([b]) => [a, b].map((one) => one.dataset.action ?? one.dataset.tool ?? one.className).join(' on ')))
    }"""
    editor.page.get_by_role("slider", name="Brush size").fill("100")
    for width in (900, 620, 480, 400):
        editor.page.evaluate(f"(width) => app.graph.getNodeById({CANVAS}).setSize([width, 700])", width)
        editor.settle()
        assert editor.page.evaluate(overlaps) == [], width


def test_what_the_arrows_do_is_said_while_they_are_drawn(editor):
    editor.start(drawing(boat()))
    said = editor.page.locator('.trackgo-row[data-index="0"] .trackgo-readout')
    status = editor.page.locator(".trackgo-status")
    assert said.inner_text() == "256 px"
    editor.tool("arrow")
    editor.page.mouse.move(*editor.at(0.25, 0.25))
    editor.page.mouse.down()
    editor.page.mouse.move(*editor.at(0.7, 0.65), steps=4)
    status.get_by_text("“boat” becomes").wait_for()
    assert "×" in said.inner_text() and "°" in said.inner_text(), "before the button is up"
    editor.page.mouse.move(*editor.at(0.75, 0.25), steps=4)
    editor.wait("!document.querySelector('.trackgo-status').textContent.includes('“boat”')")
    editor.page.mouse.up()
    assert len(editor.components[0]["arrows"]) == 2
    assert "×" not in said.inner_text() or said.inner_text().startswith(("×0.9", "×1.0"))


def test_value_changes_once_per_gesture(editor):
    editor.page.evaluate(f"() => {{ window.calls = []; {EDITOR}.callback = (text) => window.calls.push(text) }}")
    editor.tool("brush")
    editor.drag((0.2, 0.3), (0.4, 0.3), (0.4, 0.6), steps=15)
    assert editor.page.evaluate("() => window.calls") == [editor.text]


def test_idle_editor_draws_nothing(editor):
    editor.start(drawing(boat()))
    editor.page.mouse.move(5, 500)
    editor.settle()
    before = editor.editor("stage.drawn")
    editor.page.evaluate("async () => { for (let i = 0; i < 40; i += 1) await new Promise(requestAnimationFrame) }")
    assert editor.editor("stage.drawn") == before


def test_scrub_and_play_move_the_masked_pixels(editor):
    editor.start(drawing(boat(end=1.0)))
    behind = editor.pixel(0.69, 0.2)
    track = editor.page.locator(".trackgo-scrub").bounding_box()
    editor.page.mouse.click(track["x"] + track["width"] - 1, track["y"] + track["height"] / 2)
    assert editor.editor("store.view.frame") == 13
    assert close(behind, QUADRANTS[1])
    assert close(editor.pixel(0.69, 0.2), QUADRANTS[0], 12), "the boat's pixels are at the arrow's end"
    editor.action("play")
    editor.wait("editor.store.view.playing && editor.store.view.frame === 3")
    editor.action("play")
    assert not editor.editor("store.view.playing")
    assert json.loads(editor.text)["components"][0]["name"] == "boat"


def test_wheel_zooms_inside_only_with_focus(editor):
    editor.page.evaluate("() => document.activeElement.blur()")
    inside, outside = editor.editor("stage.view.scale"), editor.page.evaluate("() => app.canvas.ds.scale")
    editor.page.mouse.move(*editor.at(0.5, 0.5))
    editor.page.mouse.wheel(0, -200)
    editor.page.wait_for_function(f"() => app.canvas.ds.scale !== {outside}")
    assert editor.editor("stage.view.scale") == inside
    if editor.vue and editor.version.startswith("1.27"):
        pytest.skip("the first Nodes 2.0 takes every wheel event for the graph; inside, only keys and full screen zoom")
    editor.reset_graph_view()
    editor.settle()
    editor.focus()
    editor.page.mouse.move(*editor.at(0.25, 0.25))
    editor.page.mouse.wheel(0, -200)
    editor.wait(f"editor.stage.view.scale > {inside}")
    assert editor.page.evaluate("() => app.canvas.ds.scale") == 1
    editor.press("0")
    assert editor.editor("stage.view.scale") == pytest.approx(inside)


def test_full_screen_and_back(editor):
    editor.action("full")
    assert editor.page.locator(".trackgo-full .trackgo").count() == 1
    editor.settle()
    editor.tool("brush")
    editor.drag((0.3, 0.3), (0.5, 0.5))
    editor.press("Escape")
    editor.page.locator(".trackgo-full").wait_for(state="detached")
    editor.settle()
    before = len(editor.components[0]["mask"]["strokes"])
    editor.drag((0.3, 0.6), (0.5, 0.6))
    assert len(editor.components[0]["mask"]["strokes"]) == before + 1 == 2


def test_picture_that_cannot_be_loaded(editor):
    editor.page.evaluate(f"() => {{ app.graph.getNodeById({LOADER}).widgets[0].value = 'broken.png' }}")
    note = editor.page.locator(".trackgo-note")
    note.get_by_text("“broken.png” could not be loaded").wait_for()
    editor.page.evaluate(f"() => {{ app.graph.getNodeById({LOADER}).widgets[0].value = 'plain.png' }}")
    editor.wait("editor.stage.picture.width === 300")
    assert close(editor.pixel(0.5, 0.5), (77, 77, 77))


def test_malformed_document_is_shown_and_kept(editor):
    text = '{"version": 1, "components": [{"start": 7}]}'
    editor.start(text)
    alert = editor.page.locator(".trackgo-error [role=alert]")
    assert "Component 1: start must be a number from 0 to 1, got 7" in alert.inner_text()
    assert editor.page.locator(".trackgo-error textarea").input_value() == text
    assert editor.text == text
    editor.page.keyboard.press("b")
    assert editor.text == text
    editor.page.locator(".trackgo-error textarea").fill(text.replace("7", "0.5"))
    editor.page.get_by_role("button", name="Use the corrected text").click()
    assert editor.components == [{"start": 0.5}]
    editor.start(text)
    editor.page.get_by_role("button", name="Start over").click()
    assert editor.document == {"version": 1, "components": []}


def erase_with_pen(editor, *places: tuple[float, float]) -> None:
    """A stroke with a pen's eraser end. No driver has one, so the page gets the events that such a pen sends."""
    points = [editor.at(*place) for place in places]
    editor.page.mouse.move(*points[0])  # the pointer whose number the events bear
    editor.page.evaluate(
        """(points) => {
            const canvas = document.querySelector('.trackgo-canvas')
            const send = (type, [clientX, clientY], buttons) => canvas.dispatchEvent(new PointerEvent(type, {
                bubbles: true, cancelable: true, pointerId: 1, pointerType: 'pen', pressure: 0.5, clientX, clientY,
                button: type === 'pointermove' ? -1 : 5, buttons }))
            send('pointerdown', points[0], 32)
            for (const point of points.slice(1)) send('pointermove', point, 32)
            send('pointerup', points.at(-1), 0)
        }""",
        points,
    )


def test_a_pens_other_end_erases_whatever_the_tool(editor):
    editor.tool("brush")
    before = editor.pixel(0.36, 0.3)
    editor.drag((0.2, 0.3), (0.4, 0.3))
    erase_with_pen(editor, (0.36, 0.2), (0.36, 0.4))
    assert close(editor.pixel(0.36, 0.3), before)
    editor.tool("select")
    erase_with_pen(editor, (0.2, 0.3), (0.25, 0.3))
    assert [s["tool"] for s in editor.components[0]["mask"]["strokes"]] == ["brush", "erase", "erase"]


def test_one_finger_paints_and_two_zoom(editor):
    editor.tool("brush")
    touch(editor, "touchStart", (0.2, 0.3))
    touch(editor, "touchMove", (0.4, 0.3))
    touch(editor, "touchEnd")
    editor.wait("editor.store.drawing.components.length === 1")
    drawn = editor.text
    before = editor.editor("stage.view.scale")
    touch(editor, "touchStart", (0.4, 0.5))
    touch(editor, "touchStart", (0.4, 0.5), (0.6, 0.5))
    touch(editor, "touchMove", (0.4, 0.5), (0.8, 0.5))
    touch(editor, "touchEnd")
    editor.wait(f"editor.stage.view.scale > {before * 1.3}")
    assert editor.text == drawn, "the first finger of a pinch paints nothing"


def test_components_travel_by_copy_and_paste(editor):
    editor.start(drawing(boat()))
    editor.focus()
    editor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    editor.press("Control+c")
    editor.start()
    editor.focus()
    editor.press("Control+v")
    editor.wait("editor.store.drawing.components.length === 1")
    assert editor.components[0]["arrows"] == boat()["arrows"]
    assert editor.page.evaluate("() => app.graph.nodes.length") == 2, "the graph must not paste as well"
