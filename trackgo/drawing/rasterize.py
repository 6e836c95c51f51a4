"""Strokes → masks, the same way here and in the editor.

A row of pixels meets a capsule in one interval and a polygon in a few. All intervals of a run of strokes that do the
same go into the mask together: block by block where they are few, else merged in order of their beginnings, so that
what is left neither overlaps nor touches. So the work follows the strokes' outlines, and memory is one band of rows,
whatever overlaps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, groupby, pairwise
from typing import NamedTuple

import numpy as np

from .coordinates import MAX_SIDE_PX, to_pixels
from .strokes import Stroke

MIN_RADIUS_PX = 0.75  # so that the thinnest brush still leaves an unbroken line
_GRID_CELLS = 1 << 16  # (segment, row) pairs worked on at once: the temporaries stay in the processor's cache
_BAND_CELLS = 1 << 22  # pixels painted at once
_CROSSINGS = 1 << 20  # of a polygon's edges with rows, worked on at once
_SORT_CELLS = 100  # sorting one crossing costs as much as adding up so many pixels
_FEW_SPANS, _FEW_BLOCKS = 1 << 13, 100  # a shape whose rows are alike is written block by block
_WAITING_SPANS = 1 << 18  # merged at once
_LENGTH_BITS = 15  # an interval is at most MAX_SIDE_PX long, 2¹⁴


class _Spans(NamedTuple):
    """Intervals of pixel rows: int64 [n] each; columns first ≤ column < stop, none where they are equal."""

    rows: np.ndarray
    first: np.ndarray
    stop: np.ndarray


class _Box(NamedTuple):
    """Rows top … bottom and columns left … right, all included."""

    top: int
    bottom: int
    left: int
    right: int


def paint_(mask: np.ndarray, strokes: Sequence[Stroke], proceed: Callable[[], None] = lambda: None) -> None:
    """Apply strokes in order to `mask`, bool [H, W], in place.

    brush / erase: pixels whose centre is at most max(radius · W, 0.75) px from the polyline are set / cleared.
    lasso / lasso-erase: the closed polygon, non-zero winding; a centre exactly on an edge counts on the left and top
    sides only, so that neighbouring polygons neither overlap nor leave a gap. fill: the whole frame. invert: every
    pixel. grow / shrink: pixels whose centre is at most radius · W from a set / cleared one's are set / cleared.
    `proceed` is called now and then; what it raises ends the work.
    """
    height, width = mask.shape
    for tool, run in groupby(strokes, key=lambda stroke: stroke.tool):
        if tool in ("brush", "erase"):  # a run of these is one union, whatever the order within
            _paint_shapes_(mask, _Capsules.of(list(run), width, height), tool == "brush", proceed)
        elif tool in ("lasso", "lasso-erase"):
            _paint_shapes_(mask, _Polygons.of(list(run), width, height), tool == "lasso", proceed)
        else:
            for stroke in run:
                proceed()
                _whole_mask_(mask, stroke)


def _paint_shapes_(mask: np.ndarray, shapes: _Capsules | _Polygons, value: bool, proceed: Callable[[], None]) -> None:
    """Set the shapes' pixels to `value`, band by band."""
    box = shapes.box(*mask.shape)
    if box is None:
        return
    band = max(1, _BAND_CELLS // (box.right - box.left + 2))
    for top in range(box.top, box.bottom + 1, band):
        bottom = min(box.bottom, top + band - 1)
        region = mask[top : bottom + 1, box.left : box.right + 1]
        _write_(region, shapes.spans(_Box(top, bottom, box.left, box.right)), value, proceed)


def _write_(region: np.ndarray, batches: Iterator[_Spans], value: bool, proceed: Callable[[], None]) -> None:
    """Set the intervals' pixels, counted from the corner of bool [h, w], to `value`."""
    union = None
    for spans in batches:
        proceed()
        if union is None and len(spans.rows) <= _FEW_SPANS and len(blocks := _blocks(spans)) <= _FEW_BLOCKS:
            for top, bottom, first, stop in blocks.tolist():
                region[top:bottom, first:stop] = value
            continue
        if union is None:
            union = _Union(*region.shape)
        union.add_(spans)
    if union is None:
        return
    covered = union.pixels()
    if value:
        np.logical_or(region, covered, out=region)
    else:
        np.greater(region, covered, out=region)  # set and not covered


class _Union:
    """The union of intervals in [h, w], a bit a pixel.

    Intervals in order of their beginnings merge where one begins no later than the furthest end so far. What is left of
    them neither overlaps nor touches: a bit where each begins and where it ends, and the parity of such bits up to a
    pixel says whether it is in one. The rows lie one after another in whole words, so one running parity serves all.
    """

    def __init__(self, height: int, columns: int) -> None:
        self.height, self.columns, self.row_words = height, columns, columns // 64 + 1
        self.bits = np.zeros(height * self.row_words, dtype="<u8")
        self.waiting: list[np.ndarray] = []
        self.number_waiting = 0

    def add_(self, spans: _Spans) -> None:
        """More intervals."""
        begins = spans.rows * (self.row_words * 64) + spans.first
        begins <<= _LENGTH_BITS  # the length rides along
        begins += spans.stop
        begins -= spans.first
        self.waiting.append(begins)
        self.number_waiting += len(begins)
        if self.number_waiting >= _WAITING_SPANS:
            self._merge_()

    def _merge_(self) -> None:
        keys = np.concatenate(self.waiting)
        self.waiting, self.number_waiting = [], 0
        keys.sort()
        begins = keys >> _LENGTH_BITS
        keys &= (1 << _LENGTH_BITS) - 1
        keys += begins
        ends = np.maximum.accumulate(keys, out=keys)
        new = np.flatnonzero(begins[1:] > ends[:-1])
        begins, ends = np.append(begins[0], begins[new + 1]), np.append(ends[new], ends[-1])
        some = begins < ends
        flips = np.concatenate([begins[some], ends[some]])
        words = np.zeros_like(self.bits)
        np.add.at(words, flips >> 6, np.uint64(1) << (flips & 63).astype(np.uint64))
        for shift in (1, 2, 4, 8, 16, 32):
            words ^= words << np.uint64(shift)
        odd = np.bitwise_xor.accumulate(words >> np.uint64(63))
        words[1:] ^= np.negative(odd[:-1])  # every bit turned where an interval is open at the end of the word before
        self.bits |= words

    def pixels(self) -> np.ndarray:
        """bool [h, w]."""
        if self.number_waiting:
            self._merge_()
        bits = np.unpackbits(self.bits.view(np.uint8), bitorder="little").view(bool)
        return bits.reshape(self.height, -1)[:, : self.columns]


def _blocks(spans: _Spans) -> np.ndarray:
    """Intervals that are the same in row after row are one block: int64 [m, 4] as top, bottom, first, stop (last two of
    each pair not included)."""
    rows, first, stop = spans
    if not len(rows):
        return np.empty((0, 4), dtype=np.int64)
    goes_on = (np.diff(rows) == 1) & (np.diff(first) == 0) & (np.diff(stop) == 0)
    begins = np.append(0, np.flatnonzero(~goes_on) + 1)
    ends = np.append(begins[1:], len(rows)) - 1
    return np.stack([rows[begins], rows[ends] + 1, first[begins], stop[begins]], axis=-1)


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
        if region.size:
            _spread_(region, limit, grows)


def _surroundings(mask: np.ndarray, margin: int) -> tuple[slice, slice]:
    """The rectangle that holds all set pixels of bool [H, W] and `margin` pixels around; empty if there is none."""
    spans = []
    for axis in (1, 0):
        where = np.flatnonzero(mask.any(axis=axis))
        spans.append(slice(max(0, where[0] - margin), where[-1] + 1 + margin) if len(where) else slice(0, 0))
    return spans[0], spans[1]


def _spread_(region: np.ndarray, limit: int, value: bool) -> None:
    """Pixels at most √limit from one of `value` take that value, in bool [h, w]: exactly, and in a time that does not
    depend on the distance.

    This is a distance transform: where a column's nearest such pixel is g rows away, this row's pixels up to
    √(limit − g²) on either side are near. A pixel is in such an interval if one that starts left of it (or there)
    reaches it, or one from the right does.
    """
    height, width = region.shape
    reach = min(math.isqrt(limit), MAX_SIDE_PX)
    gaps = _column_gaps(region, reach, value)
    halves = [math.isqrt(limit - far * far) for far in range(reach + 1)]
    half = np.array([*halves, -2 * MAX_SIDE_PX], dtype=np.int32)
    columns = np.arange(width, dtype=np.int32)
    band = max(1, (1 << 18) // width)
    for top in range(0, height, band):
        halves_here = half[gaps[top : top + band]]
        reached = np.maximum.accumulate(halves_here + columns, axis=1) >= columns
        np.subtract(columns, halves_here, out=halves_here)
        reached |= np.minimum.accumulate(halves_here[:, ::-1], axis=1)[:, ::-1] <= columns
        np.copyto(region[top : top + band], value, where=reached)


def _column_gaps(region: np.ndarray, reach: int, value: bool) -> np.ndarray:
    """How many rows away the nearest pixel of `value` in the same column is, at most reach + 1: int16 [h, w]."""
    far = np.int16(reach + 1)
    gaps = np.where(region == value, np.int16(0), far)
    for rows in (gaps, gaps[::-1]):
        for above, here in pairwise(rows):
            np.minimum(here, above + 1, out=here)
    return gaps


class _Capsules(NamedTuple):
    """Discs that slide: starts [S, 2], ends [S, 2], radii [S] in pixels; a lone point is a segment of length 0."""

    starts: np.ndarray
    ends: np.ndarray
    radii: np.ndarray

    @classmethod
    def of(cls, strokes: Sequence[Stroke], width: int, height: int) -> _Capsules:
        """The segments of brush strokes, without those that miss the frame."""
        counts = np.array([len(stroke.points) for stroke in strokes])
        points_px = to_pixels(list(chain.from_iterable(stroke.points for stroke in strokes)), width, height)
        radii_px = np.repeat([max(stroke.radius * width, MIN_RADIUS_PX) for stroke in strokes], counts)
        last = np.cumsum(counts) - 1
        following = np.arange(1, len(points_px) + 1)
        following[last] = last
        keep = np.ones(len(points_px), dtype=bool)
        keep[last] = counts == 1
        every = cls(points_px[keep], points_px[following[keep]], radii_px[keep])
        low, high = every._bounds(height, width)
        meets = (low <= high).all(axis=1)
        return cls(*(part[meets] for part in every))

    def _bounds(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """First and last column and row of each, cut at the frame: float64 [S, 2] each."""
        reach = self.radii[:, None]
        low = np.ceil(np.minimum(self.starts, self.ends) - reach).clip(0, (width, height))
        return low, np.floor(np.maximum(self.starts, self.ends) + reach).clip(-1, (width - 1, height - 1))

    def box(self, height: int, width: int) -> _Box | None:
        """What they touch of the frame; None for nothing."""
        if not len(self.radii):
            return None
        low, high = self._bounds(height, width)
        (left, top), (right, bottom) = low.min(axis=0).astype(int).tolist(), high.max(axis=0).astype(int).tolist()
        return _Box(top, bottom, left, right)

    def spans(self, box: _Box) -> Iterator[_Spans]:
        """Their intervals in a box, counted from its corner."""
        low, high = self._bounds(box.bottom + 1, box.right + 1)
        first, last = np.maximum(low[:, 1], box.top).astype(np.int64), high[:, 1].astype(np.int64)
        columns = box.right - box.left + 1
        for members, rows, _ in _row_grids(first, last):
            np.minimum(rows, last[members, None], out=rows)  # its last row again where a shape has no more of them
            low_x, high_x = _capsule_columns(self, members, rows)
            start = np.ceil(low_x - box.left, out=low_x).clip(0, columns, out=low_x).astype(np.int64)
            stop = (np.floor(high_x - box.left, out=high_x) + 1).clip(0, columns).astype(np.int64)
            np.maximum(start, stop, out=stop)
            rows -= box.top
            yield _Spans(rows.reshape(-1), start.reshape(-1), stop.reshape(-1))


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


def _capsule_columns(capsules: _Capsules, members: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where capsules [s] meet pixel rows [s, R]: leftmost and rightmost x, the latter −∞ where they do not meet.

    A capsule is a disc sliding from start to end. At t the disc's left side on a row is x(t) − √(R² − s(t)²) with
    s = row − y(t); this is convex in t and smallest where s = R·dx/len·sign(dy), or at the nearer end of 0 ≤ t ≤ 1.
    The right side mirrors it.
    """
    starts, radii = capsules.starts[members], capsules.radii[members, None]
    x, y = starts.T[:, :, None]
    dx, dy = (capsules.ends[members] - starts).T[:, :, None]
    level = dy == 0  # then s is the same for every t, and the extreme is at an end
    inverse = np.divide(1.0, dy, out=np.zeros_like(dy), where=~level)
    lean = np.divide(radii * dx * np.sign(dy), np.hypot(dx, dy), out=np.zeros_like(dx), where=~level)
    offset = rows - y
    sides = []
    for shift, end, sign in ((-lean, level & (dx < 0), -1.0), (lean, level & (dx >= 0), 1.0)):
        t = offset + shift
        t *= inverse
        t += end
        np.clip(t, 0, 1, out=t)
        half = t * dy
        np.subtract(offset, half, out=half)
        half *= half
        np.subtract(radii * radii, half, out=half)
        misses = half < 0
        np.maximum(half, 0, out=half)
        np.sqrt(half, out=half)
        t *= dx
        t += x
        half *= sign
        t += half
        sides.append((t, misses))
    (x_low, none_left), (x_high, none_right) = sides
    x_high[none_left | none_right] = -np.inf
    return x_low, x_high


class _Polygons(NamedTuple):
    """The edges of closed polygons: which polygon int64 [E]; x and y of both ends [E] in pixels."""

    owner: np.ndarray
    x: np.ndarray
    y: np.ndarray
    x_next: np.ndarray
    y_next: np.ndarray

    @classmethod
    def of(cls, strokes: Sequence[Stroke], width: int, height: int) -> _Polygons:
        """The edges of lasso strokes."""
        counts = np.array([len(stroke.points) for stroke in strokes])
        points_px = to_pixels(list(chain.from_iterable(stroke.points for stroke in strokes)), width, height)
        following = np.arange(1, len(points_px) + 1)
        following[np.cumsum(counts) - 1] = np.cumsum(counts) - counts
        owner = np.repeat(np.arange(len(counts)), counts)
        return cls(owner, *points_px.T, *points_px[following].T)

    def _rows(self, top: int, bottom: int) -> tuple[np.ndarray, np.ndarray]:
        """First and last row each edge crosses between two: an edge owns the rows upper ≤ row < lower, hence each
        vertex belongs to one of its two edges."""
        upper, lower = np.minimum(self.y, self.y_next), np.maximum(self.y, self.y_next)
        first = np.ceil(upper).clip(top, bottom + 1).astype(np.int64)
        return first, (np.ceil(lower) - 1).clip(top - 1, bottom).astype(np.int64)

    def box(self, height: int, width: int) -> _Box | None:
        """What they touch of the frame; None for nothing."""
        first, last = self._rows(0, height - 1)
        crosses = first <= last
        left = int(np.ceil(self.x.min()).clip(0, width))
        right = int(np.floor(self.x.max()).clip(-1, width - 1))
        if not crosses.any() or left > right:
            return None
        return _Box(int(first[crosses].min()), int(last[crosses].max()), left, right)

    def spans(self, box: _Box) -> Iterator[_Spans]:
        """Their intervals in a box, counted from its corner: between crossings where the winding is not 0."""
        first, last = self._rows(box.top, box.bottom)
        meets = first <= last
        edges, first, last = _Polygons(*(part[meets] for part in self)), first[meets], last[meets]
        counts = last - first + 1
        if box.top < box.bottom and counts.sum() > _CROSSINGS:
            middle = (box.top + box.bottom) // 2
            for half in (box._replace(bottom=middle), box._replace(top=middle + 1)):
                for spans in edges.spans(half):
                    spans.rows[:] += half.top - box.top
                    yield spans
        elif len(counts):
            yield edges._spans_of(counts, first, box)

    def _spans_of(self, counts: np.ndarray, first: np.ndarray, box: _Box) -> _Spans:
        """All intervals at once, of edges that cross `counts` rows each from `first` on."""
        columns, height = box.right - box.left + 1, box.bottom - box.top + 1
        edge = np.repeat(np.arange(len(counts)), counts)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts - first, counts)
        slope = (self.x_next - self.x) / (self.y_next - self.y)
        x_cross = self.x[edge] + (row - self.y[edge]) * slope[edge]
        place = np.ceil(x_cross - box.left, out=x_cross).clip(0, columns, out=x_cross).astype(np.int64)
        column_bits, row_bits = columns.bit_length(), height.bit_length()
        row -= box.top
        alone = self.owner[0] == self.owner[-1] and len(place) * _SORT_CELLS > height * columns
        if not alone:
            row += self.owner[edge] << row_bits
        row <<= column_bits
        place += row
        down = (self.y_next > self.y)[edge]
        begins, ends = _wound_by_one(place, down, height << column_bits) if alone else _wound_by_many(place, down)
        of_rows, of_columns = (1 << row_bits) - 1, (1 << column_bits) - 1
        return _Spans(begins >> column_bits & of_rows, begins & of_columns, ends & of_columns)


def _wound_by_many(place: np.ndarray, down: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the winding begins and ends to be other than 0, int64 [m] each, from the crossings' places int64 [n]: the
    lines of all polygons one after another."""
    crossings = np.sort(place * 2 + down)  # the direction rides along
    winding = np.cumsum(((crossings & 1) * 2 - 1).astype(np.int32))  # 0 again at the end of every line
    crossings >>= 1
    inside = np.concatenate([[False], winding != 0])
    return crossings[inside[1:] > inside[:-1]], crossings[inside[1:] < inside[:-1]]


def _wound_by_one(place: np.ndarray, down: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """As `_wound_by_many` for the lines of one polygon, which have so many places: adding up is quicker than sorting
    where there are many crossings."""
    winding = np.zeros(cells + 1, dtype=np.int32)
    np.add.at(winding, place + 1, np.where(down, np.int32(1), np.int32(-1)))
    flips = np.flatnonzero(np.diff(np.cumsum(winding, out=winding) != 0))
    return flips[::2], flips[1::2]
