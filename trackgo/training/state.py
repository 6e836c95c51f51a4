"""Training checkpoints: a folder of safetensors and one JSON, written under a temporary name and renamed.

``weights``, ``average`` (EMA), ``exp_avg`` and ``exp_avg_sq`` hold the trained parameters by name (``unet.…``,
``trackgo.…``, ``identity.…``); ``state.json`` the step, the configuration, what the frozen parts looked like, and every
file's size and SHA-256. There is no random state to keep: every random number of a step is a function of (seed, step,
place), see ``batch``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..files import replacing
from .sharding import shard_like, whole

FORMAT = 1
_PREFIX = "step-"
_WEIGHTS = "weights.safetensors"
_NAME = re.compile(re.escape(_PREFIX) + r"\d{8,}")
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
        files = {path.name: _fingerprint(path) for path in sorted(partial.glob("*.safetensors"))}
        facts = {"format": FORMAT, "step": saved.step, **saved.facts, "files": files}
        (partial / "state.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        _remove(target)
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
    """Read one checkpoint folder, and compare its files with what ``state.json`` says of them.

    A checkpoint of an older release has no such list: then the files that the step needs must be there and readable.

    Raises:
        FileNotFoundError: it is no checkpoint.
        Damaged: a file is missing, or not as it was written.
        ValueError: of another format.
    """
    state = folder / "state.json"
    if not state.is_file() and (folder / _WEIGHTS).is_file():
        raise Damaged(folder, state.name, "it is missing")
    if not state.is_file():
        raise FileNotFoundError(f"'{folder}' is not a training checkpoint: it has no state.json")
    try:
        facts = json.loads(state.read_bytes())
        if not isinstance(facts, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        raise Damaged(folder, state.name, f"it is not JSON ({error})") from None
    if facts.get("format") != FORMAT:
        raise ValueError(f"'{folder}' has checkpoint format {facts.get('format')}, this release reads {FORMAT}")

    _check_files(folder, facts)

    def read(name: str) -> dict[str, Tensor]:
        path = folder / f"{name}.safetensors"
        try:
            return load_file(path) if path.is_file() else {}
        except (SafetensorError, OSError) as error:
            raise Damaged(folder, path.name, str(error)) from None

    return Saved(facts["step"], read("weights"), read("average"), {name: read(name) for name in MOMENTS}, facts)


class Damaged(ValueError):
    """A checkpoint that cannot be used, and why."""

    def __init__(self, folder: Path, file: str, reason: str) -> None:
        super().__init__(f"checkpoint '{folder}' is damaged: {file}: {reason}")


def _fingerprint(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return {"size": path.stat().st_size, "sha256": digest.hexdigest()}


def _check_files(folder: Path, facts: Mapping[str, Any]) -> None:
    """Raise Damaged naming the first file that is not as ``facts`` say it was written."""
    listed = facts.get("files")
    if listed is None:
        needed = ["weights", "exp_avg"] if facts.get("adam_steps") else ["weights"]
        listed = {f"{name}.safetensors": {} for name in needed}
    if not isinstance(listed, dict) or not all(isinstance(known, dict) for known in listed.values()):
        raise Damaged(folder, "state.json", "its list of files is none")
    for name, known in listed.items():
        path = folder / name
        if not path.is_file():
            raise Damaged(folder, name, "it is missing")
        if known and path.stat().st_size != known.get("size"):
            raise Damaged(folder, name, f"it has {path.stat().st_size} bytes, not {known.get('size')}")
        if known and _fingerprint(path) != known:
            raise Damaged(folder, name, "its content is not what was written")


def newest_whole(folder: Path) -> tuple[Path, Saved, list[Damaged]]:
    """The newest checkpoint in ``folder`` that is whole, what it holds, and what is wrong with those after it.

    Raises:
        Damaged: none is whole; it says so of the newest.
        FileNotFoundError: there is none at all.
    """
    problems: list[Damaged] = []
    for path in reversed(checkpoints(folder)):
        try:
            return path, load(path), problems
        except Damaged as problem:
            problems.append(problem)
    if problems:
        raise problems[0]
    raise FileNotFoundError(f"'{folder}' holds no checkpoint")


def set_aside(folder: Path, after: Path) -> None:
    """Rename the checkpoints after ``after``, so that neither resuming nor pruning counts them."""
    for path in checkpoints(folder):
        if path.name > after.name:
            aside = folder / f"damaged-{path.name}"
            shutil.rmtree(aside, ignore_errors=True)
            path.rename(aside)


def checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in ``folder``, whole ones and damaged ones, oldest first; what only has such a name is none."""
    found = (path for path in folder.glob(f"{_PREFIX}*") if _NAME.fullmatch(path.name) and path.is_dir())
    return sorted(path for path in found if any((path / name).is_file() for name in ("state.json", _WEIGHTS)))


def prune(folder: Path, keep: int, best: int | None = None) -> None:
    """Remove all but the last ``keep`` checkpoints and that of step ``best``, and what a killed run left unfinished."""
    for path in checkpoints(folder)[:-keep]:
        if path.name != f"{_PREFIX}{best or 0:08d}":
            _remove(path)
    for path in folder.glob(f".{_PREFIX}*.partial"):
        shutil.rmtree(path)


def _remove(path: Path) -> None:
    """Remove a checkpoint, if it is there, so that a kill leaves no half of it under its name."""
    if path.exists():
        going = path.with_name(f".{path.name}.{os.getpid()}.gone.partial")
        shutil.rmtree(going, ignore_errors=True)
        os.replace(path, going)
        shutil.rmtree(going)


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
