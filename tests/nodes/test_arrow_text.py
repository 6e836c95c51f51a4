"""Arrows as text."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.comfy_harness import ROOT


@pytest.fixture(scope="module")
def parse_arrows(nodes):
    return sys.modules[str(ROOT).replace(".", "_x_") + ".nodes.arrow_text"].parse_arrows


def test_fractions_points_and_lines(parse_arrows) -> None:
    first, second = parse_arrows(
        "0.1, 0.2 -> 0.3, 0.4 -> 0.5, 0.6\n\n (0.7 0.8) → (0.9 1.1)", "fraction", "smooth", 64, 32
    )
    assert first.points == ((0.1, 0.2), (0.3, 0.4), (0.5, 0.6))
    assert second.points == ((0.7, 0.8), (0.9, 1.1))
    assert (first.curve, second.curve) == ("smooth", "smooth")


def test_pixels_count_from_the_first_pixels_centre(parse_arrows) -> None:
    (arrow,) = parse_arrows("0, 0 -> 63, 31", "pixel", "straight", 64, 32)
    np.testing.assert_allclose(arrow.points, [(0.5 / 64, 0.5 / 32), (63.5 / 64, 31.5 / 32)])


@pytest.mark.parametrize("text", ["", "  \n \n"])
def test_no_text_is_no_arrow(parse_arrows, text: str) -> None:
    assert parse_arrows(text, "fraction", "straight", 64, 32) == ()


@pytest.mark.parametrize(
    "text",
    [
        '[{"x": 7.5, "y": 7.5}, {"x": 15.5, "y": 7.5}]',
        '[[{"x": 7.5, "y": 7.5}, {"x": 15.5, "y": 7.5}]]',
        "[[{'x': 7.5, 'y': 7.5}, {'x': 15.5, 'y': 7.5}]]",
        "[[[7.5, 7.5], [15.5, 7.5]]]",
        '\n [ [{"x": 7.5, "y": 7.5}, {"x": 15.5, "y": 7.5}] ]',
    ],
)
def test_another_packs_coordinates_are_pixels(parse_arrows, text: str) -> None:
    (arrow,) = parse_arrows(text, "fraction", "straight", 64, 32)
    np.testing.assert_allclose(arrow.points, [(8 / 64, 8 / 32), (16 / 64, 8 / 32)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.1, 0.2 -> there", "line 1.*'there'"),
        ("0.1, 0.2 -> 0.3, 0.4\n0.5", "line 2.*'0.5'"),
        ("0.1, 0.2 -> ", "line 1.*''"),
        ("0.1, 0.2, 0.3", "line 1"),
        ("1e99, 0 -> 0, 0", "line 1.*number from"),
        ('[{"x": 1}]', "y is missing"),
        ("[[]]", "no track"),
        ("[{", "not JSON"),
        ("[(1, 2), (3, 4)]", "track 1: point 1: there is a Python tuple"),
        ("0.1, 0.2 -> 0.3, 0.4\n200, 100 -> 400, 100", "line 2: 400, 100 looks like pixels.*set units to pixel"),
        ("0.5, 0.5 -> 20, 0.5", "line 1: 20, 0.5 looks like pixels"),
        ("0.5, 0.5 -> -64, 32", "line 1: -64, 32 looks like pixels"),
        ('[[{"x": 0.1, "y": 0.2}, {"x": 0.9, "y": 0.2}]]', "look like fractions"),
        ('[{"x": 1.5, "y": 9.5}, {"x": 40.5, "y": 2.5}, {"x": 60.5, "y": 20.5}]', "coord_str"),
    ],
)
def test_bad_text_is_named(parse_arrows, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_arrows(text, "fraction", "straight", 64, 32)


numbers = st.floats(-5, 5, allow_nan=False).map(lambda value: round(value, 6))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_what_is_written_is_read(parse_arrows, points: list[tuple[float, float]]) -> None:
    text = " -> ".join(f"{x!r}, {y!r}" for x, y in points)
    (arrow,) = parse_arrows(text, "fraction", "straight", 64, 32)
    assert arrow.points == tuple(points)


@given(st.lists(st.tuples(st.integers(-20, 900), st.integers(-20, 900)), min_size=1, max_size=6))
def test_pixels_given_as_fractions_are_named(parse_arrows, points: list[tuple[int, int]]) -> None:
    """Unless they could be fractions: then they are."""
    text = " -> ".join(f"{x}, {y}" for x, y in points)
    if max(abs(number) for point in points for number in point) > 5:
        with pytest.raises(ValueError, match="looks like pixels"):
            parse_arrows(text, "fraction", "straight", 640, 480)
    else:
        assert len(parse_arrows(text, "fraction", "straight", 640, 480)) == 1
    assert len(parse_arrows(text, "pixel", "straight", 640, 480)) == 1


def test_fractions_given_as_pixels_are_named(parse_arrows) -> None:
    with pytest.raises(ValueError, match=r"line 1: all its numbers lie between −2 and 2.*set units to fraction"):
        parse_arrows("0.3, 0.5 -> 0.6, 0.5", "pixel", "straight", 640, 480)
    assert parse_arrows("0.5, 1 -> 3.5, 1", "pixel", "straight", 640, 480)


def test_a_byte_order_mark_is_passed_over(parse_arrows) -> None:
    for text in ("0.1, 0.2 -> 0.3, 0.4", '[[{"x": 7.5, "y": 7.5}, {"x": 15.5, "y": 7.5}]]'):
        assert parse_arrows("\ufeff" + text, "fraction", "straight", 64, 32) == parse_arrows(
            text, "fraction", "straight", 64, 32
        )
