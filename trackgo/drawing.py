"""The drawing document, version 1: components, each with a mask, arrows and timing.

Coordinates are fractions of the first frame's width and height, (0, 0) its top-left corner and (1, 1) its bottom-right
one; they may lie outside. Everything is validated at construction, so a Drawing that exists is a good one. Keys that
this version does not know are kept in `extra` and written back. Messages count components, strokes and points from 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np

from . import rasterize
from .camera import Camera
from .checks import EASINGS as EASINGS
from .checks import check_choice, check_flag, check_number, check_timing, located, shown

VERSION = 1
LEAST_POINTS = {"brush": 1, "erase": 1, "lasso": 3, "lasso-erase": 3, "fill": 0, "invert": 0, "grow": 0, "shrink": 0}
TOOLS = tuple(LEAST_POINTS)
MAX_RADIUS = {"brush": 10.0, "erase": 10.0, "grow": 0.25, "shrink": 0.25}  # frame widths; the tools that need a radius
CURVES = ("straight", "smooth")

# Limits: far above any drawing made by hand, low enough that no document can exhaust a server's memory.
MAX_TEXT_BYTES = 64 * 1024 * 1024
MAX_COMPONENTS = 1_000
MAX_POINTS = 1_000_000
MAX_ARROW_POINTS = 10_000
MAX_COORDINATE = 10_000.0  # frames away from the frame
MAX_RESIZINGS = 100  # grow and shrink strokes of one mask: each looks at every pixel
MAX_MASK_BYTES = 4 * 1024**3

Point = tuple[float, float]


def _as_points(value: Any) -> tuple[Point, ...]:
    """A sequence (or array) of pairs → tuple of (x, y) floats; ValueError naming the first bad point."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if not isinstance(value, list | tuple):
        raise ValueError(f"points is {shown(value)}; it must be a list of [x, y] pairs")
    # Checks of the whole list, in C because there may be a million points; what fails is then looked at closely.
    shaped = {list, tuple}.issuperset(map(type, value)) and {2}.issuperset(map(len, value))
    coordinates = list(chain.from_iterable(value)) if shaped else []
    numeric = shaped and {float, int}.issuperset(map(type, coordinates))
    in_range = numeric and (
        not coordinates or -MAX_COORDINATE <= min(coordinates) <= max(coordinates) <= MAX_COORDINATE
    )
    if not in_range or math.isnan(sum(coordinates)):  # a NaN slips through min and max
        coordinates = list(chain.from_iterable(map(_checked_point, value, range(1, len(value) + 1))))
    flat = map(float, coordinates)
    return tuple(zip(flat, flat, strict=True))


def _checked_point(point: Any, number: int) -> Point:
    """One pair, looked at closely; ValueError names it by its number."""
    if not isinstance(point, list | tuple | np.ndarray) or len(point) != 2:
        raise ValueError(f"point {number} is {shown(point)}; it must be a pair [x, y]")
    with located(f"point {number}"):
        x, y = (check_number(axis, at, -MAX_COORDINATE, MAX_COORDINATE) for axis, at in zip("xy", point, strict=True))
    return x, y


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
        object.__setattr__(self, "points", _as_points(self.points))
        least = LEAST_POINTS[self.tool]
        if len(self.points) < least:
            raise ValueError(f"points holds {len(self.points)}; a {self.tool} stroke needs at least {least}")
        if self.radius is not None or self.tool in MAX_RADIUS:
            most = MAX_RADIUS.get(self.tool, max(MAX_RADIUS.values()))
            object.__setattr__(self, "radius", check_number("radius", self.radius, 0, most))
            if self.radius == 0:
                raise ValueError("radius is 0; it must be more, a fraction of the frame's width")

    def to_dict(self) -> dict[str, Any]:
        known: dict[str, Any] = {"tool": self.tool}
        if self.radius is not None:
            known["radius"] = self.radius
        if self.points:
            known["points"] = self.points
        return known | dict(self.extra)


