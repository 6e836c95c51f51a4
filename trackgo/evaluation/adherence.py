"""How well one video keeps to its trajectories: its points followed, ObjMC overall and per component, and a picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..figures.heatmap import FAINT, Page, fitted, resized, short
from ..figures.overlays import INK, WHITE, check_clip, component_color, draw_paths
from ..tracking.tracker import Tracker
from ..trajectories import PointTrajectories
from .objmc import ObjMCResult, objmc

_PICTURE_PX, _MARGIN, _PANEL_PX, _ROW_PX = 720, 24, 330, 24
_MAX_ROWS = 16


@dataclass(frozen=True, eq=False)
class Adherence:
    """Where a video took its points.

    Attributes:
        wanted: at the size of the video; a point that begins outside the frame cannot be followed and does not count.
        tracks: float32 [L, N, 2] pixels, where they went.
        lost: share of the counted points, over all frames, that the tracker no longer saw; their likely places count.
        mean, sum: ObjMC in pixels of the video, an object being a component (see ``objmc``).
    """

    wanted: PointTrajectories
    tracks: NDArray[np.float32]
    lost: float
    mean: ObjMCResult
    sum: ObjMCResult

    def report(self) -> dict[str, object]:
        """The figures, for JSON: NaN as null, components numbered from 1."""
        number = lambda value: None if np.isnan(value) else round(float(value), 4)  # noqa: E731
        figures = lambda result, one: number(result.per_object[one])  # noqa: E731
        return {
            "objmc_mean": number(self.mean.mean), "static_mean": number(self.mean.static.mean),
            "objmc_sum": number(self.sum.sum), "static_sum": number(self.sum.static.sum),
            "lost": round(self.lost, 4), "frames": self.wanted.frames,
            "width": self.wanted.width, "height": self.wanted.height,
            "components": [
                {"component": one + 1, "mean": figures(self.mean, one), "static": figures(self.mean.static, one)}
                for one in self.mean.ids
            ],
        }  # fmt: skip


def measure_adherence(video: NDArray[np.uint8], trajectories: PointTrajectories, tracker: Tracker) -> Adherence:
    """Follow the trajectories' first points through a video uint8 [L, H, W, 3] and compare.

    Trajectories for another size are carried over as fractions of the frame.

    Raises:
        ValueError: another length, or no point that is seen in the first frame.
    """
    check_clip(video, "the video")
    if len(video) != trajectories.frames:
        raise ValueError(f"the video has {len(video)} frames and the tracks {trajectories.frames}: make both the same")
    wanted = trajectories.resized(video.shape[2], video.shape[1])
    counted = wanted.visibility & wanted.visibility[:1]
    if not counted.any():
        raise ValueError("no point of the tracks lies inside the first frame, so none can be followed")
    own = counted.any(axis=0)
    tracks = wanted.tracks.copy()
    followed = tracker.track(video, wanted.tracks[0, own])
    tracks[:, own] = followed.tracks
    lost = 1 - followed.visible[counted[:, own]].mean()
    points = (tracks, wanted.tracks, counted)
    mean, total = (objmc(*points, mode, wanted.component) for mode in ("mean", "sum"))
    return Adherence(wanted, tracks, float(lost), mean, total)


def adherence_picture(video: NDArray[np.uint8], result: Adherence) -> NDArray[np.uint8]:
    """Wanted paths in their component's color, followed ones in white, over the last frame, and the figures beside."""
    height, width = fitted(*video.shape[1:3], _PICTURE_PX)
    rows = min(len(result.mean.ids), _MAX_ROWS)
    page = Page(max(height, 192 + _ROW_PX * (rows + 4)) + 2 * _MARGIN, width + _PANEL_PX + 3 * _MARGIN)
    page.picture(_MARGIN, _MARGIN, _drawn(video, result, (height, width)))
    _figures(page, 2 * _MARGIN + width, result)
    return page.done()


def _drawn(video: NDArray[np.uint8], result: Adherence, size: tuple[int, int]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(cv2.cvtColor(resized(video[-1], size), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    shown = np.rint(0.25 * resized(video[-1], size) + 0.35 * grey).astype(np.uint8)
    large = result.wanted.resized(size[1], size[0])
    moved = PointTrajectories(
        result.tracks, result.wanted.visibility, result.wanted.component, result.wanted.width, result.wanted.height
    ).resized(size[1], size[0])
    return draw_paths(shown, large, moved.tracks)


def _figures(page: Page, x: int, result: Adherence) -> None:
    y = _MARGIN + 18
    page.text(x, y, "Following the arrows", 20)
    page.text(x, y + 36, f"ObjMC {short(result.mean.mean)} px", 24)
    page.text(x, y + 62, f"standing still would be {short(result.mean.static.mean)} px", 14, FAINT)
    page.text(x, y + 82, f"mean distance, {result.wanted.frames} frames, 0 is perfect", 14, FAINT)
    page.bar(x, y + 106, 26, 4, component_color(0))
    page.text(x + 36, y + 112, "wanted, in the component's color", 14)
    page.bar(x, y + 128, 26, 4, WHITE)
    page.text(x + 36, y + 134, "followed", 14)
    y += 174
    page.text(x, y, "component", 13, FAINT)
    page.text(x + 190, y, "px", 13, FAINT, "rs")
    page.text(x + 290, y, "standing still", 13, FAINT, "rs")
    scores, still = result.mean.per_object, result.mean.static.per_object
    for row, one in enumerate(result.mean.ids[:_MAX_ROWS]):
        at = y + _ROW_PX * (row + 1)
        page.bar(x, at - 11, 12, 12, component_color(int(one)))
        page.text(x + 22, at, f"{one + 1}", 14)
        page.text(x + 190, at, _pixels(scores[one]), 14, INK, "rs")
        page.text(x + 290, at, _pixels(still[one]), 14, FAINT, "rs")
    more = len(result.mean.ids) - _MAX_ROWS
    at = y + _ROW_PX * (min(len(result.mean.ids), _MAX_ROWS) + 1)
    if more > 0:
        page.text(x + 22, at, f"and {more} more", 13, FAINT)
    if result.lost >= 0.005:
        page.text(x, at + _ROW_PX, f"{100 * result.lost:.0f} % of the points were lost on the way", 13, FAINT)


def _pixels(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2f}"
