"""What people type for sizes, devices and precisions, and how much is sampled where they say nothing."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

DTYPES = ("auto", "fp32", "fp16", "bf16")


class OwnSampling(NamedTuple):
    """How a model is best sampled where nobody says otherwise: sampling steps, and guidance of the last frame."""

    steps: int
    guidance: float


SVD_SAMPLING = OwnSampling(25, 2.5)


def sampling_of(model: str | Path) -> OwnSampling:
    """What a model says of itself (the ``sampling`` in its trackgo_demo.json), or SVD's; ``model`` as in ``--model``.

    With more than its 4 steps the demo's small model follows less well.

    Raises:
        ValueError: the file says something else than two numbers.
    """
    from .base_model import demo_folder

    folder = demo_folder(str(model))
    note = json.loads((folder / "trackgo_demo.json").read_text(encoding="utf-8")) if folder else {}
    try:
        return OwnSampling(**note["sampling"]) if "sampling" in note else SVD_SAMPLING
    except TypeError:
        raise ValueError(f"'{folder / 'trackgo_demo.json'}': sampling must be steps and guidance") from None


class BadSize(argparse.ArgumentTypeError, ValueError):
    """Both what argparse reports beside the option's name and what commands report by themselves."""


def size(text: str, option: str = "") -> tuple[int, int]:
    """``1024x576`` → (1024, 576), in pixels.

    Raises:
        BadSize: something else; begins with ``option`` where one is given.
    """
    try:
        width, height = (int(side) for side in text.lower().split("x"))
    except ValueError:
        width = height = 0
    if width < 1 or height < 1:
        given = f"{option} is '{text}'" if option else f"'{text}'"
        raise BadSize(f"{given}; give width and height in pixels, such as 1024x576")
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
