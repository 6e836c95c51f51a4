"""What path editors keep for themselves: read as they sample it, or refused with what to connect instead.

fixtures/editor_samples.json holds curves of ours and what the packs' own code makes of them: KJNodes' editor in
Chromium, the Sparse Track Editor's and the Path Animator's node in Python.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from trackgo.trajectories.interchange import import_tracks, to_arrows

SAMPLES = json.loads((Path(__file__).parents[2] / "fixtures" / "editor_samples.json").read_text(encoding="utf-8"))
KJ = {f"{case['interpolation']} {n}": case for n, case in enumerate(SAMPLES["kj"])}
WORKFLOWS = "TRACKGO_WORKFLOWS"


def positions(source: Any, frames: int | None = None, format: str = "auto", size: tuple[int, int] = (720, 480), **more):
    return import_tracks(source, *size, frames, format, **more).tracks.swapaxes(0, 1)


def spline_editor(case: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """The node's inputs as an API prompt has them, without the samples that the editor stores."""
    given = {
        "points_store": json.dumps([case["spline"]]),
        "coordinates": "",
        "mask_width": 720,
        "mask_height": 480,
        "points_to_sample": len(case["samples"]),
        "sampling_method": "path",
        "interpolation": case["interpolation"],
        "tension": case["tension"],
    }
    return given | settings


def xy(points: list[dict[str, float]]) -> list[list[float]]:
    return [[point["x"], point["y"]] for point in points]


# --- KJNodes ---


@pytest.mark.parametrize("case", KJ.values(), ids=KJ)
def test_the_spline_editors_curves(case: dict[str, Any]) -> None:
    (found,) = positions(spline_editor(case))
    assert np.abs(found - case["samples"]).max() < 0.3


def test_samples_that_the_node_holds_come_first_and_are_scaled_from_its_size() -> None:
    node = spline_editor(SAMPLES["kj"][0], coordinates='[[{"x":1.5,"y":2.5},{"x":3,"y":4}]]')
    assert positions(node).tolist() == [[[1.5, 2.5], [3, 4]]]
    assert positions(node, size=(1440, 240)).tolist() == [[[3, 1.25], [6, 2]]]


def test_control_points_and_single_points() -> None:
    case = SAMPLES["kj"][0]
    (found,) = positions(spline_editor(case, sampling_method="controlpoints"))
    np.testing.assert_allclose(found, xy(case["spline"]["points"]))
    held = spline_editor(case, points_store='[{"points":[{"x":7,"y":8}],"isSinglePoint":true}]', sampling_method="path")
    assert positions(held).tolist() == [[[7, 8]] * 13]


@pytest.mark.parametrize("case", KJ.values(), ids=KJ)
def test_a_points_store_alone_is_read_right_or_refused(case: dict[str, Any]) -> None:
    """The store does not name its curve: only handles do."""
    points = case["spline"]["points"]
    for store in (json.dumps([case["spline"]]), json.dumps(points)):
        if "h1x" in store:
            assert np.abs(positions(store, 13)[0] - case["samples"]).max() < 0.3
            continue
        for format in ("auto", "kj_points_store"):
            with pytest.raises(ValueError, match=r"does not say which curve.* connect the Spline Editor's coord_str"):
                positions(store, 13, format)
        with pytest.raises(ValueError, match="coord_str"):
            to_arrows(store, 720, 480)


def test_a_refused_store_can_still_be_taken_as_straight_lines() -> None:
    points = SAMPLES["kj"][0]["spline"]["points"]
    np.testing.assert_allclose(positions(json.dumps(points), 5, "kj"), [xy(points)])


@pytest.mark.parametrize(
    ("method", "message"), [("time", "coord_str"), ("speed", "coord_str"), ("soon", "must be one")]
)
def test_sampling_that_only_the_editor_knows_is_refused(method: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"sampling_method is .*{method}.*{message}"):
        positions(spline_editor(SAMPLES["kj"][0], sampling_method=method))


def test_a_monotone_curve_that_goes_back_over_itself_says_so() -> None:
    node = spline_editor(SAMPLES["kj"][0], interpolation="monotone")
    node["points_store"] = '[{"points":[{"x":1,"y":1},{"x":1,"y":2},{"x":3,"y":1}]}]'
    with pytest.raises(ValueError, match="track 1: two neighbouring points have the same x"):
        positions(node)


