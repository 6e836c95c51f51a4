"""Masks against numbers derived by brute force, pixel by pixel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo.drawing import Stroke
from trackgo.drawing.coordinates import to_fractions, to_pixels
from trackgo.drawing.mask_png import check_png, decode_png, encode_png, sample_nearest
from trackgo.drawing.rasterize import _Spans, _Union, paint_

GOLDEN = json.loads((Path(__file__).parents[2] / "fixtures" / "geometry_golden.json").read_text(encoding="utf-8"))


def unpack(runs: list[int], width: int, height: int) -> np.ndarray:
    inside = np.arange(len(runs)) % 2 == 1
    return np.repeat(inside, runs).reshape(height, width)


def painted(strokes: list[Stroke], width: int, height: int) -> np.ndarray:
    mask = np.zeros((height, width), dtype=bool)
    paint_(mask, strokes)
    return mask


@pytest.mark.parametrize("case", GOLDEN["masks"], ids=lambda case: case["name"])
def test_masks_equal_the_brute_force_pixel_for_pixel(case):
    mask = painted([Stroke(**stroke) for stroke in case["strokes"]], case["width"], case["height"])
    assert np.array_equal(mask, unpack(case["runs"], case["width"], case["height"]))
    assert mask.sum() == case["area"]


@pytest.mark.parametrize("case", GOLDEN["pictures"])
def test_pictures_are_sampled_at_the_nearest_pixel(case):
    mask = sample_nearest(np.array(case["values"], dtype=np.uint8), case["width"], case["height"])
    assert np.array_equal(mask, unpack(case["runs"], case["width"], case["height"]))


coordinate = st.floats(-0.5, 1.5, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=6),
    st.floats(0.001, 0.6),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_a_brush_covers_what_is_within_its_radius(points, radius, width, height):
    mask = painted([Stroke("brush", points, radius)], width, height)
    corners = to_pixels(points, width, height)
    y, x = np.mgrid[0:height, 0:width]
    centres = np.stack([x, y], axis=-1).astype(float)
    distance = np.full((height, width), np.inf)
    for start, end in zip(corners, corners[1:] if len(corners) > 1 else corners, strict=False):
        way = end - start
        t = np.clip(((centres - start) @ way) / max(way @ way, 1e-300), 0, 1)
        distance = np.minimum(distance, np.linalg.norm(centres - start - t[..., None] * way, axis=-1))
    limit = max(radius * width, 0.75)
    assert mask[distance < limit - 1e-6].all()
    assert not mask[distance > limit + 1e-6].any()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8), st.integers(0, 7))
def test_a_lasso_does_not_depend_on_where_it_begins(points, shift):
    shift %= len(points)
    first = painted([Stroke("lasso", points)], 30, 20)
    second = painted([Stroke("lasso", points[shift:] + points[:shift])], 30, 20)
    assert np.array_equal(first, second)


def test_neighbouring_lassos_neither_overlap_nor_leave_a_gap():
    left = [(0.0, 0.0), (0.5, 0.0), (0.37, 1.0), (0.0, 1.0)]
    right = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.37, 1.0)]
    one, other = (painted([Stroke("lasso", points)], 37, 23) for points in (left, right))
    assert not (one & other).any()
    assert (one | other).all()


def test_many_strokes_at_once_equal_the_same_strokes_one_by_one():
    rng = np.random.default_rng(5)
    strokes = [Stroke("brush", rng.uniform(0, 1, (rng.integers(1, 9), 2)), rng.uniform(0.01, 0.1)) for _ in range(40)]
    together = painted(strokes, 90, 70)
    alone = np.any([painted([stroke], 90, 70) for stroke in strokes], axis=0)
    assert np.array_equal(together, alone)
    assert 0 < together.sum() < together.size


@pytest.mark.parametrize("count", [255, 256, 65_535, 65_536, 70_000])
def test_any_number_of_strokes_over_each_other_is_one(count):
    dot = Stroke("brush", [(0.3, 0.6)], 0.2)
    many = Stroke("brush", [(0.3, 0.6)] * count, 0.2)  # segments of length 0
    assert np.array_equal(painted([many], 40, 30), painted([dot], 40, 30))
    erased = painted([Stroke("fill"), Stroke("erase", many.points, 0.2)], 40, 30)
    assert np.array_equal(erased, ~painted([dot], 40, 30))


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 5),
    st.integers(1, 200),
    st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 200), st.integers(0, 70)), max_size=20), max_size=3),
)
def test_a_union_is_every_pixel_that_an_interval_holds(height, columns, batches):
    union, expected = _Union(height, columns), np.zeros((height, columns), dtype=bool)
    for batch in batches:
        spans = [(row % height, min(first, columns), min(first + length, columns)) for row, first, length in batch]
        union.add_(_Spans(*np.array(spans, dtype=np.int64).reshape(-1, 3).T))
        for row, first, stop in spans:
            expected[row, first:stop] = True
    assert np.array_equal(union.pixels(), expected)


def test_a_large_brush_far_from_a_tiny_frame_is_cut_off():
    assert painted([Stroke("brush", [(9000.0, -9000.0), (-9000.0, 9000.0)], 10.0)], 3, 2).all()
    assert not painted([Stroke("brush", [(9000.0, 9000.0)], 10.0)], 3, 2).any()


def test_the_centre_of_the_top_left_pixel_is_the_origin():
    assert np.allclose(to_pixels([[0.5 / 8, 0.5 / 4]], 8, 4), [[0, 0]])
    assert np.allclose(to_pixels([[1, 1]], 8, 4), [[7.5, 3.5]])


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(1, 4000), st.integers(1, 4000))
def test_fractions_and_pixels_are_inverse(u, v, width, height):
    assert np.allclose(to_fractions(to_pixels([[u, v]], width, height), width, height), [[u, v]], atol=1e-9)


def test_png_round_trip():
    mask = np.random.default_rng(0).random((13, 29)) < 0.4
    text = encode_png(mask)
    check_png(text)
    assert np.array_equal(decode_png(text) == 255, mask)
    assert np.array_equal(sample_nearest(decode_png(text), 29, 13), mask)


# --- invert, grow and shrink ---


def brute_grown(mask: np.ndarray, radius_px: float) -> np.ndarray:
    """The union of the mask moved by every whole step that is short enough."""
    height, width = mask.shape
    reach = int(radius_px + 1e-9)
    padded = np.pad(mask, reach)
    grown = np.zeros_like(mask)
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if dx * dx + dy * dy <= radius_px**2 + 1e-6:
                grown |= padded[reach + dy : reach + dy + height, reach + dx : reach + dx + width]
    return grown


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0, 1.0), st.integers(4, 40), st.integers(1, 40), st.floats(0.001, 0.25))
def test_grow_and_shrink_equal_the_brute_force(seed, share, width, height, radius):
    mask = np.random.default_rng(seed).random((height, width)) < share
    grown, shrunk = mask.copy(), mask.copy()
    paint_(grown, [Stroke("grow", radius=radius)])
    paint_(shrunk, [Stroke("shrink", radius=radius)])
    assert np.array_equal(grown, brute_grown(mask, radius * width))
    assert np.array_equal(shrunk, ~brute_grown(~mask, radius * width))


@pytest.mark.parametrize("pixels", [1, 2, 3, 7, 24])
@pytest.mark.parametrize("width", [97, 1000, 1024, 1920, 4093])
def test_whole_pixels_are_whole_at_any_width(pixels, width):
    """The editor writes n / width, which times the width need not be n again."""
    mask = np.zeros((1, width), dtype=bool)
    mask[0, 30] = True
    paint_(mask, [Stroke("grow", radius=pixels / width)])
    assert np.flatnonzero(mask).tolist() == list(range(max(0, 30 - pixels), 31 + pixels))


def test_twice_inverted_is_the_same():
    strokes = [Stroke("brush", [(0.3, 0.4)], 0.1)]
    assert np.array_equal(painted(strokes + 2 * [Stroke("invert")], 50, 40), painted(strokes, 50, 40))
