"""Mask: which pixels a component holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .checks import shown
from .json_values import as_object, each, list_of, unknown
from .mask_png import check_png, decode_png, encode_png, png_size, sample_nearest
from .rasterize import paint_
from .strokes import Stroke

MAX_RESIZINGS = 100  # grow and shrink strokes of one mask: each looks at every pixel


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
            check_png(self.png)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was drawn at all."""
        return not self.strokes and self.png is None

    @property
    def png_pixels(self) -> int:
        """How many pixels the PNG has; 0 without one."""
        if self.png is None:
            return 0
        width, height = png_size(self.png)
        return width * height

    def paint_(self, mask: np.ndarray, proceed: Callable[[], None] = lambda: None) -> None:
        """Draw onto an empty bool [H, W], in place; ValueError when the PNG's pixels turn out to be damaged.

        `proceed` is called now and then; what it raises ends the work.
        """
        if self.png is not None:
            height, width = mask.shape
            mask[:] = sample_nearest(decode_png(self.png), width, height)
        paint_(mask, self.strokes, proceed)

    @classmethod
    def from_array(cls, mask: np.ndarray) -> Mask:
        """An array [H, W]: bool, integers 0…255 (inside from 128) or floats 0…1 (inside from 0.5).

        ValueError on another shape or dtype.
        """
        values = np.asarray(mask)
        if values.ndim != 2 or 0 in values.shape:
            raise ValueError(f"mask has shape {list(values.shape)}; it must be [H, W] with at least one pixel")
        if values.dtype.kind not in "buif":
            raise ValueError(f"mask has dtype {values.dtype}; it must be bool, integer or float")
        threshold = {"b": 1, "f": 0.5}.get(values.dtype.kind, 128)
        return cls(png=encode_png(values >= threshold))

    @classmethod
    def from_dict(cls, value: Any) -> Mask:
        """Parsed JSON → Mask; ValueError says which stroke and what is wrong."""
        item = as_object(value, "it")
        strokes = each(list_of(item, "strokes"), "stroke", Stroke.from_dict)
        return cls(strokes, item.get("png"), unknown(item, ("strokes", "png")))

    def to_dict(self) -> dict[str, Any]:
        known: dict[str, Any] = {} if self.png is None else {"png": self.png}
        if self.strokes or self.png is None:
            known["strokes"] = [stroke.to_dict() for stroke in self.strokes]
        return known | dict(self.extra)
