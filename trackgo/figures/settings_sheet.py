"""A sheet of clips that differ in one setting (the paper's figure 5).

A row of frames for each value, and how each row differs from the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..trajectories import PointTrajectories
from .heatmap import FAINT, LEGEND_PX, Page, fitted, heat, nice_ceiling, resized
from .overlays import check_clip

_CELL_PX, _GAP, _MARGIN, _LABEL_PX, _CAPTION_PX = 176, 8, 24, 214, 22
_HEAD_PX = 84


@dataclass(frozen=True)
class Row:
    """One value's clip.

    Attributes:
        label: the value, such as ``tau -100``.
        note: a second line, such as ``freeze 50 %``; may be empty.
        clip: uint8 [L, H, W, 3].
    """

    label: str
    note: str
    clip: np.ndarray

    def __post_init__(self) -> None:
        check_clip(self.clip, f"the clip of '{self.label}'")


def path_area(trajectories: PointTrajectories) -> np.ndarray:
    """Where the drawn parts pass, bool [H, W]: each component's convex hull at every frame, a sixteenth wider."""
    area = np.zeros((trajectories.height, trajectories.width), np.uint8)
    for points, seen in zip(trajectories.tracks, trajectories.visibility, strict=True):
        for component in np.unique(trajectories.component[seen]):
            own = points[seen & (trajectories.component == component)]
            cv2.fillConvexPoly(area, cv2.convexHull(np.rint(own).astype(np.int32)), 1)
    margin = 2 * (max(area.shape) // 16) + 1
    return cv2.dilate(area, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (margin, margin))).astype(bool)


def motion_inside_outside(clip: np.ndarray, area: np.ndarray) -> tuple[float, float]:
    """Mean change of a pixel to its value in the first frame, in 8-bit levels: inside bool [H, W] and outside it.

    NaN where there is no such pixel.
    """
    change = np.abs(clip[1:].astype(np.int16) - clip[:1]).mean(axis=(0, 3)) if len(clip) > 1 else np.zeros(area.shape)
    return tuple(float(change[part].mean()) if part.any() else float("nan") for part in (area, ~area))


def difference(clip: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Absolute difference of two clips [L, H, W, 3] in 8-bit levels, mean over the colors: float32 [L, H, W]."""
    return np.abs(clip.astype(np.float32) - first).mean(axis=-1)


def settings_sheet(title: str, rows: Sequence[Row], frames: Sequence[int], area: np.ndarray) -> np.ndarray:
    """One picture, uint8 [H, W, 3].

    Args:
        title: what was changed, and what was kept.
        rows: at least one; clips of one size and length.
        frames: which frames to show, from 0.
        area: where the drawn parts pass, bool [H, W].

    Raises:
        ValueError: no rows, clips of different sizes, a frame that there is not.
    """
    if not rows or len({row.clip.shape for row in rows}) > 1:
        raise ValueError("a sheet needs at least one row, and clips that are all of one size and length")
    if not frames or min(frames) < 0 or max(frames) >= len(rows[0].clip):
        raise ValueError(f"a sheet's frames must lie between 0 and {len(rows[0].clip) - 1}, got {list(frames)}")
    differences = [difference(row.clip[list(frames)], rows[0].clip[list(frames)]) for row in rows]
    high = nice_ceiling(max(1.0, *(float(np.quantile(d, 0.995)) for d in differences)))
    height, width = fitted(*rows[0].clip.shape[1:3], _CELL_PX)
    block = len(frames) * (width + _GAP)
    right = _MARGIN + _LABEL_PX + block + 2 * _GAP
    row_px = _CAPTION_PX + height + _GAP
    page = Page(_HEAD_PX + len(rows) * row_px + _MARGIN, right + block + _MARGIN - _GAP)
    page.text(_MARGIN, _MARGIN + 18, title, 20)
    page.text(_MARGIN + _LABEL_PX, _HEAD_PX - 12, "video", 15)
    page.text(right, _HEAD_PX - 12, f"difference to {rows[0].label}", 15)
    for at, (row, differs) in enumerate(zip(rows, differences, strict=True)):
        y = _HEAD_PX + at * row_px
        _label(page, y + _CAPTION_PX, row, area, None if at == 0 else float(differs.mean()))
        for column, number in enumerate(frames):
            x = column * (width + _GAP)
            page.text(_MARGIN + _LABEL_PX + x, y + 15, f"frame {number + 1}", 13, FAINT)
            page.picture(_MARGIN + _LABEL_PX + x, y + _CAPTION_PX, resized(row.clip[number], (height, width)))
            if at:
                page.text(right + x, y + 15, f"mean {differs[column].mean():.1f}", 13, FAINT)
                shown = heat(
                    cv2.resize(differs[column], (width, height), interpolation=cv2.INTER_AREA), 0, high, "magma"
                )
                page.picture(right + x, y + _CAPTION_PX, shown)
    bar = min(block - _GAP, 380)
    ticks = {value: f"{value:g}" for value in (0.0, high / 4, high / 2, high)}
    page.legend(right, _HEAD_PX + _CAPTION_PX + (height - LEGEND_PX) // 2, bar, 0, high, ticks,
                "8-bit levels, mean of red, green, blue", "magma")  # fmt: skip
    return page.done()


def _label(page: Page, y: int, row: Row, area: np.ndarray, differs: float | None) -> None:
    page.text(_MARGIN, y + 18, row.label, 20)
    lines = [row.note] if row.note else []
    inside, outside = motion_inside_outside(row.clip, area)
    lines += ["mean change from frame 1:", f"  {inside:.1f} in the drawn parts' way"]
    lines += [] if np.isnan(outside) else [f"  {outside:.1f} elsewhere"]
    lines += [] if differs is None else [f"mean difference: {differs:.1f}"]
    for number, line in enumerate(lines):
        page.text(_MARGIN, y + 42 + 19 * number, line, 13, FAINT)
