"""Strokes → masks, the same way here and in the editor.

A row of pixels meets a capsule in one interval and a polygon's edge at one x. So every shape becomes a few +1 and −1 in
a difference array, and a cumulative sum along the rows paints them all at once; nothing loops over points or pixels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import NamedTuple

import numpy as np

from .coordinates import MAX_SIDE_PX, to_pixels
from .strokes import Stroke

MIN_RADIUS_PX = 0.75  # so that the thinnest brush still leaves an unbroken line
_GRID_CELLS = 1 << 16  # (segment, row) pairs worked on at once: the temporaries stay in the processor's cache


class _Window(NamedTuple):
    """A painted rectangle of the frame: `inside` bool [h, w] with its top-left pixel at (left, top)."""

    top: int
    left: int
    inside: np.ndarray


def paint_(mask: np.ndarray, strokes: Sequence[Stroke]) -> None:
    """Apply strokes in order to `mask`, bool [H, W], in place.

    brush / erase: pixels whose centre is at most max(radius · W, 0.75) px from the polyline are set / cleared.
    lasso / lasso-erase: the closed polygon, non-zero winding; a centre exactly on an edge counts on the left and top
    sides only, so that neighbouring polygons neither overlap nor leave a gap. fill: the whole frame. invert: every
    pixel. grow / shrink: pixels whose centre is at most radius · W from a set / cleared one's are set / cleared.
    """
    height, width = mask.shape
    for tool, run in groupby(strokes, key=lambda stroke: stroke.tool):
        if tool in ("fill", "invert", "grow", "shrink"):
            for stroke in run:
                _whole_mask_(mask, stroke)
            continue
        if tool in ("brush", "erase"):  # a run of these is one union, whatever the order within
            windows = [_brush_window(list(run), width, height)]
        else:
            windows = [_polygon_window(to_pixels(stroke.points, width, height), width, height) for stroke in run]
        for window in filter(None, windows):
            rows, columns = window.inside.shape
            region = mask[window.top : window.top + rows, window.left : window.left + columns]
            if tool.endswith("erase"):
                region &= ~window.inside
            else:
                region |= window.inside


def _whole_mask_(mask: np.ndarray, stroke: Stroke) -> None:
    """fill, invert, grow or shrink bool [H, W], in place."""
    if stroke.tool == "fill":
        mask[:] = True
    elif stroke.tool == "invert":
        np.logical_not(mask, out=mask)
    else:
        # Squared distances between pixel centres are whole numbers; a hair more lets n px of any width count as n.
        limit = math.floor((stroke.radius * mask.shape[1]) ** 2 + 1e-6)
        grows = stroke.tool == "grow"
        region = mask[_surroundings(mask, math.isqrt(limit) if grows else 1)]
        if grows:
            region |= _near(region, limit)
        else:
            region &= ~_near(~region, limit)


def _surroundings(mask: np.ndarray, margin: int) -> tuple[slice, slice]:
    """The rectangle that holds all set pixels of bool [H, W] and `margin` pixels around; empty if there is none."""
    spans = []
    for axis in (1, 0):
        where = np.flatnonzero(mask.any(axis=axis))
        spans.append(slice(max(0, where[0] - margin), where[-1] + 1 + margin) if len(where) else slice(0, 0))
    return spans[0], spans[1]


def _near(inside: np.ndarray, limit: int) -> np.ndarray:
    """Pixels at most √limit from a set pixel of bool [h, w], exactly, in a time that does not depend on the distance.

    Where a column's nearest set pixel is g rows away, this row's pixels up to √(limit − g²) on either side are near. A
    pixel is in such an interval if one that starts left of it (or there) reaches it, or one from the right does.
    """
    height, width = inside.shape
    if not inside.any():
        return np.zeros_like(inside)
    reach = math.isqrt(limit)
    rows = np.arange(height, dtype=np.int32)[:, None]
    above = np.maximum.accumulate(np.where(inside, rows, -MAX_SIDE_PX), axis=0)
    below = np.minimum.accumulate(np.where(inside, rows, 2 * MAX_SIDE_PX)[::-1], axis=0)[::-1]
    gap = np.minimum(np.minimum(rows - above, below - rows), reach + 1)
    halves = [math.isqrt(limit - far * far) for far in range(reach + 1)]
    half = np.array([*halves, -2 * MAX_SIDE_PX], dtype=np.int32)[gap]
    columns = np.arange(width, dtype=np.int32)
    reached = np.maximum.accumulate(columns + half, axis=1) >= columns
    return reached | (np.minimum.accumulate((columns - half)[:, ::-1], axis=1)[:, ::-1] <= columns)


def _segments(strokes: Sequence[Stroke], width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The strokes' segments: starts [S, 2], ends [S, 2], radii [S] in pixels; a lone point is a segment of length 0."""
    counts = np.array([len(stroke.points) for stroke in strokes])
    points_px = to_pixels(list(chain.from_iterable(stroke.points for stroke in strokes)), width, height)
    radii_px = np.repeat([max(stroke.radius * width, MIN_RADIUS_PX) for stroke in strokes], counts)
    last = np.cumsum(counts) - 1
    following = np.arange(1, len(points_px) + 1)
    following[last] = last
    keep = np.ones(len(points_px), dtype=bool)
    keep[last] = counts == 1
    return points_px[keep], points_px[following[keep]], radii_px[keep]


