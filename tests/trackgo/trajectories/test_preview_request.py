"""What the editor learns of a drawing: the library's own points, in bounds, over HTTP."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackgo import Drawing, point_trajectories
from trackgo.trajectories import preview_queue, preview_request

ROOT = Path(__file__).parents[3]

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
        (request(document(*[EMPTY] * 200), width=4096, height=4096), "200 masks of 4096×4096 pixels are too many"),
        (b" " * (preview_request.MAX_REQUEST_BYTES + 1), "at most 8388608 are read"),
        (b"[" + b"1," * (preview_request.MAX_COMMAS + 1) + b"1]", "300001 commas, two for every point"),
    ],
)
def test_bad_requests_are_answered_with_one_sentence(body, says):
    with pytest.raises(ValueError, match=says) as caught:
        preview_request.answer(body)
    assert "\n" not in str(caught.value)


JSON_TYPE = {"Content-Type": "application/json"}


def talk(conversation: Callable[[Any], Awaitable[Any]]) -> Any:
    """What a conversation with a server that has the route, and one that says "here" at once, comes to."""
    aiohttp = pytest.importorskip("aiohttp")
    from aiohttp.test_utils import TestClient, TestServer

    async def run() -> Any:
        app = aiohttp.web.Application(client_max_size=2**30)
        app.router.add_post(preview_request.ROUTE, preview_request.handle)

        async def here(_: Any) -> Any:
            return aiohttp.web.Response()

        app.router.add_get("/here", here)
        async with TestClient(TestServer(app)) as client:
            return await conversation(client)

    with ThreadPoolExecutor(1) as thread:  # Playwright's event loop may be running in this one
        return thread.submit(asyncio.run, run()).result()


async def post(client: Any, body: bytes, **headers: str) -> tuple[int, dict]:
    response = await client.post(preview_request.ROUTE, data=body, headers=JSON_TYPE | headers)
    return response.status, await response.json()


def test_over_http():
    bodies = (request(document(BOAT)), b"{", b" " * (preview_request.MAX_REQUEST_BYTES + 1))

    async def conversation(client):
        return [await post(client, body) for body in bodies]

    (good, answer), (bad, error), (large, too_much) = talk(conversation)
    assert (good, bad, large) == (200, 400, 413)
    assert answer == preview_request.answer(request(document(BOAT)))
    assert error["error"].startswith("the request is not JSON") and "larger than" in too_much["error"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_what_a_foreign_page_may_send_without_asking_is_not_read(kind):
    async def conversation(client):
        return await post(client, request(document(BOAT)), **{"Content-Type": kind})

    status, answer = talk(conversation)
    assert status == 415 and "it must be application/json" in answer["error"]


def test_gzip_is_read_and_what_only_claims_to_be_it_is_a_bad_request():
    body = request(document(BOAT))

    async def conversation(client):
        headers = JSON_TYPE | {"Content-Encoding": "gzip"}
        packed = await client.post(preview_request.ROUTE, data=gzip.compress(body), headers=headers, compress=False)
        bomb = gzip.compress(b" " * (50 * 2**20))
        bombed = await client.post(preview_request.ROUTE, data=bomb, headers=headers)
        reader, writer = await asyncio.open_connection(client.host, client.port)
        head = f"POST {preview_request.ROUTE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        writer.write((head + f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body)
        raw = await reader.readline()
        writer.close()
        return packed.status, bombed.status, int(raw.split()[1])

    assert talk(conversation) == (200, 413, 400)


def slow(name: str = "", count: int = 200) -> bytes:
    """A request that takes a while: the whole frame in each of many components, as large as is allowed."""
    everything = {"mask": {"strokes": [{"tool": "fill"}]}, "arrows": BOAT["arrows"]}
    body = json.loads(request(document(*[everything] * count), width=4096, height=2160))
    return json.dumps(({"page": name} if name else {}) | body).encode()


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_a_newer_request_of_a_page_ends_its_older_ones_and_the_queue_is_short():
    queue = preview_request._queue()

    async def conversation(client):
        first = asyncio.ensure_future(post(client, slow("a")))
        await until(lambda: queue._running is not None)
        waiting = []
        for name in ("b", "c", "d"):
            waiting.append(asyncio.ensure_future(post(client, json.dumps({"page": name} | json.loads(small)).encode())))
            await until(lambda: len(queue._waiting) == len(waiting))
        crowded = await post(client, small)
        newer = asyncio.ensure_future(post(client, json.dumps({"page": "b"} | json.loads(small)).encode()))
        replaced = await waiting[0]
        last = asyncio.ensure_future(post(client, json.dumps({"page": "a"} | json.loads(small)).encode()))
        return crowded, replaced, await first, [await one for one in (*waiting[1:], newer)], await last

    small = request(document(BOAT))
    crowded, replaced, first, others, last = talk(conversation)
    assert crowded[0] == 503 and "3 other drawings wait" in crowded[1]["error"]
    assert replaced[0] == 503 and "a newer request of the same page" in replaced[1]["error"]
    assert [status for status, _ in others] == [200, 200, 200]
    assert last[0] == 503 or first[0] == 503, "a running request ends, or the newest is turned away with the rest"


def test_work_ends_at_its_deadline(monkeypatch):
    monkeypatch.setattr(preview_queue, "DEADLINE_S", 0.0)

    async def conversation(client):
        return await post(client, slow())

    status, answer = talk(conversation)
    assert status == 503 and "takes longer than 0 seconds" in answer["error"]


def test_other_requests_are_answered_while_the_heaviest_allowed_one_runs():
    """How quickly, `benchmarks/preview_route.py` measures; here that many come in between."""

    async def conversation(client):
        heavy = asyncio.ensure_future(post(client, slow(count=20)))
        answered = 0
        while not heavy.done():
            assert (await client.get("/here")).status == 200
            answered += 1
        return (await heavy)[0], answered

    status, answered = talk(conversation)
    assert status == 200 and answered >= 50


def test_a_server_ends_while_the_worker_is_busy():
    """The process leaves with the answer open: exit status 0, and the end is not held up until the work is done."""
    script = """
import threading
from trackgo.trajectories.preview_queue import Job, PreviewQueue
started = threading.Event()
def work(job):
    started.set()
    threading.Event().wait()
PreviewQueue().submit(Job("", work))
started.wait()
"""
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=100, check=False).returncode == 0
