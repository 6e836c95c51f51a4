"""The demo template in a real ComfyUI: drawn on with the mouse and queued by the page, then queued through the API."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.browser.editor_page import CANVAS, EDITOR, READY, EditorPage
from tests.browser.support import PATIENCE_MS, WINDOW, run_with_the_page
from tests.comfy_harness import ROOT, ComfyServer, Run
from trackgo.video import read_clip

pytestmark = pytest.mark.slow

STEPS = 2


def demo_graph() -> dict:
    """The shipped workflow with fewer steps, its canvas under the number that ``EditorPage`` looks at."""
    graph = json.loads((ROOT / "workflows" / "trackgo_demo.json").read_text(encoding="utf-8"))
    canvas = node_id(graph, "TrackGoCanvas")
    swapped = {canvas: CANVAS, CANVAS: canvas}
    for node in graph["nodes"]:
        node["id"] = swapped.get(node["id"], node["id"])
        if node["type"] == "KSampler":
            node["widgets_values"][2] = STEPS
    for link in graph["links"]:
        link[1], link[3] = swapped.get(link[1], link[1]), swapped.get(link[3], link[3])
    return graph


def node_id(graph: dict, kind: str) -> int:
    return next(node["id"] for node in graph["nodes"] if node["type"] == kind)


def video_frames(comfy: ComfyServer, run: Run, save: int, folder: Path) -> np.ndarray:
    """The frames of the saved video, uint8 [L, H, W, 3]."""
    assert run.error is None, run.error
    (video,) = run.outputs[str(save)]["images"]
    path = folder / video["filename"]
    path.write_bytes(comfy.file(video))
    return read_clip(path)[0]


@pytest.mark.parametrize("mode", ["classic", "nodes2"])
def test_mouse_and_api_give_the_same_frames(mode: str, chromium, comfy: ComfyServer, tmp_path: Path) -> None:
    graph = demo_graph()
    save, sampler = node_id(graph, "SaveVideo"), str(node_id(graph, "KSampler"))
    page = chromium.new_page(viewport=WINDOW)
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.request.post(f"{comfy.url}/settings/Comfy.TutorialCompleted", data="true")
        page.request.post(f"{comfy.url}/settings/Comfy.VueNodes.Enabled", data=json.dumps(mode == "nodes2"))
        editor = EditorPage(page, comfy, vue=mode == "nodes2")
        editor.open()
        x, y = next(node["pos"] for node in graph["nodes"] if node["id"] == CANVAS)
        page.evaluate("(graph) => app.loadGraphData(graph)", graph)
        page.evaluate(
            "([x, y]) => { app.canvas.ds.scale = 1; app.canvas.ds.offset = [300 - x, 80 - y]; "
            "app.canvas.setDirty(true, true) }",
            [x, y],
        )
        page.wait_for_function(f"() => {EDITOR}?.trackgo")
        before = video_frames(comfy, run_with_the_page(editor, comfy), save, tmp_path)
        page.wait_for_function(READY)  # the photograph has arrived from the run
        editor.settle()
        document = editor.text
        editor.tool("brush")
        editor.drag((0.2, 0.8), (0.4, 0.85))
        page.wait_for_function(f"(before) => {EDITOR}.value !== before", arg=document)
        drawn = editor.text
        by_mouse = video_frames(comfy, run_with_the_page(editor, comfy), save, tmp_path)
    finally:
        page.close()
    prompt = comfy.prompt_of(graph)
    prompt[str(CANVAS)]["inputs"]["editor"] = drawn
    other = json.loads(json.dumps(prompt))
    other[sampler]["inputs"]["seed"] += 1
    another = video_frames(comfy, comfy.run(other), save, tmp_path)  # and nothing of the page's run stays cached
    assert np.array_equal(by_mouse, video_frames(comfy, comfy.run(prompt), save, tmp_path))
    assert not np.array_equal(by_mouse, another)
    assert by_mouse.shape == before.shape == (14, 128, 128, 3)
