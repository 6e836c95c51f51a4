"""A real ComfyUI with the newest front end: blueprints from the node search, and the settings section."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Page

from tests.browser.editor_page import EditorPage, workflow
from tests.browser.frontends import NEWEST, FrontendMissing, static_folder
from tests.browser.support import PATIENCE_MS, WINDOW, pictures
from tests.comfy_harness import ROOT, ComfyInstall, ComfyServer, comfy_server

pytestmark = pytest.mark.slow

BLUEPRINTS = sorted(path.stem for path in (ROOT / "subgraphs").glob("*.json"))
PLACE = WINDOW["width"] // 2, WINDOW["height"] // 2
MAX_SEARCHED = 24  # letters; the front end's search finds nothing for more than 32
AROUND = """() => {
    const [blueprint] = app.graph.nodes
    const added = (kind, x) => {
        const node = LiteGraph.createNode(kind)
        app.graph.add(node)
        node.pos = [blueprint.pos[0] + x, blueprint.pos[1]]
        return node
    }
    const source = added('LoadImage', -400), result = added('PreviewImage', 500)
    source.widgets.find(({ name }) => name === 'image').value = 'quadrants.png'
    source.connect(0, blueprint, blueprint.inputs.findIndex(({ name }) => name === 'image'))
    blueprint.connect(blueprint.outputs.findIndex(({ name }) => name === 'frames'), result, 0)
}"""


@pytest.fixture(scope="module")
def server(comfy_install: ComfyInstall) -> Iterator[ComfyServer]:
    """With files under the names that the blueprints ask for: nothing reads them before the prompt is accepted."""
    try:
        static = static_folder(NEWEST)
    except FrontendMissing as problem:
        pytest.skip(str(problem))
    with comfy_server(comfy_install, ("--cpu", "--front-end-root", str(static))) as server:
        (server.base / "input" / "quadrants.png").write_bytes(pictures()["quadrants.png"])
        for folder, name in (("checkpoints", "svd_xt"), ("trackgo", "trackgo_svd_xt")):
            (server.base / "models" / folder).mkdir(parents=True, exist_ok=True)
            (server.base / "models" / folder / f"{name}.safetensors").touch()
        yield server


def opened(chromium, server: ComfyServer) -> EditorPage:
    page = chromium.new_page(viewport=WINDOW)
    page.set_default_timeout(PATIENCE_MS)
    for key in ("Comfy.TutorialCompleted", "Comfy.VueNodes.Enabled"):
        page.request.post(f"{server.url}/settings/{key}", data="true")
    editor = EditorPage(page, server, vue=True)
    editor.open()
    page.wait_for_function("() => LiteGraph.vueNodesMode")
    return editor


@pytest.fixture
def page(chromium, server: ComfyServer) -> Iterator[Page]:
    page = opened(chromium, server).page
    yield page
    page.close()


def placed(page: Page, name: str) -> dict[str, Any]:
    """Search for a blueprint on the empty canvas and put it there, as a person does; its node's widgets by name."""
    page.evaluate("() => app.graph.clear()")
    page.mouse.dblclick(*PLACE)
    page.locator("input:focus").wait_for()
    page.keyboard.type(name[:MAX_SEARCHED])
    page.get_by_text(name, exact=True).first.click()
    page.locator("input:focus").wait_for(state="detached")
    page.mouse.move(*PLACE)
    page.mouse.click(*PLACE)
    page.wait_for_function("(name) => app.graph.nodes.length === 1 && app.graph.nodes[0].title === name", arg=name)
    return dict(page.evaluate("() => app.graph.nodes[0].widgets.map(({ name, value }) => [name, value])"))


@pytest.mark.parametrize("name", BLUEPRINTS)
def test_a_blueprint_is_placed_and_queued_as_a_valid_prompt(name: str, page: Page, server: ComfyServer) -> None:
    try:
        server.get("/global_subgraphs")
    except HTTPError:
        pytest.skip(f"ComfyUI {server.install.version} offers no blueprints of packs")
    widgets = placed(page, name)
    assert (widgets["width"], widgets["height"], widgets["frames"]) == (1024, 576, 25)
    page.evaluate(AROUND)
    with page.expect_response("**/prompt") as response:
        page.evaluate("() => app.queuePrompt(0, 1)")
    answer = response.value.json()
    assert answer["node_errors"] == {} and answer["prompt_id"]
    prompt = json.loads(response.value.request.post_data)["prompt"]
    kinds = {node["class_type"] for node in prompt.values()}
    assert {"LoadImage", "TrackGoFitPicture", "TrackGoCanvas", "KSampler", "VAEDecode", "PreviewImage"} <= kinds
    (fit,) = (node["inputs"] for node in prompt.values() if node["class_type"] == "TrackGoFitPicture")
    assert prompt[fit["image"][0]]["class_type"] == "LoadImage" and fit["width"] == 1024
    (saved,) = (node["inputs"] for node in prompt.values() if node["class_type"] == "PreviewImage")
    assert prompt[saved["images"][0]]["class_type"] == "VAEDecode"


def test_a_setting_changes_the_first_brush_of_every_editor(chromium, server: ComfyServer) -> None:
    editor = opened(chromium, server)
    graph = workflow('{"version":1,"components":[]}', "quadrants.png")
    try:
        editor.load(graph)
        assert editor.editor("store.view.radius") == pytest.approx(0.03)
        editor.page.keyboard.press("Control+,")
        editor.page.locator("input:focus").wait_for()
        editor.page.keyboard.type("TrackGo")
        brush = editor.page.locator(".setting-item", has=editor.page.locator('[id="TrackGo.Brush-label"]'))
        brush.get_by_role("spinbutton").or_(brush.locator("input")).last.fill("20")
        with editor.page.expect_response("**/settings/TrackGo.Brush"):
            editor.page.keyboard.press("Tab")
        editor.page.keyboard.press("Escape")
        editor.page.reload(wait_until="commit")
        editor.open()
        editor.load(graph)
        assert editor.editor("store.view.radius") == pytest.approx(0.1)
        editor.tool("brush")
        editor.drag((0.4, 0.5), (0.6, 0.5))
        (stroke,) = editor.components[0]["mask"]["strokes"]
        assert stroke["radius"] == pytest.approx(0.1)
    finally:
        editor.page.close()
