"""Where and in which precision a model runs, by the names that people type."""

from __future__ import annotations

from typing import Any

DTYPES = ("auto", "fp32", "fp16", "bf16")


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
