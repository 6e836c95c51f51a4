"""``python -m trackgo train`` and ``python -m trackgo export``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..console import speak_plainly

TRAIN_EXAMPLE = "example: python -m trackgo train tiny run.folder=runs/tiny optimizer.learning_rate=3e-4 --resume"
EXPORT_EXAMPLE = "example: python -m trackgo export runs/tiny --out models/trackgo/mine.safetensors"
NOT_HERE = "the pack as ComfyUI's registry ships it comes without the training; run this in a clone of its repository"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``train``."""
    parser.epilog = TRAIN_EXAMPLE
    parser.add_argument("config", help="a YAML file, or a shipped one: tiny, svd_paper, svd_14f_24gb")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="change single values, such as run.seed=1")
    parser.add_argument("--resume", action="store_true", help="continue from the run's latest checkpoint, if any")


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``export``."""
    parser.epilog = EXPORT_EXAMPLE
    parser.add_argument(
        "checkpoint",
        type=Path,
        nargs="+",
        help="a run's folder (its latest checkpoint) or one step-… folder; of several, the mean of their weights",
    )
    parser.add_argument("--out", type=Path, required=True, help="the TrackGo file to write, .safetensors")
    parser.add_argument("--dtype", choices=("fp16", "bf16", "fp32"), default="fp16", help="precision of the file")
    parser.add_argument("--last", action="store_true", help="the last weights instead of their running average")
    parser.add_argument(
        "--unet", type=Path, metavar="FOLDER", help="write the trained UNet there, and leave base weights out of --out"
    )


def config_path(name: str) -> Path:
    """A shipped configuration by name, or the path itself."""
    shipped = Path(__file__).parent / "configs" / f"{name}.yaml"
    return shipped if shipped.is_file() else Path(name)


def run(args: argparse.Namespace) -> int:
    """Train. 0; 2 with one sentence on standard error for what the user can mend; 130 when stopped by a signal."""
    try:
        from .config import load_config
        from .trainer import Interrupted, train
    except ModuleNotFoundError as error:
        return _left_out("train", error)
    try:
        train(load_config(config_path(args.config), args.overrides), resume=args.resume)
    except (ValueError, OSError) as error:
        print(f"trackgo train: {error}", file=sys.stderr)
        return 2
    except Interrupted as stopped:
        print(f"trackgo train: {stopped}", file=sys.stderr)
        return 130
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Export. 0, or 2 with one sentence on standard error."""
    try:
        from .export import DTYPES, export
    except ModuleNotFoundError as error:
        return _left_out("export", error)
    try:
        written = export(args.checkpoint, args.out, DTYPES[args.dtype], not args.last, args.unet)
    except (ValueError, OSError) as error:
        print(f"trackgo export: {error}", file=sys.stderr)
        return 2
    print(f"wrote {written} ({written.stat().st_size / 1e6:.1f} MB)")
    return 0


def _left_out(command: str, error: ModuleNotFoundError) -> int:
    """2 with one sentence where the training's own modules are left out; any other missing module is raised again."""
    if not str(error.name).startswith(f"{__package__}."):
        raise error
    print(f"trackgo {command}: {NOT_HERE}", file=sys.stderr)
    return 2


def main(arguments: list[str] | None = None) -> int:
    """``train|export …`` alone: arguments → exit status. Here ``key=value`` may also stand behind ``--resume``."""
    speak_plainly()
    parser = argparse.ArgumentParser(prog="python -m trackgo")
    commands = parser.add_subparsers(required=True)
    for name, add, action in (("train", add_arguments, run), ("export", add_export_arguments, run_export)):
        command = commands.add_parser(name)
        add(command)
        command.set_defaults(action=action)
    args, rest = parser.parse_known_args(arguments)
    if rest and (args.action is run_export or any(word.startswith("-") for word in rest)):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        args.overrides = [*args.overrides, *rest]
    return args.action(args)


if __name__ == "__main__":
    sys.exit(main())
