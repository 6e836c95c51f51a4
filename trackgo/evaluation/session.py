"""What ``python -m trackgo evaluate`` does with its arguments: builds the parts, runs them, writes the report."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from ..files import write_text
from ..options import device_named, dtype_named, place_, sampling_of
from ..pipeline import Engine, TrackGoPipeline
from ..svd.sizes import check_sides
from ..tracking.trackers import build_tracker
from ..video import write_clip
from .cases import Source
from .datasets import davis_source, vipseg_source
from .exports import EXPORTS, export_case
from .features import FID, FVD_MODELS, FeatureModel, Missing, open_extractor
from .objmc import MODES
from .prepared import shards_source
from .published import SOURCE, TABLE_1
from .report import write_report
from .results import REAL, STILL, YARDSTICKS, Results, as_json, summary_csv, videos_csv
from .run import Evaluation, Perceptual
from .sources import drawings_source, world_source
from .systems import Folder, Generated, Real, Sampling, Still, System

_OURS, _SVD = "ours", "svd"
_ENGINES: dict[str, Engine | None] = {_OURS: "trackgo", _SVD: None, "cut-and-drag": "cut-and-drag", "both": "both"}
_SVD_SIZE, _DEMO_SIZE, _FRAMES = (1024, 576), (128, 128), 14


def run_session(args: argparse.Namespace) -> int:
    """Evaluate or export. 0; ValueError or OSError for what the user can mend."""
    for name in ("frames", "limit", "steps"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            raise ValueError(f"--{name} is {getattr(args, name)}; it must be at least 1")
    pipeline = _Pipeline(args)
    source = _source(args, *pipeline.shape)
    if args.limit:
        source = replace(source, names=source.names[: args.limit])
    if args.export:
        return _export(args, source)
    systems = _systems(args, pipeline)
    perceptual = _perceptual(args, pipeline.shape[0])
    evaluation = Evaluation(source, systems, build_tracker(args.tracker), perceptual, _keeper(args))
    results = evaluation.run(_settings(args, source, pipeline), _progress)
    _write(args.out, results, evaluation, args.show)
    _print(results)
    print(f"wrote {args.out / 'report.html'}, report.json, summary.csv and videos.csv")
    return 0


class _Pipeline:
    """The model, loaded when first needed, and the shape of the videos, which follows from it."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self._loaded = args, None
        self.demo = args.model == "demo"
        generates = not args.export and any(name in _ENGINES for name in _system_names(args))
        drawn = args.input == "world"  # at the demo's size; real videos at the paper's, unless the model says otherwise
        size, frames = self._model_shape() if generates else (_DEMO_SIZE if drawn else _SVD_SIZE, _FRAMES)
        self.shape = (args.frames or frames, *(args.size or size))
        if generates:
            check_sides(*self.shape[1:], "--size: both sides")
        own = sampling_of(args.model)
        guidance = own.guidance if args.guidance is None else args.guidance
        held = {name: getattr(args, name) for name in ("start", "release") if getattr(args, name) is not None}
        self.sampling = Sampling(args.steps or own.steps, guidance, args.seed, **held)

    def load(self) -> TrackGoPipeline:
        """The pipeline, in its place."""
        if self._loaded is None:
            print(f"loading {self.args.model} …", file=sys.stderr, flush=True)
            self._loaded = TrackGoPipeline.from_pretrained(
                self.args.model, self.args.trackgo, dtype_named(self.args.dtype)
            )
            place_(self._loaded, self.args.device)
            self._loaded.set_progress_bar_config(disable=True)
        return self._loaded

    def _model_shape(self) -> tuple[tuple[int, int], int]:
        config = self.load().unet.config
        if config.sample_size == 96:  # SVD's own, which means 1024×576
            return _SVD_SIZE, config.num_frames
        height, width = np.broadcast_to(config.sample_size, 2) * 8
        return (int(width), int(height)), config.num_frames


def _system_names(args: argparse.Namespace) -> list[str]:
    return args.system or [_OURS, _SVD, REAL]


def _systems(args: argparse.Namespace, pipeline: _Pipeline) -> list[System]:
    systems: list[System] = []
    for name in _system_names(args):
        given, equals, folder = name.partition("=")
        if equals:
            systems.append(Folder(given, Path(folder)))
        elif name in YARDSTICKS:
            systems.append(Still() if name == STILL else Real())
        elif name in _ENGINES:
            loaded, engine = pipeline.load(), _ENGINES[name]
            if engine in ("trackgo", "both") and loaded.trackgo is None:
                raise ValueError(f"system {name} needs TrackGo weights: give --trackgo, or another --system")
            systems.append(Generated(name, loaded, pipeline.sampling, engine))
        else:
            known = ", ".join((*_ENGINES, *YARDSTICKS))
            raise ValueError(f"system '{name}' is not known: give {known} or NAME=FOLDER")
    return systems


