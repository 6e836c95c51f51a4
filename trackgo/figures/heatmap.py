"""Heat maps for people: perceptually even colors, maps over a frame, legends, and pages with text.

Pictures are uint8 [H, W, 3] in RGB. The colors are Matplotlib's viridis, magma and cividis as OpenCV has them: equal
steps of a value are equal steps to the eye, also in print and to the color-blind, and lightness alone already orders
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .overlays import INK, PAPER, Color, check_picture

Map = Literal["viridis", "magma", "cividis"]
MAPS: dict[str, int] = {
    "viridis": cv2.COLORMAP_VIRIDIS,
    "magma": cv2.COLORMAP_MAGMA,
    "cividis": cv2.COLORMAP_CIVIDIS,
}
FAINT: Color = (150, 153, 162)
_GREY_LOW, _GREY_HIGH = 70, 170  # a frame under a heat map keeps this contrast, so that it hardly shifts the colors


@cache
def color_table(name: Map) -> np.ndarray:
    """256 colors from the lowest to the highest value, uint8 [256, 3]."""
    if name not in MAPS:
        raise ValueError(f"there is no color map '{name}'; there are {', '.join(MAPS)}")
    return cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], MAPS[name])[:, 0, ::-1].copy()


def heat(values: np.ndarray, low: float, high: float, name: Map = "viridis") -> np.ndarray:
    """Values [h, w] as colors [h, w, 3]: ``low`` and less is the first, ``high`` and more the last.

    Raises:
        ValueError: ``high`` is not above ``low``, or a value is not finite.
    """
    if not high > low:
        raise ValueError(f"a heat map's highest value must lie above its lowest, got {low:g} to {high:g}")
    values = np.asarray(values, np.float64)
    if not np.isfinite(values).all():
        raise ValueError("a heat map's values must be finite")
    return color_table(name)[np.rint((values - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)]


def heat_over(
    frame: np.ndarray | None, values: np.ndarray, low: float, high: float, size: tuple[int, int],
    name: Map = "viridis", opacity: float = 0.75,
) -> np.ndarray:  # fmt: skip
    """Values [h, w] as colored cells over a pale grey frame (None: alone), at ``size`` (height, width).

    The cells stay squares: they are what was computed, and nothing between them is.
    """
    height, width = size
    cells = cv2.resize(heat(values, low, high, name), (width, height), interpolation=cv2.INTER_NEAREST)
    if frame is None:
        return cells
    check_picture(frame, "frame")
    grey = cv2.cvtColor(resized(frame, size), cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = _GREY_LOW + grey * (_GREY_HIGH - _GREY_LOW) / 255
    return np.rint(cells * opacity + grey[..., None] * (1 - opacity)).astype(np.uint8)


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A picture at (height, width): averaged when it shrinks, smooth when it grows."""
    shrinks = size[0] * size[1] < picture.shape[0] * picture.shape[1]
    return cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)


def fitted(height: int, width: int, longest: int) -> tuple[int, int]:
    """(height, width) of the same shape whose longer side is ``longest``."""
    scale = longest / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def nice_ceiling(value: float) -> float:
    """The least of 1, 1.5, 2, 3, 4, 5, 6, 8 × a power of ten that is not below ``value`` (above 0)."""
    power = 10.0 ** np.floor(np.log10(value))
    steps = np.array([1, 1.5, 2, 3, 4, 5, 6, 8, 10]) * power
    return float(steps[steps >= value * (1 - 1e-9)][0])


class Page:
    """A dark sheet with pictures and text on it; positions are pixels (x, y) from the top left."""

    def __init__(self, height: int, width: int) -> None:
        self._picture = Image.new("RGB", (width, height), PAPER)
        self._draw = ImageDraw.Draw(self._picture)

    def picture(self, x: int, y: int, picture: np.ndarray) -> None:
        """Put a picture down with its top left corner at (x, y)."""
        self._picture.paste(Image.fromarray(picture), (x, y))

    def text(self, x: float, y: float, text: str, size: int = 14, color: Color = INK, anchor: str = "ls") -> None:
        """Text in basic Latin letters; ``anchor`` as in Pillow: l, m, r and s (on the line), m (middle), a (top)."""
        self._draw.text((x, y), text, font=_font(size), fill=color, anchor=anchor)

    def bar(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """A filled rectangle, at least a pixel wide."""
        self._draw.rectangle((x, y, x + max(1.0, width) - 1, y + height - 1), fill=color)

    def legend(
        self, x: int, y: int, width: int, low: float, high: float, ticks: Mapping[float, str], title: str,
        name: Map = "viridis",
    ) -> None:  # fmt: skip
        """A color bar, ``LEGEND_PX`` high in all, with its title above and marked values below."""
        self.text(x, y + 12, title, 14)
        shown = np.repeat(heat(np.linspace(low, high, width)[None], low, high, name), 14, axis=0)
        self.picture(x, y + 21, shown)
        free = -1e9  # labels that would touch the one before are left out, their marks stay
        for value, label in sorted(ticks.items()):
            at = x + (value - low) / (high - low) * (width - 1)
            self.bar(round(at), y + 35, 1, 5, INK)
            half = text_width(label, 13) / 2
            left = min(max(at - half, x), x + width - 2 * half)
            if left >= free:
                self.text(left, y + 53, label, 13)
                free = left + 2 * half + 8

    def done(self) -> np.ndarray:
        """The sheet as uint8 [H, W, 3]."""
        return np.array(self._picture)


LEGEND_PX = 58


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)  # ships inside Pillow


def text_width(text: str, size: int = 14) -> float:
    """Pixels that a line of text takes."""
    return _font(size).getlength(text)


def short(value: float) -> str:
    """A number in at most four significant places, for captions."""
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1000 else f"{value:.0f}"
