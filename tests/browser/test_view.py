"""How masks and picture are looked at: opacity, colors and outlines, by mouse and keys, in the real front end."""

from __future__ import annotations

import numpy as np

from tests.browser.support import QUADRANTS, boat, close, drawing, png_bytes

INSIDE = (0.15, 0.3)


def choose(editor, *names: str) -> None:
    """Open the view menu, press these switches, close it again."""
    editor.action("view")
    for name in names:
        editor.page.locator(f'.trackgo-menu [data-view="{name}"]').click()
    editor.press("Escape")


def slide(editor, name: str, value: int) -> None:
    editor.action("view")
    editor.page.locator(f'.trackgo-menu [data-view="{name}"]').fill(str(value))
    editor.press("Escape")


def luminance(color) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second) -> float:
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def test_masks_cover_as_much_as_is_wanted_and_it_is_kept(editor):
    editor.start(drawing(boat()))
    text, full = editor.text, editor.pixel(*INSIDE)
    slide(editor, "maskOpacity", 40)
    half = editor.pixel(*INSIDE)
    assert full[1] < half[1] < QUADRANTS[0][1] and editor.server.settings["TrackGo.MaskOpacity"] == 40
    choose(editor, "outlineOnly")
    assert close(editor.pixel(*INSIDE), QUADRANTS[0]) and editor.server.settings["TrackGo.OutlineOnly"] is True
    choose(editor, "outlineOnly")
    slide(editor, "maskOpacity", 100)
    assert editor.pixel(*INSIDE) == full
    slide(editor, "maskHue", 120)
    green = editor.pixel(*INSIDE)
    assert green[1] > full[1] and green[0] < full[0]
    slide(editor, "maskHue", 0)
    assert editor.pixel(*INSIDE) == full
    assert editor.text == text and not editor.editor("store.canUndo"), "the document is not touched"


def test_an_outline_shows_on_every_picture(editor):
    """At least 3:1, what WCAG asks of graphics, between the picture and one of the lines; while painting, too."""
    for grey in (0, 60, 110, 170, 255):
        editor.server.images[f"grey{grey}.png"] = png_bytes(np.full((288, 512, 3), grey, np.uint8))
    for name in ("grey0.png", "grey60.png", "grey110.png", "grey170.png", "grey255.png", "red.png"):
        editor.start(drawing(boat()), picture=name)
        if name == "grey0.png":
            choose(editor, "outlineOnly")
        around = editor.pixel(0.05, 0.3)
        edge = [editor.pixel(0.1 + step / 1000, 0.25) for step in range(0, 9, 1)]
        assert max(contrast(around, color) for color in edge) > 3, name
    choose(editor, "outlineOnly")
