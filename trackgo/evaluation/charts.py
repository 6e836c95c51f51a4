"""The report's drawings as SVG text: marks of the systems, intervals in the table, and the scatter over all videos."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from .results import STILL, YARDSTICKS, Figure, Results, finite

_COLORS = 6
_WIDTH, _HEIGHT = 1080, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 16, 14, 44


def style(results: Results, system: str) -> str:
    """The CSS class of a system's color; the two yardsticks are grey."""
    return "yard" if system in YARDSTICKS else f"s{results.compared.index(system) % _COLORS}"


def mark(kind: str, x: float, y: float, size: float, inside: str = "") -> str:
    """A system's mark, a shape of its own besides the color."""
    shape = {"s0": "circle", "s1": "square", "s2": "up", "s3": "diamond", "s4": "down"}.get(kind, "circle")
    head = f'class="mark {kind}"'
    if shape == "circle":
        return f'<circle {head} cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}">{inside}</circle>'
    r = size * 1.05
    points = {
        "square": [(-r * 0.85, -r * 0.85), (r * 0.85, -r * 0.85), (r * 0.85, r * 0.85), (-r * 0.85, r * 0.85)],
        "up": [(0, -r * 1.15), (r, r * 0.8), (-r, r * 0.8)],
        "down": [(0, r * 1.15), (r, -r * 0.8), (-r, -r * 0.8)],
        "diamond": [(0, -r * 1.2), (r * 1.2, 0), (0, r * 1.2), (-r * 1.2, 0)],
    }[shape]
    corners = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in points)
    return f'<polygon {head} points="{corners}">{inside}</polygon>'


def swatch(kind: str) -> str:
    """The mark alone, for a legend or a table."""
    return f'<svg class="swatch" width="12" height="12" aria-hidden="true">{mark(kind, 6, 6, 4.6)}</svg>'


def interval(figure: Figure, most: float, kind: str) -> str:
    """A small axis from 0 to ``most`` pixels with the figure, its interval and, as a tick, the static baseline."""
    if figure.value is None or most <= 0:
        return ""
    width, middle = 132, 8
    place = lambda value: 5 + min(value / most, 1) * (width - 10)  # noqa: E731
    low, high = figure.interval or (figure.value, figure.value)
    parts = [f'<line class="axis" x1="5" x2="{width - 5}" y1="{middle}" y2="{middle}"/>']
    if figure.static is not None:
        at = place(figure.static)
        parts.append(f'<line class="still" x1="{at:.1f}" x2="{at:.1f}" y1="1" y2="{2 * middle - 1}"/>')
    parts.append(
        f'<line class="{kind}" stroke-width="3" stroke-linecap="round" '
        f'x1="{place(low):.1f}" x2="{place(high):.1f}" y1="{middle}" y2="{middle}"/>'
    )
    parts.append(mark(kind, place(figure.value), middle, 4))
    return f'<svg class="range" width="{width}" height="{2 * middle}" aria-hidden="true">{"".join(parts)}</svg>'


def scatter(results: Results, linked: Sequence[str]) -> str:
    """Every video of every system: ObjMC of a video that does not move across, the system's own upward, both in pixels.

    linked: videos that have a place of their own on the page.
    """
    points = [
        (score, one.static.value, one.value)
        for score in results.videos
        if score.system != STILL and finite((one := score.objmc["mean"]).value) is not None
    ]
    if not points:
        return '<p class="note">No video has an ObjMC to show.</p>'
    steps_x, steps_y = (_ticks(max(point[axis] for point in points)) for axis in (1, 2))
    body = [_axes(steps_x, steps_y)]
    for score, still, value in points:
        x, y = _across(still, steps_x[-1]), _upward(value, steps_y[-1])
        caption = f"{score.video}, {score.system}: {value:.2f} px; standing still: {still:.2f} px"
        one = mark(style(results, score.system), x, y, 4.2, f"<title>{escape(caption)}</title>")
        link = f'<a href="#case-{escape(score.video)}">{one}</a>' if score.video in linked else one
        body.append(link)
    names = [name for name in results.systems if name != STILL]
    legend = "".join(f"<li>{swatch(style(results, name))}{escape(name)}</li>" for name in names)
    return (
        f'<ul class="legend">{legend}</ul><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="ObjMC of every video against standing still">{"".join(body)}</svg>'
    )


def _across(value: float, most: float) -> float:
    return _LEFT + value / most * (_WIDTH - _LEFT - _RIGHT)


def _upward(value: float, most: float) -> float:
    return _HEIGHT - _BOTTOM - value / most * (_HEIGHT - _TOP - _BOTTOM)


def _ticks(most: float) -> list[float]:
    """From 0 to at least ``most`` in 4 to 8 round steps."""
    most = max(most, 1e-3)
    unit = 10 ** math.floor(math.log10(most))
    step = next(s * unit for s in (0.2, 0.25, 0.5, 1, 2, 2.5, 5) if most / (s * unit) <= 6)
    return [step * i for i in range(math.ceil(most / step - 1e-9) + 1)]


def _axes(steps_x: Sequence[float], steps_y: Sequence[float]) -> str:
    floor, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for step in steps_y:
        y = _upward(step, steps_y[-1])
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{step:g}</text>')
    for step in steps_x:
        x = _across(step, steps_x[-1])
        parts.append(f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{step:g}</text>')
    end = min(steps_x[-1], steps_y[-1])
    parts.append(
        f'<line class="even" x1="{_LEFT}" y1="{floor}" '
        f'x2="{_across(end, steps_x[-1]):.1f}" y2="{_upward(end, steps_y[-1]):.1f}"/>'
    )
    parts.append(
        f'<text class="title" x="{right}" y="{_HEIGHT - 6}" text-anchor="end">ObjMC of standing still, px</text>'
        f'<text class="title" x="{_LEFT + 8}" y="{_TOP + 12}">ObjMC, px</text>'
    )
    return "".join(parts)
