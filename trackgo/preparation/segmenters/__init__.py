"""Segmenters: which things a window shows, and where they are in every frame.

Packages add their own by entry points of the group ``trackgo.segmenters``; see ``registry.Registry``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from ...tracking.registry import Registry
from ..decode import Window
from ..flow import Flow


class Segmenter(Protocol):
    """Finds things in the first frame and keeps hold of them."""

    version: str
    """Names the tool and its version; goes into the prepared data."""

    def segment(self, window: Window, flow: Flow, most: int) -> np.ndarray:
        """At most ``most`` things: bool [L, S, H, W], the most important first; S may be 0.

        Raises:
            ValueError: what it needs for this window is not there.
        """
        ...


def _motion(text: str) -> Segmenter:
    from .motion import MotionSegmenter

    if text:
        raise ValueError(f"segmenter 'motion' takes no argument, got '{text}'")
    return MotionSegmenter()


def _masks(text: str) -> Segmenter:
    from .masks import MaskFolder

    return MaskFolder(text)


def _sam2(text: str) -> Segmenter:
    from .sam2 import Sam2

    return Sam2(text)


def _deva(text: str) -> Segmenter:
    from .deva import Deva

    return Deva(text)


SEGMENTERS: Registry[Segmenter] = Registry(
    "segmenter", "trackgo.segmenters", {"motion": _motion, "masks": _masks, "sam2": _sam2, "deva": _deva}
)


def build_segmenter(spec: str) -> Segmenter:
    """``motion``, ``masks:FOLDER``, ``sam2:MODEL``, ``deva:FOLDER`` or another package's name → the segmenter;
    ValueError names the known ones."""
    return SEGMENTERS.build(spec)


def check_masks(masks: np.ndarray, window: Window) -> np.ndarray:
    """What a segmenter gave, if it fits the window.

    Raises:
        ValueError: another shape or type than bool [L, S, H, W].
    """
    frames, height, width = window.frames.shape[:3]
    right = masks.ndim == 4 and masks.dtype == bool and masks.shape[:1] + masks.shape[2:] == (frames, height, width)
    if not right:
        wanted = f"bool [{frames}, S, {height}, {width}]"
        raise ValueError(f"the segmenter gave masks {masks.dtype} {list(masks.shape)}; they must be {wanted}")
    return masks
