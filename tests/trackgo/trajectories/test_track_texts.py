"""Texts as people have them: with byte-order marks, Python's quotes, slips, endless brackets, and far too much."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackgo import Drawing
from trackgo.trajectories.interchange import IMPORT_FORMATS, import_tracks, to_arrows

ROOT = Path(__file__).parents[3]


def positions(source: Any, frames: int | None = None, format: str = "auto") -> list:
    return import_tracks(source, 640, 480, frames, format).tracks.swapaxes(0, 1).tolist()


# --- what is accepted ---

whole = st.integers(-300, 900)
tracks = st.lists(st.lists(st.tuples(whole, whole), min_size=1, max_size=5), min_size=1, max_size=4)


def keyed(value: list[list[tuple[int, int]]]) -> str:
    return json.dumps([[{"x": x, "y": y} for x, y in track] for track in value])


@given(tracks, st.integers(0, 2), st.sampled_from(["'", '"']), st.randoms(use_true_random=False))
def test_marks_and_quotes_change_nothing(value: list, marks: int, _: str, random: Any) -> None:
    text = keyed(value)
    expected = positions(text, 5)
    names = [(f'"{axis}"', random.choice([f"'{axis}'", f'"{axis}"'])) for axis in "xy" for _ in range(3)]
    for name, other in names:
        text = text.replace(name, other, random.randint(0, 3))
    assert positions("\ufeff" * marks + text, 5) == expected
    assert positions(json.dumps({"tracks": json.loads(keyed(value))}), 5) == expected


def test_an_apostrophe_in_a_name_survives_single_quotes_beside_it() -> None:
    text = """[{'points': [{'x': 1, 'y': 2}, {'x': 3, 'y': 4}], 'name': "It's one"}]"""
    assert positions(text, 2) == [[[1, 2], [3, 4]]]


@given(tracks, st.integers(1, 6))
def test_wrappers_are_taken_off(value: list, depth: int) -> None:
    expected, wrapped = positions(keyed(value), 4), json.loads(keyed(value))
    for level in range(depth):
        wrapped = {"tracks": json.dumps(wrapped) if level == 1 else wrapped, "name": "mine"}
    assert positions(wrapped, 4) == positions(json.dumps(wrapped), 4) == expected


def test_wrapped_tracks_of_comfyui() -> None:
    inner = {"track_path": np.ones((3, 2, 2)) * 30, "width": 64, "height": 32}
    assert import_tracks({"tracks": inner}, 1, 1).width == 64


def test_a_drawing_may_begin_with_a_mark() -> None:
    text = '{"version": 1, "components": [{"arrows": [{"points": [[0, 0], [1, 1]]}]}]}'
    assert Drawing.from_json("\ufeff" + text) == Drawing.from_json(text)


# --- what is refused, and where ---


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[{"x":1,"y":2},{"x":1,"y":2},]]', "track 1: point 2: there is a comma with nothing behind it .* column 30"),
        ('[[{"x":1,"y":2}],[{"x":1,"y":2},]]', "track 2: point 1: there is a comma"),
        ('[{"x":1,"y":2},{"x":1,"y":2},]', "track 1: point 2: there is a comma"),
        ('[[{"x":1,"y":2}],]', "track 1: there is a comma"),
        ('[[{"x":1,"y":2},{"x":3,"y":4,}]]', "track 1: point 2: there is a comma"),
        ("[[[1,2],[3,4],],[[5,6]]]", "track 1: point 2: there is a comma"),
        ("[[[1,2],[3,4,]]]", "track 1: point 2: there is a comma"),
        ("[[(1, 2), (3, 4)]]", "track 1: point 1: there is a Python tuple"),
        ("[[[1, 2]], [[1, 2], (3, 4)]]", "track 2: point 2: there is a Python tuple"),
        ("([1, 2], [3, 4])", "Python tuple"),
        ("[[{'x': 1, 'y': 2}, {'x': None, 'y': 2}]]", "track 1: point 2: there is None"),
        ("[[[1, 2], [3, None]]]", "track 1: point 2: there is None"),
        ("[[[1, 2], None]]", "track 1: point 2: there is None"),
        ('[[{"x":1,"y":2}],[{"x":1,"y":NaN}]]', "track 2: point 1: NaN is no number"),
        ('[[[[{"x":1,"y":2}],[{"x":1,"y":2},{"x":1 "y":2}]]]]', "track 2: point 2: Expecting ',' delimiter"),
        ('[{"points":[{"x":1,"y":2}]},{"points":[{"x":1,"y":2},]}]', "track 2: point 1: there is a comma"),
        ('{"tracks":[[{"x":1,"y":2},None]]}', "track 1: point 2: there is None"),
        ('["[1,2],", "[[1,2]]"]', "text 1 is not JSON"),
        ('["[[1,2]]", "[[1,2],[3,4],]"]', "text 2 is not JSON: point 2: there is a comma"),
    ],
)
def test_slips_are_named_with_track_and_point(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        positions(text, 4)


@given(tracks, st.data())
def test_a_slip_anywhere_names_its_point(value: list, data: st.DataObject) -> None:
    track = data.draw(st.integers(1, len(value)), "track")
    point = data.draw(st.integers(1, len(value[track - 1])), "point")
    texts = [[f'{{"x": {x}, "y": {y}}}' for x, y in points] for points in value]
    texts[track - 1][point - 1] = data.draw(st.sampled_from(['{"x": None, "y": 1}', "None", "(1, 2)"]), "slip")
    if track == 1 and point == 1:
        return  # the first point also says what the others are
    text = "[" + ", ".join("[" + ", ".join(points) + "]" for points in texts) + "]"
    with pytest.raises(ValueError, match=f"track {track}: point {point}: there is"):
        positions(text, 4)


# --- nesting ---

NESTED = ["[" * 600 + "]" * 600, "[" * 40 + "1" + "]" * 40, "[" * 950 + '{"x":1,"y":1}' + "]" * 950, "[" * 100_000]


@pytest.mark.parametrize("format", IMPORT_FORMATS)
@pytest.mark.parametrize("number", range(len(NESTED)))
def test_endless_nesting_is_a_value_error(format: str, number: int) -> None:
    with pytest.raises(ValueError):
        positions(NESTED[number], 4, format)


@given(st.integers(1, 2_000), st.sampled_from(["", "1", '{"x":1,"y":1}', '{"tracks":1}', "null"]), st.booleans())
def test_nesting_at_any_depth(depth: int, inside: str, objects: bool) -> None:
    opening, closing = ('{"tracks":', "}") if objects else ("[", "]")
    for text in (
        opening * depth + (inside or "[]") + closing * depth,
        '[{"x":' + "[" * depth + "]" * depth + ',"y":1}]',
    ):
        for format in ("auto", "kj", "ltx", "kj_points_store", "workflow", "dragnuwa"):
            try:
                positions(text, 4, format)
            except ValueError as error:
                assert str(error)


def test_lists_inside_themselves() -> None:
    around: list = []
    around += [around, around]
    deep: Any = 1
    for _ in range(100_000):
        deep = [deep]
    for source in (around, deep, [{"x": deep, "y": 1}], {"tracks": around}):
        for format in ("auto", "kj", "ltx", "dragnuwa", "kj_points_store", "pixfl_paths_data"):
            with pytest.raises(ValueError):
                import_tracks(source, 64, 64, 4, format)


def test_a_drawing_with_endless_nesting_is_a_value_error() -> None:
    for text in ("[" * 900 + "]" * 900, '{"version":1,"components":[{"name":' + "[" * 900 + "]" * 900 + "}]}"):
        with pytest.raises(ValueError):
            Drawing.from_json(text)


# --- amounts ---


def test_the_longest_track_sets_the_frames_up_to_1024() -> None:
    track = [{"x": i, "y": 1} for i in range(1_025)]
    with pytest.raises(ValueError, match=r"last 1025 frames.*at most 1024"):
        import_tracks(json.dumps(track), 64, 64)
    assert import_tracks(json.dumps(track[:1_024]), 64, 64).frames == 1_024
    assert import_tracks(json.dumps(track), 64, 64, 25).frames == 25
    with pytest.raises(ValueError, match="frames is 1025"):
        import_tracks(json.dumps(track), 64, 64, 1_025)


def test_tracks_times_frames_are_bounded() -> None:
    many = json.dumps([[{"x": 1, "y": 1}]] * 4_000)
    with pytest.raises(ValueError, match="4000 tracks over 1024 frames are 4096000 positions; at most 2000000"):
        import_tracks(many, 64, 64, 1_024)
    assert import_tracks(many, 64, 64, 500).tracks.shape == (500, 4_000, 2)


POINT = '{"x":1,"y":1}'
HEAVY = [  # a text's beginning, what is repeated how often, its end; formats and frames it is read with
    ("[" + f"[{POINT}]," * 9_999 + "[", POINT, 40_000, "]]", "auto:None auto:25 ltx:None ati:60"),
    ("[", POINT, 570_000, "]", "auto:25 ltx:60"),
    ("[", "[" + ",".join(['{"x":31,"y":1}'] * 50) + "]", 10_000, "]", "auto:25 ltx:200"),
    ("[", "[" + ",".join(["[7,1]"] * 130) + "]", 10_000, "]", "auto:25 draganything:None"),
    ("[", '{"x":31.5,"y":1.25,"v":1}', 300_000, "]", "auto:1024"),
    ("[", "[]", 2_600_000, "]", "auto:25 dragnuwa:25"),
    ("[", '"[]"', 1_590_000, "]", "auto:25"),
    ('[{"points":[', '{"x":1,"y":1,"h1x":3}', 300_000, "]}]", "auto:25"),
    ("[", f'{{"points":[{POINT}]}}', 290_000, "]", "auto:25"),
    ('{"nodes":[', '{"type":"SplineEditor"}', 330_000, "]}", "auto:25"),
    ("[", POINT, 570_000, ',{"x":null,"y":1}]', "auto:25"),
    ("[", POINT, 570_000, ",]", "auto:25"),
    ("[", "{'x':1,\"y\":1}", 570_000, "]", "auto:25"),
]
RUN = """
import json, resource, sys, time
import numpy, scipy.interpolate
from trackgo.trajectories.interchange import import_tracks

