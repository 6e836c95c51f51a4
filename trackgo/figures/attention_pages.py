"""Pages of attention maps: one per layer and step, rows by (i, j), columns by kind; and activated shares per layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from ..svd.layers import LAYERS
from .attention_record import KINDS, AttentionMap
from .heatmap import FAINT, LEGEND_PX, Page, color_table, fitted, heat_over, nice_ceiling, resized, short, text_width
from .overlays import INK, check_picture

TITLES = {
    "without": "without adapters",
    "original": "original branch A",
    "masked": "A after the mask",
    "adapter": "TrackAdapter A'",
    "joined": "A and A' joined",
    "mask": "mask A' >= {alpha:g}",
}
_GROUPS = (("without", "original", "masked"), ("adapter", "joined"), ("mask",))  # each has a scale of its own
_CELL_PX, _GAP, _MARGIN = 190, 10, 24
_HEAD_PX, _COLUMN_PX, _CAPTION_PX = 62, 26, 20
_LEGEND_PX = 390  # widest


@dataclass(frozen=True)
class Scene:
    """What the maps are shown with.

    Attributes:
        frames: the video, uint8 [L, H, W, 3]; None shows the maps alone.
        points: P, uint8 [L, h, w, 3], drawn into the frames where it is not black; None for none.
        steps: how many sampling steps there were.
        sigmas: step (from 0) → noise level.
        alpha: threshold of the mask.
        length: L.
        size: (height, width) of the video in pixels, where there are no frames.
    """

    frames: np.ndarray | None
    points: np.ndarray | None
    steps: int
    sigmas: Mapping[int, float]
    alpha: float
    length: int
    size: tuple[int, int]

    def __post_init__(self) -> None:
        if self.frames is None:
            return
        if len(self.frames) != self.length:
            raise ValueError(
                f"{len(self.frames)} frames were given to show the maps on, but the model saw {self.length}"
            )
        check_picture(self.frames[0], "a frame")

    @property
    def cell(self) -> tuple[int, int]:
        """(height, width) of one picture on a page."""
        return fitted(*(self.size if self.frames is None else self.frames.shape[1:3]), _CELL_PX)

    def frame(self, number: int) -> np.ndarray:
        """Frame ``number`` (from 0) with its points, at the size of a cell."""
        shown = np.full((*self.cell, 3), 38, np.uint8) if self.frames is None else resized(
            self.frames[number], self.cell
        )  # fmt: skip
        if self.points is None:
            return shown
        points = resized(self.points[number], self.cell)
        strength = points.max(axis=-1, keepdims=True) / 255
        return np.rint(shown * (1 - strength) + points * strength.clip(0, 1)).clip(0, 255).astype(np.uint8)


def attention_pages(maps: Sequence[AttentionMap], scene: Scene, shares: Mapping[str, float]) -> list[np.ndarray]:
    """One page per layer and step, all of one size.

    On a page the original branch's maps share one scale, from 0 to their highest weight, and the adapter's another.

    Args:
        maps: sorted by layer and step, as ``record.with_plain`` gives them.
        shares: layer → share of activated entries; may be empty.
    """
    kinds = [kind for kind in KINDS if any(kind in m.values for m in maps)]
    pages = groupby(maps, key=lambda m: (m.layer, m.step))
    return [_page(layer, step, list(found), kinds, scene, shares) for (layer, step), found in pages]


def _page(
    layer: str, step: int, maps: list[AttentionMap], kinds: list[str], scene: Scene, shares: Mapping[str, float]
) -> np.ndarray:
    height, width = scene.cell
    groups = [[kind for kind in group if kind in kinds] for group in _GROUPS]
    left = _columns([2, *(len(group) for group in groups)], width)
    top, row_px = _MARGIN + _HEAD_PX, _CAPTION_PX + height + _GAP
    bottom = top + _COLUMN_PX + len(maps) * row_px
    page = Page(bottom + LEGEND_PX + _MARGIN + 8, max(left[-1] + width, 700) + _MARGIN)
    _heading(page, layer, step, maps[0], scene, shares)
    shown = {kind: high for group in groups for high in (_highest(maps, group),) for kind in group}
    columns = dict(zip(["frame i", "frame j", *shown], left, strict=True))
    for name, x in columns.items():
        page.text(x, top + 14, TITLES.get(name, name).format(alpha=scene.alpha), 15)
    for row, item in enumerate(maps):
        y = top + _COLUMN_PX + row * row_px
        for x, number in zip(left[:2], (item.i, item.j), strict=True):
            page.text(x, y + 13, f"frame {number + 1}", 13, FAINT)
            page.picture(x, y + _CAPTION_PX, scene.frame(number))
        for kind, high in shown.items():
            _map(page, columns[kind], y, item, kind, scene, high)
    for group in filter(None, groups):
        wide = columns[group[-1]] + width - columns[group[0]]
        _legend(page, columns[group[0]], bottom + 8, min(wide, _LEGEND_PX), group[0], shown[group[0]], scene)
    return page.done()


def _columns(groups: Sequence[int], width: int) -> list[int]:
    """Left edges of the columns; groups stand a little apart."""
    left, x = [], _MARGIN
    for size in groups:
        left += [x + at * (width + _GAP) for at in range(size)]
        x += size * (width + _GAP) + (_GAP if size else 0)
    return left


def _heading(page: Page, layer: str, step: int, first: AttentionMap, scene: Scene, shares: Mapping[str, float]) -> None:
    rows, columns = next(iter(first.values.values())).shape
    page.text(_MARGIN, _MARGIN + 20, layer, 24)
    about = f"step {step + 1} of {scene.steps}  ·  sigma {short(scene.sigmas[step])}  ·  {columns} x {rows} cells"
    page.text(_MARGIN + text_width(layer, 24) + 16, _MARGIN + 20, about, 16, FAINT)
    note = "temporal attention from frame i to frame j, mean over the heads"
    if layer in shares:
        note += f"; {100 * shares[layer]:.2f} % of this layer's A' reaches alpha"
    page.text(_MARGIN, _MARGIN + 44, note, 14, FAINT)


def _highest(maps: Sequence[AttentionMap], kinds: Sequence[str]) -> float:
    """End of the color scale of some kinds: their highest weight, rounded up; a share goes to 1."""
    if "mask" in kinds:
        return 1.0
    highest = max((float(m.values[kind].max()) for m in maps for kind in kinds if kind in m.values), default=0)
    return nice_ceiling(max(highest, 1e-3))


def _map(page: Page, x: int, y: int, item: AttentionMap, kind: str, scene: Scene, high: float) -> None:
    if kind not in item.values:
        page.text(x, y + _CAPTION_PX + scene.cell[0] / 2, "the adapters rest here", 13, FAINT)
        return
    values, share = item.values[kind], kind == "mask"
    frame = None if scene.frames is None else scene.frames[item.i]
    shown = heat_over(frame, values, 0, high, scene.cell, "magma" if share else "viridis")
    page.picture(x, y + _CAPTION_PX, shown)
    caption = (
        f"{100 * values.mean():.1f} % of heads, most {100 * values.max():.0f} %"
        if share
        else f"mean {short(values.mean())}, {short(values.min())} to {short(values.max())}"
    )
    page.text(x, y + 13, caption, 13, FAINT)


def _legend(page: Page, x: int, y: int, width: int, kind: str, high: float, scene: Scene) -> None:
    if kind == "mask":
        page.legend(x, y, width, 0, 1, {0.0: "0", 0.5: "50 %", 1.0: "100 %"}, "share of heads", "magma")
        return
    ticks = {0.0: "0", 1 / scene.length: f"1/{scene.length} even", high: f"{high:g}"}
    if kind == "adapter":
        ticks[scene.alpha] = f"alpha {scene.alpha:g}"
    ticks = {value: label for value, label in ticks.items() if value <= high}
    page.legend(x, y, width, 0, high, ticks, "attention weight" + (", adapter" if kind == "adapter" else ""))


def share_chart(shares: Mapping[str, float], alpha: float) -> np.ndarray:
    """Bars: the share of A' entries that reach α, per layer in the order of the forward pass; uint8 [H, W, 3]."""
    names = [layer.name for layer in LAYERS if layer.name in shares]
    if not names:
        raise ValueError("no layer's share was recorded: the adapters did not act at any chosen step")
    high = nice_ceiling(max(*(100 * shares[name] for name in names), 0.1))
    row, bar, left = 26, 560, 110
    page = Page(_MARGIN + 66 + row * len(names) + _MARGIN + 16, left + bar + 90 + _MARGIN)
    page.text(_MARGIN, _MARGIN + 18, "Activated entries per layer", 20)
    about = f"share of all entries of A' (heads, locations, frames) at or above alpha {alpha:g}"
    page.text(_MARGIN, _MARGIN + 40, about, 14, FAINT)
    top = _MARGIN + 62
    for line in range(5):
        x = left + bar * line / 4
        page.bar(x, top - 4, 1, row * len(names) + 4, (52, 54, 61))
        page.text(x, top + row * len(names) + 16, f"{high * line / 4:g} %", 13, FAINT, "ms")
    color = tuple(int(value) for value in color_table("viridis")[170])
    for at, name in enumerate(names):
        y, share = top + at * row, 100 * shares[name]
        page.text(left - 10, y + 17, name, 14, INK, "rs")
        page.bar(left, y + 4, bar * share / high, row - 8, color)
        page.text(left + bar * share / high + 8, y + 17, f"{share:.2f} %", 13, FAINT)
    return page.done()


def report(maps: Sequence[AttentionMap], scene: Scene, shares: Mapping[str, float]) -> dict[str, object]:
    """The numbers of all pages, for JSON; layers by name, steps and frames from 1."""
    summary = lambda v: {"mean": float(v.mean()), "min": float(v.min()), "max": float(v.max())}  # noqa: E731
    return {
        "alpha": scene.alpha,
        "frames": scene.length,
        "activated_share": dict(shares),
        "maps": [
            {
                "layer": m.layer, "step": m.step + 1, "sigma": scene.sigmas[m.step], "i": m.i + 1, "j": m.j + 1,
                "cells": list(next(iter(m.values.values())).shape),
                **{kind: summary(m.values[kind]) for kind in KINDS if kind in m.values},
            }
            for m in maps
        ],
    }  # fmt: skip
