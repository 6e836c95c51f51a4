"""What playing in the editor shows is the rough video that Python makes: the same golden frames for both."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import JS
from tests.comfy_harness import ROOT

FIXTURES = ROOT / "tests" / "fixtures"
GOLDEN = json.loads((FIXTURES / "rough_video.json").read_text(encoding="utf-8"))
PAGE = "http://editor.test/"
SHOW = """async ([picture, document_, frames]) => {
    const { MotionPreview } = await import('/editor/motion-preview.js')
    const { MaskLayer } = await import('/editor/masks.js')
    const source = new Image()
    source.src = picture
    await source.decode()
    const shown = { source, proxy: null, width: source.naturalWidth, height: source.naturalHeight }
    const masks = new MaskLayer()
    masks.resize(shown.width, shown.height)
    masks.update(document_)
    const preview = new MotionPreview()
    const canvas = Object.assign(document.createElement('canvas'), { width: shown.width, height: shown.height })
    const context = canvas.getContext('2d')
    return Array.from({ length: frames }, (_, frame) => {
        context.drawImage(source, 0, 0)
        preview.draw(context, shown, document_, masks, frame, frames)
        return canvas.toDataURL('image/png')
    })
}"""


@pytest.fixture(scope="module")
def page(chromium) -> Iterator:
    """An empty page that can import the editor's modules."""

    def answer(route) -> None:
        path = JS / route.request.url.removeprefix(PAGE)
        module = {"body": path.read_text(encoding="utf-8"), "content_type": "text/javascript"} if path.is_file() else {}
        route.fulfill(**(module or {"body": "<p>", "content_type": "text/html"}))

    page = chromium.new_page()
    page.route(f"{PAGE}**", answer)
    page.goto(PAGE)
    yield page
    page.close()


def _data_url(picture: np.ndarray) -> str:
    file = BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize("name", GOLDEN["documents"])
def test_playing_shows_the_rough_video(page, name: str) -> None:
    strip = np.asarray(Image.open(FIXTURES / f"rough_video_{name}.png").convert("RGB"))
    golden = strip.reshape(GOLDEN["frames"], -1, *strip.shape[1:])
    shown = page.evaluate(SHOW, [_data_url(golden[0]), GOLDEN["documents"][name], GOLDEN["frames"]])
    for wanted, url in zip(golden, shown, strict=True):
        frame = np.asarray(Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))
        assert (np.abs(frame.astype(int) - wanted).max(axis=-1) > 8).mean() < 0.005
    assert (np.abs(golden[-1].astype(int) - golden[0]).max(axis=-1) > 8).mean() > 0.1, "something moves"
