"""A video whose frames tell themselves apart, a graph that loads it, and scrubbing to one of them."""

from __future__ import annotations

import io

import av
import numpy as np

from tests.browser.editor_page import workflow

FRAMES = 20
SIZE = (512, 288)


def grey_at(frame: int) -> tuple[int, int, int]:
    return (30 + 10 * frame,) * 3


def webm(rate: int) -> bytes:
    """Frame k is grey, the brighter the later."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", "webm") as container:
        stream = container.add_stream("libvpx", rate)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"crf": "4", "b": "4M"}
        for frame in range(FRAMES):
            pixels = np.full((*SIZE[::-1], 3), grey_at(frame), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(stream.encode())
    return buffer.getvalue()


def video_graph(document: str, name: str) -> dict:
    """Load Video → Get Video Components → TrackGo Canvas."""
    graph = workflow(document, name, between="GetVideoComponents")
    loader, _, components = graph["nodes"]
    loader |= {"type": "LoadVideo", "outputs": [{"name": "VIDEO", "type": "VIDEO", "links": [1]}]}
    loader["widgets_values"] = [name, "image"]
    components["inputs"] = [{"name": "video", "type": "VIDEO", "link": 1}]
    graph["links"][0][5] = "VIDEO"
    return graph


def scrub_to(editor, frame: int) -> None:
    editor.page.locator(".trackgo-scrub").press("Home")
    editor.press("ArrowRight", frame)
    editor.wait(f"editor.frames.shown?.frame === {frame}")