@dataclass(frozen=True)
class Mask:
    """Which pixels a component holds: a PNG (base64, 8-bit greyscale, inside where ≥ 128), then strokes in order."""

    strokes: tuple[Stroke, ...] = ()
    png: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "strokes", tuple(self.strokes))
        resizings = sum(stroke.tool in ("grow", "shrink") for stroke in self.strokes)
        if resizings > MAX_RESIZINGS:
            raise ValueError(f"it grows and shrinks {resizings} times; at most {MAX_RESIZINGS} are allowed")
        if self.png is not None:
            if not isinstance(self.png, str):
                raise ValueError(f"png is {shown(self.png)}; it must be a PNG file as base64 text")
            rasterize.check_png(self.png)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was drawn at all."""
        return not self.strokes and self.png is None

    def paint_(self, mask: np.ndarray) -> None:
        """Draw onto an empty bool [H, W], in place; ValueError when the PNG's pixels turn out to be damaged."""
        if self.png is not None:
            height, width = mask.shape
            mask[:] = rasterize.sample_nearest(rasterize.decode_png(self.png), width, height)
        rasterize.paint_(mask, self.strokes)

    def to_dict(self) -> dict[str, Any]:
        known: dict[str, Any] = {} if self.png is None else {"png": self.png}
        if self.strokes or self.png is None:
            known["strokes"] = [stroke.to_dict() for stroke in self.strokes]
        return known | dict(self.extra)


@dataclass(frozen=True)
class Arrow:
    """Where a point of the component goes, from the first of `points` to the last; one point holds still."""

    points: tuple[Point, ...]
    curve: str = "straight"
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", _as_points(self.points))
        if not 1 <= len(self.points) <= MAX_ARROW_POINTS:
            raise ValueError(f"points has {len(self.points)} points; an arrow needs 1 to {MAX_ARROW_POINTS}")
        check_choice("curve", self.curve, CURVES)

    def to_dict(self) -> dict[str, Any]:
        return {"points": self.points, "curve": self.curve} | dict(self.extra)


@dataclass(frozen=True)
class Component:
    """A part of the picture and its motion. It moves between `start` and `end`, fractions of the clip's length.

    A hidden component takes no part in masks or trajectories; `locked` concerns the editor alone.
    """

    name: str = ""
    mask: Mask = field(default_factory=Mask)
    arrows: tuple[Arrow, ...] = ()
    start: float = 0.0
    end: float = 1.0
    easing: str = "linear"
    hidden: bool = False
    locked: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError(f"name is {shown(self.name)}; it must be text")
        object.__setattr__(self, "arrows", tuple(self.arrows))
        check_timing(self)
        check_flag("hidden", self.hidden)
        check_flag("locked", self.locked)

    @classmethod
    def from_mask(cls, mask: np.ndarray, name: str = "", arrows: Sequence[Arrow] = (), **settings: Any) -> Component:
        """A component whose mask is given as an array [H, W]: bool, integers 0…255 (inside from 128) or floats 0…1
        (inside from 0.5). `settings` are the remaining fields. ValueError on another shape or dtype."""
        values = np.asarray(mask)
        if values.ndim != 2 or 0 in values.shape:
            raise ValueError(f"mask has shape {list(values.shape)}; it must be [H, W] with at least one pixel")
        if values.dtype.kind not in "buif":
            raise ValueError(f"mask has dtype {values.dtype}; it must be bool, integer or float")
        threshold = {"b": 1, "f": 0.5}.get(values.dtype.kind, 128)
        return cls(name, Mask(png=rasterize.encode_png(values >= threshold)), tuple(arrows), **settings)

    def to_dict(self) -> dict[str, Any]:
        known: dict[str, Any] = {
            "name": self.name,
            "mask": self.mask.to_dict(),
            "arrows": [arrow.to_dict() for arrow in self.arrows],
            "start": self.start,
            "end": self.end,
            "easing": self.easing,
        }
        flags = {key: True for key in ("hidden", "locked") if getattr(self, key)}
        return known | flags | dict(self.extra)


