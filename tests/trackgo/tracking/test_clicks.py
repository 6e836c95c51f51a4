"""Clicked points and boxes as text."""

from __future__ import annotations

import pytest

from trackgo.tracking.clicks import MAX_CLICKS, read_box, read_clicks

SIZE = (200, 100)


@pytest.mark.parametrize(
    ("text", "units", "wanted"),
    [
        ("", "auto", []),
        ("  \n", "pixel", []),
        ('[{"x": 20, "y": 30}, {"x": 5.5, "y": 7}]', "auto", [[[20, 30]], [[5.5, 7]]]),
        ("[[20, 30], [5.5, 7]]", "auto", [[[20, 30]], [[5.5, 7]]]),
        ("[{'x': 20, 'y': 30}]", "auto", [[[20, 30]]]),
        ("[[[20, 30], [5, 7]], [[8, 9]]]", "auto", [[[20, 30], [5, 7]], [[8, 9]]]),
        ('[[{"x": 20, "y": 30}, {"x": 5, "y": 7}]]', "auto", [[[20, 30], [5, 7]]]),
        ("[[0.5, 0.25]]", "fraction", [[[99.5, 24.5]]]),
        ("[[0.5, 0.25]]", "pixel", [[[0.5, 0.25]]]),
    ],
)
def test_points(text: str, units: str, wanted: list) -> None:
    assert [group.tolist() for group in read_clicks(text, *SIZE, units)] == wanted


@pytest.mark.parametrize(
    ("text", "units", "says"),
    [
        ("[[0.5, 0.25]]", "auto", "points: the coordinates look like fractions.*Give units = fraction"),
        ("[[20, NaN]]", "auto", "points: .*NaN"),
        ("[[20, 1e999]]", "auto", "points: point 1: y is Infinity"),
        ('[{"x": 1}]', "auto", "points: point 1: y is missing"),
        ("[[20, 30], [20, 300]]", "auto", "points: 20, 300 px lies outside the clip of 200×100 px"),
        ("[[1.5, 0.5]]", "fraction", "points: .*lies outside the clip"),
        ("[]", "auto", "points: it is .*must be a list of"),
        ("7", "auto", "points: it is 7; it must be a list of"),
        ('{"x": 3, "y": 4}', "auto", "points: it is .*must be a list of"),
        ("[[[20, 30]], 7]", "auto", "points: group 2: it is 7; it must be a list of points"),
        ("[[[20, 30]], []]", "auto", "points: group 2: it has no points"),
        ("here", "auto", "points: the source is not JSON"),
        (str([[3, 4]] * (MAX_CLICKS + 1)), "auto", "points: there are 1001 points; at most 1000"),
    ],
)
def test_bad_points_are_said_in_one_sentence(text: str, units: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        read_clicks(text, *SIZE, units)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["20, 10, 100, 50", "[20 10 100 50]", "20;10;100;50"])
def test_a_box_in_pixels(text: str) -> None:
    assert read_box(text, *SIZE) == (0.1, 0.1, 0.5, 0.5)


def test_a_box_in_fractions_and_none() -> None:
    assert read_box("0.1, 0.2, 0.5, 1", *SIZE, "fraction") == (0.1, 0.2, 0.5, 1)
    assert read_box(" ", *SIZE) is None


@pytest.mark.parametrize(
    ("text", "units", "says"),
    [
        ("1, 2, 3", "auto", "box: it is .*; it must be four numbers: x, y, width, height"),
        ("a, 2, 3, 4", "auto", 'box: "a" is no number'),
        ("nan, 20, 30, 40", "auto", "box: x is NaN"),
        ("10, 20, inf, 40", "auto", "box: width is Infinity"),
        ("10, 20, 30, 0", "auto", "box: its width and height are 30 and 0; both must be more than 0"),
        ("0.1, 0.1, 0.5, 0.5", "auto", "box: the coordinates look like fractions.*Give units = fraction"),
        ("100, 20, 30, 40", "fraction", "box: x is 100.0; it must be a number from -10 to 10"),
    ],
)
def test_bad_boxes_are_said(text: str, units: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        read_box(text, *SIZE, units)
