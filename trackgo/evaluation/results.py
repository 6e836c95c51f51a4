"""What an evaluation found: figures by system and video, problems by name; as JSON and CSV."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .objmc import ObjMCResult
from .statistics import bootstrap_interval


@dataclass(frozen=True)
class Problem:
    """Something wrong with one video. system: whose, or where it came from; empty when it concerns all of them."""

    video: str
    system: str
    what: str

    def __str__(self) -> str:
        return f"{self.video}{f' ({self.system})' if self.system else ''}: {self.what}"


def finite(value: float) -> float | None:
    """The value, or None for NaN and infinities, which JSON does not have."""
    return value if math.isfinite(value) else None


def interval_of(results: Sequence[ObjMCResult]) -> tuple[float, float] | None:
    """95 % interval of the pooled figure, by bootstrap over videos; None with fewer than two that count."""
    totals = [float(np.nansum(one.distances)) for one in results]
    counts = [one.objects if one.mode == "sum" else one.frames for one in results]
    return bootstrap_interval(totals, counts)
