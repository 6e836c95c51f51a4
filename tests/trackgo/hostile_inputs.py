"""Documents, pictures and requests that nobody draws, for test_hostile_inputs.py: run in a process of its own, whose
memory is limited, so that a bomb ends the process and not the machine.

`python hostile_inputs.py KIND EXAMPLES MEGABYTES`: every example is either taken, and then done within the memory
that is left, or refused with a ValueError of one sentence.
"""

from __future__ import annotations

import base64
import json
import resource
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))
from trackgo import Drawing, point_trajectories
from trackgo.drawing.mask_png import check_png
from trackgo.trajectories import preview_request
from trackgo.trajectories.interchange import import_tracks


def mostly(usual: Any, *dear: Any) -> st.SearchStrategy:
    """Each of the dear ones once in thirty examples, so that thousands of examples take minutes."""
    return st.sampled_from([usual] * (30 - len(dear)) + list(dear))


SIZES = mostly((64, 64), (1024, 576), (4096, 2160), (16_384, 64), (1, 16_384))
coordinate = st.sampled_from([-9_999.0, -1.0, 0.0, 0.3, 0.5, 1.0, 2.0, 9_999.0]) | st.floats(-1.5, 2.5)
points = st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8)
radius = st.sampled_from([1e-9, 0.001, 0.25])
stroke = st.one_of(
    st.builds(lambda p, r: {"tool": "brush", "points": p, "radius": r}, points, radius | st.just(10.0)),
    st.builds(lambda p, r: {"tool": "erase", "points": p, "radius": r}, points, radius | st.just(10.0)),
    st.builds(lambda t, p: {"tool": t, "points": p}, st.sampled_from(["lasso", "lasso-erase"]), points),
    st.builds(lambda t: {"tool": t}, st.sampled_from(["fill", "invert"])),
    st.builds(lambda t, r: {"tool": t, "radius": r}, st.sampled_from(["grow", "shrink"]), radius),
)
times = mostly(1, 2, 3, 7, 40, 400)


@st.composite
def drawings(draw: Any) -> dict[str, Any]:
    """A few strokes and arrows, each of which, or all of them, may come many times."""
    strokes = [item for item in draw(st.lists(stroke, max_size=3)) for _ in range(draw(times))]
    strokes *= draw(mostly(1, 2, 5))
    arrows = [{"points": draw(points), "curve": draw(st.sampled_from(["straight", "smooth"]))}] * draw(times)
    component = {"mask": {"strokes": strokes}, "arrows": arrows}
    return {"version": 1, "components": [component] * draw(mostly(1, 2, 20, 300))}


def refused(error: ValueError) -> None:
    assert str(error) and "\n" not in str(error) and len(str(error)) < 500, str(error)[:600]


def masks(document: dict[str, Any], size: tuple[int, int]) -> None:
    """Kind 1: what is taken is painted mask by mask."""
    try:
        drawing = Drawing.from_dict(document)
        for mask, _ in zip(drawing.each_mask(*size), range(2), strict=False):
            assert mask.shape == size[::-1]
    except ValueError as error:
        refused(error)


def motions(document: dict[str, Any], frames: int) -> None:
    """Kind 1: arrows × frames."""
    try:
        point_trajectories(Drawing.from_dict(document), frames, 32, 24, skip_empty=True)
    except ValueError as error:
        refused(error)


def pictures(sides: tuple[int, int], kind: tuple[int, int], damage: int) -> None:
    """Kind 2: a header that says anything over pixels that pack well."""
    head = b"IHDR" + struct.pack(">IIBBBBB", *sides, *kind, 0, 0, 0)
    chunks = [head, b"IDAT" + zlib.compress(bytes(1_000_000)), b"IEND"]
    packed = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(packed)
    text = base64.b64encode(png[: len(png) - damage]).decode()
    try:
        check_png(text)
        masks({"version": 1, "components": [{"mask": {"png": text}}]}, (64, 64))
    except ValueError as error:
        refused(error)


