"""The editor by keyboard alone, for screen readers, by touch, and in ComfyUI's light and dark palettes."""

from __future__ import annotations

import re

import pytest

from tests.browser.editor_page import CANVAS
from tests.browser.support import boat, drawing, touch


def test_keyboard_alone_selects_moves_deletes_and_undoes(editor):
    editor.start(drawing(boat("one"), boat("two")))
    before = editor.document
    editor.focus()
    editor.press("PageDown")
    assert editor.editor("store.view.selected") == 1
    editor.press("v")
    editor.press("ArrowRight", 3)
    editor.press("Shift+ArrowDown")
    moved = editor.components[1]["arrows"][0]["points"][0]
    assert moved == pytest.approx([0.2 + 3 / 512, 0.25 + 10 / 288], abs=1e-4)
    editor.press(".", 2)
    editor.press("ArrowUp")
    points = editor.components[1]["arrows"][0]["points"]
    assert points[1] == pytest.approx([0.7 + 3 / 512, 0.25 + 9 / 288], abs=1e-4) and points[0] == moved
    editor.press("Delete")
    assert len(editor.components[1]["arrows"][0]["points"]) == 1
    editor.press("Delete")
    assert [component["name"] for component in editor.components] == ["one"]
    editor.press("Control+z", 7)
    assert editor.document == before
    assert editor.page.evaluate(f"() => app.graph.nodes.length === 2 && !!app.graph.getNodeById({CANVAS})")


def test_a_screen_reader_hears_the_selection_and_every_control_has_a_name(editor):
    editor.start(drawing(boat("one"), boat("two")))
    editor.focus()
    editor.press("PageDown")
    spoken = editor.page.locator(".trackgo [role=status]")
    assert spoken.inner_text() == "two, moves along its arrow"
    editor.press(".")
    assert spoken.inner_text().endswith("arrow 1, point 1 of 2")
    names = editor.page.locator(".trackgo").evaluate(
        """(root, kinds) => [...root.querySelectorAll(kinds)]
            .map((element) => element.getAttribute('aria-label') ?? element.textContent)""",
        "button, input, textarea, [role=slider], [role=list], [role=listitem], [role=toolbar]",
    )
    assert len(names) > 25 and all(name.strip() for name in names)
    assert (
        editor.page.get_by_role("listitem", name="two · moves along its arrow").get_attribute("aria-current") == "true"
    )
    scrub = editor.page.get_by_role("slider", name="Frame")
    scrub.focus()
    editor.press("ArrowRight", 2)
    assert scrub.get_attribute("aria-valuetext") == "frame 3 of 14"


CONTRAST = """(selector) => {
    const ink = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
    const parse = (text) => {
        ink.clearRect(0, 0, 1, 1)
        ink.fillStyle = text
        ink.fillRect(0, 0, 1, 1)
        const [r, g, b, a] = ink.getImageData(0, 0, 1, 1).data
        return [r, g, b, a / 255]
    }
    const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
    const element = document.querySelector(selector)
    let behind = element
    while (behind && parse(getComputedStyle(behind).backgroundColor)[3] < 1) behind = behind.parentElement
    const colors = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor]
    const [a, b] = colors.map((color) => light(parse(color)))
    return [b, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]
}"""


def test_light_and_dark_palettes_are_followed_at_once_and_readable(editor):
    editor.start(drawing(boat()))
    editor.tool("select")
    places = [".trackgo-name", '.trackgo [data-tool="brush"]', ".trackgo-count"]
    choose = "(name) => app.extensionManager.setting.set('Comfy.ColorPalette', name)"
    try:
        brightness = {}
        for palette in ("light", "dark"):
            editor.page.evaluate(choose, palette)
            want = "> 0.5" if palette == "light" else "< 0.2"
            editor.page.wait_for_function(f"(selector) => ({CONTRAST})(selector)[0] {want}", arg=places[0])
            for place in places:
                brightness[palette], contrast = editor.page.evaluate(CONTRAST, place)
                assert contrast >= 4.5, f"{place} in the {palette} palette: {contrast:.1f}"
        assert brightness["light"] > brightness["dark"]
    finally:
        editor.page.evaluate(choose, "dark")


