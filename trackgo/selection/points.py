"""Points on what a drawing holds, for nodes that find the whole object from a point on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..drawing import Component, Drawing
from ..drawing.checks import Point, check_points, located
from ..drawing.coordinates import inside_frame, to_pixels

KEY = "clicks"  # of a stroke that came from a selection


def selection_points(drawing: Drawing, width: int, height: int) -> list[tuple[int, int]]:
    """Where the objects of a drawing were clicked, as whole pixels (x, y) of a picture of width × height.

    A component that nobody clicked gives the first point of each of its arrows. Hidden components, and points outside
    the picture, are left out; no point comes twice. ValueError names a stroke whose clicks are no list of pairs.
    """
    fractions = [
        point
        for component, index in zip(drawing.active, drawing.active_indices, strict=True)
        for point in list(_clicks(component, drawing.label(index))) or [arrow.points[0] for arrow in component.arrows]
    ]
    found = to_pixels(np.array(fractions).reshape(-1, 2), width, height)
    found = np.floor(found[inside_frame(found, width, height)] + 0.5).astype(np.int64)
    return list(dict.fromkeys((int(x), int(y)) for x, y in found))


def _clicks(component: Component, label: str) -> Iterator[Point]:
    for number, stroke in enumerate(component.mask.strokes, start=1):
        if KEY in stroke.extra:
            with located(f"{label}: stroke {number}: {KEY}"):
                yield from check_points(stroke.extra[KEY])