def texts(opening: str, inside: str, depth: int, closing: bool) -> None:
    """Kinds 3 and 4: nesting, numbers, marks and quotes; taken means that it can be saved and read again."""
    pairs = {"[": "]", '{"a":': "}", "(": ")", '{"components":[': "]}", "\ufeff": ""}
    text = opening * depth + inside + pairs[opening] * (depth if closing else depth - 1)
    for whole in (text, f'{{"version":1,"components":[],"x":{text}}}', f'{{"version":1,"components":[{text}]}}'):
        try:
            drawing = Drawing.from_json(whole)
        except ValueError as error:
            refused(error)
        else:
            assert Drawing.from_json(drawing.to_json()) == drawing
        try:
            import_tracks(whole, 64, 64, 4)
        except ValueError as error:
            refused(error)


def tracks(text: str, count: int, longest: int, frames: int | None) -> None:
    """Kind 5: many tracks, one of them long."""
    body = ",".join([f"[{text}]"] * count + [f"[{','.join([text] * longest)}]"])
    try:
        import_tracks(f"[{body}]", 64, 64, frames)
    except ValueError as error:
        refused(error)


def requests(document: dict[str, Any], frames: int, size: tuple[int, int]) -> None:
    """Kind 6: the route's own bounds, on top of the drawing's."""

    class Enough(Exception):
        pass

    calls = iter(range(200))

    def proceed() -> None:
        if next(calls, None) is None:
            raise Enough

    body = {"drawing": document, "frames": frames, "width": size[0], "height": size[1]}
    try:
        answer = preview_request.answer(json.dumps(body).encode(), proceed)
        assert len(answer["tracks"]) * 3 // 4 >= 8 * len(answer["component"])
    except ValueError as error:
        refused(error)
    except Enough:
        pass


KINDS = {
    "masks": (masks, drawings(), SIZES),
    "motions": (motions, drawings(), mostly(25, 1, 1_024)),
    "pictures": (
        pictures,
        st.tuples(*[st.sampled_from([0, 1, 64, 8_192, 16_384, 67_108_864, 2**31 - 1])] * 2),
        st.tuples(st.sampled_from([1, 2, 4, 8, 16]), st.sampled_from([0, 2, 3, 4, 6])),
        st.sampled_from([0, 1, 20, 900]),
    ),
    "texts": (
        texts,
        st.sampled_from(["[", '{"a":', "(", '{"components":[', "\ufeff"]),
        st.sampled_from(["", "1", "1e999", "-1e400", "NaN", "1" * 5_000, "'", "None", "{'x':1,\"y\":2}", "[1,2],"]),
        st.integers(0, 90) | st.sampled_from([600, 5_000, 100_000]),
        st.booleans(),
    ),
    "tracks": (
        tracks,
        st.sampled_from(['{"x":1,"y":1}', "[1,1]", "{'x':1,\"y\":1}", '{"x":1e999,"y":1}']),
        st.sampled_from([0, 1, 100, 9_999]),
        st.sampled_from([1, 40, 1_025, 40_000]),
        st.sampled_from([None, 1, 25, 1_024, 10**9]),
    ),
    "requests": (requests, drawings(), mostly(25, 0, 1, 1_024), SIZES),
}


def main() -> None:
    kind, examples, megabytes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    check, *strategies = KINDS[kind]
    whole = {"version": 1, "components": [{"mask": {"strokes": [{"tool": "fill"}]}}]}
    point_trajectories(Drawing.from_dict(whole), 2, 9, 9)  # loads what is loaded once
    import_tracks("[[[1,2],[30,40]]]", 64, 64, 4)
    np.linalg.norm(np.ones(3))
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20,) * 2)
    done = [0]

    def counted(given: tuple[Any, ...]) -> None:
        done[0] += 1
        check(*given)

    health = list(hypothesis.HealthCheck)
    property_ = hypothesis.given(given=st.tuples(*strategies))(counted)
    hypothesis.settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, suppress_health_check=health
    )(property_)()
    print(f"{kind}: {done[0]} examples")


if __name__ == "__main__":
    main()
