"""``python -m trackgo evaluate``: how well videos follow their arrows, and how good they look."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..options import DTYPES, size
from . import tracks_command

_EXAMPLES = {
    "world": "evaluate world --count 30 --out report/",
    "vipseg": "evaluate vipseg VIPSeg/ --model svd/ --trackgo t.safetensors --system ours --system DragNUWA=videos/",
    "davis": "evaluate davis DAVIS/ --model svd/ --trackgo trackgo.safetensors --out report/",
    "drawings": "evaluate drawings clips/ --system ours --system svd --out report/",
    "shards": "evaluate shards prepared/ --limit 50 --out report/",
}
_SUMMARIES = {
    "world": "held-out scenes of the demo's world, with exact ground truth; needs no data",
    "vipseg": "VIPSeg's validation set (imgs/, panomasks/, val.txt)",
    "davis": "DAVIS 2017's validation set",
    "drawings": "a folder of NAME.json drawings, each beside its clip, folder of frames or picture",
    "shards": "data prepared by `python -m trackgo prepare`",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``evaluate``: each input is a command of its own."""
    parser.epilog = f"example:\n  python -m trackgo {_EXAMPLES['world']}\n  python -m trackgo evaluate vipseg --help"
    inputs = parser.add_subparsers(dest="input", required=True, metavar="INPUT")

    def command(name: str, summary: str) -> argparse.ArgumentParser:
        return inputs.add_parser(
            name, help=summary, description=summary, formatter_class=argparse.RawDescriptionHelpFormatter
        )

    for name, summary in _SUMMARIES.items():
        sub = command(name, summary)
        sub.epilog = f"example:\n  python -m trackgo {_EXAMPLES[name]}"
        if name == "world":
            sub.add_argument("--count", type=int, default=30, help="scenes")
        else:
            sub.add_argument("folder", type=Path)
        _video_options(sub)
        if name in ("vipseg", "davis"):
            sub.add_argument("--objects", type=int, default=6, metavar="N", help="at most, the largest first")
        if name == "vipseg":
            sub.add_argument("--stuff", action="store_true", help="sky, road and the like are objects too")
        sub.set_defaults(run=_run)
    tracks = command("tracks", "track files alone, without any video")
    tracks_command.add_arguments(tracks)
    tracks.set_defaults(run=tracks_command.run)


def _video_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--out", type=Path, default=Path("evaluation"), metavar="FOLDER", help="where the report goes")
    what = sub.add_argument_group("what is compared")
    what.add_argument(
        "--system",
        action="append",
        metavar="NAME",
        help="ours, svd (the same model without trajectories), cut-and-drag (it follows a rough video, without TrackGo "
        "weights), both, still, real, or NAME=FOLDER of its videos; may be repeated (default: ours, svd and, where "
        "there is one, real)",
    )
    what.add_argument("--model", default="demo", help="demo, a diffusers SVD folder or a single .safetensors file")
    what.add_argument("--trackgo", type=Path, metavar="FILE", help="TrackGo weights (built in for demo)")
    what.add_argument("--dtype", choices=DTYPES, default="auto", help="precision")
    what.add_argument("--device", default="auto", help="auto, cpu, cuda, mps …")
    what.add_argument("--steps", type=int, help="sampling steps (default: the model's own; demo 4, SVD 25)")
    what.add_argument("--guidance", type=float, help="of the last frame (default: the model's own; demo 1, SVD 2.5)")
    what.add_argument("--seed", type=int, default=0)
    what.add_argument("--start", type=float, metavar="0…1", help="cut-and-drag, both: where in the sampling it begins")
    what.add_argument("--release", type=float, metavar="0…1", help="cut-and-drag, both: where it lets go")
    how = sub.add_argument_group("how it is measured")
    how.add_argument("--frames", type=int, help="of each video, from the first (default: the model's 14 or 25)")
    how.add_argument("--size", type=size, metavar="WxH", help="default: the model's, 1024x576 for SVD")
    how.add_argument("--limit", type=int, metavar="N", help="only the first N videos")
    how.add_argument("--tracker", default="lk", help="lk, cotracker:WEIGHTS or another package's")
    how.add_argument("--fvd", choices=("i3d", "videomae", "off"), default="i3d", help="network of FVD")
    how.add_argument("--fid", choices=("inception", "off"), default="inception", help="network of FID")
    how.add_argument("--fvd-weights", type=Path, metavar="FILE", help="the network's weights, if you have them")
    how.add_argument("--fid-weights", type=Path, metavar="FILE", help="likewise")
    how.add_argument("--allow-download", action="store_true", help="consent to fetch missing weights, once")
    show = sub.add_argument_group("what is written")
    show.add_argument("--show", type=int, default=12, metavar="N", help="videos to play in the report, worst first")
    show.add_argument("--keep-videos", action="store_true", help="also write every video, lossless, under videos/")
    show.add_argument(
        "--export",
        metavar="LIST",
        help="instead of evaluating, write inputs for other systems: dragnuwa, draganything, mofa-video, sg-i2v",
    )


def _run(args: argparse.Namespace) -> int:
    from .session import run_session  # loads torch and diffusers

    return run_session(args)
