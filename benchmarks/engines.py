"""Ways to make one SVD follow a drawing, side by side: ``python -m benchmarks.engines [--scenes 200]``.

On held-out scenes with a user's own drawing: plain SVD, cut and drag (no TrackGo weights), TrackGo, both. A system is
written as its engine, then, as they are needed, sampling steps, ``start`` and ``release``: ``both:8:0.18:0.45``.
Every video's figures are kept in ``--out``, so a run that is cut off goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.assessment import (
    MIN_VACATED_PX,
    Drawn,
    held_out_scenes,
    mean,
    only_first,
    ratio,
    still_drift,
    trace,
    unselected_drift,
    user_trajectories,
    vacated,
)
from benchmarks.demo_model import load
from trackgo import TrackGoPipeline
from trackgo.demo.world import Scene
from trackgo.drawing import Drawing
from trackgo.engines.cut_and_drag import fit_reference
from trackgo.engines.hold import RELEASE, START
from trackgo.figures import overlays
from trackgo.files import write_picture
from trackgo.options import sampling_of
from trackgo.tracking.sprites import Followed, followed, mostly_seen, wanted_offsets

PLAIN = "plain"
OWN = ("trackgo", *(":".join(map(str, (name, *held))) for name, held in sampling_of("demo").engines.items()))
"""The demo's engines as the model says of itself."""

DEFAULT = (PLAIN, "cut-and-drag", *OWN)
_SHEET_TIMES = (0.25, 0.5, 0.75, 1.0)
_SHEET_CELL_PX = 160


@dataclass(frozen=True)
class System:
    """An engine (or ``plain``) and how it samples; see the module for how one is written."""

    engine: str
    steps: int = sampling_of("demo").steps
    start: float = START
    release: float = RELEASE

    @classmethod
    def parse(cls, text: str) -> System:
        engine, *numbers = text.split(":")
        return cls(engine, *(kind(number) for kind, number in zip((int, float, float), numbers, strict=False)))

    def __str__(self) -> str:
        held = f", start {self.start:g}, release {self.release:g}" if self._holds else ""
        return f"{self.engine}, {self.steps} steps{held}"

    @property
    def short(self) -> str:
        """For a small picture: the engine, and from which share to which the video is held."""
        return f"{self.engine} {self.start:g} to {self.release:g}" if self._holds else self.engine

    @property
    def _holds(self) -> bool:
        return self.engine in ("cut-and-drag", "both")

    def video(self, pipeline: TrackGoPipeline, seen: Drawn, drawing: Drawing | None = None) -> NDArray:
        """What a user of this system gets for a drawing on the scene's first frame, uint8 [L, H, W, 3]."""
        frames, height, width, _ = seen.frames.shape
        drawing, common = drawing or seen.drawing(), {"steps": self.steps, "guidance": 1.0}
        if self.engine == PLAIN:
            return pipeline(seen.frames[0], None, frames=frames, **common)
        if self.engine != "trackgo":
            reference = fit_reference(seen.frames[0], drawing, frames, width, height)
            common |= {"reference": reference, "start": self.start, "release": self.release}
        return pipeline(seen.frames[0], user_trajectories(seen, drawing), engine=self.engine, **common)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=200, help="half with one moving sprite, half with three")
    parser.add_argument("--systems", nargs="+", default=DEFAULT, help="engine[:steps[:start[:release]]] each")
    parser.add_argument("--out", type=Path, default=Path("output/engines"))
    parser.add_argument("--sheet", type=int, nargs="*", default=(0, 100), help="scenes of the contact sheet, by number")
    args = parser.parse_args()
    torch.set_num_threads(1)  # on tensors this small, more threads wait for each other
    args.out.mkdir(parents=True, exist_ok=True)
    systems = [System.parse(text) for text in args.systems]
    pipeline = load(None, average=True)
    scenes = held_out_scenes(args.scenes, 14, 128, 128)
    rows = [[] for _ in systems]
    one, three = scenes[: args.scenes // 2], scenes[args.scenes // 2 :]
    for seen in tqdm([*chain.from_iterable(zip(one, three, strict=False)), *three[len(one) :]], unit="scene"):
        for own, system in zip(rows, systems, strict=True):
            own.append(_kept(args.out, system, seen, pipeline))
    table = [TABLE_HEAD, *(table_row(str(s), own) for s, own in zip(systems, rows, strict=True))]
    (args.out / "table.md").write_text("\n".join(table) + "\n", encoding="utf-8")
    print("\n".join(table))
    if args.sheet:
        chosen = [scenes[i] for i in args.sheet if i < len(scenes)]
        write_picture(args.out / "sheet.jpg", sheet(pipeline, systems, chosen))


# ---------------------------------------------------------------------------------------------------------------------
# Figures of one video, and of all
# ---------------------------------------------------------------------------------------------------------------------


def figures(system: System, seen: Scene, pipeline: TrackGoPipeline) -> dict[str, list]:
    """What a system's video of a scene shows: lists of equal kind, so that scenes are put together by joining them.

    followed: [error, static error, cosine] of each moving sprite, pixels. inside: mean error of the colors in places
    where moving sprites should be seen after the first frame, of 255. left_behind: see ``Assessment``. drift: of
    unselected sprites, pixels; where three sprites move, in another video in which only the first has its arrow.
    """
    video = system.video(pipeline, seen)
    parts = range(seen.masks.shape[1])
    shown = [followed(video, seen, n, wanted_offsets(seen, n), mostly_seen(seen, n)) for n in parts]
    moving = seen.masks[1:].any(axis=1)
    off = np.abs(video[1:].astype(float) - seen.frames[1:])[moving]
    left = vacated(seen)
    traces = [trace(video[-1][left], seen.frames[-1][left], seen.frames[0][left])]
    if len(parts) == 1:
        drift = still_drift(video, seen)
    else:
        follows = system.engine != PLAIN
        other = system.video(pipeline, seen, only_first(seen.drawing())) if follows else video
        drift = unselected_drift(other, seen)
    return {
        "followed": [[f.error, f.still, f.cosine] for f in shown],
        "inside": [float(off.mean())] if moving.any() else [],
        "left_behind": traces if left.sum() >= MIN_VACATED_PX else [],
        "drift": drift,
    }


def _kept(out: Path, system: System, seen: Scene, pipeline: TrackGoPipeline) -> dict[str, list]:
    """``figures``, from the file where they stand already."""
    name = f"{system.engine}_{system.steps}_{system.start:g}_{system.release:g}"
    file = out / "videos" / name / f"{seen.masks.shape[1]}_{seen.meta['index']}.json"
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(figures(system, seen, pipeline)), encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))