def test_two_fingers_pan_and_paint_nothing(editor):
    editor.tool("brush")
    before = editor.text
    editor.action("fit")
    x = editor.editor("stage.view.x")
    touch(editor, "touchStart", (0.4, 0.4), (0.6, 0.4))
    touch(editor, "touchMove", (0.5, 0.5), (0.7, 0.5))
    touch(editor, "touchEnd")
    editor.wait(f"editor.stage.view.x > {x} + 10")
    assert editor.text == before


def test_no_tooltip_lies_beside_the_picture_while_one_draws(editor):
    shown = ".p-tooltip, [role=tooltip]"
    editor.tool("brush")
    if editor.vue and not editor.version.startswith("1.27"):
        editor.page.locator(f'[data-node-id="{CANVAS}"] input').first.hover(force=True)
        editor.page.locator(shown).first.wait_for()  # other widgets' tooltips do show
    editor.drag((0.2, 0.3), (0.4, 0.5))
    editor.page.mouse.move(*editor.at(0.5, 0.5), steps=3)
    editor.page.evaluate("() => new Promise((done) => setTimeout(done, 3 * 500))")  # ComfyUI's delay is 500 ms
    assert editor.page.locator(shown).count() == 0


GRAPH = "() => [app.canvas.ds.scale, ...app.canvas.ds.offset]"


def test_two_fingers_on_the_picture_zoom_it_and_not_the_graph(editor):
    editor.action("fit")
    editor.settle()
    graph, before = editor.page.evaluate(GRAPH), editor.editor("stage.view.scale")
    touch(editor, "touchStart", (0.4, 0.5))
    touch(editor, "touchStart", (0.4, 0.5), (0.6, 0.5))
    places = [editor.at(0.4 - step, 0.5) + editor.at(0.6 + step, 0.5) for step in (0.05, 0.1, 0.15, 0.2)]
    for x, y, other_x, other_y in places:
        points = [{"x": x, "y": y, "id": 0}, {"x": other_x, "y": other_y, "id": 1}]
        editor.cdp.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    touch(editor, "touchEnd")
    editor.wait(f"editor.stage.view.scale > {before} * 2.7")
    assert editor.editor("stage.view.scale") == pytest.approx(3 * before, rel=0.1), "fingers three times as far apart"
    assert editor.page.evaluate(GRAPH) == graph


def test_touches_beside_the_picture_leave_the_graph_alone_and_it_stays_usable(editor):
    """On the toolbar; with one finger here and one on the graph; then two on the graph, which are the graph's."""
    editor.action("fit")
    editor.settle()
    graph = editor.page.evaluate(GRAPH)
    toolbar = editor.page.locator(".trackgo-toolbar").bounding_box()
    bar = [(toolbar["x"] + share * toolbar["width"], toolbar["y"] + toolbar["height"] - 2) for share in (0.3, 0.7, 0.9)]
    (empty, there), here = [(200, 880), (330, 930)], editor.at(0.5, 0.5)

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        editor.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch(editor, "touchStart", (0.5, 0.5))
    touch(editor, "touchEnd")
    for first, second, moved in [(bar[0], bar[1], bar[2]), (here, empty, there)]:
        fingers("touchStart", first)
        fingers("touchStart", first, second)
        fingers("touchMove", first, moved)
        fingers("touchEnd")
        assert editor.page.evaluate(GRAPH)[0] == graph[0]
    editor.reset_graph_view()
    fingers("touchStart", empty)
    fingers("touchStart", empty, (300, 880))
    fingers("touchMove", empty, (350, 880))
    fingers("touchMove", empty, (400, 880))
    fingers("touchEnd")
    editor.page.wait_for_function("() => app.canvas.ds.scale > 1.3")
    editor.reset_graph_view()
    editor.settle()


@pytest.mark.parametrize(("language", "says"), [("en", "Step by step"), ("zh", "步骤"), ("ja", "手順")])
def test_the_help_page_is_served_in_each_language_with_its_picture(editor, language: str, says: str):
    """Where the front end looks: docs/NODE/LANGUAGE.md, then docs/NODE.md; pictures relative to docs."""
    base = f"{editor.server.url}/extensions/ComfyUI-TrackGo/docs"
    own = editor.page.request.get(f"{base}/TrackGoCanvas/{language}.md")
    text = (own if own.ok else editor.page.request.get(f"{base}/TrackGoCanvas.md")).text()
    assert says in text and own.ok == (language != "en")
    (picture,) = re.findall(r"!\[.+\]\((.+)\)", text)
    assert editor.page.request.get(f"{base}/{picture}").ok
