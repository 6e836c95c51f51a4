"""The evaluation itself: every system on every video, one after the other; what is broken is noted and left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..tracking.tracker import Tracker
from .cases import Case, Source
from .clips import Clip, make_clip
from .features import Extract, FeatureModel
from .following import follow, scores
from .frechet import frechet_distance
from .results import REAL, Distance, Problem, Results, VideoScore
from .systems import System, fitted

Progress = Callable[[Sequence[str]], Iterable[str]]


@dataclass(frozen=True)
class Perceptual:
    """One of FVD and FID: the extractor, or why there is none."""

    model: FeatureModel
    extract: Extract | None
    missing: str = ""


@dataclass(frozen=True, eq=False)
class Played:
    """What the report shows of one case: the wanted paths, and each system's clip."""

    video: str
    wanted: Clip
    clips: Mapping[str, Clip]


@dataclass(eq=False)
class Evaluation:
    """Runs ``systems`` on the videos of ``source``.

    keep: called with (system, name, video) for every video made, to write it somewhere.
    """

    source: Source
    systems: Sequence[System]
    tracker: Tracker
    perceptual: Sequence[Perceptual] = ()
    keep: Callable[[str, str, NDArray[np.uint8]], None] = lambda system, name, video: None
    scores: list[VideoScore] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    played: dict[str, Played] = field(default_factory=dict)
    features: dict[tuple[str, str], dict[str, NDArray]] = field(default_factory=lambda: defaultdict(dict))

    def run(self, settings: Mapping[str, object], progress: Progress = iter) -> Results:
        """Evaluate everything.

        Raises:
            ValueError: nothing could be evaluated; names the first reason.
        """
        names = [system.name for system in self.systems]
        if len(set(names)) < len(names) or not names:
            raise ValueError(f"systems must have different names, got {', '.join(names) or 'none'}")
        for name in progress(self.source.names):
            try:
                case = self.source.load(name)
            except (ValueError, OSError) as error:
                self.problems.append(Problem(name, "", _sentence(error)))
                continue
            self._case(case)
        if not self.scores:
            reason = f"; the first reason: {self.problems[0]}" if self.problems else ""
            raise ValueError(f"none of the {len(self.source.names)} videos could be evaluated{reason}")
        distances = {name: tuple(self._distance(name, one) for one in self.perceptual) for name in names}
        return Results(
            self.source.title, tuple(names), tuple(self.scores), distances, tuple(self.problems), dict(settings)
        )

    def _case(self, case: Case) -> None:
        truth = case.picture[None] if case.real is None else case.real
        clips = {}
        for system in self.systems:
            if system.name == REAL and case.real is None:
                continue  # a drawing on a picture has none; that is no fault
            try:
                video, changed = fitted(system.video(case), case)
            except (ValueError, OSError) as error:
                self.problems.append(Problem(case.name, system.name, _sentence(error)))
                continue
            if changed:
                self.problems.append(Problem(case.name, system.name, changed, left_out=False))
            self.keep(system.name, case.name, video)
            followed = follow(case, video, self.tracker)
            self.scores.append(VideoScore(case.name, system.name, scores(case, followed), followed.lost))
            clips[system.name] = make_clip(case, video, followed)
            self._extract_(system.name, case.name, video)
        if clips:
            self.played[case.name] = Played(case.name, make_clip(case, truth, None), clips)
        if case.real is not None and clips:
            self._extract_("", case.name, case.real)  # the reference side

    def _extract_(self, system: str, video: str, frames: NDArray[np.uint8]) -> None:
        for one in self.perceptual:
            if one.extract is not None and system != REAL:
                self.features[one.model.figure, system][video] = one.extract(frames)

    def _distance(self, system: str, one: Perceptual) -> Distance:
        """Of a system's videos to the true ones of the same cases."""
        model = one.model

        def result(value: float | None, count: int, missing: str) -> Distance:
            return Distance(model.figure, value, count, count, model.unit, model.size, missing)

        if one.extract is None:
            return result(None, 0, one.missing)
        if system == REAL:
            return result(None, 0, "the true videos are what it is measured against")
        real, made = self.features[model.figure, ""], self.features[model.figure, system]
        both = [name for name in made if name in real]
        pair = [np.concatenate([side[name] for name in both]) if both else np.empty((0, 1)) for side in (real, made)]
        if len(pair[0]) < 2:
            return result(None, len(pair[0]), "it needs two true videos or more")
        return result(frechet_distance(*pair, model.ddof), len(pair[0]), "")


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: '{error.filename}'"
    return " ".join(str(error).split()) or type(error).__name__
