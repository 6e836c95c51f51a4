"""How much work one drawing may ask for: summed up from the document alone, before any of it is done.

The unit is the sweep: one line from the frame's top to its bottom. At 4096×2160 pixels a sweep takes about a tenth of a
millisecond of a core that does nothing else, so that MAX_SWEEPS are some three seconds. The editor counts in the same
way (`budget.js`), and both read the same documents in their tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .strokes import Stroke

MAX_SWEEPS = 24_000
SWEEPS = "sweeps of work in its strokes"
LIMITS: Mapping[str, int] = {
    "strokes": 20_000,
    "points": 1_000_000,
    "arrows": 10_000,
    "pixels in PNG masks": 2**29,
    SWEEPS: MAX_SWEEPS,
}
MOST_POSITIONS: Mapping[str, int] = {"arrows": 5_000_000, "control points": 20_000_000}  # times frames

FULL_FRAME_PX = 4_096 * 2_160
"""Up to so many pixels a frame costs what is counted here; a larger one costs more in proportion."""

_TURN_SWEEPS = 10.0  # strokes that do the same are painted together; each change of the tool begins anew
_WHOLE_SWEEPS = 10.0  # fill, invert
_RESIZE_SWEEPS = 1_000.0  # grow, shrink, if the mask reaches over the whole frame
_ASPECT = 2.0  # a radius is a fraction of the width; so much more it is of the height, in wide frames

_Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in fractions of the frame."""

_NOTHING: _Box = (1.0, 1.0, 0.0, 0.0)
_WHOLE: _Box = (0.0, 0.0, 1.0, 1.0)


def mask_sweeps(strokes: Sequence[Stroke], png: bool) -> float:
    """What one mask costs: its outlines' height, its changes of tool, and its resizings by the area they look at."""
    box, total, before = _WHOLE if png else _NOTHING, 0.0, ""
    for stroke in strokes:
        if stroke.tool != before:
            total += _TURN_SWEEPS
        before = stroke.tool
        if stroke.tool in ("fill", "invert"):
            total += _WHOLE_SWEEPS
            box = _WHOLE
        elif stroke.tool in ("grow", "shrink"):
            if stroke.tool == "grow":
                box = _grown(box, stroke.radius or 0.0)
            total += _RESIZE_SWEEPS * _area(box)
        else:
            closed = stroke.tool in ("lasso", "lasso-erase")
            radius = 0.0 if closed else stroke.radius or 0.0
            total += _outline(stroke.points, radius, closed)
            if stroke.tool in ("brush", "lasso"):
                box = _with_points(box, stroke.points, radius)
    return total


def _outline(points: Sequence[tuple[float, float]], radius: float, closed: bool) -> float:
    thick, total = 2 * _ASPECT * radius, 0.0
    before = points[-1][1] if closed or len(points) == 1 else points[0][1]
    for _, v in points[0 if closed or len(points) == 1 else 1 :]:
        total += min(1.0, abs(v - before) + thick)
        before = v
    return total


def _with_points(box: _Box, points: Sequence[tuple[float, float]], radius: float) -> _Box:
    left, top, right, bottom = box
    for u, v in points:
        left, right = min(left, u - radius), max(right, u + radius)
        top, bottom = min(top, v - _ASPECT * radius), max(bottom, v + _ASPECT * radius)
    return max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom)


def _grown(box: _Box, radius: float) -> _Box:
    left, top, right, bottom = box
    if left > right or top > bottom:
        return box
    tall = _ASPECT * radius
    return max(0.0, left - radius), max(0.0, top - tall), min(1.0, right + radius), min(1.0, bottom + tall)


def _area(box: _Box) -> float:
    left, top, right, bottom = box
    return max(0.0, right - left) * max(0.0, bottom - top)


def check_total(what: str, amounts: Sequence[float], labels: Sequence[str]) -> float:
    """All components' amounts of something together; ValueError where they are more than LIMITS says, with the number
    and the component that has most of it."""
    total, most = 0.0, LIMITS[what]
    for amount in amounts:  # one after another, as the editor does: `sum` rounds otherwise in newer Pythons
        total += amount
    if total > most:
        heaviest = max(range(len(amounts)), key=amounts.__getitem__)
        raise ValueError(
            f"the drawing has {total:.0f} {what}, {amounts[heaviest]:.0f} of them in {labels[heaviest]}; at most "
            f"{most} are allowed"
        )
    return total


def check_frame(sweeps: float, width: int, height: int) -> None:
    """ValueError where so many sweeps are too many for a frame of this size."""
    larger = width * height / FULL_FRAME_PX
    if larger > 1 and sweeps * larger > MAX_SWEEPS:
        raise ValueError(
            f"the drawing's strokes need {sweeps * larger:.0f} sweeps of work at {width}×{height} pixels; at most "
            f"{MAX_SWEEPS} are painted: take a smaller frame, or fewer strokes"
        )


def check_positions(count: int, frames: int, what: str = "arrows") -> None:
    """ValueError where arrows, or another of MOST_POSITIONS, over so many frames are too many positions."""
    if count * frames > MOST_POSITIONS[what]:
        raise ValueError(
            f"{count} {what} over {frames} frames are {count * frames} positions; at most {MOST_POSITIONS[what]} are "
            f"computed: take fewer frames, or fewer {what}"
        )
