"""Stroke: one gesture on a mask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import Point, check_choice, check_number, check_points
from .json_values import as_object, need, unknown

MIN_POINTS = {"brush": 1, "erase": 1, "lasso": 3, "lasso-erase": 3, "fill": 0, "invert": 0, "grow": 0, "shrink": 0}
TOOLS = tuple(MIN_POINTS)
MAX_RADIUS = {"brush": 10.0, "erase": 10.0, "grow": 0.25, "shrink": 0.25}  # frame widths; the tools that need a radius


@dataclass(frozen=True)
class Stroke:
    """One gesture on a mask. `radius` is a fraction of the frame's width; every tool works on what came before it.

    brush and erase need a radius and one point or more, lasso and lasso-erase (closed by themselves) three points. fill
    (the whole frame), invert, grow and shrink have none; grow and shrink need a radius of at most a quarter: grow adds
    all pixels at most that far from the mask, shrink takes all pixels away that are at most that far from what it
    leaves out, both measured between pixel centres. The frame's border is no edge: what touches it stays there.

    A mask is a set of pixels, for that is all the method asks of it (control points lie on it, eq. 10 counts it). So a
    brush has a size and no hardness: a soft edge would change nothing.
    """

    tool: str
    points: tuple[Point, ...] = ()
    radius: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_choice("tool", self.tool, TOOLS)
        object.__setattr__(self, "points", check_points(self.points))
        least = MIN_POINTS[self.tool]
        if len(self.points) < least:
            raise ValueError(f"points holds {len(self.points)}; a {self.tool} stroke needs at least {least}")
        if self.radius is not None or self.tool in MAX_RADIUS:
            most = MAX_RADIUS.get(self.tool, max(MAX_RADIUS.values()))
            object.__setattr__(self, "radius", check_number("radius", self.radius, 0, most))
            if self.radius == 0:
                raise ValueError("radius is 0; it must be more, a fraction of the frame's width")

    @classmethod
    def from_dict(cls, value: Any) -> Stroke:
        """Parsed JSON → Stroke; ValueError says what is missing or wrong."""
        item = as_object(value, "it")
        need(item, "tool")
        tool = item["tool"] if isinstance(item["tool"], str) else ""
        if tool in MAX_RADIUS:
            need(item, "radius")
        if MIN_POINTS.get(tool):
            need(item, "points")
        known = ("tool", "points", "radius")
        return cls(item["tool"], item.get("points", ()), item.get("radius"), unknown(item, known))

    def to_dict(self) -> dict[str, Any]:
        known: dict[str, Any] = {"tool": self.tool}
        if self.radius is not None:
            known["radius"] = self.radius
        if self.points:
            known["points"] = self.points
        return known | dict(self.extra)
