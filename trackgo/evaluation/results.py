"""What an evaluation found: figures by system and video, problems by name; as JSON and CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .objmc import MODES, ObjMCResult, pooled
from .published import CAVEAT, SOURCE, TABLE_1
from .statistics import bootstrap_interval

STILL, REAL = YARDSTICKS = "still", "real"
"""Systems that are not compared but measured against: the held first frame, and the true video."""


@dataclass(frozen=True)
class Problem:
    """Something wrong with one video. system: whose, or where it came from; empty when it concerns all of them.

    left_out: whether the video does not count because of it.
    """

    video: str
    system: str
    what: str
    left_out: bool = True

    def __str__(self) -> str:
        return f"{self.video}{f' ({self.system})' if self.system else ''}: {self.what}"


@dataclass(frozen=True, eq=False)
class VideoScore:
    """One system's video. objmc: by mode, pixels. lost: share of points that the tracker lost, 0…1."""

    video: str
    system: str
    objmc: Mapping[str, ObjMCResult]
    lost: float


@dataclass(frozen=True)
class Figure:
    """One system's pooled ObjMC in one mode, pixels; None where nothing counts. interval: 95 %, bootstrap over videos.
    static: the same for videos that do not move."""

    value: float | None
    interval: tuple[float, float] | None
    static: float | None
    videos: int
    objects: int
    pairs: int


@dataclass(frozen=True)
class Distance:
    """One system's FVD or FID, or why there is none.

    real, made: samples (videos or frames, by ``unit``) on either side. size: of a feature.
    """

    figure: str
    value: float | None
    real: int
    made: int
    unit: str
    size: int
    missing: str = ""

    @property
    def warning(self) -> str:
        """Why the figure must be read with care; empty when it need not."""
        if self.value is None or min(self.real, self.made) > self.size:
            return ""
        return (
            f"N = {min(self.real, self.made)} {self.unit} is no more than the feature size {self.size}: the covariance "
            "has no full rank and the figure depends on N; compare only figures of the same N"
        )


@dataclass(frozen=True, eq=False)
class Results:
    """A whole evaluation. systems: names in the order given. settings: what was done, for people."""

    title: str
    systems: tuple[str, ...]
    videos: tuple[VideoScore, ...]
    distances: Mapping[str, tuple[Distance, ...]]
    problems: tuple[Problem, ...]
    settings: Mapping[str, Any]

    def of(self, system: str) -> list[VideoScore]:
        """The videos of one system."""
        return [score for score in self.videos if score.system == system]

    def figure(self, system: str, mode: str) -> Figure:
        """Pooled over the videos of one system."""
        found = [score.objmc[mode] for score in self.of(system)]
        if not found:
            return Figure(None, None, None, 0, 0, 0)
        total = pooled(found)
        return Figure(
            finite(total.value), interval_of(found), finite(total.static.value), len(found), total.objects, total.frames
        )

    @property
    def unequal(self) -> bool:
        """Whether systems were measured on different videos, so that their figures cannot be ranked."""
        return len({frozenset(score.video for score in self.of(system)) for system in self.compared}) > 1

    @property
    def compared(self) -> tuple[str, ...]:
        """The systems without the yardsticks."""
        return tuple(name for name in self.systems if name not in YARDSTICKS)


def finite(value: float) -> float | None:
    """The value, or None for NaN and infinities, which JSON does not have."""
    return value if math.isfinite(value) else None


def interval_of(results: Sequence[ObjMCResult]) -> tuple[float, float] | None:
    """95 % interval of the pooled figure, by bootstrap over videos; None with fewer than two that count."""
    totals = [float(np.nansum(one.distances)) for one in results]
    counts = [one.objects if one.mode == "sum" else one.frames for one in results]
    return bootstrap_interval(totals, counts)


def as_json(results: Results) -> dict[str, Any]:
    """Everything, as JSON's own types."""
    systems = {
        name: {f"objmc_{mode}": asdict(results.figure(name, mode)) for mode in MODES}
        | {"distances": [asdict(one) | {"warning": one.warning} for one in results.distances.get(name, ())]}
        for name in results.systems
    }
    return {
        "format": 1,
        "title": results.title,
        "settings": dict(results.settings),
        "systems": systems,
        "videos": [_video_json(score) for score in results.videos],
        "problems": [asdict(problem) for problem in results.problems],
        "quoted": {"source": SOURCE, "caveat": CAVEAT, "rows": [asdict(row) for row in TABLE_1]},
    }


def _video_json(score: VideoScore) -> dict[str, Any]:
    modes = {
        f"objmc_{mode}": {
            "value": finite(one.value),
            "static": finite(one.static.value),
            "objects": {str(number): finite(value) for number, value in one.per_object.items()},
        }
        for mode, one in score.objmc.items()
    }
    return {"video": score.video, "system": score.system, "lost": score.lost} | modes


def videos_csv(results: Results) -> str:
    """One row for each video of each system."""
    head = ["video", "system", *(f"objmc_{mode}" for mode in MODES), *(f"static_{mode}" for mode in MODES), "lost"]
    rows = [
        [
            score.video,
            score.system,
            *(_cell(score.objmc[mode].value) for mode in MODES),
            *(_cell(score.objmc[mode].static.value) for mode in MODES),
            _cell(score.lost),
        ]
        for score in results.videos
    ]
    return _csv([head, *rows])


def summary_csv(results: Results) -> str:
    """One row a figure: measured ones with N, then the quoted ones."""
    rows: list[list[Any]] = [["system", "figure", "value", "low", "high", "static", "n", "unit", "origin", "remark"]]
    for name in results.systems:
        for mode in MODES:
            one = results.figure(name, mode)
            low, high = one.interval or (None, None)
            values = [one.value, low, high, one.static]
            rows.append([name, f"objmc_{mode}", *map(_cell, values), one.videos, "videos", "measured", ""])
        for one in results.distances.get(name, ()):
            remark = one.missing or one.warning
            count = min(one.real, one.made)
            rows.append([name, one.figure, _cell(one.value), "", "", "", count, one.unit, "measured", remark])
    for row in TABLE_1:
        for figure, value in (("FVD", row.fvd), ("FID", row.fid), ("ObjMC", row.objmc)):
            rows.append([row.system, figure, value, "", "", "", "", row.data, f"quoted: {SOURCE}", "not comparable"])
    return _csv(rows)


def _cell(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else f"{value:.6g}"


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def _plain(value: Any) -> Any:
    """A cell as a spreadsheet shall take it: a text that it would compute stands behind an apostrophe."""
    formula = isinstance(value, str) and value.startswith(_FORMULA_STARTS)
    return f"'{value}" if formula and not _is_number(value) else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue()