def _source(args: argparse.Namespace, frames: int, width: int, height: int) -> Source:
    if args.input == "world":
        return world_source(args.count, frames, width, height)
    if args.input == "drawings":
        return drawings_source(args.folder, frames, width, height, args.seed)
    if args.input == "shards":
        return shards_source(args.folder, frames, width, height)
    tracker = build_tracker(args.tracker)
    if args.input == "davis":
        return davis_source(args.folder, frames, width, height, tracker, args.objects)
    return vipseg_source(args.folder, frames, width, height, tracker, args.objects, args.stuff)


def _perceptual(args: argparse.Namespace, frames: int) -> list[Perceptual]:
    wanted: list[tuple[FeatureModel, Path | None]] = []
    if args.fvd != "off":
        wanted.append((FVD_MODELS[args.fvd], args.fvd_weights))
    if args.fid != "off":
        wanted.append((FID, args.fid_weights))
    found = []
    for model, weights in wanted:
        try:
            extract = open_extractor(model, frames, device_named(args.device), weights, args.allow_download)
            found.append(Perceptual(model, extract))
        except Missing as error:
            print(f"trackgo evaluate: left out: {error}", file=sys.stderr)
            found.append(Perceptual(model, None, str(error)))
    return found


def _keeper(args: argparse.Namespace) -> Any:
    def keep(system: str, name: str, video: NDArray[np.uint8]) -> None:
        if args.keep_videos and system not in YARDSTICKS:
            write_clip(args.out / "videos" / system / f"{name}.mkv", video)

    return keep


def _progress(names: Sequence[str]) -> Iterable[str]:
    return tqdm(names, unit="video", desc="evaluating", file=sys.stderr)


def _settings(args: argparse.Namespace, source: Source, pipeline: _Pipeline) -> dict[str, Any]:
    frames, width, height = pipeline.shape
    settings = {"videos": len(source.names), "frames": frames, "size": f"{width}×{height}", "tracker": args.tracker}
    settings |= source.settings
    if any(name in _ENGINES for name in _system_names(args)):
        sampling = pipeline.sampling
        settings |= {"model": args.model, "steps": sampling.steps, "guidance": sampling.guidance, "seed": sampling.seed}
    if any(name in ("cut-and-drag", "both") for name in _system_names(args)):
        settings |= {"start": sampling.start, "release": sampling.release}
    return settings


def _write(out: Path, results: Results, evaluation: Evaluation, show: int) -> None:
    files = {
        "report.json": json.dumps(as_json(results), indent=1, allow_nan=False, ensure_ascii=False),
        "summary.csv": summary_csv(results),
        "videos.csv": videos_csv(results),
    }
    for name, text in files.items():
        write_text(out / name, text)
    write_report(out / "report.html", results, evaluation.played, show)


def _print(results: Results) -> None:
    for problem in results.problems:
        print(f"trackgo evaluate: {problem}", file=sys.stderr)
    print(f"{'system':16} {'ObjMC mean':>22} {'sum':>8} {'draganything':>13} {'still':>8} {'N':>5}")
    for name in results.systems:
        mean, total, flat = (results.figure(name, mode) for mode in MODES)
        spread = f" ({mean.interval[0]:.2f}…{mean.interval[1]:.2f})" if mean.interval else ""
        cells = ["–" if one.value is None else f"{one.value:.2f}" for one in (mean, total, flat)]
        still = "–" if mean.static is None else f"{mean.static:.2f}"
        print(f"{name:16} {cells[0] + spread:>22} {cells[1]:>8} {cells[2]:>13} {still:>8} {mean.videos:>5}")
    for name in results.systems:
        for one in results.distances.get(name, ()):
            if one.value is not None:
                print(f"{name:16} {one.figure} {one.value:.2f}, N = {one.made} {one.unit}")
                if one.warning:
                    print(f"{'':16} {one.warning}")
    print(f"quoted from {SOURCE}, not measured here; published ObjMC figures are not comparable:")
    for row in TABLE_1:
        print(f"{row.system:16} {row.data:10} FVD {row.fvd:.2f}  FID {row.fid:.2f}  ObjMC {row.objmc:.2f}")


def _export(args: argparse.Namespace, source: Source) -> int:
    kinds = [kind.strip() for kind in args.export.split(",")]
    for kind in kinds:
        if kind not in EXPORTS:
            raise ValueError(f"--export '{kind}' is not known; it must be one of {', '.join(EXPORTS)}")
    written = 0
    for name in _progress(source.names):
        try:
            case = source.load(name)
        except (ValueError, OSError) as error:
            print(f"trackgo evaluate: {name}: {error}", file=sys.stderr)
            continue
        for kind in kinds:
            export_case(case, kind, args.out)
        written += 1
    if not written:
        raise ValueError("no video could be exported")
    print(f"wrote the inputs of {written} videos for {', '.join(kinds)} under {args.out}")
    return 0
