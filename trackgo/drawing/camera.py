"""The camera of a drawing: pan, zoom and turn of the whole scene, on top of what the components do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .checks import check_number, shown
from .json_values import as_object, unknown
from .timing import DEFAULT_TIMES, PLAYBACKS, TIMING_FIELDS, Bezier, Hold, check_timing, timing_dict, timing_fields

MAX_PAN = 10.0  # frames
MIN_ZOOM, MAX_ZOOM = 0.01, 100.0
MAX_TURN = 3600.0  # degrees
CAMERA_PLAYBACKS = tuple(name for name in PLAYBACKS if name != "reverse")
_FIELDS = ("pan", "zoom", "turn")


@dataclass(frozen=True)
class Camera:
    """What the camera's movement does to the *picture*, between `start` and `end`, fractions of the clip's length.

    pan: how far the picture has moved in the end, in frame widths to the right and frame heights down.
    zoom: how many times as large it is then. turn: degrees clockwise it has turned then; both about the frame's centre.

    With the eased share e of the way, frame centre c and pan p in pixels, a place x of the scene is seen at
        C(x) = c + zoomᵉ · rotation(e · turn) · (x − c) + p · (zoomᵉ − 1) / (zoom − 1)      (p · e where zoom = 1).
    So zoom is even on a logarithmic scale, as the eye judges it, turn is even, and pan is even without a zoom; with one
    it keeps step with it, so that without a turn every place runs straight and the place that ends in the middle comes
    straight to the middle. A component's own motion M happens in the scene, its arrows are drawn there: its points are
    at C(M(x)). Its timing is a component's, see `timing`; only, it does not run in reverse: the picture is where it
    starts. ValueError names a field that is wrong.
    """

    pan: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    turn: float = 0.0
    start: float = 0.0
    end: float = 1.0
    easing: str = "linear"
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    bezier: Bezier | None = field(default=None, kw_only=True)
    holds: tuple[Hold, ...] = field(default=(), kw_only=True)
    playback: str = field(default=PLAYBACKS[0], kw_only=True)
    times: int = field(default=DEFAULT_TIMES, kw_only=True)

    def __post_init__(self) -> None:
        if not isinstance(self.pan, Sequence) or isinstance(self.pan, str) or len(self.pan) != 2:
            raise ValueError(f"pan is {shown(self.pan)}; it must be a pair [x, y]")
        pan = tuple(check_number(f"pan {axis}", at, -MAX_PAN, MAX_PAN) for axis, at in zip("xy", self.pan, strict=True))
        object.__setattr__(self, "pan", pan)
        object.__setattr__(self, "zoom", check_number("zoom", self.zoom, MIN_ZOOM, MAX_ZOOM))
        object.__setattr__(self, "turn", check_number("turn", self.turn, -MAX_TURN, MAX_TURN))
        check_timing(self, CAMERA_PLAYBACKS)

    @property
    def moves(self) -> bool:
        """Whether it changes anything: a camera that does not is as good as none."""
        return self.pan != (0, 0) or self.zoom != 1 or self.turn != 0

    @classmethod
    def from_dict(cls, value: Any) -> Camera:
        """Parsed JSON → Camera; ValueError names a field that is wrong."""
        item = as_object(value, "it")
        fields = {key: item[key] for key in _FIELDS if key in item} | timing_fields(item)
        return cls(**fields, extra=unknown(item, (*_FIELDS, *TIMING_FIELDS)))

    def to_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _FIELDS} | timing_dict(self) | dict(self.extra)
