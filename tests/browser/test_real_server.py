"""The editor in a real ComfyUI: draw with the mouse, queue, and the node computes exactly what was drawn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.browser.clip_page import grey_at, scrub_to, video_graph, webm
from tests.browser.editor_page import BETWEEN, CANVAS, LOADER, EditorPage, workflow
from tests.browser.support import PATIENCE_MS, WINDOW, close, pictures, run_with_the_page


@pytest.fixture(params=["classic", "nodes2"])
def real(request, chromium, comfy):
    """A page of the real server in either mode, with an empty editor behind a resize."""
    (comfy.base / "input").mkdir(exist_ok=True)
    (comfy.base / "input" / "quadrants.png").write_bytes(pictures()["quadrants.png"])
    page = chromium.new_page(viewport=WINDOW)
    page.set_default_timeout(PATIENCE_MS)
    editor = EditorPage(page, comfy, vue=request.param == "nodes2")
    page.request.post(f"{comfy.url}/settings/Comfy.TutorialCompleted", data="true")  # no templates on top of the graph
    page.request.post(f"{comfy.url}/settings/Comfy.VueNodes.Enabled", data=json.dumps(editor.vue))
    editor.open()
    page.wait_for_function("(on) => !!LiteGraph.vueNodesMode === on", arg=editor.vue)
    graph = workflow('{"version":1,"components":[]}', "quadrants.png", "ImageScale")
    next(node for node in graph["nodes"] if node["id"] == BETWEEN)["widgets_values"] = [
        "bilinear",
        320,
        180,
        "disabled",
    ]
    editor.load(graph)
    yield editor
    page.close()


def test_the_real_server_shows_what_the_model_will_see(real):
    from trackgo import Drawing, point_trajectories

    real.tool("camera")
    real.drag((0.5, 0.6), (0.6, 0.7))
    real.press("m")
    real.wait("editor.previewRequest.trajectories && !editor.previewRequest.abort")
    size = real.editor("stage.picture.width"), real.editor("stage.picture.height")
    expected = point_trajectories(Drawing.from_json(real.text), 14, *size)
    assert real.editor("previewRequest.trajectories.component") == expected.component.tolist()
    found = np.array(real.editor("previewRequest.trajectories.tracks.join(' ')").split(), float)
    np.testing.assert_allclose(found, expected.tracks.reshape(-1), atol=0.01)


def test_draw_queue_and_get_what_was_drawn(real, comfy):
    from trackgo import Drawing

    real.tool("brush")
    real.drag((0.2, 0.3), (0.4, 0.5))
    real.tool("arrow")
    real.drag((0.3, 0.4), (0.7, 0.4))
    with real.page.expect_response("**/prompt") as response:
        real.press("Control+Enter")
    answer = response.value.json()
    assert answer["node_errors"] == {}
    run = comfy.wait(answer["prompt_id"])
    assert run.error is None
    prompt = json.loads(response.value.request.post_data)["prompt"]
    assert prompt[str(CANVAS)]["inputs"]["editor"] == real.text
    assert Drawing.from_json(real.text).masks(320, 180)[0].sum() > 500

    real.wait("editor.stage.picture.width === 320")
    shown = np.array(real.pixel(0.9, 0.1), float)
    assert np.abs(shown - (90, 110, 100)).max() < 8, "the editor shows the picture that arrived, resized"


def test_a_mask_from_upstream_becomes_the_mask_of_a_component(real, comfy):
    """A picture whose left half is transparent, LoadImage's MASK into `mask`, and a component with an arrow alone."""
    pixels = np.full((96, 160, 4), 128, np.uint8)
    pixels[:, :80, 3] = 0
    Image.fromarray(pixels).save(comfy.base / "input" / "half.png")
    arrow = {"name": "left", "arrows": [{"points": [[0.2, 0.5], [0.6, 0.5]]}]}
    graph = workflow(json.dumps({"version": 1, "components": [arrow]}), "half.png")
    loader, canvas = graph["nodes"]
    loader["outputs"][1]["links"] = [2]
    canvas["inputs"].append({"name": "mask", "type": "MASK", "link": 2})
    graph["links"].append([2, LOADER, 1, CANVAS, 1, "MASK"])
    real.load(graph)
    before = [real.pixel(u, 0.2) for u in (0.25, 0.75)]
    real.focus()
    run = run_with_the_page(real, comfy)
    assert run.error is None
    real.wait("editor.store.arrivals.masks.length === 1")
    real.wait("editor.stage.masks.entries[0]?.box")
    after = [real.pixel(u, 0.2) for u in (0.25, 0.75)]
    assert after[0][0] > before[0][0] + 20, "the left half has the component's red"
    assert after[1] == before[1]
    assert real.components == [arrow], "the document itself stays as drawn"


def test_a_real_video_shows_its_frames_before_a_run_and_is_told_of_after_it(real, comfy):
    (comfy.base / "input" / "clip.webm").write_bytes(webm(24))
    real.page.request.get(f"{comfy.url}/object_info")
    real.load(video_graph('{"version":1,"components":[]}', "clip.webm"))
    real.wait("editor.frames.rate")
    scrub_to(real, 9)
    assert close(real.pixel(0.8, 0.8), grey_at(9))
    real.focus()
    run = run_with_the_page(real, comfy)
    assert run.error is None
    assert len(run.outputs[str(CANVAS)]["trackgo_frames"]) == 13, "as many as the timeline has, the first one aside"
