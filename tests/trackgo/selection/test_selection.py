"""Selecting by a box or by clicks: what is found, as one outline, in bounds, over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from trackgo.drawing import Drawing
from trackgo.selection import request as selection_request
from trackgo.selection.cut import Prompts, cut_out
from trackgo.selection.outline import outline

HEIGHT, WIDTH = 150, 240


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A speckled red ring on speckled green → picture and the ring's mask."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    distance = np.hypot(x - 130, y - 70)
    ring = (distance < 45) & (distance > 18)
    picture = np.where(ring[..., None], (190, 60, 50), (60, 120, 70)) + rng.normal(0, 14, (HEIGHT, WIDTH, 3))
    return picture.clip(0, 255).astype(np.uint8), ring


def rasterized(points: np.ndarray, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """What the drawing makes of an outline as one stroke: bool [h, w]."""
    stroke = {"tool": "lasso", "points": np.asarray(points).round(5).tolist()}
    return Drawing.from_dict({"version": 1, "components": [{"mask": {"strokes": [stroke]}}]}).masks(width, height)[0]


def test_a_box_finds_the_thing_and_its_hole():
    picture, ring = scene()
    found = cut_out(picture, Prompts((0.3, 0.1, 0.78, 0.85)))
    assert iou(found, ring) > 0.95


def test_clicks_add_and_take_away():
    picture, ring = scene()
    picture[100:140, 20:60] = picture[60:100, 90:130][::-1]  # something red elsewhere
    one = cut_out(picture, Prompts(None, [(162 / WIDTH, 70 / HEIGHT)]))
    assert iou(one, ring) > 0.9 and not one[105:135, 25:55].any(), "what is apart from the click is not taken along"
    less = cut_out(picture, Prompts(None, [(162 / WIDTH, 70 / HEIGHT)], [(98 / WIDTH, 70 / HEIGHT)]))
    assert one[70, 98] and not less[70, 98] and less[70, 162]


@pytest.mark.parametrize("seed", range(4))
def test_any_picture_is_answered_with_what_was_clicked(seed):
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (37, 512, 3)).astype(np.uint8) if seed else np.zeros((37, 512, 3), np.uint8)
    found = cut_out(picture, Prompts(None, [(0.5, 0.5)], [(0.9, 0.1)]))
    assert found[18, 256] and not found[3, 461]
    assert cut_out(picture, Prompts((0.2, 0.2, 0.6, 0.9))).shape == (37, 512)


@pytest.mark.parametrize("scale", [1, 4])
def test_one_outline_means_the_same_mask_in_the_drawing(scale):
    """Parts, holes, islands in holes and what touches the frame; enlarged, too."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[0:60, 0:80] = True
    mask[15:45, 20:60] = False
    mask[25:35, 35:45] = True
    mask[90:150, 200:240] = True
    mask[100:110, 30:120] = True
    points = outline(mask)
    assert points.min() >= 0 and points.max() <= 1
    drawn = rasterized(points, WIDTH * scale, HEIGHT * scale)
    expected = np.kron(mask, np.ones((scale, scale))).astype(bool)
    assert iou(drawn, expected) > 0.985
    assert drawn[0, 0] and drawn[-1, -1] and not drawn[20 * scale, 30 * scale] and drawn[30 * scale, 40 * scale]


def test_nothing_has_no_outline():
    assert outline(np.zeros((20, 30), bool)).shape == (0, 2)


def request(**changes) -> bytes:
    picture, _ = scene()
    given = {"width": WIDTH, "height": HEIGHT, "pixels": base64.b64encode(picture.tobytes()).decode()}
    return json.dumps({"page": "p"} | given | {"box": [0.78, 0.85, 0.3, 0.1]} | changes).encode()


def test_the_answer_is_an_outline_that_the_document_takes():
    answer = json.loads(json.dumps(selection_request.answer(request())))
    assert iou(rasterized(answer["points"]), scene()[1]) > 0.95, "a box drawn from any corner serves"
    assert len(answer["points"]) < 500


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"width": 513}, "width is 513; it must be a whole number from 8 to 512"),
        ({"pixels": "AAAA"}, "pixels must be 108000 bytes as base64"),
        ({"pixels": "?"}, "pixels must be"),
        ({"pixels": 7}, "pixels must be"),
        ({"box": [0, 0, 1]}, "box is .*; it must be a list of 4 numbers"),
        ({"box": [0, 0, 10**400, 1]}, "box is"),
        ({"box": [0.5, 0, 0.5, 1]}, "it must cover a part of the picture"),
        ({"box": None}, "nothing is pointed at"),
        ({"include": [[0.1, True]]}, "include, place 1 is"),
        ({"exclude": [[0.1, 0.1]] * 201}, "exclude is .*; it must be a list of at most 200 places"),
    ],
)
def test_bad_requests_are_answered_with_one_sentence(changes, says):
    with pytest.raises(ValueError, match=says) as caught:
        selection_request.answer(request(**changes))
    assert "\n" not in str(caught.value)


def test_over_http():
    aiohttp = pytest.importorskip("aiohttp")
    from aiohttp.test_utils import TestClient, TestServer

    async def conversation() -> list[tuple[int, dict]]:
        app = aiohttp.web.Application()
        app.router.add_post(selection_request.ROUTE, selection_request.handle)
        async with TestClient(TestServer(app)) as client:
            found = []
            for body, kind in ((request(), "application/json"), (b"{}", "application/json"), (request(), "text/plain")):
                response = await client.post(selection_request.ROUTE, data=body, headers={"Content-Type": kind})
                found.append((response.status, await response.json()))
            return found

    with ThreadPoolExecutor(1) as thread:  # Playwright's event loop may be running in this one
        good, bad, foreign = thread.submit(asyncio.run, conversation()).result()
    assert good == (200, selection_request.answer(request()))
    assert bad[0] == 400 and foreign[0] == 415