def _brush_window(strokes: Sequence[Stroke], width: int, height: int) -> _Window | None:
    """The union of the strokes' capsules, or None when it misses the frame."""
    starts, ends, radii = _segments(strokes, width, height)
    low = np.ceil(np.minimum(starts, ends) - radii[:, None]).clip(0, (width, height))
    high = np.floor(np.maximum(starts, ends) + radii[:, None]).clip(-1, (width - 1, height - 1))
    meets = (low <= high).all(axis=1)
    if not meets.any():
        return None
    starts, ends, radii = starts[meets], ends[meets], radii[meets]
    low, high = low[meets].astype(np.int64), high[meets].astype(np.int64)
    left, top = low.min(axis=0)
    right, bottom = high.max(axis=0)
    columns = right - left + 1
    changes = np.zeros((bottom - top + 1, columns + 1), dtype=np.int32)
    for members, rows, valid in _row_grids(low[:, 1], high[:, 1]):
        x_low, x_high, hit = _capsule_spans(starts[members], ends[members], radii[members], rows)
        first = np.ceil(x_low - left).clip(0, columns).astype(np.int64)
        stop = (np.floor(x_high - left) + 1).clip(0, columns).astype(np.int64)
        hit &= valid & (first < stop)
        row_start = ((rows - top) * (columns + 1))[hit]
        one = np.ones(len(row_start), dtype=changes.dtype)  # `at` is forty times slower with a plain 1
        np.add.at(changes.reshape(-1), row_start + first[hit], one)
        np.subtract.at(changes.reshape(-1), row_start + stop[hit], one)
    return _Window(top, left, changes.cumsum(axis=1, dtype=changes.dtype)[:, :-1] > 0)


def _row_grids(first: np.ndarray, last: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Batches of (shape, pixel row) pairs for shapes that meet the rows first … last, int64 [S] each.

    Yields members int64 [s], rows int64 [s, R] and valid bool [s, R]. Tall shapes come first, so that a batch's grid is
    hardly larger than the pairs in it. Shapes without a row are left out.
    """
    counts = last - first + 1
    order = np.argsort(-counts, kind="stable")
    order = order[: np.count_nonzero(counts > 0)]
    position = 0
    while position < len(order):
        tallest = int(counts[order[position]])
        members = order[position : position + max(1, _GRID_CELLS // tallest)]
        rows = first[members, None] + np.arange(tallest)
        yield members, rows, rows <= last[members, None]
        position += len(members)


def _capsule_spans(
    starts: np.ndarray, ends: np.ndarray, radii: np.ndarray, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where capsules [s] meet pixel rows [s, R]: leftmost x, rightmost x, and whether they meet at all.

    A capsule is a disc sliding from start to end. At t the disc's left side on a row is x(t) − √(R² − s(t)²) with
    s = row − y(t); this is convex in t and smallest where s = R·dx/len·sign(dy), or at the nearer end of 0 ≤ t ≤ 1.
    The right side mirrors it.
    """
    x, y = starts.T[:, :, None]
    dx, dy = (ends - starts).T[:, :, None]
    radii = radii[:, None]
    level = dy == 0  # then s is the same for every t, and the extreme is at an end
    inverse = np.divide(1.0, dy, out=np.zeros_like(dy), where=~level)
    lean = np.divide(radii * dx * np.sign(dy), np.hypot(dx, dy), out=np.zeros_like(dx), where=~level)
    offset = rows - y
    t_left = ((offset - lean) * inverse + (level & (dx < 0))).clip(0, 1)
    t_right = ((offset + lean) * inverse + (level & (dx >= 0))).clip(0, 1)
    half_left = radii**2 - (offset - t_left * dy) ** 2
    half_right = radii**2 - (offset - t_right * dy) ** 2
    x_low = x + t_left * dx - np.sqrt(np.maximum(half_left, 0))
    x_high = x + t_right * dx + np.sqrt(np.maximum(half_right, 0))
    return x_low, x_high, (half_left >= 0) & (half_right >= 0)


def _polygon_window(points_px: np.ndarray, width: int, height: int) -> _Window | None:
    """The closed polygon [P, 2], non-zero winding, or None when no edge crosses a row of the frame."""
    x, y = points_px.T
    x_next, y_next = np.roll(points_px, -1, axis=0).T
    upper, lower = np.minimum(y, y_next), np.maximum(y, y_next)
    first = np.ceil(upper).clip(0, height).astype(np.int64)  # an edge owns the rows upper ≤ row < lower, hence each
    last = (np.ceil(lower) - 1).clip(-1, height - 1).astype(np.int64)  # vertex belongs to one of its two edges
    crosses = first <= last
    left = int(np.ceil(x.min()).clip(0, width))
    columns = int(np.floor(x.max()).clip(-1, width - 1)) - left + 1
    if not crosses.any() or columns <= 0:
        return None
    top, bottom = int(first[crosses].min()), int(last[crosses].max())
    changes = np.zeros((bottom - top + 1, columns + 1), dtype=np.int32)
    direction = np.where(y_next > y, 1, -1).astype(changes.dtype)
    slope = np.divide(x_next - x, y_next - y, out=np.zeros_like(x), where=y_next != y)
    for members, rows, valid in _row_grids(first, last):
        x_cross = x[members, None] + (rows - y[members, None]) * slope[members, None]
        column = np.ceil(x_cross - left).clip(0, columns).astype(np.int64)
        cells = ((rows - top) * (columns + 1) + column)[valid]
        np.add.at(changes.reshape(-1), cells, np.broadcast_to(direction[members, None], rows.shape)[valid])
    return _Window(top, left, changes.cumsum(axis=1, dtype=changes.dtype)[:, :-1] != 0)
