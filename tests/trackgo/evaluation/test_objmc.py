"""ObjMC against cases worked out by hand, and properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackgo.drawing.coordinates import inside_frame
from trackgo.evaluation.objmc import MODES, objmc, pooled

# One object goes right by 3 px a frame, another down by 4: they are 0, 3, 6, 9, 12 and 0, 4, 8, 12, 16 px away.
STEPS = np.arange(5.0)[:, None, None]
WANTED = np.array([[10.0, 10.0], [20.0, 30.0]]) + STEPS * np.array([[3.0, 0.0], [0.0, 4.0]])


@pytest.mark.parametrize("mode", MODES)
def test_perfect(mode: str) -> None:
    result = objmc(WANTED, WANTED, mode=mode)
    assert result.value == result.mean == result.sum == 0
    assert (result.objects, result.frames, result.videos, result.cut) == (2, 10, 1, 0)


def test_still_equals_the_static_baseline() -> None:
    still = np.repeat(WANTED[:1], 5, axis=0)
    result = objmc(still, WANTED)
    assert result.mean == result.static.mean == (6 + 8) / 2  # means over 0…12 and over 0…16
    assert result.sum == result.static.sum == (30 + 40) / 2
    assert result.per_object == {0: 6, 1: 8}
    assert result.static.static is None


@pytest.mark.parametrize(("mode", "expected"), [("mean", 5), ("sum", 25), ("draganything", 5)])
def test_constant_offset(mode: str, expected: float) -> None:
    result = objmc(WANTED + np.array([3.0, 4.0]), WANTED, mode=mode)
    assert result.value == expected
    assert result.static.value == {"mean": 7, "sum": 35, "draganything": 7}[mode]


def test_leaving_the_frame() -> None:
    visible = inside_frame(WANTED, 18, 40)  # 16 is the last x inside: frames 0 to 2 of the first object count
    still = np.repeat(WANTED[:1], 5, axis=0)
    assert objmc(still, WANTED, visible).mean == (0 + 3 + 6) / 3  # the second starts outside, at x = 20
    assert objmc(still, WANTED, visible).sum == 9
    assert objmc(still, WANTED, visible).objects == 1
    assert math.isnan(objmc(still, WANTED, visible).per_object[1])
    assert objmc(still, WANTED, visible, "draganything").value == 7


@pytest.mark.parametrize("mode", MODES)
def test_of_different_lengths_the_longer_is_cut(mode: str) -> None:
    still = np.repeat(WANTED[:1], 3, axis=0)
    for short, long in ((still, WANTED), (np.repeat(WANTED[:1], 5, axis=0), WANTED[:3])):
        result = objmc(short, long, mode=mode)
        assert result.cut == 2
        assert result.value == {"mean": 3.5, "sum": 10.5, "draganything": 3.5}[mode]


def test_no_objects() -> None:
    nothing = np.zeros((4, 0, 2))
    result = objmc(nothing, nothing)
    assert math.isnan(result.value) and math.isnan(result.static.value)
    assert (result.objects, result.frames, result.per_object) == (0, 0, {})


def test_points_of_one_object_are_averaged_first() -> None:
    wanted = np.zeros((1, 4, 2))
    went = np.array([[[1.0, 0], [3, 0], [0, 8], [0, 100]]])
    result = objmc(went, wanted, [[True, True, True, False]], objects=[7, 7, 2, 2])
    assert result.per_object == {2: 8, 7: 2}
    assert result.mean == 5


def test_pooling_weighs_every_object_and_frame_alike() -> None:
    one = objmc(np.full((2, 1, 2), [3.0, 4.0]), np.zeros((2, 1, 2)))
    two = objmc(np.full((6, 3, 2), [0.0, 1.0]), np.zeros((6, 3, 2)))
    both = pooled([one, two])
    assert both.mean == pytest.approx((2 * 5 + 18 * 1) / 20)
    assert both.sum == pytest.approx((10 + 3 * 6) / 4)
    assert (both.videos, both.objects, both.frames, both.static.mean) == (2, 4, 20, 0)


@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**31), st.floats(0.1, 10))
def test_properties(frames: int, points: int, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    went, wanted = rng.normal(size=(2, frames, points, 2)) * 50
    visible = rng.random((frames, points)) < 0.7
    result = objmc(went, wanted, visible)
    loop = [math.dist(went[i, n], wanted[i, n]) for i in range(frames) for n in range(points) if visible[i, n]]
    assert result.frames == len(loop)
    if loop:
        assert result.mean == pytest.approx(sum(loop) / len(loop))
        assert objmc(went * scale, wanted * scale, visible).mean == pytest.approx(scale * result.mean)
        assert objmc(went + 5, wanted + 5, visible).sum == pytest.approx(result.sum)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mode": "median"}, "one of mean, sum, draganything"),
        ({"predicted": np.zeros((5, 3, 2))}, "3 points and reference 2"),
        ({"reference": np.zeros((5, 2))}, r"\[L, N, 2\]"),
        ({"predicted": np.zeros((0, 2, 2))}, "at least one frame"),
        ({"visible": np.ones((4, 2))}, r"must be \[5, 2\]"),
        ({"objects": [1]}, "each of 2 points"),
        ({"predicted": np.full((5, 2, 2), np.nan)}, "point 1 at frame 1 is not finite"),
    ],
)
def test_mistakes(change: dict, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        objmc(**({"predicted": WANTED, "reference": WANTED} | change))


def test_what_does_not_count_may_be_anything() -> None:
    went = WANTED.copy()
    went[3, 1] = np.nan
    visible = np.ones((5, 2), bool)
    visible[3, 1] = False
    assert objmc(went, WANTED, visible).mean == 0


def test_pooling_nothing_or_different_modes() -> None:
    with pytest.raises(ValueError, match="nothing to pool"):
        pooled([])
    with pytest.raises(ValueError, match="different modes"):
        pooled([objmc(WANTED, WANTED), objmc(WANTED, WANTED, mode="sum")])
