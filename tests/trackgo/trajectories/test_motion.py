"""Arrows over time against the golden numbers and against what a reader of the document expects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo.drawing import EASINGS, PLAYBACKS, Arrow, Camera, Component, Hold, camera_component
from trackgo.trajectories.motion import (
    along,
    arrow_positions,
    camera_motion,
    component_motion,
    ease,
    ease_bezier,
    progress,
    shares,
    similarity,
    smooth_curve,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "fixtures" / "geometry_golden.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN["motions"], ids=lambda case: case["name"])
def test_motion_equals_the_brute_force(case):
    component = Component.from_dict(case["component"])
    share = shares(component, case["frames"])
    assert np.allclose(share, case["shares"], atol=1e-12)
    for arrow, expected in zip(component.arrows, case["arrow_positions_px"], strict=True):
        z = arrow_positions(arrow, share, case["width"], case["height"])
        assert np.allclose(np.stack([z.real, z.imag], -1), expected, atol=1e-8)
    motion = component_motion(component, case["frames"], case["width"], case["height"])
    assert np.allclose(motion.apply(np.array(case["points_px"])), case["tracks_px"], atol=1e-7)


@pytest.mark.parametrize("case", GOLDEN["easing"], ids=lambda case: case["easing"])
def test_easing_equals_the_golden_values(case):
    assert np.allclose(ease(np.array(case["p"]), case["easing"]), case["share"], atol=1e-15)


@pytest.mark.parametrize("case", GOLDEN["beziers"], ids=lambda case: str(case["bezier"]))
def test_drawn_speeds_equal_the_golden_values(case):
    assert np.allclose(ease_bezier(np.array(case["p"]), case["bezier"]), case["share"], atol=1e-14)


@pytest.mark.parametrize("case", GOLDEN["similarities"])
def test_similarity_equals_a_general_solver(case):
    starts, positions = (np.array(case[key]) @ [1, 1j] for key in ("starts_px", "positions_px"))
    a, b = similarity(starts, positions[None])
    assert np.allclose([a[0].real, a[0].imag, b[0].real, b[0].imag], case["similarity"], atol=1e-8)


@pytest.mark.parametrize("easing", EASINGS)
@given(frames=st.integers(1, 121), start=st.floats(0, 1), end=st.floats(0, 1))
def test_progress_rises_from_0_to_1(easing, frames, start, end):
    start, end = sorted((start, end))
    share = ease(progress(frames, start, end), easing)
    assert share.shape == (frames,)
    assert (np.diff(share) >= 0).all()
    assert share.min() >= 0
    assert share.max() <= 1
    if frames > 1:
        assert share[-1] == 1  # the clip's last frame is at 1 ≥ end
    if start < end:
        assert share[0] == 0


unit = st.floats(0, 1)
beziers = st.tuples(unit, unit, unit, unit)
holds = st.lists(st.builds(Hold, unit, st.floats(0, 0.19)), max_size=5).map(tuple)
timings = st.fixed_dictionaries(
    {"easing": st.sampled_from(EASINGS), "bezier": st.none() | beziers, "holds": holds, "times": st.integers(1, 7)}
)


@given(beziers, st.lists(unit, min_size=1, max_size=20))
def test_a_drawn_speed_lies_on_its_curve_and_never_falls(curve, moments):
    """The curve's own points by NumPy's polynomial roots, instead of by halving."""
    x1, y1, x2, y2 = curve
    p = np.sort(np.array([0.0, *moments, 1.0]))
    share = ease_bezier(p, curve)
    assert (share[0], share[-1]) == (0, 1)
    assert (np.diff(share) >= -1e-15).all()
    across, up = (
        np.polynomial.Polynomial([0, 3 * a, 3 * b - 6 * a, 1 + 3 * a - 3 * b]) for a, b in ((x1, x2), (y1, y2))
    )
    for moment, found in zip(p, share, strict=True):
        t = [root.real for root in (across - moment).roots() if abs(root.imag) < 1e-3 and -1e-3 < root.real < 1.001]
        near = min(t, key=lambda at: abs(up(at) - found))
        assert abs(across(near) - moment) < 1e-6
        assert abs(up(near) - found) < 1e-3  # as good as a root is where the curve stands upright
    flat = np.diff(across(np.linspace(0, 1, 101))).min()
    if flat > 1e-3:
        t = np.interp(p, across(np.linspace(0, 1, 100_001)), np.linspace(0, 1, 100_001))
        assert np.abs(up(t) - share).max() < 1e-6


def test_easing_in_and_out_are_such_curves():
    p = np.linspace(0, 1, 33)
    for name, curve in {
        "linear": (1 / 3, 1 / 3, 2 / 3, 2 / 3),
        "ease-in": (1 / 3, 0, 2 / 3, 1 / 3),
        "ease-out": (1 / 3, 2 / 3, 2 / 3, 1),
    }.items():
        assert np.allclose(ease_bezier(p, curve), ease(p, name), atol=1e-14)


@settings(deadline=None)
@given(timings, st.integers(2, 121))
def test_a_hold_keeps_its_place_and_for_as_long_as_it_says(timing, frames):
    component = Component(**timing)
    share = shares(component, frames)
    assert share.min() >= 0
    assert share.max() <= 1
    assert (np.diff(share) >= -1e-12).all()
    assert share[-1] == pytest.approx(1)
    for hold in component.holds:
        held = np.isclose(share, hold.place, rtol=0, atol=1e-12).sum()
        assert held >= np.floor(hold.span * (frames - 1) - 1e-9), "frames at the place"


@settings(deadline=None)
@given(timings)
def test_holds_rescale_with_the_frames(timing):
    component = Component(**timing)
    assert np.array_equal(shares(component, 97)[::8], shares(component, 13))


@settings(deadline=None)
@given(timings, st.integers(1, 60))
def test_reverse_is_the_film_played_backwards_and_there_and_back_is_symmetric(timing, half):
    frames = 2 * half + 1
    once, back = (shares(Component(playback=name, **timing), frames) for name in ("once", "reverse"))
    steep = Component(**timing).bezier is not None  # upright, it turns a rounded time into another place
    assert np.allclose(back[::-1], once, atol=1e-4 if steep else 1e-7)
    to_and_fro = shares(Component(playback="ping-pong", **timing | {"times": 2}), frames)
    assert np.allclose(to_and_fro, to_and_fro[::-1], atol=1e-4 if steep else 1e-7)
    assert np.allclose(to_and_fro[[0, half]], [0, 1], atol=1e-12)
    assert np.allclose(shares(Component(playback="loop", **timing | {"times": 1}), frames), once)


def test_reverse_is_turning_the_arrows_round_and_twice_is_nothing():
    ways = (((0.2, 0.3), (0.45, 0.31), (0.9, 0.55)), ((0.7, 0.1), (0.5, 0.15)))
    points = np.array([[10.0, 20.0], [300.0, 100.0]])

    def moved(turned: bool, playback: str) -> np.ndarray:
        arrows = tuple(Arrow(way[::-1] if turned else way, "smooth") for way in ways)
        return component_motion(Component(arrows=arrows, playback=playback), 9, 320, 180).apply(points)

    assert np.allclose(moved(False, "reverse"), moved(True, "once"), atol=1e-9)
    assert np.allclose(moved(True, "reverse"), moved(False, "once"), atol=1e-9)


@settings(deadline=None)
@given(timings, st.sampled_from(PLAYBACKS), st.integers(1, 40))
def test_in_the_first_frame_everything_is_where_its_mask_is(timing, playback, frames):
    arrows = (Arrow([(0.2, 0.3), (0.4, 0.7), (0.6, 0.1)], "smooth"), Arrow([(0.5, 0.5), (0.1, 0.9)]))
    points = np.array([[10.0, 20.0], [300.0, 100.0]])
    component = Component(arrows=arrows, playback=playback, **timing)
    assert np.allclose(component_motion(component, frames, 320, 180).apply(points)[0], points, atol=1e-9)
    if playback != "reverse":
        camera = Camera((0.1, 0.2), 2.0, 30.0, playback=playback, **timing)
        assert np.allclose(camera_motion(camera, frames, 320, 180).apply(points)[0], points, atol=1e-9)


def test_unknown_easing_is_named():
    with pytest.raises(ValueError, match=r"'bounce'; it must be linear"):
        ease(np.zeros(3), "bounce")


@settings(deadline=None)
@given(st.lists(st.complex_numbers(max_magnitude=1e4, allow_nan=False), min_size=2, max_size=8), st.data())
def test_a_line_starts_and_ends_at_its_ends(points, data):
    curve = data.draw(st.sampled_from(["straight", "smooth"]))
    line = np.array(points)
    found = along(line, np.array([0.0, 1.0]), curve)
    assert np.allclose(found, line[[0, -1]], atol=1e-6)
    assert np.isfinite(along(line, np.linspace(0, 1, 33), curve)).all()


def test_speed_is_even_along_a_smooth_curve():
    curve = np.array([0, 30 + 80j, 200 + 60j, 210 + 10j, 400])
    steps = np.abs(np.diff(along(curve, np.linspace(0, 1, 101), "smooth")))
    assert steps.max() / steps.min() < 1.01


def test_a_smooth_curve_passes_through_its_points():
    points = np.array([0, 3 + 50j, 3 + 51j, 200 - 20j])
    assert np.allclose(smooth_curve(points)[::32], points)


def test_a_much_shorter_segment_does_not_break_the_curve():
    curve = smooth_curve(np.array([0, 1e-150, 100, 200 + 1j]))
    assert np.isfinite(curve).all()
    assert np.abs(curve).max() < 201


@given(
    st.complex_numbers(max_magnitude=3, min_magnitude=0.01, allow_nan=False),
    st.complex_numbers(max_magnitude=500, allow_nan=False),
)
def test_a_true_similarity_is_recovered(scale_turn, shift):
    starts = np.array([10 + 5j, 300 + 20j, 120 + 200j])
    a, b = similarity(starts, (scale_turn * starts + shift)[None])
    assert np.allclose(a, scale_turn, atol=1e-8)
    assert np.allclose(b, shift, atol=1e-6)


def corner_motion(frames: int = 9, width: int = 320, height: int = 180, **camera) -> tuple[np.ndarray, np.ndarray]:
    """Offsets from the frame's centre, as complex frame heights: of three points at the start and at every frame."""
    component = camera_component(aspect=width / height, **camera)
    points = np.array([[width / 2 - 0.5, height / 2 - 0.5], [-0.5, -0.5], [200.0, 30.0]])
    moved = component_motion(component, frames, width, height).apply(points)
    centre = complex(width / 2 - 0.5, height / 2 - 0.5)
    return (points @ [1, 1j] - centre) / height, (moved @ [1, 1j] - centre) / height


