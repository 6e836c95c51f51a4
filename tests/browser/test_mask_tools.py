"""Invert, grow, shrink and the brush's size by mouse and keys, in the real front end; the mask is Python's own."""

from __future__ import annotations

import numpy as np

from tests.browser.support import QUADRANTS, boat, close, drawing, reddish
from trackgo import Drawing

SIZE = (512, 288)  # of quadrants.png; its rasters have the same size


def page_mask(editor) -> np.ndarray:
    """The mask that the page shows, bool [H, W]."""
    editor.settle()
    values = editor.editor("stage.masks.entries[0].raster.data.join('')")
    return (np.frombuffer(values.encode(), np.uint8) == ord("1")).reshape(SIZE[::-1])


def python_mask(editor) -> np.ndarray:
    return Drawing.from_json(editor.text).masks(*SIZE)[0]


def test_the_menu_inverts_grows_and_shrinks(editor):
    editor.start(drawing(boat()))
    plain = page_mask(editor)
    editor.action("mask")
    editor.page.locator(".trackgo-menu .trackgo-number").fill("12")
    editor.page.locator('[data-mask="grow"]').click()
    assert editor.components[0]["mask"]["strokes"][-1] == {"tool": "grow", "radius": 12 / 512}
    grown = page_mask(editor)
    rows = np.flatnonzero(plain.any(axis=1))
    assert np.flatnonzero(grown.any(axis=1)).tolist() == list(range(rows[0] - 12, rows[-1] + 13))
    assert reddish(QUADRANTS[0], editor.pixel(0.2, 0.4 + 10 / 288))
    editor.focus()
    editor.press("{")
    assert editor.components[0]["mask"]["strokes"][-1]["tool"] == "shrink"
    assert np.array_equal(page_mask(editor), plain), "a rectangle grown and shrunk is itself"
    editor.press("i")
    assert np.array_equal(page_mask(editor), ~plain) and np.array_equal(python_mask(editor), ~plain)
    assert close(editor.pixel(0.2, 0.2), QUADRANTS[0]) and reddish(QUADRANTS[1], editor.pixel(0.8, 0.2))
    editor.press("Control+z", 2)
    assert np.array_equal(page_mask(editor), grown) and np.array_equal(python_mask(editor), grown)


def test_painting_goes_on_where_a_mask_was_resized(editor):
    editor.start(drawing(boat()))
    editor.focus()
    editor.press("}")
    editor.tool("brush")
    editor.drag((0.25, 0.35), (0.5, 0.6))
    editor.tool("erase")
    editor.drag((0.15, 0.05), (0.15, 0.45))
    assert [s["tool"] for s in editor.components[0]["mask"]["strokes"]] == ["lasso", "grow", "brush", "erase"]
    assert (page_mask(editor) != python_mask(editor)).mean() < 0.002


def test_nothing_to_grow(editor):
    editor.action("mask")
    assert editor.page.locator('[data-mask="grow"]').is_disabled()
    editor.page.locator('[data-mask="invert"]').click()
    assert editor.components[0]["mask"]["strokes"] == [{"tool": "invert"}]
    assert page_mask(editor).all()


def test_alt_and_the_right_button_size_the_brush(editor):
    editor.tool("brush")
    before, text = editor.editor("store.view.radius"), editor.text
    x, y = editor.at(0.4, 0.5)
    editor.page.keyboard.down("Alt")
    editor.page.mouse.move(x, y)
    editor.page.mouse.down(button="right")
    editor.page.mouse.move(x + 50, y, steps=5)
    assert editor.editor("store.view.radius") > 1.5 * before
    assert abs(editor.editor("stage.pointer.frac[0]") - 0.4) < 0.01, "the ring stays where it was"
    editor.page.mouse.move(x - 40, y, steps=5)
    editor.page.mouse.up(button="right")
    editor.page.keyboard.up("Alt")
    assert editor.editor("store.view.radius") < 0.75 * before
    assert editor.text == text and editor.page.locator(".trackgo-menu").count() == 0
    editor.page.mouse.click(x, y, button="right")
    assert editor.page.locator(".trackgo-menu").count() == 1
