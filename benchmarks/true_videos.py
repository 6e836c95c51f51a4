"""What benchmarks share that know the true video: engines beside the ends of the scale, and errors against it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.assessment import Drawn, mean
from benchmarks.demo_model import load, through_vae
from benchmarks.engines import OWN, System, sheet
from trackgo import TrackGoPipeline
from trackgo.files import write_picture

HOLE = 40
"""Of 255, the mean over red, green and blue: a pixel that is further from the truth shows something else."""

Case = TypeVar("Case", bound=Drawn)


def parser(described: str, out: str) -> argparse.ArgumentParser:
    """Options of a benchmark; its own come on top."""
    found = argparse.ArgumentParser(description=described, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--scenes", type=int, default=24)
    found.add_argument("--frames", type=int, default=14)
    found.add_argument("--size", type=int, default=128, help="width and height, pixels")
    found.add_argument("--systems", nargs="+", default=OWN, help="engine[:steps[:start[:release]]] each")
    found.add_argument("--run", type=Path, nargs="+", help="a training run or checkpoint, or several: their mean")
    found.add_argument("--sheet", type=int, nargs="*", default=(0, 1, 2, 3), help="cases of the contact sheet")
    found.add_argument("--out", type=Path, default=Path(out))
    return found


def measured(
    args: argparse.Namespace,
    cases: Sequence[Case],
    names: Sequence[str],
    figures: Callable[[NDArray, Case], dict[str, float]],
) -> dict[str, list[dict[str, float]]]:
    """Of every system, and of the ends of the scale, the figures of every case.

    Writes them to ``figures.json`` with the cases' names, and the contact sheet, both in ``--out``.
    """
    torch.set_num_threads(1)  # on tensors this small, more threads wait for each other
    pipeline = load(args.run, average=True)
    systems = [System.parse(text) for text in args.systems]
    rows: dict[str, list[dict[str, float]]] = {}
    for seen in tqdm(cases, unit="video"):
        for name, video in _videos(pipeline, systems, seen):
            rows.setdefault(name, []).append(figures(video, seen))
    args.out.mkdir(parents=True, exist_ok=True)
    kept = json.dumps({"cases": list(names), "systems": rows}, indent=1)
    (args.out / "figures.json").write_text(kept + "\n", encoding="utf-8")
    shown = [cases[i] for i in args.sheet if i < len(cases)]
    if shown:
        write_picture(args.out / "sheet.jpg", sheet(pipeline, systems, shown))
    return rows


def _videos(pipeline: TrackGoPipeline, systems: Sequence[System], seen: Drawn) -> Iterator[tuple[str, NDArray]]:
    """By name: the truth, the truth through the VAE, and a video that stands still, then every system's."""
    yield "the true video", seen.frames
    yield "the VAE alone", through_vae(pipeline, seen.frames)
    yield "standing still", np.repeat(seen.frames[:1], len(seen.frames), axis=0)
    for system in systems:
        yield str(system), system.video(pipeline, seen)


def squared_error(video: NDArray, truth: NDArray, area: NDArray) -> float:
    """Mean squared error, of 255², in an area bool [L, H, W] of the frames after the first; NaN where it is empty."""
    off = (video[1:].astype(np.float64) - truth[1:])[area[1:]]
    return float((off**2).mean()) if len(off) else float("nan")


def holes(video: NDArray, truth: NDArray, area: NDArray) -> float:
    """Share of an area bool [L, H, W], in the frames after the first, that differs by more than ``HOLE``."""
    off = np.abs(video[1:].astype(np.float64) - truth[1:]).mean(axis=-1)[area[1:]]
    return float((off > HOLE).mean()) if len(off) else float("nan")


def following(rows: Sequence[Mapping[str, float]]) -> float:
    """ObjMC over that of standing still, of figures ``objmc`` and ``still`` in pixels."""
    known = [(row["objmc"], row["still"]) for row in rows if np.isfinite(row["objmc"])]
    return float(np.divide(*np.sum(known, axis=0))) if known else float("nan")


def average(rows: Sequence[Mapping[str, float]], name: str) -> float:
    """Mean of a figure over the videos that have it."""
    return mean(row[name] for row in rows if name in row)


def table(columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> str:
    """Markdown: a line for every system, under the columns' names."""
    lines = [f"| system | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    return "\n".join([*lines, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows.items())])


def report(tables: Mapping[str, str], out: Path) -> None:
    """Print tables under their titles, and keep them in ``table.md``."""
    text = "\n\n".join(f"{title}\n\n{table}" for title, table in tables.items())
    (out / "table.md").write_text(text + "\n", encoding="utf-8")
    print(text)