def test_camera_pan_moves_every_point_alike_and_evenly():
    start, moved = corner_motion(pan_x=0.25, pan_y=-0.1)
    p = np.linspace(0, 1, 9)[:, None]
    assert np.allclose(moved, start + p * (0.25 * 320 / 180 - 0.1j), atol=1e-9)


@pytest.mark.parametrize("zoom", [0.4, 1.8])
def test_camera_zoom_with_pan_is_even(zoom):
    start, moved = corner_motion(zoom=zoom, pan_x=-0.2)
    p = np.linspace(0, 1, 9)[:, None]
    assert np.allclose(moved, start * (1 + (zoom - 1) * p) - p * 0.2 * 320 / 180, atol=1e-9)


@pytest.mark.parametrize("turn", [-30.0, 90.0, 720.0])
def test_camera_turn_is_clockwise_and_even(turn):
    start, moved = corner_motion(turn_degrees=turn, frames=25)
    angle = np.radians(turn) * np.linspace(0, 1, 25)[:, None]
    assert np.allclose(moved, start * np.exp(1j * angle), atol=2e-4)


def test_camera_moves_together_end_exactly():
    start, moved = corner_motion(turn_degrees=40, zoom=1.5, pan_x=0.3, pan_y=0.1)
    assert np.allclose(moved[0], start, atol=1e-12)
    assert np.allclose(moved[-1], start * 1.5 * np.exp(1j * np.radians(40)) + 0.3 * 320 / 180 + 0.1j, atol=1e-9)


def test_camera_fills_the_frame_and_takes_settings():
    component = camera_component(0.1, name="dolly", easing="ease-in", start=0.2)
    assert (component.name, component.easing, component.start) == ("dolly", "ease-in", 0.2)
    assert [stroke.tool for stroke in component.mask.strokes] == ["fill"]


@pytest.mark.parametrize("bad", [{"zoom": 0.0}, {"pan_x": float("nan")}, {"turn_degrees": 1e9}, {"aspect": -1.0}])
def test_camera_refuses_impossible_moves_by_name(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        camera_component(**bad)


@pytest.mark.parametrize("frames", [0, -1, 2.0, True, 10**9])
def test_a_bad_frame_count_is_refused(frames):
    with pytest.raises(ValueError, match="frames is"):
        component_motion(Component(), frames, 64, 64)