@given(st.integers(2, 40), st.integers(0, 2**32), st.sampled_from(["path", "x"]))
def test_what_an_editor_samples_is_not_taken_for_control_points(count: int, seed: int, over: str) -> None:
    """A gentle curve of broken pixels, sampled evenly: read as it is."""
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0, 1.5)
    angle = np.linspace(0, turn, count) + rng.uniform(0, 6)
    track = 300 + 250 * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    if over == "x":
        track[:, 0] = np.linspace(0.5, 700.25, count)
    assume((track != track.round()).any())
    text = json.dumps([{"x": x, "y": y} for x, y in track.tolist()])
    assert np.abs(positions(text, count)[0] - track).max() < 1e-3


# --- LTX ---


@pytest.mark.parametrize("format", ["ltx_points_store", "ltx", "auto"])
def test_the_sparse_track_editors_curves(format: str) -> None:
    store = json.dumps([case["spline"] for case in SAMPLES["ltx"]])
    found = positions(store, 13, format)
    expected = [case["samples"] for case in SAMPLES["ltx"]]
    assert np.abs(found - expected).max() < 0.6  # its node rounds to whole pixels


def test_ltx_stores_do_not_say_how_long_they_last() -> None:
    store = json.dumps([case["spline"] for case in SAMPLES["ltx"]])
    with pytest.raises(ValueError, match="ltx_points_store tracks do not say how many frames"):
        positions(store)
    node = {"type": "LTXVSparseTrackEditor", "widgets_values": [store, "[]", 13, ""]}
    assert positions(node).shape == (5, 13, 2)


# --- PIXFL ---


def test_paths_data_is_scaled_from_its_canvas() -> None:
    pixfl = SAMPLES["pixfl"]
    size = (pixfl["width"], pixfl["height"])
    expected = np.array(pixfl["every_tenth_of_121"])
    node = {"class_type": "FL_PathAnimator", "inputs": {"paths_data": json.dumps(pixfl["paths_data"])}}
    for source in (json.dumps(pixfl["paths_data"]), node, {"3": node}):
        assert np.abs(positions(source, 121, size=size)[:, ::10] - expected).max() < 0.6
    node["inputs"]["path_length_multiplier"] = 2.0
    with pytest.raises(ValueError, match=r"path_length_multiplier changes its paths.* connect its coordinates"):
        positions(node)


# --- SA-Nodes-QQ ---

LAYER = {
    "name": "a",
    "interpolation": "basis",
    "points_store": '[{"x":0.1,"y":0.2},{"x":0.3,"y":0.4}]',
    "easing": "in_out",
}


@pytest.mark.parametrize(
    "source",
    [
        json.dumps([LAYER]),
        '[{"x":0.1,"y":0.2,"highlighted":false},{"x":0.3,"y":0.4,"highlighted":true}]',
        json.dumps({"coordinates": [[{"x": 0.1, "y": 0.2}]], "coord_width": 1.0, "coord_height": 1.0}),
        {"nodes": [{"id": 7, "type": "PowerSplineEditor", "widgets_values": [json.dumps([LAYER])]}]},
    ],
)
def test_the_power_spline_editor_is_refused_with_what_to_connect(source: Any) -> None:
    with pytest.raises(ValueError, match=r"fractions of the frame.*connect output_coordinates"):
        positions(source, 16)


def test_points_that_are_marked_as_not_seen() -> None:
    text = '[[{"x":1,"y":1,"v":1},{"x":3,"y":1,"v":0},{"x":5,"y":1,"v":1}],[{"x":1,"y":1},{"x":3,"y":1},{"x":5,"y":1}]]'
    for format in ("auto", "ltx"):
        assert import_tracks(text, 20, 10, None, format).visibility.T.tolist() == [[True, False, True], [True] * 3]
    assert import_tracks(text, 20, 10, 5).visibility[:, 0].tolist() == [True, False, False, False, True]


# --- workflows ---


