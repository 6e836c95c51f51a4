"""A camera's move as a component of its own, for who wants it apart from the other components."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .checks import check_number
from .document import Arrow, Component
from .mask import Mask
from .strokes import Stroke


def camera_component(
    pan_x: float = 0.0,
    pan_y: float = 0.0,
    zoom: float = 1.0,
    turn_degrees: float = 0.0,
    aspect: float = 16 / 9,
    **settings: Any,
) -> Component:
    """The whole frame as a component, moved as a camera would: four arrows, from the frame's corners.

    It moves apart from the other components; `Drawing.camera` carries them along and is exact on the way as well.
    The *picture* ends pan_x frame widths further right and pan_y frame heights further down, `zoom` times as large and
    turned by turn_degrees clockwise, both about the moving centre; aspect = width / height of the frame it is for.
    Pan with zoom, zoom with turn, and every move's end are exact; a pan with a turn strays a little on the way, because
    each arrow runs along its own path at even speed. `settings` are further fields of Component. ValueError outside
    pan ±10, zoom 0.01 to 100, turn ±3600°.
    """
    pan = complex(check_number("pan_x", pan_x, -10, 10) * check_number("aspect", aspect, 0.01, 100), 0)
    pan += 1j * check_number("pan_y", pan_y, -10, 10)
    growth = check_number("zoom", zoom, 0.01, 100) - 1
    turn = math.radians(check_number("turn_degrees", turn_degrees, -3600, 3600))
    # Steps of one degree keep the polyline within 0.05 px of the arc at 1024×576.
    progress = np.linspace(0, 1, 2 if turn == 0 else max(9, math.ceil(abs(turn_degrees)) + 1))
    scale_turn = (1 + growth * progress) * np.exp(1j * turn * progress)
    corners = np.array([x * aspect / 2 + 1j * y / 2 for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    paths = scale_turn * corners[:, None] + pan * progress  # in frame heights, from the centre
    points = np.stack([paths.real / aspect + 0.5, paths.imag + 0.5], axis=-1)
    whole = Mask((Stroke("fill"),))
    return Component(**({"name": "camera"} | settings), mask=whole, arrows=tuple(Arrow(path) for path in points))
