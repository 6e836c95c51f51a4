"""``python -m trackgo prepare``."""

from __future__ import annotations

import argparse
from dataclasses import fields
from pathlib import Path

from ..options import size

EXAMPLE = (
    "example:\n  python -m trackgo prepare videos/ --out shards/ --size 1024x576 --frames 25 --workers 4 --preview"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``prepare``."""
    parser.epilog = EXAMPLE
    parser.add_argument("videos", nargs="+", type=Path, help="video files, folders of them, or folders of pictures")
    parser.add_argument("--out", type=Path, required=True, metavar="SHARDS", help="folder for shards and report")
    parser.add_argument("--frames", type=int, default=25, help="length L of a window")
    parser.add_argument("--size", default="1024x576", metavar="WxH", help="pixels; clips are scaled and cropped to it")
    parser.add_argument("--fps", type=float, default=0, help="take frames at this rate (default: the clip's own)")
    parser.add_argument("--most-windows", type=int, default=0, metavar="N", help="per clip (default: all)")
    parser.add_argument("--segmenter", default="motion", help="motion, masks:FOLDER, sam2:MODEL, deva:FOLDER")
    parser.add_argument("--tracker", default="lk", help="lk, cotracker:WEIGHTS")
    parser.add_argument("--components", type=int, default=6, help="at most so many moving things")
    parser.add_argument("--latents", default="", metavar="MODEL", help="also store VAE latents and image embeddings")
    parser.add_argument(
        "--threshold", action="append", default=[], metavar="NAME=VALUE", help="change a filter, such as most_camera=3"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes on this machine")
    parser.add_argument("--ray", default="", metavar="ADDRESS", help="a Ray cluster, or local for --workers CPUs here")
    parser.add_argument("--shard-clips", type=int, default=100, metavar="N", help="clips that share a shard")
    parser.add_argument("--seed", type=int, default=0, help="of the control points")
    parser.add_argument("--preview", action="store_true", help="contact sheets and a page: SHARDS/preview/index.html")


def run(args: argparse.Namespace) -> int:
    """Prepare. 0; ValueError and OSError over what the user can mend."""
    from .run import prepare

    if args.workers < 1:
        raise ValueError(f"--workers is {args.workers}; it must be at least 1")
    summary = prepare(args.videos, args.out, settings_of(args), args.workers, args.ray, args.shard_clips)
    print(summary)
    print(f"shards and report.json: {args.out}")
    if args.preview:
        print(f"look at:                {args.out / 'preview' / 'index.html'}")
    return 0


def settings_of(args: argparse.Namespace):
    """The command's settings; ValueError names a bad option."""
    from .settings import Settings

    width, height = size(args.size, "--size")
    return Settings(
        frames=args.frames, width=width, height=height, fps=args.fps, most_windows=args.most_windows,
        segmenter=args.segmenter, tracker=args.tracker, components=args.components, latents=args.latents,
        seed=args.seed, preview=args.preview, thresholds=_thresholds(args.threshold),
    )  # fmt: skip


def _thresholds(changes: list[str]):
    from .settings import Thresholds

    known = {item.name for item in fields(Thresholds)}
    values: dict[str, float] = {}
    for change in changes:
        name, _, text = change.partition("=")
        if name not in known:
            raise ValueError(f"--threshold {change}: there is no '{name}'; known ones are {', '.join(sorted(known))}")
        try:
            values[name] = float(text)
        except ValueError:
            raise ValueError(f"--threshold {change}: '{text}' is not a number") from None
    return Thresholds(**values)
