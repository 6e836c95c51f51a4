"""Scores of a window, each a plain number a threshold can bound; see ``settings.Thresholds`` for what they mean."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..tracking.tracker import Tracked
from .decode import Window
from .flow import Flow, carried, homography_flow
from .settings import Thresholds

_EQUAL = 0.4
"""Grey levels: frames that differ by less are the same frame shown twice."""

_NEAR_SHARE = 0.01


def measure_window(window: Window, flow: Flow) -> dict[str, float]:
    """What can be said before anything is segmented."""
    grey = flow.grey.astype(np.float32)
    width = flow.size[0]
    per_cent = 100 / width
    speed = [np.percentile(np.linalg.norm(flow.residual(t), axis=-1), 99) for t in range(len(flow.forward))]
    camera = [np.linalg.norm(homography_flow(m, *flow.size), axis=-1).mean() for m in flow.camera]
    change = np.abs(np.diff(grey, axis=0)).mean(axis=(1, 2))
    rest = [np.abs(carried(grey[t + 1], flow.forward[t]) - grey[t]).mean() for t in range(len(flow.forward))]
    return _plain(
        upscale=window.crop.scale,
        contrast=grey.std(axis=(1, 2)).min(),
        sharpness=np.median([cv2.Laplacian(picture, cv2.CV_32F).std() for picture in grey]),
        motion=np.mean(speed) * per_cent,
        camera=np.mean(camera) * per_cent,
        jump=np.max(rest),
        frozen=np.mean(change < _EQUAL),
    )


def measure_masks(masks: np.ndarray) -> dict[str, float]:
    """Scores of bool [L, S, H, W]."""
    first = masks[0]
    return _plain(components=len(first), area=first.any(axis=0).mean() if len(first) else 0.0)


@dataclass(frozen=True, eq=False)
class TrackScores:
    """Per component, float [S]: visible, agreement, travel; see ``settings.Thresholds``."""

    visible: np.ndarray
    agreement: np.ndarray
    travel: np.ndarray

    def good(self, thresholds: Thresholds) -> np.ndarray:
        """Which components can be trained on, bool [S]."""
        seen = self.visible >= thresholds.least_visible
        return seen & (self.agreement >= thresholds.least_agreement) & (self.travel >= thresholds.least_travel)

    def worst(self, which: np.ndarray) -> dict[str, float]:
        """The least of each over the components bool [S]; over the most visible one if none is chosen."""
        chosen = which if which.any() else np.arange(len(which)) == np.argmax(self.visible)
        parts = {"visible": self.visible, "agreement": self.agreement, "travel": self.travel}
        return _plain(**{name: values[chosen].min() for name, values in parts.items()})


def measure_tracks(tracked: Tracked, component: np.ndarray, masks: np.ndarray) -> TrackScores:
    """Scores of the tracks of ``component`` int64 [N] against the masks bool [L, S, H, W], S ≥ 1."""
    inside = _inside(tracked, component, masks)[1:]
    travel = np.linalg.norm(tracked.tracks - tracked.tracks[:1], axis=-1).max(axis=0)  # [N]
    scores = []
    for number in range(masks.shape[1]):
        group = component == number
        seen = tracked.visible[1:, group]
        agreement = inside[:, group][seen].mean() if seen.any() else 0.0
        scores.append((seen.mean(), agreement, 100 * travel[group].mean() / masks.shape[3]))
    return TrackScores(*np.array(scores).T)


def _inside(tracked: Tracked, component: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Which points [L, N] lie in or near their component's mask."""
    frames, count, height, width = masks.shape
    reach = max(1, round(_NEAR_SHARE * width))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    columns, rows = np.rint(tracked.tracks).astype(np.int64).transpose(2, 0, 1)
    columns, rows = columns.clip(0, width - 1), rows.clip(0, height - 1)
    result = np.zeros(tracked.visible.shape, bool)
    for frame in range(frames):
        for number in range(count):
            mine = component == number
            near = cv2.dilate(masks[frame, number].astype(np.uint8), kernel)
            result[frame, mine] = near[rows[frame, mine], columns[frame, mine]] > 0
    return result


def _plain(**scores: float) -> dict[str, float]:
    return {name: round(float(value), 5) for name, value in scores.items()}
