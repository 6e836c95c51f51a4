"""Several components at once, by mouse and keys, on the canvas and in the list; in the real front end."""

from __future__ import annotations

import pytest

from tests.browser.support import boat, drag_with, drawing, touch


def box(name: str, u: float, v: float, **more) -> dict:
    corners = [[u, v], [u + 0.1, v], [u + 0.1, v + 0.2], [u, v + 0.2]]
    return boat(name, mask={"strokes": [{"tool": "lasso", "points": corners}]}, **{"arrows": []} | more)


THREE = drawing(box("a", 0.1, 0.1), box("b", 0.3, 0.5), box("c", 0.6, 0.2))


def corners(editor) -> list[list[float]]:
    return [component["mask"]["strokes"][0]["points"][0] for component in editor.components]


def row(editor, index: int):
    return editor.page.locator(f'.trackgo-row[data-index="{index}"]')


def group(editor) -> list[int]:
    return editor.editor("store.group")


def with_key(editor, key: str, click) -> None:
    editor.page.keyboard.down(key)
    click()
    editor.page.keyboard.up(key)


def test_selected_on_the_canvas_they_move_together(editor):
    editor.start(THREE)
    editor.tool("select")
    editor.click(0.15, 0.25)
    with_key(editor, "Control", lambda: editor.click(0.35, 0.65))
    assert group(editor) == [0, 1]
    assert editor.page.locator(".trackgo-row[aria-current=true]").count() == 2
    editor.drag((0.35, 0.65), (0.45, 0.55))
    for place, wanted in zip(corners(editor), ([0.2, 0.0], [0.4, 0.4], [0.6, 0.2]), strict=True):
        assert place == pytest.approx(wanted, abs=0.004)
    editor.press("Control+z")
    assert editor.text == THREE.replace(" ", ""), "one step of undo"
    with_key(editor, "Shift", lambda: editor.click(0.65, 0.3))
    assert group(editor) == [0, 1, 2]
    editor.press("Delete")
    assert editor.components == []
    editor.press("Control+z")
    assert len(editor.components) == 3


def test_the_list_selects_ranges_and_its_menu_is_for_all_of_them(editor):
    editor.start(THREE)
    row(editor, 0).locator(".trackgo-name").click()
    with_key(editor, "Shift", lambda: row(editor, 2).locator(".trackgo-name").click())
    assert group(editor) == [0, 1, 2]
    with_key(editor, "Control", lambda: row(editor, 1).locator(".trackgo-name").click())
    assert group(editor) == [0, 2]
    editor.action("eye", row=2)
    assert [bool(c.get("hidden")) for c in editor.components] == [True, False, True] and group(editor) == [0, 2]
    editor.action("eye", row=0)
    editor.action("more", row=2)
    editor.page.get_by_role("menuitem", name="Lock", exact=True).click()
    assert [bool(c.get("locked")) for c in editor.components] == [True, False, True]
    editor.action("more", row=2)
    editor.page.get_by_role("menuitem", name="Unlock").click()
    editor.action("more", row=0)
    editor.page.get_by_role("menuitem", name="Duplicate").click()
    assert [c["name"] for c in editor.components] == ["a", "a copy", "b", "c", "c copy"] and group(editor) == [1, 4]
    row(editor, 3).locator(".trackgo-name").click()
    assert group(editor) == [3]
    editor.focus()
    editor.press("Control+a")
    assert group(editor) == [0, 1, 2, 3, 4]


def test_masks_line_up_with_the_first_selected_one_and_with_the_frame(editor):
    editor.start(THREE)
    row(editor, 0).locator(".trackgo-name").click()
    with_key(editor, "Control", lambda: row(editor, 1).locator(".trackgo-name").click())
    row(editor, 1).click(button="right", position={"x": 20, "y": 15})
    editor.page.get_by_role("menuitem", name="Align").click()
    rows = editor.page.locator(".trackgo-align")
    assert rows.count() == 2 and "a" in rows.nth(0).inner_text()
    rows.nth(0).locator('[data-align="left"]').click()
    assert [place[0] for place in corners(editor)] == pytest.approx([0.1, 0.1, 0.6], abs=0.003)
    rows.nth(1).locator('[data-align="bottom"]').click()
    assert [place[1] for place in corners(editor)] == pytest.approx([0.8, 0.8, 0.2], abs=0.005)
    editor.press("Escape")
    editor.press("Control+z", 2)
    assert editor.text == THREE.replace(" ", "")


def middle(locator) -> tuple[float, float]:
    place = locator.bounding_box()
    return place["x"] + place["width"] / 2, place["y"] + place["height"] / 2


def test_a_finger_ticks_rows_and_moves_what_is_ticked(editor):
    editor.start(THREE)
    editor.tool("select")
    swatches = [row(editor, index).locator(".trackgo-swatch") for index in range(3)]
    small = swatches[0].bounding_box()["width"]
    drag_with(editor, "touch", editor.at(0.15, 0.25), 0)
    assert group(editor) == [0]
    assert swatches[0].bounding_box()["width"] > small, "a box to tick, once a finger is in use"
    x, y = middle(swatches[1])
    drag_with(editor, "touch", (x - 14, y + 12), 0)  # beside it, as a finger does
    drag_with(editor, "touch", middle(swatches[2]), 0)
    editor.wait("editor.store.group.length === 3")
    drag_with(editor, "touch", middle(swatches[0]), 0)
    editor.wait("editor.store.group.length === 2")
    assert group(editor) == [1, 2]
    assert [one.get_attribute("aria-checked") for one in swatches] == ["false", "true", "true"]
    touch(editor, "touchStart", (0.35, 0.65))
    touch(editor, "touchMove", (0.4, 0.6))
    touch(editor, "touchMove", (0.45, 0.55))
    touch(editor, "touchEnd")
    for place, wanted in zip(corners(editor), ([0.1, 0.1], [0.4, 0.4], [0.7, 0.1]), strict=True):
        assert place == pytest.approx(wanted, abs=0.01)
    swatches[0].click()
    assert group(editor) == [0] and swatches[0].bounding_box()["width"] == small, "a mouse selects one"
    swatches[2].press("Space")
    assert group(editor) == [0, 2]
