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


def on_pixels(points, size=(512, 288), offset=0.5) -> bool:
    places = np.asarray(points) * size - offset
    return np.abs(places - places.round()).max() < 0.01  # fractions are saved with five decimals


def test_points_snap_to_pixels_and_guides_lie_over_the_picture(editor):
    places = ((1 / 3, 0.8), (0.125, 0.8))
    before = [editor.pixel(*place) for place in places]
    choose(editor, "snap", "thirds", "grid", "ruler")
    assert all(not close(editor.pixel(*place), old) for place, old in zip(places, before, strict=True))
    editor.tool("arrow")
    editor.drag((0.2013, 0.3017), (0.5021, 0.6043))
    editor.tool("lasso")
    editor.drag((0.1013, 0.1017), (0.3021, 0.1043), (0.2, 0.4))
    component = editor.components[0]
    assert on_pixels(component["arrows"][0]["points"])
    assert on_pixels(component["mask"]["strokes"][0]["points"], offset=0)
    editor.tool("select")
    editor.drag((0.2, 0.2), (0.3313, 0.2821))
    moved = editor.components[0]["arrows"][0]["points"]
    assert moved != component["arrows"][0]["points"] and on_pixels(moved)
    choose(editor, "snap", "thirds", "grid")
    place = ((np.asarray(moved[0]) + moved[1]) / 2) + (30 / 512, -16 / 288)
    labelled = editor.pixel(*place)
    choose(editor, "ruler")
    assert not close(labelled, editor.pixel(*place)), "the length stood beside the arrow's middle"


def test_the_view_is_there_again_after_a_reload(editor):
    choose(editor, "thirds")
    editor.open()
    editor.start()
    assert editor.page.evaluate(
        "async () => (await import('/extensions/ComfyUI-TrackGo/editor/preferences.js')).preferences.thirds"
    )
    choose(editor, "thirds")
    assert editor.server.settings["TrackGo.Thirds"] is False
