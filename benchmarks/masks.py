"""Seconds and memory for the masks of the dearest drawings that the budget allows, at 4096×2160.

`python benchmarks/masks.py`: each in a process of its own; seconds of the processor, and memory above what was there.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.busy import noticed
from trackgo import Drawing
from trackgo.drawing.budget import MAX_SWEEPS
from trackgo.drawing.mask_png import encode_png

SIZE = (4_096, 2_160)


def document(*strokes: dict[str, Any], components: int = 1) -> dict[str, Any]:
    return {"version": 1, "components": [{"mask": {"strokes": list(strokes)}}] * components}


def scattered(count: int) -> list[list[float]]:
    return np.random.default_rng(0).uniform(0, 1, (count, 2)).round(5).tolist()


def zigzag(count: int) -> list[list[float]]:
    across = np.linspace(0, 1, count).round(5)
    return [[u, float(i % 2)] for i, u in enumerate(across.tolist())]


def many_components() -> dict[str, Any]:
    stroke = {"tool": "brush", "radius": 0.02, "points": scattered(250)}
    return document(stroke, components=200)


def pictures() -> dict[str, Any]:
    """Wavy blobs, as many as the limit on PNG pixels lets through."""
    x, y = np.arange(SIZE[0]), np.arange(SIZE[1])[:, None]
    png = encode_png(np.sin(x / 40) + np.cos(y / 37 + x / 90) > 0)
    return {"version": 1, "components": [{"mask": {"png": png}}] * 60}


DRAWINGS: dict[str, Callable[[], dict[str, Any]]] = {
    "200 components, 50,000 points": many_components,
    "brush from top to bottom, 23,900 times": lambda: document(
        *[{"tool": "brush", "radius": 0.01, "points": zigzag(2_391)}] * 10
    ),
    "lasso from top to bottom, 23,900 edges": lambda: document(*[{"tool": "lasso", "points": zigzag(2_390)}] * 10),
    "400 lassos over everything": lambda: document(
        *[{"tool": "lasso", "points": [[-1, -1], [2, -1], [2, 2], [-1, 2]]}] * 400
    ),
    "brush and erase in turns, 2,100 times": lambda: document(
        *[{"tool": tool, "radius": 10.0, "points": [[0.5, 0.5]]} for _ in range(1_050) for tool in ("brush", "erase")]
    ),
    "everything grown 23 times": lambda: document({"tool": "fill"}, *[{"tool": "grow", "radius": 0.1}] * 23),
    "60 PNG masks of 4096×2160": pictures,
}


def measure(name: str) -> str:
    drawing = Drawing.from_dict(DRAWINGS[name]())
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    for _ in drawing.each_mask(*SIZE):
        pass
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = (after.ru_maxrss - before.ru_maxrss) / 1024
    share = drawing.sweeps / MAX_SWEEPS
    return f"{name}: {seconds:.2f} s of the processor ({wall:.2f} s), {memory:.0f} MB; {share:.0%} of the budget"


@noticed()
def main() -> None:
    for name in DRAWINGS:
        with get_context("spawn").Pool(1) as pool:
            print(pool.apply(measure, (name,)), flush=True)


if __name__ == "__main__":
    main()
