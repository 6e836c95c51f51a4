"""TrackGo checkpoints: one safetensors file with a numbered format and the full configuration in its metadata.

Keys are module paths: ``encoder.…``, ``adapters.<layer>.…`` and ``base.<diffusers key>`` for base weights that were
trained along, or ``base.<diffusers key>.up`` and ``.down`` for a low-rank change of one (which they are also stands in
the metadata). Any missing, extra or wrongly shaped key is refused by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from . import __version__
from .files import replacing
from .low_rank import BaseChange, LowRank
from .model import LayerConfig, TrackGo, TrackGoConfig

FORMAT_VERSION = 1
_BASE = "base."
_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


def save(model: TrackGo, path: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write ``model`` to ``path``; the file appears whole or not at all.

    Args:
        dtype: precision to store (``torch.float16`` halves the file); by default each tensor's own.
    """
    tensors = model.state_dict() | _to_tensors(model.base_weights)
    tensors = {k: v.detach().to("cpu", dtype).clone().contiguous() for k, v in tensors.items()}
    metadata = {
        "format": "trackgo",
        "format_version": str(FORMAT_VERSION),
        "trackgo_version": __version__,
        "config": json.dumps(asdict(model.config)),
        "base_weights": json.dumps(sorted(model.base_weights)),
        "low_rank": json.dumps(sorted(k for k, v in model.base_weights.items() if isinstance(v, LowRank))),
    }
    with replacing(path) as unfinished:
        save_file(tensors, unfinished, metadata)


def load(path: str | Path, operations: Any = nn) -> TrackGo:
    """Read a checkpoint in the precision it was stored in.

    Args:
        operations: layers to build from (``torch.nn``, or a back end's casting layers).

    Raises:
        ValueError: not a TrackGo checkpoint, of a newer format, or a key missing, extra or wrongly shaped.
        FileNotFoundError: nothing at ``path``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no TrackGo checkpoint at '{path}'")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 — not a mapping
    except SafetensorError as error:
        raise ValueError(f"'{path}' is not a readable safetensors file: {error}") from error
    config, changed, low_rank = _read_metadata(metadata, path)
    _check_dtypes(tensors, path)
    base = _from_tensors(tensors, low_rank, path)
    own = {key: value for key, value in tensors.items() if not key.startswith(_BASE)}
    with torch.device("meta"):
        model = TrackGo(config, operations)
    _check_keys({k: v.shape for k, v in model.state_dict().items()}, own, path)
    if set(base) != set(changed):
        raise ValueError(f"'{path}': base weights differ from its metadata: {_names(set(base) ^ set(changed))}")
    model.load_state_dict(own, assign=True)
    model.base_weights = base
    return model


def _read_metadata(metadata: dict[str, str], path: str | Path) -> tuple[TrackGoConfig, list[str], list[str]]:
    if metadata.get("format") != "trackgo":
        raise ValueError(f"'{path}' is not a TrackGo checkpoint: its metadata does not say format = trackgo")
    version = metadata.get("format_version", "")
    if version != str(FORMAT_VERSION):
        raise ValueError(
            f"'{path}' has TrackGo format version '{version}', this release reads "
            f"{FORMAT_VERSION}: update ComfyUI-TrackGo"
        )
    try:
        fields = json.loads(metadata["config"])
        fields["layers"] = tuple(LayerConfig(**layer) for layer in fields["layers"])
        return TrackGoConfig(**fields), _listed(metadata, "base_weights"), _listed(metadata, "low_rank")
    except (KeyError, TypeError, ValueError, RecursionError) as error:  # JSONDecodeError is a ValueError
        raise ValueError(f"'{path}' has a damaged TrackGo configuration in its metadata: {error}") from error


def _listed(metadata: dict[str, str], name: str) -> list[str]:
    listed = json.loads(metadata.get(name, "[]"))
    if not isinstance(listed, list) or not all(isinstance(key, str) for key in listed):
        raise ValueError(f"{name} must be a list of names")
    return listed


def _to_tensors(changes: Mapping[str, BaseChange]) -> dict[str, Tensor]:
    """Base weights under their keys in the file."""
    tensors = {}
    for key, change in changes.items():
        parts = change._asdict() if isinstance(change, LowRank) else {"": change}
        tensors |= {f"{_BASE}{key}{part and '.'}{part}": tensor for part, tensor in parts.items()}
    return tensors


def _from_tensors(tensors: dict[str, Tensor], low_rank: list[str], path: str | Path) -> dict[str, BaseChange]:
    """The opposite of `_to_tensors`.

    Raises:
        ValueError: a factor is missing, or the two do not fit together.
    """
    found = {key.removeprefix(_BASE): value for key, value in tensors.items() if key.startswith(_BASE)}
    changes: dict[str, BaseChange] = {}
    for key in low_rank:
        up, down = (found.pop(f"{key}.{part}", None) for part in LowRank._fields)
        if up is None or down is None or up.ndim != 2 or down.ndim != 2 or up.shape[1] != down.shape[0]:
            raise ValueError(f"'{path}': the low-rank change of '{key}' needs up [out, r] and down [r, in] in the file")
        changes[key] = LowRank(up, down)
    return changes | found


def _check_keys(expected: dict[str, torch.Size], given: dict[str, Tensor], path: str | Path) -> None:
    if missing := expected.keys() - given.keys():
        raise ValueError(f"'{path}' lacks {_names(missing)}")
    if extra := given.keys() - expected.keys():
        raise ValueError(f"'{path}' has unknown {_names(extra)}")
    for key, shape in expected.items():
        if given[key].shape != shape:
            have = tuple(given[key].shape)
            raise ValueError(f"'{path}': '{key}' has shape {have}, its configuration asks {tuple(shape)}")


def _check_dtypes(given: dict[str, Tensor], path: str | Path) -> None:
    for key, tensor in given.items():
        if tensor.dtype not in _DTYPES:
            asked = ", ".join(str(dtype).removeprefix("torch.") for dtype in _DTYPES)
            raise ValueError(f"'{path}': '{key}' is stored as {tensor.dtype}, TrackGo weights are one of {asked}")


def _names(keys: set[str], most: int = 5) -> str:
    listed = ", ".join(f"'{key}'" for key in sorted(keys)[:most])
    return listed if len(keys) <= most else f"{listed} and {len(keys) - most} more"
