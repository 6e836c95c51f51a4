"""Training checkpoints: a folder of safetensors and one JSON, written under a temporary name and renamed.

``weights``, ``average`` (EMA), ``exp_avg`` and ``exp_avg_sq`` hold the trained parameters by name (``unet.…``,
``trackgo.…``, ``identity.…``); ``state.json`` the step, the configuration, and what the frozen parts looked like. There
is no random state to keep: every random number of a step is a function of (seed, step, place), see ``batch``.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..files import replacing
from .sharding import shard_like, whole

FORMAT = 1
_PREFIX = "step-"
MOMENTS = ("exp_avg", "exp_avg_sq")


@dataclass(frozen=True)
class Saved:
    """What a checkpoint folder holds.

    Attributes:
        step: optimiser steps done.
        weights, average: trained parameters by name; ``average`` is empty without EMA.
        moments: AdamW's ``exp_avg`` and ``exp_avg_sq``, each by parameter name; Muon has the former alone.
        facts: everything else, JSON values: ``config``, ``scaler``, ``best``, ``frozen``, ``adam_steps`` …
    """

    step: int
    weights: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    moments: Mapping[str, Mapping[str, Tensor]]
    facts: Mapping[str, Any]


def save(saved: Saved, folder: Path) -> Path:
    """Write ``saved`` as ``folder/step-00001234``; it appears whole or not at all.

    Where tensors are sharded, all other processes must be in ``help_save`` meanwhile.

    Raises:
        OSError: the disk is full or not writable; the unfinished folder is removed and older checkpoints stay.
    """
    target = folder / f"{_PREFIX}{saved.step:08d}"
    partial = folder / f".{target.name}.{os.getpid()}.partial"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        partial.mkdir()
        for name, tensors in _files(saved).items():
            if tensors:
                _save_tensors(tensors, partial / f"{name}.safetensors")
        facts = {"format": FORMAT, "step": saved.step, **saved.facts}
        (partial / "state.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        os.replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def help_save(saved: Saved) -> None:
    """What the other processes do while one saves: hand out their parts of sharded tensors, in the same order."""
    for tensors in _files(saved).values():
        for tensor in tensors.values():
            whole(tensor.detach())


def _files(saved: Saved) -> dict[str, Mapping[str, Tensor]]:
    return {"weights": saved.weights, "average": saved.average, **saved.moments}


def _save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    plain = {name: whole(value.detach()).to("cpu", copy=True).contiguous() for name, value in tensors.items()}
    try:
        with replacing(path) as unfinished:
            save_file(plain, unfinished)
    except Exception as error:  # safetensors wraps a full disk in an exception of its own
        raise OSError(f"could not write '{path}': {error}") from error


def load(folder: Path) -> Saved:
    """Read one checkpoint folder.

    Raises:
        FileNotFoundError: it is no checkpoint.
        ValueError: of another format.
    """
    state = folder / "state.json"
    if not state.is_file():
        raise FileNotFoundError(f"'{folder}' is not a training checkpoint: it has no state.json")
    facts = json.loads(state.read_text(encoding="utf-8"))
    if facts.get("format") != FORMAT:
        raise ValueError(f"'{folder}' has checkpoint format {facts.get('format')}, this release reads {FORMAT}")

    def read(name: str) -> dict[str, Tensor]:
        path = folder / f"{name}.safetensors"
        return load_file(path) if path.is_file() else {}

    return Saved(facts["step"], read("weights"), read("average"), {name: read(name) for name in MOMENTS}, facts)


def checkpoints(folder: Path) -> list[Path]:
    """Complete checkpoints in ``folder``, oldest first."""
    return sorted(path for path in folder.glob(f"{_PREFIX}*") if (path / "state.json").is_file())


def prune(folder: Path, keep: int, best: int | None = None) -> None:
    """Remove all but the last ``keep`` checkpoints and that of step ``best``, and what a killed run left unfinished."""
    for path in checkpoints(folder)[:-keep]:
        if path.name != f"{_PREFIX}{best or 0:08d}":
            shutil.rmtree(path)
    for path in folder.glob(f".{_PREFIX}*.partial"):
        shutil.rmtree(path)


# ---------------------------------------------------------------------------------------------------------------------
# Between checkpoints and live objects
# ---------------------------------------------------------------------------------------------------------------------


def optimizer_moments(optimizer: torch.optim.Optimizer) -> tuple[dict[str, dict[str, Tensor]], float]:
    """The optimiser's state by parameter name, and its step counter (the same for all parameters)."""
    moments: dict[str, dict[str, Tensor]] = {name: {} for name in MOMENTS}
    steps = 0.0
    for group in optimizer.param_groups:
        for name, parameter in zip(group["names"], group["params"], strict=True):
            if state := optimizer.state.get(parameter):
                steps = float(state["step"])
                for moment in state.keys() & moments.keys():
                    moments[moment][name] = state[moment]
    return moments, steps


def restore_optimizer_(optimizer: torch.optim.Optimizer, saved: Saved) -> None:
    """Put the optimiser's state back."""
    for group in optimizer.param_groups:
        for name, parameter in zip(group["names"], group["params"], strict=True):
            if name in saved.moments["exp_avg"]:
                optimizer.state[parameter] = {
                    "step": torch.tensor(float(saved.facts["adam_steps"]), device=parameter.device),
                    **{m: shard_like(kept[name], parameter) for m, kept in saved.moments.items() if name in kept},
                }


def restore_parameters_(parameters: Mapping[str, Tensor], values: Mapping[str, Tensor], where: str) -> None:
    """Copy values into parameters of the same names. Probes may be on one side only: new ones start from nothing.

    Raises:
        ValueError: naming what is missing, extra or of another shape.
    """
    if odd := sorted(name for name in parameters.keys() ^ values.keys() if not name.startswith("identity.")):
        raise ValueError(
            f"{where} does not fit this configuration: '{odd[0]}' and {len(odd) - 1} others are trained in only one of "
            "the two; model.trainable and model.mass must be as they were"
        )
    with torch.no_grad():
        for name, parameter in parameters.items():
            value = values.get(name, parameter)
            if parameter.shape != value.shape:
                raise ValueError(f"{where}: '{name}' has shape {tuple(value.shape)}, not {tuple(parameter.shape)}")
            parameter.copy_(shard_like(value, parameter))
