"""Other packs' formats: one literal sample of each as its pack writes it, round trips, and refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from trackgo import PointTrajectories
from trackgo.trajectories.interchange import EXPORT_FORMATS, export_tracks, import_tracks, to_arrows

# As the packs write them, shortened to a few points.
KJ_FLAT = '[{"x": 10, "y": 20}, {"x": 20, "y": 20}, {"x": 30, "y": 40}]'
KJ_NESTED = '[[{"x": 10, "y": 20}, {"x": 30, "y": 40}], [{"x": 5, "y": 6}, {"x": 5, "y": 6}]]'
KJ_STORE = json.dumps(
    [
        {"points": [{"x": 0, "y": 100}, {"x": 100, "y": 100}], "color": "#1f77b4", "name": "It's 1"},
        {"points": [{"x": 7, "y": 8}], "color": "#ff7f0e", "name": "Spline 2", "isSinglePoint": True},
    ]
)
ATI_SINGLE_QUOTES = "[[{'x': 1, 'y': 2}, {'x': 3.5, 'y': -4}]]"
ATI_TRIPLE = '[[[{"x":1,"y":2},{"x":3,"y":4}],[{"x":5,"y":6},{"x":7,"y":8}]]]'
LTX = '[[{"x":0,"y":0},{"x":4,"y":4},{"x":8,"y":8}],[{"x":9,"y":9}]]'
PIXFL = json.dumps([[{"x": i, "y": 50} for i in range(121)]])
TORA = ['[{"x": 1, "y": 2}, {"x": 11, "y": 12}]', "[{'x': 3, 'y': 4}, {'x': 3, 'y': 4}]"]
DRAGNUWA = "[[[10,10],[60,10],[60,90]],[[5,6]]]"
DRAGANYTHING = "[[[0,0],[1,1],[2,2],[3,3]],[[9,9],[8,8],[7,7],[6,6]]]"


def positions(source, format="auto", frames=None, width=200, height=100) -> list:
    return import_tracks(source, width, height, frames, format).tracks.swapaxes(0, 1).tolist()


def test_kj_flat():
    assert positions(KJ_FLAT) == [[[10, 20], [20, 20], [30, 40]]]
    assert positions(KJ_FLAT, frames=5) == [[[10, 20], [15, 20], [20, 20], [25, 30], [30, 40]]]


def test_kj_nested():
    imported = import_tracks(KJ_NESTED, 200, 100, 3)
    assert imported.tracks[:, 0].tolist() == [[10, 20], [20, 30], [30, 40]]
    assert imported.tracks[:, 1].tolist() == [[5, 6]] * 3
    assert imported.component.tolist() == [0, 1]
    assert (imported.width, imported.height) == (200, 100)


def test_kj_points_store_follows_the_drawn_curve_at_even_speed():
    found = positions(KJ_STORE, frames=5)
    assert np.allclose(found[0], [[0, 100], [25, 100], [50, 100], [75, 100], [100, 100]])
    assert found[1] == [[7, 8]] * 5
    with pytest.raises(ValueError, match="give the number of frames"):
        positions(KJ_STORE)


def test_kj_points_store_with_handles_is_a_bezier_curve():
    quarter = 55.2285  # handles that make a quarter circle of radius 100 to 0.03 %
    store = [{"points": [{"x": 100, "y": 0, "h1x": 1, "h1y": 1, "h2x": 100, "h2y": quarter},
                         {"x": 0, "y": 100, "h1x": quarter, "h1y": 100, "h2x": 1, "h2y": 1}]}]  # fmt: skip
    found = np.array(positions(json.dumps(store), frames=9)[0])
    angles = np.linspace(0, np.pi / 2, 9)
    assert np.allclose(found, 100 * np.stack([np.cos(angles), np.sin(angles)], -1), atol=0.05)


def test_kj_points_store_in_its_older_shape():
    found = positions('[{"x":0,"y":0},{"x":40,"y":0}]', "kj_points_store", 3)
    assert np.allclose(found, [[[0, 0], [20, 0], [40, 0]]], atol=1e-5)


def test_ati_rests_invisible_after_its_last_point_up_to_121():
    imported = import_tracks(ATI_SINGLE_QUOTES, 200, 100, format="ati")
    assert imported.frames == 121
    assert imported.tracks[:3, 0].tolist() == [[1, 2], [3.5, -4], [3.5, -4]]
    assert imported.visibility[:3, 0].tolist() == [True, False, False]  # (3.5, −4) is outside, the third is not given
    longer = json.dumps([[{"x": i, "y": 1} for i in range(150)]])
    assert import_tracks(longer, 200, 100, format="ati").tracks[-1, 0].tolist() == [120, 1]


def test_ati_resampled_to_frames():
    exact = json.dumps([[{"x": i, "y": 1} for i in range(121)]])
    assert positions(exact, "ati", 13) == [[[10 * i, 1] for i in range(13)]]


def test_triple_nesting_is_one_video():
    assert positions(ATI_TRIPLE) == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    two = json.dumps([json.loads(ATI_TRIPLE)[0]] * 2)
    with pytest.raises(ValueError, match="batch of 2 videos"):
        positions(two)


def test_ltx_ends_early_when_shorter():
    imported = import_tracks(LTX, 200, 100, format="ltx")
    assert imported.visibility.tolist() == [[True, True], [True, False], [True, False]]
    assert positions("[" * 5 + LTX + "]" * 5, "ltx") == positions(LTX, "ltx")
    shorter = import_tracks(LTX, 200, 100, 5, "ltx")
    assert shorter.tracks[:, 0].tolist() == [[0, 0], [2, 2], [4, 4], [6, 6], [8, 8]]
    assert shorter.visibility[:, 1].tolist() == [True, False, False, False, False]


def test_pixfl():
    assert positions(PIXFL, "pixfl", 7) == [[[20 * i, 50] for i in range(7)]]


def test_tora():
    assert positions(TORA, "tora", 3) == [[[1, 2], [6, 7], [11, 12]], [[3, 4]] * 3]
    assert positions(TORA) == positions(json.dumps(TORA))


def test_dragnuwa_runs_pchip_through_its_control_points():
    found = np.array(positions(DRAGNUWA, frames=14))
    time = np.linspace(0, 1, 14)
    for axis, values in enumerate([[10, 60, 60], [10, 10, 90]]):
        assert np.allclose(found[0, :, axis], PchipInterpolator([0, 0.5, 1], values)(time), atol=1e-5)
    assert found[1].tolist() == [[5, 6]] * 14
    with pytest.raises(ValueError, match="give the number of frames"):
        positions(DRAGNUWA)


def test_draganything_cuts_surplus_points():
    assert positions(DRAGANYTHING, "draganything", 3) == [[[0, 0], [1, 1], [2, 2]], [[9, 9], [8, 8], [7, 7]]]
    with pytest.raises(ValueError, match="track 1 has 4 points; draganything needs one for each of 9 frames"):
        positions(DRAGANYTHING, "draganything", 9)


def test_core_tracks():
    tracks = {"track_path": torch.arange(12.0).reshape(3, 2, 2), "track_visibility": torch.ones(3, 1, dtype=torch.bool)}
    imported = import_tracks(tracks, 200, 100)
    assert imported.tracks[:, 1].tolist() == [[2, 3], [6, 7], [10, 11]]
    assert import_tracks(tracks, 200, 100, 5).tracks[:, 1].tolist() == [[2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (KJ_FLAT, "kj"), (KJ_NESTED, "kj"), (ATI_SINGLE_QUOTES, "kj"), (ATI_TRIPLE, "kj"), (LTX, "kj"), (PIXFL, "kj"),
        (TORA, "kj"), (KJ_STORE, "kj_points_store"), (DRAGNUWA, "dragnuwa"), (DRAGANYTHING, "dragnuwa"),
        ("[[1,2],[3,4]]", "dragnuwa"),
        ("[[[[[" + KJ_FLAT + "]]]]]", "ltx"),
    ],
)  # fmt: skip
def test_formats_are_recognised(source, name):
    found, named = (import_tracks(source, 600, 400, 5, format) for format in ("auto", name))
    assert np.array_equal(found.tracks, named.tracks) and np.array_equal(found.visibility, named.visibility)


@pytest.mark.parametrize(
    ("source", "format", "message"),
    [
        ("[{'x': 1, 'y': 2}", "auto", "the source is not JSON: .* line 1, column 18"),
        ("", "auto", "the source is not JSON"),
        ("__import__('os')", "auto", "the source is not JSON"),
        ("[]", "auto", "holds no track"),
        ("[[]]", "auto", "holds no track"),
        ("[]", "kj", "holds no track"),
        ("5", "auto", "no known format looks like 5"),
        ('{"paths": [], "canvas_size": {}}', "auto", "no known format looks like"),
        ("[1, 2, 3]", "auto", "no known format looks like"),
        ("[" * 100_000, "auto", "nested too deeply"),
        ('[[{"x":1,"y":2}],[]]', "auto", "track 2: it has no points"),
        ('[[{"x":1,"y":2}],5]', "auto", "track 2 is 5; it must be a list of points"),
        ('[[{"x":1,"y":2}],[{"x":1,"y":2},{"x":1}]]', "auto", "track 2: point 2: y is missing"),
        ('[[{"x":1,"y":2}],[{"x":1,"y":2},{"x":null,"y":2}]]', "auto", "track 2: point 2: x is null"),
        ('[[{"x":1,"y":2}],[{"x":1,"y":2},7]]', "auto", "track 2: point 2 is 7"),
        ('[[{"x":NaN,"y":2}]]', "auto", "NaN is no number"),
        ('[[{"x":1e300,"y":2}]]', "auto", "track 1: point 1: x is 1e\\+300"),
        ("[[[1,2]],[[1,2],[3]]]", "auto", r"track 2: point 2 is \[3\]; it must be \[x, y\]"),
        ("[[[1,2]],[[1,2,3]]]", "dragnuwa", r"track 2: point 1 is \[1, 2, 3\]"),
        (DRAGNUWA, "kj", "track 1: point 1 is .* it must be {"),
        (KJ_NESTED, "dragnuwa", r"track 1: point 1 is .* it must be \[x, y\]"),
        (['[{"x":1,"y":2}]', "oops"], "tora", "text 2 is not JSON"),
        (['[{"x":1,"y":2}]', 5], "tora", "track 2 is 5"),
        ('[{"points": 5}]', "auto", "track 1: points is missing"),
        ('[{"points": []}]', "auto", "track 1: it has no points"),
        (b"[]", "auto", "the source is a bytes"),
        (None, "auto", "the source is a NoneType"),
        ({"coordinates": "[]"}, "auto", "holds track_path"),
        (KJ_FLAT, "svg", "format is 'svg'; it must be one of auto, kj"),
    ],
)
def test_a_bad_source_is_refused_with_track_and_reason(source, format, message):
    with pytest.raises(ValueError, match=message):
        import_tracks(source, 200, 100, 4, format)


scalars = st.none() | st.integers() | st.floats() | st.text(max_size=3) | st.just({"x": 1, "y": 2})
nested = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.fixed_dictionaries({"points": inner}), max_leaves=8
)


@given(nested)
@settings(deadline=None)
def test_nonsense_raises_nothing_but_a_value_error(value):
    for format in ("auto", "kj_points_store", "ltx", "draganything"):
        try:
            import_tracks(json.dumps(value), 20, 10, 3, format)
        except ValueError as error:
            assert str(error)


# --- out ---


def sample() -> PointTrajectories:
    tracks = np.array([[[0, 0], [5.4, 6.6], [150, -20]], [[1, 2], [5.4, 6.6], [99, 50]]], np.float32)
    visible = np.array([[True, True, False], [True, True, True]])
    return PointTrajectories(tracks, visible, np.array([0, 0, 1]), 120, 60)


def test_kj_and_ltx_literally():
    expected = '[[{"x":0,"y":0},{"x":1,"y":2}],[{"x":5,"y":7},{"x":5,"y":7}],[{"x":150,"y":-20},{"x":99,"y":50}]]'
    assert export_tracks(sample(), "kj") == expected
    assert export_tracks(sample(), "ltx") == expected


def test_one_track_is_nested_too():
    one = PointTrajectories(np.zeros((2, 1, 2)), np.ones((2, 1), bool), np.zeros(1, int), 8, 8)
    assert export_tracks(one, "kj") == '[[{"x":0,"y":0},{"x":0,"y":0}]]'


def test_ati_has_121_points_resampled_and_never_padded():
    tracks = json.loads(export_tracks(sample(), "ati121"))
    assert [len(track) for track in tracks] == [121] * 3
    assert tracks[0][0] == {"x": 0, "y": 0}
    assert tracks[0][-1] == {"x": 1, "y": 2}
    assert tracks[0][60] == {"x": 0.5, "y": 1.0}
    assert tracks[1][77] == {"x": 5.4, "y": 6.6}


def test_tora_gives_one_text_per_component():
    assert export_tracks(sample(), "tora") == ['[{"x":0,"y":0},{"x":1,"y":2}]', '[{"x":150,"y":-20},{"x":99,"y":50}]']
    many = PointTrajectories(np.zeros((2, 10, 2)), np.ones((2, 10), bool), np.arange(10), 8, 8)
    with pytest.raises(ValueError, match="10 components were given; Tora reads at most 9"):
        export_tracks(many, "tora")


def test_dragnuwa_stays_inside_the_frame():
    assert export_tracks(sample(), "dragnuwa") == "[[[0,0],[1,2]],[[5,7],[5,7]],[[119,0],[99,50]]]"


def test_tracks_carry_everything():
    again = import_tracks(export_tracks(sample(), "tracks"), 1, 1)
    for field in ("tracks", "visibility", "component", "width", "height"):
        assert np.array_equal(getattr(again, field), getattr(sample(), field))


def test_an_unknown_export_is_refused():
    with pytest.raises(ValueError, match="format is 'ati'; it must be one of kj, ati121"):
        export_tracks(sample(), "ati")


@pytest.mark.parametrize("format", EXPORT_FORMATS)
def test_nothing_exports_to_nothing(format):
    empty = PointTrajectories(np.zeros((4, 0, 2)), np.zeros((4, 0), bool), np.zeros(0, int), 8, 8)
    exported = export_tracks(empty, format)
    if format == "tracks":
        assert exported["track_path"].shape == (4, 0, 2)
    elif format == "wan_move":
        assert [array.shape for array in exported] == [(1, 4, 0, 2), (1, 4, 0)]
    else:
        assert exported in ("[]", [])


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 30), st.integers(1, 8), st.integers(0, 2**32))
def test_round_trips(frames, count, seed):
    rng = np.random.default_rng(seed)
    tracks = rng.uniform(-300, 900, (frames, count, 2)).astype(np.float32)
    t = PointTrajectories(tracks, inside := np.ones((frames, count), bool), np.arange(count), 640, 360)
    for name, back in (("kj", "auto"), ("ltx", "ltx"), ("tora", "tora")):
        again = import_tracks(export_tracks(t, name), 640, 360, format=back)
        assert np.abs(again.tracks - tracks).max() <= 0.5 + 1e-4
        assert again.visibility.shape == inside.shape
    ati = import_tracks(export_tracks(t, "ati121"), 640, 360, format="ati")
    assert np.allclose(ati.tracks, t.resampled(121).tracks, atol=1e-3)
    nuwa = import_tracks(export_tracks(t, "dragnuwa"), 640, 360, frames)
    assert np.abs(nuwa.tracks - tracks.clip(0, (639, 359))).max() <= 0.5 + 1e-3


# --- arrows ---


def test_coordinates_become_arrows():
    arrows = to_arrows(KJ_NESTED, 200, 100)
    assert [arrow.curve for arrow in arrows] == ["straight", "straight"]
    assert np.allclose(arrows[0].points, [[10.5 / 200, 20.5 / 100], [30.5 / 200, 40.5 / 100]])
    assert [arrow.curve for arrow in to_arrows(DRAGNUWA, 200, 100)] == ["smooth", "smooth"]
    assert len(to_arrows(KJ_STORE, 200, 100)[1].points) == 1
    from_tracks = to_arrows(sample().to_tracks(), 1, 1)
    assert np.allclose(from_tracks[2].points, [[150.5 / 120, -19.5 / 60], [99.5 / 120, 50.5 / 60]])
