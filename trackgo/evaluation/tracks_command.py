"""``python -m trackgo evaluate tracks``: ObjMC of track files alone, without any video."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ..files import write_text
from ..options import size
from .objmc import MODES
from .results import finite, interval_of
from .track_files import PUBLISHED_FRAMES, STATIC, TrackScores, compare_track_files, read_sizes

EXAMPLE = (
    "example:\n  python -m trackgo evaluate tracks predicted/ trajectories.zip --mode draganything --json objmc.json\n"
    "  python -m trackgo evaluate tracks static trajectories.zip --mode draganything"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``evaluate tracks``."""
    parser.epilog = EXAMPLE
    parser.add_argument("predicted", help=f"folder or zip of JSON files, one a video; or the word {STATIC}")
    parser.add_argument("reference", type=Path, help="folder or zip with the wanted tracks, files of the same names")
    parser.add_argument("--mode", choices=MODES, default="draganything", help="see docs/evaluation.md")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write every figure there")
    parser.add_argument(
        "--frames",
        type=int,
        metavar="N",
        help=f"compare only the first N (default: all that both have; {PUBLISHED_FRAMES} for {STATIC})",
    )
    parser.add_argument("--size", type=size, metavar="WxH", help="of the frame the tracks lie in, if all have the same")
    parser.add_argument("--sizes", type=Path, metavar="JSON", help='… or by video: {"video": [width, height], …}')
    parser.add_argument("--evaluated-size", type=size, metavar="WxH", help="rescale to this first, such as 1024x576")


def run(args: argparse.Namespace) -> int:
    """Compare, print, write. 0; ValueError or OSError for what the user can mend."""
    if args.frames is not None and args.frames < 1:
        raise ValueError(f"--frames is {args.frames}; it must be at least 1")
    if args.size and args.sizes:
        raise ValueError("give --size or --sizes, not both")
    sizes = read_sizes(args.sizes) if args.sizes else args.size
    scores = compare_track_files(args.predicted, args.reference, args.mode, args.frames, sizes, args.evaluated_size)
    for problem in scores.problems:
        print(f"trackgo evaluate: {problem}", file=sys.stderr)
    print(described(scores, bool(sizes)))
    if args.predicted == STATIC and args.frames is None:
        print(f"the first {PUBLISHED_FRAMES} frames, as in published figures; --frames N for others")
    if args.json:
        write_text(args.json, json.dumps(as_json(scores), indent=1, allow_nan=False))
        print(f"wrote {args.json}")
    return 0


def described(scores: TrackScores, sized: bool) -> str:
    """The figure, its interval and the static baseline, for a terminal."""
    total = scores.total
    interval = interval_of(list(scores.videos.values()))
    spread = f"  (95 %: {interval[0]:.2f} to {interval[1]:.2f}, by bootstrap over videos)" if interval else ""
    lines = [
        f"ObjMC ({total.mode}): {total.value:.2f} px{spread}",
        f"a video that does not move: {total.static.value:.2f} px",
        f"{total.videos} videos, {total.objects} objects, {total.frames} pairs of object and frame",
    ]
    if total.cut:
        lines.append("where one side has more frames, only those that both have are compared")
    if not sized and total.mode != "draganything":
        lines.append("points outside the frame count too: give --size or --sizes to leave them out")
    if total.mode == "draganything":
        lines.append("as DragAnything's script; published figures of different papers are not comparable")
    return "\n".join(lines)


def as_json(scores: TrackScores) -> dict[str, Any]:
    """Everything found; a figure that does not exist is null."""
    total = scores.total
    return {
        "mode": total.mode,
        "objmc": finite(total.value),
        "interval": interval_of(list(scores.videos.values())),
        "static": finite(total.static.value),
        "videos": total.videos,
        "objects": total.objects,
        "pairs": total.frames,
        "per_video": {
            video: {
                "objmc": finite(one.value),
                "static": finite(one.static.value),
                "objects": {str(name): finite(value) for name, value in one.per_object.items()},
                "pairs": one.frames,
                "frames_cut": one.cut,
            }
            for video, one in scores.videos.items()
        },
        "problems": [{"video": p.video, "side": p.system, "problem": p.what} for p in scores.problems],
    }
