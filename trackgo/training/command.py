"""``python -m trackgo train`` and ``python -m trackgo export``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

TRAIN_EXAMPLE = "example: python -m trackgo train tiny --resume run.folder=runs/tiny optimizer.learning_rate=3e-4"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``train``."""
    parser.epilog = TRAIN_EXAMPLE
    parser.add_argument("config", help="a YAML file, or the name of a shipped one: tiny, svd_paper, svd_14f_24gb")
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="change single values, such as run.seed=1")
    parser.add_argument("--resume", action="store_true", help="continue from the run's latest checkpoint, if there is one")


def config_path(name: str) -> Path:
    """A shipped configuration by name, or the path itself."""
    shipped = Path(__file__).parent / "configs" / f"{name}.yaml"
    return shipped if shipped.is_file() else Path(name)


def run(args: argparse.Namespace) -> int:
    """Train; exit code 0, or 2 with one sentence on standard error for what the user can mend."""
    from .config import load_config
    from .trainer import Interrupted, train

    try:
        train(load_config(config_path(args.config), args.overrides), resume=args.resume)
    except (ValueError, OSError) as error:
        print(f"trackgo train: {error}", file=sys.stderr)
        return 2
    except Interrupted as stopped:
        print(f"trackgo train: {stopped}", file=sys.stderr)
        return 130
    return 0


def _train_main() -> int:
    parser = argparse.ArgumentParser(prog="python -m trackgo train")
    add_arguments(parser)
    return run(parser.parse_intermixed_args())


if __name__ == "__main__":
    sys.exit(_train_main())
