"""Points on what a drawing holds: clicks of selections, else the arrows' beginnings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trackgo import Drawing
from trackgo.selection.points import selection_points

LASSO = [[0.1, 0.1], [0.3, 0.1], [0.2, 0.3]]


def component(clicks: list[Any] = (), arrows: list[Any] = (), **more: object) -> dict[str, Any]:
    strokes = [{"tool": "lasso", "points": LASSO, **({"clicks": each} if each != "none" else {})} for each in clicks]
    return {"mask": {"strokes": strokes}, "arrows": [{"points": points} for points in arrows], **more}


def points(*components: dict[str, Any]) -> list[tuple[int, int]]:
    drawing = Drawing.from_json(json.dumps({"version": 1, "components": components}))
    assert Drawing.from_json(drawing.to_json()).to_json() == drawing.to_json()
    return selection_points(drawing, 200, 100)


def test_clicks_come_first_and_arrows_stand_in_for_them() -> None:
    arrow = [[0.5, 0.5], [0.9, 0.9]]
    assert points() == []
    assert points(component([[[0.1, 0.2]], "none", [[0.25, 0.5], [0.1, 0.2]]], [arrow])) == [(20, 20), (50, 50)]
    assert points(component(["none"], [arrow, [[0.25, 0.1], [0, 0]]])) == [(100, 50), (50, 10)]
    assert points(component([[[0.1, 0.2]]]), component([], [arrow])) == [(20, 20), (100, 50)]
    assert points(component([[[0.1, 0.2]]], hidden=True), component()) == []


def test_points_lie_on_pixels_of_the_picture() -> None:
    edges = [[0, 0], [0.99999, 0.99999], [1, 0.5], [-0.01, 0.5], [0.0049, 0.0099]]
    assert points(component([edges])) == [(0, 0), (199, 99)]


@pytest.mark.parametrize(
    ("clicks", "says"),
    [("here", 'points is "here"'), ([[1]], r"point 1 is \[1\]"), ([[0, True]], "point 1: y is true")],
)
def test_clicks_that_are_none_are_named(clicks: object, says: str) -> None:
    with pytest.raises(ValueError, match=rf'component 1 \("boat"\): stroke 2: clicks: {says}'):
        points(component(["none", clicks], name="boat"))