@dataclass(frozen=True)
class Drawing:
    """A whole document. Components later in the list are drawn over earlier ones; the camera, if there is one, moves
    them all, after their own motion."""

    components: tuple[Component, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    camera: Camera | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", tuple(self.components))
        if len(self.components) > MAX_COMPONENTS:
            raise ValueError(f"{len(self.components)} components were given; a drawing holds at most {MAX_COMPONENTS}")
        total = sum(
            sum(len(stroke.points) for stroke in component.mask.strokes)
            + sum(len(arrow.points) for arrow in component.arrows)
            for component in self.components
        )
        if total > MAX_POINTS:
            raise ValueError(f"the components hold {total} points together; a drawing holds at most {MAX_POINTS}")

    @classmethod
    def empty(cls) -> Drawing:
        """A drawing without components."""
        return cls()

    @classmethod
    def from_json(cls, text: str) -> Drawing:
        """Parse a version-1 document; ValueError says which component and part, what was given, what would be right."""
        from .document import parse_drawing  # the parser builds these classes, so it imports this module

        return parse_drawing(text)

    def to_json(self) -> str:
        """Compact JSON (ASCII), the same text for equal drawings; `from_json` gives an equal drawing back."""
        document = {"version": VERSION, "components": [component.to_dict() for component in self.components]}
        if self.camera is not None:
            document["camera"] = self.camera.to_dict()
        return json.dumps(document | dict(self.extra), separators=(",", ":"), allow_nan=False)

    @property
    def active_indices(self) -> tuple[int, ...]:
        """Positions in `components` of those that are not hidden; masks and trajectories follow this order."""
        return tuple(index for index, component in enumerate(self.components) if not component.hidden)

    @property
    def active(self) -> tuple[Component, ...]:
        """The components that are not hidden."""
        return tuple(self.components[index] for index in self.active_indices)

    def label(self, index: int) -> str:
        """How messages name a component of `components`: its number from 1 and its name."""
        return component_label(index, self.components[index].name)

    def masks(self, width: int, height: int) -> np.ndarray:
        """bool [s, H, W], one mask per active component; ValueError on a bad size, over 4 GiB, or a damaged PNG."""
        rasterize.check_size(width, height)
        if len(self.active) * width * height > MAX_MASK_BYTES:
            raise ValueError(
                f"{len(self.active)} masks of {width}×{height} pixels exceed 4 GiB; draw at a smaller size"
            )
        masks = np.zeros((len(self.active), height, width), dtype=bool)
        for mask, index in zip(masks, self.active_indices, strict=True):
            with located(f"{self.label(index)}, mask"):
                self.components[index].mask.paint_(mask)
        return masks

    def with_component(self, component: Component) -> Drawing:
        """This drawing with one more component, at the end."""
        return replace(self, components=(*self.components, component))

    def with_camera(self, camera: Camera) -> Drawing:
        """This drawing with a camera; ValueError where it already has one that moves."""
        return Drawing.concat(self, Drawing(camera=camera))

    @classmethod
    def concat(cls, *drawings: Drawing) -> Drawing:
        """The components of several drawings in order; where unknown keys clash the first drawing's are kept.

        At most one of them may have a camera that moves (ValueError): two moves are not one camera's move in general.
        """
        extra: dict[str, Any] = {}
        for drawing in reversed(drawings):
            extra |= drawing.extra
        cameras = [drawing.camera for drawing in drawings if drawing.camera is not None]
        moving = [camera for camera in cameras if camera.moves]
        if len(moving) > 1:
            raise ValueError(f"{len(moving)} of the drawings have a camera that moves; one at most may have it")
        camera = next(iter(moving or cameras), None)
        return cls(tuple(chain.from_iterable(drawing.components for drawing in drawings)), extra, camera)


def component_label(index: int, name: Any) -> str:
    """`component 2 ("boat")`, for messages; index counts from 0."""
    return f"component {index + 1}" + (f" ({shown(name)})" if isinstance(name, str) and name else "")


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
