"""A whole run: find what is left to do, do it, pack shards, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from ..tracking.trackers import build_tracker
from . import work
from .decode import find_sources
from .pipeline import ClipOutcome
from .preview import write_page
from .segmenters import build_segmenter
from .settings import Settings
from .store import Job, Store, locked, write_json


@dataclass(frozen=True)
class Summary:
    """What a folder of shards holds after a run.

    Attributes:
        clips: clips that were looked at. kept: samples. skipped: reason → how many windows and clips.
    """

    clips: int
    kept: int
    skipped: dict[str, int]

    def __str__(self) -> str:
        reasons = ", ".join(f"{count} {reason}" for reason, count in self.skipped.items()) or "none"
        return f"{self.clips} clips: {self.kept} samples kept; skipped: {reasons}"


def prepare(
    paths: Sequence[Path], folder: Path, settings: Settings, workers: int = 1, ray: str = "", shard_clips: int = 100
) -> Summary:
    """Prepare every clip in ``paths`` that ``folder`` does not have yet.

    Raises:
        ValueError, OSError: no clips, other settings than before, a tool that is not there, another run at work.
    """
    build_segmenter(settings.segmenter), build_tracker(settings.tracker)  # before any work, and before any file
    if settings.latents:
        from .latents import encoder

        encoder(settings.latents)
    names = [str(path) for path in find_sources(list(paths))]
    with locked(folder):
        store = Store.begin(folder, names, settings, shard_clips)
        jobs = [
            Job(number, Path(store.names[number]).absolute(), store.names[number], folder.absolute(), settings)
            for number in store.unfinished()
        ]
        _work_through(jobs, store, workers, ray)
        store.pack_finished()
        outcomes = store.outcomes()
        if settings.preview:
            write_page(folder, outcomes.values(), settings)
        summary = summarize(outcomes.values())
        write_json(folder / "report.json", _report(outcomes, summary))
    return summary


def _work_through(jobs: list[Job], store: Store, workers: int, ray: str) -> None:
    counted = Counter[str]()
    done = len(store.names) - len(jobs)
    with tqdm(total=len(store.names), initial=done, unit="clip", desc="prepare", smoothing=0.05) as bar:
        for number, outcome in enumerate(_outcomes(jobs, workers, ray), start=1):
            counted += Counter(_tally([outcome]))
            kept = counted["kept"]
            bar.set_postfix_str(f"kept {kept}" + "".join(f", {n} {r}" for r, n in counted.items() if r != "kept"))
            bar.update()
            if number % store.shard_clips == 0:
                store.pack_finished()


def _outcomes(jobs: list[Job], workers: int, ray: str) -> Iterator[ClipOutcome]:
    if not jobs:
        return iter(())
    if ray:
        return work.on_ray(jobs, ray, workers)
    return work.in_processes(jobs, workers) if workers > 1 else work.in_this_process(jobs)


def _tally(outcomes: Sequence[ClipOutcome]) -> dict[str, int]:
    counted = Counter[str]()
    for outcome in outcomes:
        counted += Counter(window.reason or "kept" for window in outcome.windows)
        if outcome.reason:
            counted[outcome.reason] += 1
    return dict(counted)


def summarize(outcomes: Sequence[ClipOutcome]) -> Summary:
    """Counts over clips."""
    counted = Counter(_tally(list(outcomes)))
    kept = counted.pop("kept", 0)
    return Summary(len(outcomes), kept, dict(counted.most_common()))


def _report(outcomes: dict[int, ClipOutcome], summary: Summary) -> dict:
    skipped = [
        {"source": outcome.source, "first_frame": window.first, "reason": window.reason, "broken": list(window.broken)}
        for outcome in outcomes.values()
        for window in outcome.windows
        if window.reason
    ]
    bad = [{"source": o.source, "reason": o.reason, "message": o.message} for o in outcomes.values() if o.reason]
    return {"clips": summary.clips, "kept": summary.kept, "skipped": summary.skipped, "windows": skipped, "bad": bad}
