"""Selecting an object, scaling and turning it, its place in the order: by mouse, in the real front end."""

from __future__ import annotations

import numpy as np

from tests.browser.support import boat, drawing, png_bytes
from tests.browser.test_mask_tools import page_mask, python_mask
from trackgo import Drawing


def test_a_box_selects_and_one_undo_takes_it_away(editor):
    editor.start()
    editor.tool("wand")
    editor.drag((0.001, 0.001), (0.3, 0.3), (0.499, 0.499))
    editor.wait("editor.store.drawing.components.length === 1")
    strokes = editor.components[0]["mask"]["strokes"]
    assert [stroke["tool"] for stroke in strokes] == ["lasso"]
    quadrant = np.zeros((288, 512), bool)
    quadrant[:144, :256] = True
    assert (page_mask(editor) & quadrant).sum() / (page_mask(editor) | quadrant).sum() > 0.95
    assert (page_mask(editor) != python_mask(editor)).mean() < 0.002
    editor.focus()
    editor.press("Control+z")
    assert editor.components == []


def test_edges_are_those_of_the_picture_at_its_own_size(editor):
    width, height = 4096, 2304
    y, x = np.mgrid[:height, :width] + 0.5
    inside = np.abs((x - 2100) / 900) ** 3 + np.abs((y - 1050) / 700) ** 3 < 1
    noise = np.random.default_rng(0).integers(-12, 13, (height, width, 3))
    editor.server.images["large.png"] = png_bytes(
        (np.where(inside[..., None], (200, 150, 90), (60, 90, 140)) + noise).astype(np.uint8)
    )
    editor.start(picture="large.png")
    editor.tool("wand")
    editor.drag((0.28, 0.13), (0.6, 0.6), (0.75, 0.78))
    editor.wait("editor.store.drawing.components.length === 1")
    mask = Drawing.from_json(editor.text).masks(width, height)[0]
    edge = 2 * np.pi * 800
    assert (mask != inside).sum() / edge < 1, "in pixels, on the mean: an eighth of the small copy's"
    assert len(editor.components[0]["mask"]["strokes"][0]["points"]) < 500


def test_a_pose_can_be_typed_at_the_last_frame(editor):
    editor.start(drawing(boat()))
    editor.tool("select")
    editor.page.locator(".trackgo-scrub").press("End")
    editor.wait("editor.store.view.frame === editor.store.view.frames - 1")
    editor.page.locator('.trackgo-row[data-index="0"] [data-action="pose"]').click()
    editor.page.locator('[data-pose="scale"]').fill("1.5")
    editor.page.locator('[data-pose="turn"]').fill("30")
    editor.page.locator('[data-pose="turn"]').press("Tab")
    said = editor.page.locator('.trackgo-row[data-index="0"] .trackgo-readout').inner_text()
    assert said.startswith("×1.50 30°"), said
    assert len(editor.components[0]["arrows"]) == 2


def test_rows_change_places_by_drag(editor):
    editor.start(drawing(boat(), dict(boat(), name="second")))
    first, second = (editor.page.locator(f'.trackgo-row[data-index="{index}"] .trackgo-swatch') for index in (0, 1))
    second.drag_to(first)
    assert [component["name"] for component in editor.components] == ["second", "boat"]
