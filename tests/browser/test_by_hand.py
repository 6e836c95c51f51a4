"""Selecting an object, scaling and turning it, its place in the order: by mouse, in the real front end."""

from __future__ import annotations

import numpy as np

from tests.browser.support import boat, drawing
from tests.browser.test_mask_tools import page_mask, python_mask


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
