"""When something moves and how fast: its span of the clip, easing or drawn curve, holds, and which way it runs.

Components and the camera have the same fields. All but `start`, `end` and `easing` are optional in a document, and what
says nothing of them means what it always meant. `trajectories.motion.shares` is what they come to, frame by frame.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .checks import EASINGS, check_choice, check_number, located, shown
from .json_values import as_object, each, list_of, need, unknown

Bezier = tuple[float, float, float, float]

PLAYBACKS = ("once", "reverse", "ping-pong", "loop")
TIMING_FIELDS = ("start", "end", "easing", "bezier", "holds", "playback", "times")
DEFAULT_TIMES, MAX_TIMES = 2, 100
MAX_HOLDS = 32
MAX_HELD = 0.99  # of a motion's time; the rest is for the way itself


@dataclass(frozen=True)
class Hold:
    """A stay on the way: at `place`, a share of the way, for `span`, a share of the time that one run of it takes.

    Both are shares, so that another number of frames, or another start and end, keeps the rhythm.
    """

    place: float
    span: float
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", check_number("place", self.place, 0, 1))
        object.__setattr__(self, "span", check_number("span", self.span, 0, MAX_HELD))

    @classmethod
    def from_dict(cls, value: Any) -> Hold:
        """Parsed JSON → Hold; ValueError says what is missing or wrong."""
        item = as_object(value, "it")
        need(item, "place")
        need(item, "span")
        return cls(item["place"], item["span"], unknown(item, ("place", "span")))

    def to_dict(self) -> dict[str, Any]:
        return {"place": self.place, "span": self.span} | dict(self.extra)


def timing_fields(item: dict[str, Any]) -> dict[str, Any]:
    """Of a parsed component or camera, the timing that it says, as arguments for its class."""
    fields = {key: item[key] for key in TIMING_FIELDS if key in item}
    if "holds" in item:
        fields["holds"] = each(list_of(item, "holds"), "hold", Hold.from_dict)
    return fields


def timing_dict(item: Any) -> dict[str, Any]:
    """The timing of a component or camera as values for JSON; what is optional only where it says something."""
    optional = {
        "bezier": item.bezier,
        "holds": [hold.to_dict() for hold in item.holds],
        "playback": item.playback if item.playback != PLAYBACKS[0] else None,
        "times": item.times if item.times != DEFAULT_TIMES else None,
    }
    always = {"start": item.start, "end": item.end, "easing": item.easing}
    return always | {key: value for key, value in optional.items() if value}


def check_timing(item: Any, playbacks: Sequence[str] = PLAYBACKS) -> None:
    """Check the timing of a frozen dataclass: start before end, both in 0…1, and the others one by one; numbers become
    floats, lists tuples. ValueError names the field."""
    object.__setattr__(item, "start", check_number("start", item.start, 0, 1))
    object.__setattr__(item, "end", check_number("end", item.end, 0, 1))
    if item.start > item.end:
        raise ValueError(f"start is {item.start:g} and end is {item.end:g}; start must not come after end")
    check_choice("easing", item.easing, EASINGS)
    check_choice("playback", item.playback, playbacks)
    times = check_number("times", item.times, 1, MAX_TIMES)
    if not times.is_integer():
        raise ValueError(f"times is {shown(item.times)}; it must be a whole number")
    object.__setattr__(item, "times", int(times))
    if item.bezier is not None:
        object.__setattr__(item, "bezier", _checked_bezier(item.bezier))
    object.__setattr__(item, "holds", tuple(item.holds))
    if len(item.holds) > MAX_HOLDS:
        raise ValueError(f"holds has {len(item.holds)} holds; at most {MAX_HOLDS} are allowed")
    held = 0.0
    for hold in item.holds:  # one after another, as the editor does: `sum` rounds otherwise in newer Pythons
        held += hold.span
    if held > MAX_HELD:
        raise ValueError(f"holds last {held:g} of the motion's time in all; at most {MAX_HELD:g} is allowed")


def _checked_bezier(value: Any) -> Bezier:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) != 4:
        raise ValueError(f"bezier is {shown(value)}; it must be four numbers [x1, y1, x2, y2]")
    with located("bezier"):
        x1, y1, x2, y2 = (
            check_number(name, at, 0, 1) for name, at in zip(("x1", "y1", "x2", "y2"), value, strict=True)
        )
    return x1, y1, x2, y2
