"""``python -m trackgo evaluate``: how well videos follow their arrows, and how good they look."""

from __future__ import annotations

import argparse

from . import tracks_command

EXAMPLE = "example:\n  python -m trackgo evaluate tracks static trajectories.zip --mode draganything"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``evaluate``: what is evaluated is a command of its own."""
    parser.epilog = EXAMPLE
    inputs = parser.add_subparsers(dest="input", required=True, metavar="INPUT")
    tracks = inputs.add_parser(
        "tracks", help="track files alone, without any video", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tracks_command.add_arguments(tracks)
    tracks.set_defaults(run=tracks_command.run)
