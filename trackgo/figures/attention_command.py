"""``python -m trackgo attention``: pictures and numbers of the temporal attention while a video is sampled."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import replacing, write_picture, write_text

if TYPE_CHECKING:
    from ..pipeline import TrackGoPipeline
    from ..trajectories import PointTrajectories
    from .attention_record import AttentionMap

Load = Callable[[], "tuple[TrackGoPipeline, np.ndarray, PointTrajectories]"]
EXAMPLE = "python -m trackgo attention --layers up_3_2 --at first,middle --i middle --j first,middle,last"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``attention``, beside those for the model, the drawing and the sampling."""
    parser.add_argument("--out", type=Path, default=Path("attention"), metavar="FOLDER", help="where the results go")
    parser.add_argument("--layers", default="up_3_2", help="names or patterns such as up_3_*, or all (default: up_3_2)")
    parser.add_argument("--at", default="middle", metavar="STEPS", help="sampling steps: 1,5-7, first, middle, last")
    parser.add_argument("--i", default="middle", metavar="FRAMES", help="frames that attend")
    parser.add_argument("--j", default="first,middle,last", metavar="FRAMES", help="frames that are attended to")
    parser.add_argument("--no-plain", action="store_true", help="leave out the second sampling without adapters")
    parser.add_argument("--arrays", action="store_true", help="also write the maps themselves, attention.npz")


def run(args: argparse.Namespace, load: Load, sampling: dict[str, Any]) -> None:
    """Sample, and write one picture per layer and step, the activated shares, and the numbers.

    Raises:
        ValueError: layers, steps or frames that there are not.
    """
    from .attention_pages import Scene, attention_pages, report, share_chart
    from .attention_record import AttentionRequest, parse_layers, parse_numbers
    from .attention_watch import watch_sampling

    layers, at = parse_layers(args.layers), parse_numbers(args.at, steps := sampling["steps"], "--at")
    pipeline, picture, trajectories = load()
    i, j = (parse_numbers(getattr(args, name), trajectories.frames, f"--{name}") for name in "ij")
    request = AttentionRequest(layers, at, i, j)
    seen = watch_sampling(pipeline, picture, trajectories, request, not args.no_plain, **sampling)
    size = trajectories.height, trajectories.width
    scene = Scene(seen.clip, trajectories.render(), steps, seen.sigmas, sampling["alpha"], trajectories.frames, size)
    names = dict.fromkeys(f"{m.layer}_step{m.step + 1:02d}.png" for m in seen.maps)
    for name, page in zip(names, attention_pages(seen.maps, scene, seen.shares), strict=True):
        write_picture(args.out / name, page)
    if seen.shares:
        write_picture(args.out / "shares.png", share_chart(seen.shares, sampling["alpha"]))
    numbers = json.dumps(report(seen.maps, scene, seen.shares), indent=1)
    write_text(args.out / "attention.json", numbers)
    if args.arrays:
        with replacing(args.out / "attention.npz") as unfinished, open(unfinished, "wb") as file:
            np.savez_compressed(file, **_arrays(seen.maps))
    print(f"wrote {len(names)} page{'s' * (len(names) != 1)} and attention.json to {args.out}")


def _arrays(maps: list[AttentionMap]) -> dict[str, np.ndarray]:
    """``layer/step/i/j/kind`` → float32 [h, w]; numbers from 1."""
    return {
        f"{m.layer}/{m.step + 1}/{m.i + 1}/{m.j + 1}/{kind}": value for m in maps for kind, value in m.values.items()
    }
