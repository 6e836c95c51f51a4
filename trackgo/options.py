"""What people type for sizes, devices and precisions, and how much is sampled where they say nothing."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from .drawing.coordinates import MAX_SIDE_PX

MAX_VIDEO_BYTES = 6 * 1024**3
DTYPES = ("auto", "fp32", "fp16", "bf16")


class HeldSampling(NamedTuple):
    """How a model is best sampled by an engine that holds it to a rough video; None: as every model is."""

    steps: int | None = None
    start: float | None = None
    release: float | None = None


class OwnSampling(NamedTuple):
    """How a model is best sampled where nobody says otherwise: sampling steps, guidance of the last frame, and what
    else the engines ``cut-and-drag`` and ``both`` want."""

    steps: int
    guidance: float
    engines: Mapping[str, HeldSampling] = MappingProxyType({})

    def held(self, engine: str) -> HeldSampling:
        """Steps, start and release of an engine."""
        own = self.engines.get(engine, HeldSampling())
        return own._replace(steps=self.steps if own.steps is None else own.steps)


SVD_SAMPLING = OwnSampling(25, 2.5)


def sampling_of(model: str | Path) -> OwnSampling:
    """What a model says of itself (the ``sampling`` in its trackgo_demo.json), or SVD's; ``model`` as in ``--model``.

    With more than its 4 steps the demo's small model follows less well.

    Raises:
        ValueError: the file says something else than these.
    """
    from .base_model import demo_folder

    folder = demo_folder(str(model))
    note = json.loads((folder / "trackgo_demo.json").read_text(encoding="utf-8")) if folder else {}
    try:
        own = OwnSampling(**note["sampling"]) if "sampling" in note else SVD_SAMPLING
        return own._replace(engines={name: HeldSampling(**values) for name, values in own.engines.items()})
    except (AttributeError, TypeError):
        raise ValueError(
            f"'{folder / 'trackgo_demo.json'}': sampling must be steps and guidance, and may have engines, each with "
            "steps, start and release"
        ) from None


class BadSize(argparse.ArgumentTypeError, ValueError):
    """Both what argparse reports beside the option's name and what commands report by themselves."""


RANGES: Mapping[str, tuple[float, float]] = {
    "frames": (1, 1_024),
    "width": (1, 16_384),
    "height": (1, 16_384),
    "fps": (1, 1_000),
    "seed": (0, 2**53 - 1),
    "steps": (1, 1_000),
    "guidance": (0, 100),
    "alpha": (0, 1),
    "tau": (-10_000, 0),
    "freeze": (0, 1),
    "start": (0, 1),
    "release": (0, 1),
    "most_windows": (0, 1_000_000),
    "components": (1, 100),
    "workers": (1, 256),
    "shard_clips": (1, 100_000),
    "count": (1, 10_000),
    "objects": (1, 1_000),
    "limit": (1, 1_000_000),
    "show": (0, 10_000),
}
"""From where to where the number options of all commands go; one that a command leaves open may be 0 there."""


def check_numbers(args: argparse.Namespace) -> None:
    """ValueError naming the first number option that is out of its range, infinite, or no number."""
    for name, (low, high) in RANGES.items():
        value = getattr(args, name, None)
        if name == "fps" and args.command == "prepare":
            low = 0  # the clip's own
        if isinstance(value, int | float) and not low <= value <= high:
            kind = "a whole number" if isinstance(value, int) else "a number"
            raise ValueError(f"--{name.replace('_', '-')} is {value}; it must be {kind} from {low} to {high}")


def check_video(frames: int, width: int, height: int) -> None:
    """ValueError where a clip of that length and size does not fit; says how long one may be."""
    one = width * height * 3
    if frames * one > MAX_VIDEO_BYTES:
        raise ValueError(
            f"{frames} frames of {width}×{height} pixels are {frames * one / 2**30:.1f} GiB; at most "
            f"{MAX_VIDEO_BYTES // one} frames of this size fit, or fewer pixels (--width, --height)"
        )


def size(text: str, option: str = "") -> tuple[int, int]:
    """``1024x576`` → (1024, 576), in pixels.

    Raises:
        BadSize: something else; begins with ``option`` where one is given.
    """
    shortened = text if len(text) <= 40 else f"{text[:40]}…"
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if not (1 <= width <= MAX_SIDE_PX and 1 <= height <= MAX_SIDE_PX):
        given = f"{option} is '{shortened}'" if option else f"'{shortened}'"
        raise BadSize(f"{given}; give width and height in pixels up to {MAX_SIDE_PX}, such as 1024x576")
    return width, height


def device_named(name: str) -> str:
    """``auto`` → the best device there is; anything else as it is."""
    import torch

    best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    return best if name == "auto" else name


def dtype_named(name: str) -> Any:
    """One of ``DTYPES`` → torch's; None for ``auto``."""
    import torch

    return {"auto": None, "fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}[name]


def place_(pipeline: Any, device: str) -> None:
    """Move a pipeline. ValueError when there is no such device."""
    try:
        pipeline.to(device_named(device))
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"cannot use device '{device_named(device)}': {error}") from error