def size():
    return int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()

heavy = json.load(sys.stdin)
import_tracks("[[[1,2],[30,40],[50,60]]]", 64, 64, 4)
resource.setrlimit(resource.RLIMIT_AS, (size() + 500 * 2**20,) * 2)
for number, (beginning, item, times, end, reads) in enumerate(heavy):
    text = beginning + ",".join([item] * times) + end
    assert len(text) <= 8_000_000, number
    for read in reads.split():
        format, frames = read.split(":")
        started = time.process_time()
        try:
            import_tracks(text, 640, 480, None if frames == "None" else int(frames), format)
        except ValueError as error:
            assert len(str(error)) < 500, error
        print(f"{time.process_time() - started:.2f} s: text {number}, {read}", flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's here")
def test_no_text_of_8_mb_takes_500_mb() -> None:
    """In a process that gets 500 MB above what it has before. Seconds are the processor's own, with room to spare."""
    run = [sys.executable, "-c", RUN]
    result = subprocess.run(run, input=json.dumps(HEAVY), capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stdout + result.stderr[-2_000:]
    assert all(float(line.split()[0]) < 8 for line in result.stdout.splitlines()), result.stdout


# --- nonsense ---

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.just({"x": 1.5, "y": 2})
names = st.sampled_from(
    ["x", "y", "v", "points", "paths", "canvas_size", "tracks", "track_path", "points_store", "type", "class_type",
     "widgets_values", "inputs", "nodes", "h1x", "interpolation", "points_to_sample", "coordinates", "width", "mode"]
)  # fmt: skip
known = st.sampled_from(
    ["SplineEditor", "LTXVSparseTrackEditor", "FL_PathAnimator", "PowerSplineEditor", "path", "basis"]
)
nonsense = st.recursive(
    leaves | known, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)


@given(nonsense, st.sampled_from(IMPORT_FORMATS), st.sampled_from(["auto", "pixel", "fraction"]))
def test_nonsense_is_a_value_error(value: Any, format: str, units: str) -> None:
    for source in (value, json.dumps(value), json.dumps({"tracks": value})):
        for read in (
            lambda given: import_tracks(given, 20, 30, 3, format, units),
            lambda given: to_arrows(given, 20, 30, format),
        ):
            try:
                read(source)
            except ValueError as error:
                assert str(error)
