"""Speed of the editor in the real front end: frames while dragging over a 4096×2160 picture with 50 components.

python -m benchmarks.editor                      the newest front end, classic and Nodes 2.0, editor in full screen
python -m benchmarks.editor --frontend 1.27.10   another release

Prints the median and the worst time from frame to frame during each gesture (16.7 ms is 60 frames per second, 33.3 ms
is 30), how long the editor's own drawing took, how often the widget's value changed, what an idle editor draws, and the
share of a processor that the whole page's scripts take while it idles with one and with twenty editors.
The numbers are this machine's: say what else it was doing when you quote them. Needs Playwright, aiohttp and Chromium,
as the browser tests do.
"""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM_FLAGS, JS, chromium_path
from tests.browser.editor_page import EDITOR, EditorPage
from tests.browser.frontends import static_folder
from tests.browser.standin_server import StandinServer

WIDTH, HEIGHT = 4096, 2160
COMPONENTS, STROKES, POINTS = 50, 4, 100  # 20,000 stroke points
WINDOW = {"width": 1500, "height": 1000}
STEPS = 120
IDLE_FRAMES = 120
IDLE_MS = 10_000
REST_MS = 500  # from choosing a tool to using it; the editor makes playback ready in such a pause


def picture() -> bytes:
    """Smooth colors with some grain, as JPEG: decoding and scaling cost what a photograph's do."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    waves = [np.sin(x / a + y / b) for a, b in ((170, 310), (420, -230), (-260, 150))]
    grain = rng.normal(0, 6, (HEIGHT, WIDTH, 1))
    pixels = np.clip(127 + 70 * np.stack(waves, axis=-1) + grain, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def document() -> str:
    """50 components with four strokes of 100 points each, and an arrow."""
    rng = np.random.default_rng(1)
    components = []
    for number in range(COMPONENTS):
        middle = rng.uniform(0.1, 0.9, 2)
        walks = [middle + np.cumsum(rng.normal(0, 0.003, (POINTS, 2)), axis=0) for _ in range(STROKES)]
        strokes = [{"tool": "brush", "radius": 0.012, "points": np.round(walk, 5).tolist()} for walk in walks]
        arrow = np.round([middle, middle + rng.uniform(-0.2, 0.2, 2)], 5).tolist()
        components.append(
            {
                "name": f"part {number + 1}",
                "mask": {"strokes": strokes},
                "arrows": [{"points": arrow, "curve": "smooth"}],
            }
        )
    components[0]["arrows"][0]["points"] = [[0.3, 0.5], [0.5, 0.4], [0.7, 0.5]]
    components[0]["mask"]["strokes"][0] = {"tool": "brush", "radius": 0.05, "points": [[0.3, 0.6], [0.32, 0.6]]}
    return json.dumps({"version": 1, "components": components})


@dataclass
class Frames:
    """What a gesture cost: milliseconds from frame to frame, and of the editor's own drawing."""

    between: np.ndarray
    drawing: np.ndarray
    changes: int

    def line(self, name: str) -> str:
        slow = (self.between > 33.4).mean()
        return (
            f"  {name:<28} median {np.median(self.between):5.1f} ms, worst {self.between.max():5.1f} ms "
            f"(frame {self.between.argmax() + 1} of {len(self.between)}), "
            f"over 33 ms {slow:4.0%} · own drawing median {np.median(self.drawing):4.1f} ms, "
            f"worst {self.drawing.max():5.1f} ms · value changed {self.changes}×"
        )


RECORD = f"""() => {{
    const editor = {EDITOR}.trackgo
    const record = window.record = {{ stamps: [], drawing: [], changes: 0, on: true }}
    const tick = (now) => {{ record.stamps.push(now); if (record.on) requestAnimationFrame(tick) }}
    requestAnimationFrame(tick)
    const draw = Object.getPrototypeOf(editor.stage).draw
    editor.stage.draw = function () {{
        const begin = performance.now()
        draw.call(this)
        record.drawing.push(performance.now() - begin)
    }}
    const {{ onChange }} = editor.store
    record.restore = () => {{ delete editor.stage.draw; editor.store.onChange = onChange }}
    editor.store.onChange = (text) => {{ record.changes += 1; onChange(text) }}
}}"""
STOP = "() => { record.on = false; record.restore(); return [record.stamps, record.drawing, record.changes] }"


