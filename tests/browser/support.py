"""What the browser tests share: pictures, drawings, colors and gestures."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image

from tests.comfy_harness import ComfyServer, Run

PATIENCE_MS = 60_000  # for a machine with much else to do; nothing waits this long otherwise
WINDOW = {"width": 1500, "height": 1050}
QUADRANTS = ((200, 180, 160), (90, 110, 100), (60, 70, 90), (150, 150, 170))


def png_bytes(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pictures() -> dict[str, bytes]:
    """quadrants.png has four calm colors; plain.png is one color; broken.png is no picture at all."""
    quadrants = np.zeros((288, 512, 3), np.uint8)
    for i, color in enumerate(QUADRANTS):
        quadrants[(i // 2) * 144 :, (i % 2) * 256 :] = color
    quadrants[144:, :256] = QUADRANTS[2]
    return {
        "quadrants.png": png_bytes(quadrants),
        "red.png": png_bytes(np.full((288, 512, 3), (255, 48, 48), np.uint8)),
        "plain.png": png_bytes(np.full((200, 300, 3), 77, np.uint8)),
        "broken.png": b"no picture",
    }


def close(first, second, tolerance: int = 6) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(first, second, strict=True))


def reddish(before, after) -> bool:
    return after[0] > before[0] and after[1] < before[1]


def boat(name: str = "boat", **more) -> dict:
    return {
        "name": name,
        "mask": {"strokes": [{"tool": "lasso", "points": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.4], [0.1, 0.4]]}]},
        "arrows": [{"points": [[0.2, 0.25], [0.7, 0.25]], "curve": "straight"}],
        **more,
    }


def drawing(*components) -> str:
    return json.dumps({"version": 1, "components": list(components)})


def touch(editor, kind: str, *places: tuple[float, float]) -> None:
    points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(editor.at(*place) for place in places)]
    if not hasattr(editor, "cdp"):
        editor.cdp = editor.page.context.new_cdp_session(editor.page)
    editor.cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def drag_with(editor, kind: str, start: tuple[float, float], dx: float) -> None:
    """One finger or a pen, by the browser's own input events."""
    page = editor.page
    if not hasattr(editor, "cdp"):
        editor.cdp = page.context.new_cdp_session(page)
    x, y = start
    places = [(x + dx * part, y) for part in (0, 0.25, 0.5, 0.75, 1)]
    if kind == "touch":
        for number, (px, py) in enumerate(places):
            point = {"type": "touchMove" if number else "touchStart", "touchPoints": [{"x": px, "y": py}]}
            editor.cdp.send("Input.dispatchTouchEvent", point)
        editor.cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return
    for number, (px, py) in enumerate(places):
        event = {"type": "mouseMoved" if number else "mousePressed", "x": px, "y": py, "pointerType": "pen"}
        editor.cdp.send("Input.dispatchMouseEvent", event | {"button": "left", "buttons": 1, "clickCount": 1})
    px, py = places[-1]
    event = {"type": "mouseReleased", "x": px, "y": py, "button": "left", "clickCount": 1, "pointerType": "pen"}
    editor.cdp.send("Input.dispatchMouseEvent", event)


def queue(editor) -> dict:
    """Press the shortcut that runs the graph, with the focus still in the editor; the prompt the server got."""
    with editor.page.expect_response("**/prompt"):
        editor.press("Control+Enter")
    return editor.server.prompts[-1]["prompt"]


def run_with_the_page(editor, comfy: ComfyServer) -> Run:
    """Press that shortcut in a page of the real server, which takes the graph without an error; what came of it."""
    with editor.page.expect_response("**/prompt") as response:
        editor.press("Control+Enter")
    answer = response.value.json()
    assert answer["node_errors"] == {}
    return comfy.wait(answer["prompt_id"])


def scrub_to_end(editor) -> None:
    track = editor.page.locator(".trackgo-scrub").bounding_box()
    editor.page.mouse.click(track["x"] + track["width"] - 1, track["y"] + track["height"] / 2)


def with_camera(*components, **camera) -> str:
    return drawing(*components)[:-1] + ', "camera": ' + json.dumps(camera) + "}"
