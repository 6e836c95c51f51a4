"""``python -m trackgo sheet``: one setting at several values, on one picture."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..files import write_picture

if TYPE_CHECKING:
    from ..pipeline import TrackGoPipeline
    from ..trajectories import PointTrajectories

EXAMPLE = "python -m trackgo sheet --of tau --values 0,-100,-10000 --out tau.png"
_VALUES = {"tau": "0,-100,-10000", "freeze": "0,0.5,1", "alpha": "0.2,0.1,0.4,0.8"}
_MAX_ROWS = 12

Load = Callable[[], "tuple[TrackGoPipeline, np.ndarray, PointTrajectories]"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``sheet``, beside those for the model, the drawing and the sampling."""
    parser.add_argument("--of", choices=tuple(_VALUES), default="tau", help="what is changed (default: tau)")
    parser.add_argument("--values", help="the rows, the first is compared with; use --values=-1,… for a leading minus")
    parser.add_argument("--columns", default="first,middle,last", metavar="FRAMES", help="such as 1,5-7,middle,last")
    parser.add_argument("--out", type=Path, default=Path("sheet.png"), metavar="PICTURE", help="default: sheet.png")


def settings_of(kind: str, values: str | None, sampling: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """(label, note, settings of the pipeline) of each row.

    Raises:
        ValueError: a value that is no number or out of range, or too many.
    """
    from ..model.config import AttentionSettings

    rows = []
    for word in (values or _VALUES[kind]).split(","):
        try:
            value = float(word)
        except ValueError:
            raise ValueError(f"--values: '{word.strip()}' is not a number; give such as {_VALUES[kind]}") from None
        frozen = kind == "freeze"
        changed = {"tau": AttentionSettings.tau_for(value), "tau_mode": "freeze"} if frozen else {kind: value}
        made = sampling | changed
        settings = AttentionSettings(made["alpha"], made["tau_mode"], made["tau"])
        share = f"freeze {100 * settings.freeze:.0f} %" if settings.tau_mode == "freeze" else settings.tau_mode
        rows.append((f"{kind} {value:g}", {"tau": share, "freeze": f"tau {settings.tau:.0f}"}.get(kind, ""), changed))
    if len(rows) > _MAX_ROWS:
        raise ValueError(f"--values names {len(rows)} values; a sheet holds {_MAX_ROWS} at most")
    return rows


def run(args: argparse.Namespace, load: Load, sampling: dict[str, Any]) -> None:
    """Sample a clip for each value, with the same seed, and put them on one sheet.

    Raises:
        ValueError: values, frames or a file name that cannot be.
    """
    from .attention_record import parse_numbers
    from .settings_sheet import Row, path_area, settings_sheet

    rows = settings_of(args.of, args.values, sampling)
    if args.out.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise ValueError(f"cannot write a picture to '{args.out}': use a name ending in .png, .jpg or .webp")
    pipeline, picture, trajectories = load()
    columns = parse_numbers(args.columns, trajectories.frames, "--columns")
    clips = []
    for label, note, changed in rows:
        pipeline.set_progress_bar_config(desc=label)
        clips.append(Row(label, note, pipeline(picture, trajectories, **(sampling | changed))))
    seed, steps = sampling["seed"], sampling["steps"]
    title = {"tau": f"Suppression of the unspecified area, {sampling['tau_mode']} mode", "freeze": "Freezing what was "
             "not drawn", "alpha": "Threshold of the attention mask"}[args.of]  # fmt: skip
    sheet = settings_sheet(f"{title}  ·  {steps} steps, seed {seed}", clips, columns, path_area(trajectories))
    write_picture(args.out, sheet)
    print(f"wrote {args.out}")
