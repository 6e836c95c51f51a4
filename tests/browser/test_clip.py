"""A video or a batch upstream: the first frame is drawn on, scrubbing shows the others; in the real front end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.browser.clip_page import grey_at, scrub_to, video_graph, webm
from tests.browser.editor_page import CANVAS, EMPTY, LOADER, workflow
from tests.browser.support import boat, close, drawing, png_bytes, reddish


@pytest.fixture
def filmed(open_page):
    """An editor behind a video of 24 frames per second."""
    if "clip.webm" not in open_page.server.images:
        open_page.server.images |= {"clip.webm": webm(24), "broken.webm": b"no video"}
        open_page.open()
    open_page.load(video_graph(drawing(boat()), "clip.webm"))
    return open_page


def test_the_first_frame_is_drawn_on_and_scrubbing_shows_the_others(filmed):
    note = filmed.page.locator(".trackgo-note")
    assert close(filmed.pixel(0.8, 0.8), grey_at(0)) and "first frame is what is animated" in note.inner_text()
    filmed.wait("editor.frames.rate")
    assert filmed.editor("frames.rate") == pytest.approx(24, rel=0.01)
    for frame in (5, 1, 13):
        scrub_to(filmed, frame)
        assert close(filmed.pixel(0.8, 0.8), grey_at(frame)), frame
    assert reddish(grey_at(13), filmed.pixel(0.65, 0.3)), "the mask has moved to the end of its arrow"
    assert close(filmed.pixel(0.15, 0.3), grey_at(13)), "and nothing is left where it was"
    filmed.page.locator(".trackgo-scrub").press("Home")
    assert close(filmed.pixel(0.8, 0.8), grey_at(0))
    filmed.action("view")
    filmed.page.locator('.trackgo-menu [data-view="clipFrames"]').click()
    filmed.press("Escape")
    filmed.page.locator(".trackgo-scrub").press("End")
    assert close(filmed.pixel(0.8, 0.8), grey_at(0)), "without it, what the motion does to the first frame"
    filmed.action("view")
    filmed.page.locator('.trackgo-menu [data-view="clipFrames"]').click()
    filmed.press("Escape")


def test_a_video_that_the_browser_cannot_show_waits_for_a_run(filmed):
    filmed.load(video_graph(EMPTY, "broken.webm"), picture=False)
    filmed.page.get_by_text("Run the graph once").wait_for()


def test_a_batch_shows_its_frames_after_a_run(open_page):
    names = [f"frame{frame}.png" for frame in range(4)]
    for frame, name in enumerate(names):
        open_page.server.images[name] = png_bytes(np.full((288, 512, 3), grey_at(frame), np.uint8))
    open_page.load(workflow(EMPTY, "quadrants.png", between="SomeFilter"), picture=False)
    files = [{"filename": name, "subfolder": "", "type": "temp"} for name in names]
    output = {"trackgo_image": files[:1], "trackgo_frames": files[1:]}
    open_page.server.send(
        "executed", {"node": str(CANVAS), "display_node": str(CANVAS), "output": output, "prompt_id": "1"}
    )
    open_page.wait("editor.source.image")
    open_page.settle()
    assert close(open_page.pixel(0.8, 0.8), grey_at(0))
    for frame, shown in ((2, 2), (9, 3)):
        scrub_to(open_page, frame)
        assert close(open_page.pixel(0.8, 0.8), grey_at(shown)), "a shorter batch ends with its last frame"
    open_page.start()
    assert open_page.page.evaluate(f"() => app.graph.getNodeById({LOADER}).type") == "LoadImage"
    assert not open_page.page.locator(".trackgo-note").is_visible()