def measure(page: Page, gesture: Callable[[], None]) -> Frames:
    page.evaluate(RECORD)
    gesture()
    stamps, drawing, changes = page.evaluate(STOP)
    return Frames(np.diff(stamps), np.array(drawing or [0.0]), changes)


def run(editor: EditorPage) -> None:
    page = editor.page
    editor.open()
    editor.start(document(), "large.jpg")
    editor.action("full")
    editor.settle()
    stage = page.evaluate(f"() => [{EDITOR}.trackgo.stage.canvas.width, {EDITOR}.trackgo.stage.canvas.height]")
    print(f"  stage {stage[0]}×{stage[1]} px, picture {WIDTH}×{HEIGHT}, {COMPONENTS} components, "
          f"{COMPONENTS * STROKES * POINTS:,} stroke points")  # fmt: skip
    gestures: list[tuple[str, str, Callable[[], None]]] = [
        ("drag an arrow's point", "select", lambda: editor.drag((0.7, 0.5), (0.6, 0.2), (0.8, 0.6), steps=STEPS)),
        ("move a whole component", "select", lambda: editor.drag((0.29, 0.6), (0.5, 0.7), (0.4, 0.3), steps=STEPS)),
        ("paint", "brush", lambda: editor.drag((0.2, 0.2), (0.7, 0.3), (0.3, 0.8), steps=STEPS)),
        ("lasso", "lasso", lambda: editor.drag((0.2, 0.2), (0.7, 0.3), (0.3, 0.8), steps=STEPS)),
        ("pan by the middle button", "select", lambda: middle_drag(editor)),
        ("scrub the timeline", "select", lambda: scrub(editor)),
    ]
    for name, tool, gesture in gestures:
        editor.tool(tool)
        editor.action("fit")
        editor.page.mouse.move(*editor.at(0.5, 0.05))
        editor.settle()
        page.wait_for_timeout(REST_MS)
        print(measure(page, gesture).line(name), flush=True)
    page.mouse.move(3, 3)
    editor.settle()
    before = editor.editor("stage.drawn")
    page.evaluate(
        f"async () => {{ for (let i = 0; i < {IDLE_FRAMES}; i += 1) await new Promise(requestAnimationFrame) }}"
    )
    print(f"  idle for {IDLE_FRAMES} frames: drawn {editor.editor('stage.drawn') - before}×")


def idle(editor: EditorPage, number: int) -> float:
    """Per cent of a processor that the page's scripts take, the front end's own among them, beside so many editors."""
    editor.start_many(document(), "large.jpg", number)
    editor.page.wait_for_timeout(3 * REST_MS)
    session = editor.page.context.new_cdp_session(editor.page)
    session.send("Performance.enable")

    def scripts() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "ScriptDuration")

    before = scripts()
    editor.page.wait_for_timeout(IDLE_MS)
    return 100 * (scripts() - before) / (IDLE_MS / 1000)


def middle_drag(editor: EditorPage) -> None:
    editor.page.mouse.move(*editor.at(0.4, 0.4))
    editor.page.mouse.down(button="middle")
    x, y = editor.at(0.5, 0.5)
    editor.page.mouse.move(x, y, steps=STEPS)
    editor.page.mouse.up(button="middle")


def scrub(editor: EditorPage) -> None:
    box = editor.page.locator(".trackgo-scrub").bounding_box()
    editor.page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    editor.page.mouse.down()
    editor.page.mouse.move(box["x"] + box["width"], box["y"] + box["height"] / 2, steps=STEPS)
    editor.page.mouse.up()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frontend", default="newest", help="release of comfyui-frontend-package (default: newest)")
    parser.add_argument("--mode", choices=["classic", "nodes2"], help="only this one")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start")
    static = static_folder(options.frontend)
    with sync_playwright() as playwright, StandinServer(static, JS, {"large.jpg": picture()}) as server:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=CHROMIUM_FLAGS)
        for mode in [options.mode] if options.mode else ["classic", "nodes2"]:
            print(f"front end {options.frontend}, {mode}")
            server.settings["Comfy.VueNodes.Enabled"] = mode == "nodes2"
            page = browser.new_page(viewport=WINDOW)
            page.set_default_timeout(120_000)
            editor = EditorPage(page, server, vue=mode == "nodes2")
            run(editor)
            editor.action("full")
            shares = {number: idle(editor, number) for number in (1, 20)}
            said = ", ".join(f"{share:.2f} with {number}" for number, share in shares.items())
            print(f"  scripts while nothing happens, per cent of a processor by the number of editors: {said}")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
