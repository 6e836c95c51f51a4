"""What the editor learns of a drawing: the library's own points, in bounds, over HTTP."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from trackgo import Drawing, point_trajectories
from trackgo.trajectories import preview_request

BOAT = {
    "name": "boat",
    "mask": {"strokes": [{"tool": "brush", "radius": 0.1, "points": [[0.3, 0.5]]}]},
    "arrows": [{"points": [[0.3, 0.5], [1.4, 0.5]]}],
}
EMPTY = {"name": "no mask yet", "arrows": [{"points": [[0.1, 0.1]]}]}


def document(*components: dict, **more) -> dict:
    return {"version": 1, "components": list(components), **more}


def request(drawing: object, **changes) -> bytes:
    return json.dumps({"drawing": drawing, "frames": 6, "width": 64, "height": 36, "seed": 3} | changes).encode()


def decoded(answer: dict) -> tuple[np.ndarray, np.ndarray]:
    count, frames = len(answer["component"]), answer["frames"]
    tracks = np.frombuffer(base64.b64decode(answer["tracks"]), "<f4").reshape(frames, count, 2)
    bits = np.unpackbits(np.frombuffer(base64.b64decode(answer["visibility"]), np.uint8))[: frames * count]
    return tracks, bits.reshape(frames, count).astype(bool)


@pytest.mark.parametrize("as_text", [False, True])
def test_the_answer_is_what_the_node_computes(as_text):
    given = document(BOAT, camera={"zoom": 1.5})
    answer = json.loads(json.dumps(preview_request.answer(request(json.dumps(given) if as_text else given))))
    expected = point_trajectories(Drawing.from_json(json.dumps(given)), 6, 64, 36, 3)
    tracks, visible = decoded(answer)
    assert np.array_equal(tracks, expected.tracks) and np.array_equal(visible, expected.visibility)
    assert visible.any() and not visible.all()
    assert answer["component"] == expected.component.tolist() and answer["empty"] == []


def test_unfinished_components_have_no_points_and_are_named():
    answer = preview_request.answer(request(document(EMPTY, dict(BOAT, hidden=True), BOAT)))
    assert answer["empty"] == [0] and set(answer["component"]) == {1}


def test_nothing_drawn():
    answer = preview_request.answer(request(document()))
    assert answer["tracks"] == answer["visibility"] == "" and answer["component"] == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"\xff", "not UTF-8"),
        (b"{", "the request is not JSON"),
        (b"[]", "the request must be an object"),
        (request(None), "the drawing is null; it must be an object"),
        (request(document(), frames=0), "frames is 0; it must be a whole number from 1 to 1024"),
        (request(document(), frames=2.5), "frames is 2.5"),
        (request(document(), width=True), "width is true"),
        (request(document(), height=99_999), "height is 99999; it must be a whole number from 16 to 4096"),
        (request(document(), seed=-1), "seed is -1"),
        (request({"version": 1, "components": [{"start": 7}]}), "component 1: start is 7"),
        (request(document(*[EMPTY] * 201)), "201 visible components"),
        (request(document(*[EMPTY] * 100), width=4096, height=2160), "100 masks of 4096×2160 pixels are too many"),
        (b" " * (preview_request.MAX_REQUEST_BYTES + 1), "at most 8388608 are read"),
    ],
)
def test_bad_requests_are_answered_with_one_sentence(body, says):
    with pytest.raises(ValueError, match=says) as caught:
        preview_request.answer(body)
    assert "\n" not in str(caught.value)


def test_over_http():
    aiohttp = pytest.importorskip("aiohttp")
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from aiohttp.test_utils import TestClient, TestServer

    async def talk() -> list[tuple[int, dict]]:
        app = aiohttp.web.Application(client_max_size=2**30)
        app.router.add_post(preview_request.ROUTE, preview_request.handle)
        async with TestClient(TestServer(app)) as client:
            answers = []
            for body in (request(document(BOAT)), b"{", b" " * (preview_request.MAX_REQUEST_BYTES + 1)):
                response = await client.post(preview_request.ROUTE, data=body)
                answers.append((response.status, await response.json()))
            return answers

    with ThreadPoolExecutor(1) as thread:  # Playwright's event loop may be running in this one
        (good, answer), (bad, error), (large, too_much) = thread.submit(asyncio.run, talk()).result()
    assert (good, bad, large) == (200, 400, 413)
    assert answer == preview_request.answer(request(document(BOAT)))
    assert error["error"].startswith("the request is not JSON") and "larger than" in too_much["error"]
