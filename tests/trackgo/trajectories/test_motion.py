"""Arrows over time against the golden numbers and against what a reader of the document expects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo.drawing import EASINGS, Arrow, Component, camera_component
from trackgo.trajectories.motion import (
    along,
    arrow_positions,
    component_motion,
    ease,
    progress,
    similarity,
    smooth_curve,
)

GOLDEN = json.loads((Path(__file__).parents[2] / "fixtures" / "geometry_golden.json").read_text(encoding="utf-8"))


def component_of(case: dict) -> Component:
    fields = dict(case["component"])
    arrows = tuple(Arrow(**arrow) for arrow in fields.pop("arrows"))
    return Component(arrows=arrows, **fields)


@pytest.mark.parametrize("case", GOLDEN["motions"], ids=lambda case: case["name"])
def test_motion_equals_the_brute_force(case):
    component = component_of(case)
    share = ease(progress(case["frames"], component.start, component.end), component.easing)
    assert np.allclose(share, case["shares"], atol=1e-12)
    for arrow, expected in zip(component.arrows, case["arrow_positions_px"], strict=True):
        z = arrow_positions(arrow, share, case["width"], case["height"])
        assert np.allclose(np.stack([z.real, z.imag], -1), expected, atol=1e-8)
    motion = component_motion(component, case["frames"], case["width"], case["height"])
    assert np.allclose(motion.apply(np.array(case["points_px"])), case["tracks_px"], atol=1e-7)


@pytest.mark.parametrize("case", GOLDEN["easing"], ids=lambda case: case["easing"])
def test_easing_equals_the_golden_values(case):
    assert np.allclose(ease(np.array(case["p"]), case["easing"]), case["share"], atol=1e-15)


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
