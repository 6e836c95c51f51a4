"""The drawing document, version 1: components, each with a mask, arrows and timing.

Coordinates are fractions of the first frame's width and height, (0, 0) its top-left corner and (1, 1) its bottom-right
one; they may lie outside. Everything is validated at construction, so a Drawing that exists is a good one. Keys that
this version does not know are kept in `extra` and written back. Messages count components, strokes and points from 1.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from .budget import SWEEPS, check_frame, check_total, mask_sweeps
from .camera import Camera
from .checks import Point, check_choice, check_flag, check_points, located, shown
from .coordinates import check_size
from .json_values import as_object, check_values, each, list_of, need, parse_json, unknown
from .mask import Mask
from .timing import DEFAULT_TIMES, PLAYBACKS, TIMING_FIELDS, Bezier, Hold, check_timing, timing_dict, timing_fields

VERSION = 1
CURVES = ("straight", "smooth")

# Limits beside the budget: far above any drawing made by hand, low enough to keep a server alive.
MAX_COMPONENTS = 1_000
MAX_ARROW_POINTS = 10_000
MAX_MASK_BYTES = 4 * 1024**3


@dataclass(frozen=True)
class Arrow:
    """Where a point of the component goes, from the first of `points` to the last; one point holds still."""

    points: tuple[Point, ...]
    curve: str = "straight"
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", check_points(self.points))
        if not 1 <= len(self.points) <= MAX_ARROW_POINTS:
            raise ValueError(f"points has {len(self.points)} points; an arrow needs 1 to {MAX_ARROW_POINTS}")
        check_choice("curve", self.curve, CURVES)

    @classmethod
    def from_dict(cls, value: Any) -> Arrow:
        """Parsed JSON → Arrow; ValueError says what is missing or wrong."""
        item = as_object(value, "it")
        need(item, "points")
        return cls(item["points"], item.get("curve", "straight"), unknown(item, ("points", "curve")))

    def to_dict(self) -> dict[str, Any]:
        return {"points": self.points, "curve": self.curve} | dict(self.extra)


@dataclass(frozen=True)
class Component:
    """A part of the picture and its motion. It moves between `start` and `end`, fractions of the clip's length.

    bezier: its speed as a curve that was drawn, in the place of `easing`: a cubic Bézier from (0, 0) by (x1, y1) and
    (x2, y2) to (1, 1), share of the time → share of the way, all four in 0…1, so that it never runs back.
    holds: where it stays for a while. playback: "once"; "reverse", from its arrows' tips to their starts; "ping-pong",
    there and back; "loop", from the beginning again; the last two run `times` ways between start and end. In the first
    frame it is where its mask is, whichever way it runs.
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
    bezier: Bezier | None = field(default=None, kw_only=True)
    holds: tuple[Hold, ...] = field(default=(), kw_only=True)
    playback: str = field(default=PLAYBACKS[0], kw_only=True)
    times: int = field(default=DEFAULT_TIMES, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ValueError(f"name is {shown(self.name)}; it must be text")
        object.__setattr__(self, "arrows", tuple(self.arrows))
        check_timing(self)
        check_flag("hidden", self.hidden)
        check_flag("locked", self.locked)

    @classmethod
    def from_mask(cls, mask: np.ndarray, name: str = "", arrows: Sequence[Arrow] = (), **settings: Any) -> Component:
        """A component whose mask is given as an array, see `Mask.from_array`; `settings` are the remaining fields."""
        return cls(name, Mask.from_array(mask), tuple(arrows), **settings)

    @classmethod
    def from_dict(cls, value: Any) -> Component:
        """Parsed JSON → Component; ValueError says which part is wrong."""
        known = ("name", "mask", "arrows", *TIMING_FIELDS, "hidden", "locked")
        item = as_object(value, "it")
        fields = {key: item[key] for key in ("name", "hidden", "locked") if key in item} | timing_fields(item)
        if "mask" in item:
            with located("mask"):
                fields["mask"] = Mask.from_dict(item["mask"])
        fields["arrows"] = each(list_of(item, "arrows"), "arrow", Arrow.from_dict)
        return cls(**fields, extra=unknown(item, known))

    def to_dict(self) -> dict[str, Any]:
        known: dict[str, Any] = {
            "name": self.name,
            "mask": self.mask.to_dict(),
            "arrows": [arrow.to_dict() for arrow in self.arrows],
        }
        flags = {key: True for key in ("hidden", "locked") if getattr(self, key)}
        return known | timing_dict(self) | flags | dict(self.extra)


@dataclass(frozen=True)
class Drawing:
    """A whole document. Components later in the list are drawn over earlier ones; the camera, if there is one, moves
    them all, after their own motion. `sweeps` is how much work its strokes are, see `budget`."""

    components: tuple[Component, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    camera: Camera | None = None
    sweeps: float = field(init=False, repr=False, compare=False, default=0.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "components", tuple(self.components))
        if len(self.components) > MAX_COMPONENTS:
            raise ValueError(f"{len(self.components)} components were given; a drawing holds at most {MAX_COMPONENTS}")
        object.__setattr__(self, "sweeps", _checked_sweeps(self.components))

    @classmethod
    def empty(cls) -> Drawing:
        """A drawing without components."""
        return cls()

    @classmethod
    def from_json(cls, text: str) -> Drawing:
        """Parse a version-1 document; ValueError says which component and part, what was given, what would be right."""
        return cls.from_dict(parse_json(text, "the drawing"))

    @classmethod
    def from_dict(cls, value: Any) -> Drawing:
        """A version-1 document that has been parsed already → Drawing; ValueError as `from_json`."""
        document = as_object(value, "the drawing")
        version = document.get("version")
        if isinstance(version, bool) or version != VERSION:
            given = f"is {json.dumps(version)[:40]}" if "version" in document else "is missing"
            raise ValueError(f"the drawing's version {given}; this TrackGo reads version {VERSION}")
        with located("the drawing"):
            items = list_of(document, "components", required=True)
        components = []
        for index, item in enumerate(items):
            name = item.get("name") if isinstance(item, dict) else None
            with located(component_label(index, name)):
                components.append(Component.from_dict(item))
        camera = None
        if "camera" in document:
            with located("camera"):
                camera = Camera.from_dict(document["camera"])
        check_values(document, "the drawing")
        return cls(tuple(components), unknown(document, ("version", "components", "camera")), camera)

    def to_dict(self) -> dict[str, Any]:
        """The version-1 document as values for JSON; `from_dict` gives an equal drawing back."""
        document = {"version": VERSION, "components": [component.to_dict() for component in self.components]}
        if self.camera is not None:
            document["camera"] = self.camera.to_dict()
        return document | dict(self.extra)

    def to_json(self) -> str:
        """Compact JSON (ASCII), the same text for equal drawings; `from_json` gives an equal drawing back."""
        return json.dumps(self.to_dict(), separators=(",", ":"), allow_nan=False)

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
        check_size(width, height)
        check_frame(self.sweeps, width, height)
        if len(self.active) * width * height > MAX_MASK_BYTES:
            raise ValueError(
                f"{len(self.active)} masks of {width}×{height} pixels exceed 4 GiB; draw at a smaller size"
            )
        masks = np.zeros((len(self.active), height, width), dtype=bool)
        for mask, index in zip(masks, self.active_indices, strict=True):
            self._paint_(mask, index)
        return masks

    def each_mask(self, width: int, height: int, proceed: Callable[[], None] = lambda: None) -> Iterator[np.ndarray]:
        """The masks of `masks` one after another, bool [H, W] each: all in the same memory, so that one is there at a
        time. ValueError as there, but for their number. What `proceed` raises ends the work."""
        check_size(width, height)
        check_frame(self.sweeps, width, height)
        mask = np.empty((height, width), dtype=bool)
        for index in self.active_indices:
            mask[:] = False
            self._paint_(mask, index, proceed)
            yield mask

    def _paint_(self, mask: np.ndarray, index: int, proceed: Callable[[], None] = lambda: None) -> None:
        with located(f"{self.label(index)}, mask"):
            proceed()
            self.components[index].mask.paint_(mask, proceed)

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


def _checked_sweeps(components: Sequence[Component]) -> float:
    """The work of all components' strokes; ValueError where they go beyond the budget."""
    labels = [component_label(index, component.name) for index, component in enumerate(components)]
    points = [
        sum(len(stroke.points) for stroke in one.mask.strokes) + sum(len(arrow.points) for arrow in one.arrows)
        for one in components
    ]
    check_total("strokes", [len(one.mask.strokes) for one in components], labels)
    check_total("points", points, labels)
    check_total("arrows", [len(one.arrows) for one in components], labels)
    check_total("pixels in PNG masks", [one.mask.png_pixels for one in components], labels)
    sweeps = [mask_sweeps(one.mask.strokes, one.mask.png is not None) for one in components]
    return check_total(SWEEPS, sweeps, labels)


def component_label(index: int, name: Any) -> str:
    """`component 2 ("boat")`, for messages; index counts from 0."""
    return f"component {index + 1}" + (f" ({shown(name)})" if isinstance(name, str) and name else "")