def test_every_editor_of_a_workflow_that_runs() -> None:
    node = {"type": "SplineEditor", "widgets_values": ["[]", '[{"x":1,"y":2},{"x":3,"y":4}]', 720, 480]}
    other = {"type": "SplineEditor", "widgets_values": ["[]", '[{"x":5,"y":6},{"x":7,"y":8}]', 1440, 480]}
    workflow = {"nodes": [node | {"id": 1}, {"type": "KSampler"}, other | {"id": 2}, node | {"id": 3, "mode": 4}]}
    found = positions(json.dumps(workflow))
    assert found.tolist() == [[[1, 2], [3, 4]], [[2.5, 6], [3.5, 8]]]
    inside = {"definitions": {"subgraphs": [workflow]}, "nodes": []}
    assert np.array_equal(positions(inside), found)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"nodes": [{"type": "KSampler", "widgets_values": [1]}]}, "no path editor"),
        (
            {"nodes": [{"id": 9, "type": "SplineEditor", "widgets_values": []}]},
            "SplineEditor 9: points_store is missing",
        ),
        ({"4": {"class_type": "SplineEditor", "inputs": {"points_store": ["3", 0]}}}, "SplineEditor 4: "),
        ({"type": "LTXVSparseTrackEditor", "widgets_values": ["[]", "[]", 4]}, "holds no track"),
        ({"type": "LTXVSparseTrackEditor", "widgets_values": ["[[{}]]", "[]", 4]}, "point 1: x is missing"),
    ],
)
def test_nodes_that_cannot_be_read_are_named(source: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        positions(source)


def editors(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The path editors of the workflows in a folder, at any depth, that hold their samples beside their points."""
    for file in sorted(folder.rglob("*.json")):
        try:
            waiting = [json.loads(file.read_bytes())]
        except (ValueError, RecursionError):
            continue
        while waiting:
            item = waiting.pop()
            if isinstance(item, list):
                waiting += item
            elif isinstance(item, dict):
                waiting += item.values()
                values = item.get("widgets_values")
                names = ("SplineEditor", "LTXVSparseTrackEditor")
                if item.get("type") in names and isinstance(values, list) and str(values[1]).startswith("["):
                    yield file, item


def test_public_workflows() -> None:
    """Their editors' points are read within a pixel of the samples that stand beside them, or refused."""
    if not os.environ.get(WORKFLOWS):
        pytest.skip(f"{WORKFLOWS} names no folder of other packs' example workflows")
    found = list(editors(Path(os.environ[WORKFLOWS])))
    assert found, "no workflow there has a path editor with samples"
    for file, node in found:
        store, stored, *rest = node["widgets_values"]
        samples = json.loads(stored)
        expected = np.array([xy(track) for track in (samples if isinstance(samples[0], list) else [samples])])
        size = (rest[0], rest[1]) if node["type"] == "SplineEditor" else (4096, 4096)
        without = node | {"widgets_values": [store, "", *rest]}
        for what, source in (("store", store), ("node", node), ("node without samples", without)):
            try:
                error = np.abs(positions(source, expected.shape[1], size=size) - expected).max()
            except ValueError as refused:
                assert "connect" in str(refused) and source is not node, (file, what)
            else:
                assert error <= 1, (file, what)


# --- fractions ---


@pytest.mark.parametrize(
    "source",
    [
        '[[{"x":0.1,"y":0.2},{"x":0.9,"y":0.4}]]',
        "[[[0.1,0.2],[0.9,1.2]]]",
        '[[{"x":0,"y":-0.1},{"x":1,"y":1}]]',
        {"track_path": np.array([[[0.1, 0.2]], [[0.9, 0.4]]])},
        np.array([[[[0.1, 0.2]], [[0.9, 0.4]]]]),
    ],
)
def test_fractions_are_recognised_and_read_where_asked(source: Any) -> None:
    for format in ("auto", "tracks" if isinstance(source, dict) else "auto"):
        with pytest.raises(ValueError, match=r"look like fractions of the frame.*units = fraction"):
            positions(source, 2, format)
    first = positions(source, 2, units="pixel")[0, 0]
    read = positions(source, 2, units="fraction")[0, 0]
    np.testing.assert_allclose(read, (first + 0) * (720, 480) - 0.5, atol=1e-3)


@pytest.mark.parametrize("source", ['[[{"x":0,"y":1},{"x":2,"y":1}]]', '[[{"x":0.5,"y":1},{"x":2.5,"y":1}]]'])
def test_pixels_in_the_corner_are_no_fractions(source: str) -> None:
    assert positions(source, 2).shape == (1, 2, 2)


def test_in_a_tiny_frame_small_numbers_are_pixels() -> None:
    assert positions('[[{"x":0.5,"y":1},{"x":1.5,"y":1}]]', 2, size=(8, 8)).tolist() == [[[0.5, 1], [1.5, 1]]]


def test_fractions_become_arrows() -> None:
    (arrow,) = to_arrows('[{"x":0.25,"y":0.5},{"x":0.75,"y":0.5}]', 200, 100, units="fraction")
    np.testing.assert_allclose(arrow.points, [[0.25, 0.5], [0.75, 0.5]])