TABLE_HEAD = (
    "| system | ObjMC over standing still, one sprite | three | error inside moving sprites, of 255, one | three "
    "| left behind | drift, px |\n|---|---|---|---|---|---|---|"
)


def table_row(name: str, scenes: Sequence[dict[str, list]]) -> str:
    """One line of the table in Markdown."""
    one, three = ([s for s in scenes if (len(s["followed"]) == 1) == single] for single in (True, False))
    cells = [ratio(Followed(*f) for f in _joined(part, "followed")) for part in (one, three)]
    cells += [mean(_joined(part, "inside")) for part in (one, three)]
    texts = [f"{cell:.3f}" for cell in cells[:2]] + [f"{cell:.1f}" for cell in cells[2:]]
    texts += [f"{mean(_joined(scenes, 'left_behind')):.2f}", f"{mean(_joined(scenes, 'drift')):.2f}"]
    return f"| {name} | {' | '.join(texts)} |"


def _joined(scenes: Iterable[dict[str, list]], key: str) -> list:
    return [value for seen in scenes for value in seen[key]]


# ---------------------------------------------------------------------------------------------------------------------
# Contact sheet
# ---------------------------------------------------------------------------------------------------------------------


def sheet(pipeline: TrackGoPipeline, systems: Sequence[System], scenes: Sequence[Drawn]) -> NDArray:
    """uint8 [H, W, 3]: of each scene the drawing with its true frames, the rough video, then every system."""
    cells, labels = [], []
    for seen in scenes:
        drawing = seen.drawing()
        count, height, width, _ = seen.frames.shape
        rough = fit_reference(seen.frames[0], drawing, count, width, height).frames
        clips = {"true video": seen.frames, "rough video": rough}
        clips |= {system.short: system.video(pipeline, seen) for system in systems}
        times = [round(time * (count - 1)) for time in _SHEET_TIMES]
        for name, clip in clips.items():
            first = overlays.draw_drawing(_large(seen.frames[0]), drawing) if clip is seen.frames else _large(clip[0])
            cells += [first, *(_large(clip[i]) for i in times)]
            labels += [name, *(f"frame {i + 1}" for i in times)]
    return overlays.contact_sheet(np.stack(cells), columns=1 + len(_SHEET_TIMES), labels=labels)


def _large(frame: NDArray) -> NDArray:
    return cv2.resize(frame, (_SHEET_CELL_PX, _SHEET_CELL_PX), interpolation=cv2.INTER_CUBIC)


if __name__ == "__main__":
    main()
