"""TrackGo checkpoints: one safetensors file with a numbered format and the full configuration in its metadata.

Keys are module paths: ``encoder.…``, ``adapters.<layer>.…`` and ``base.<diffusers key>`` for base weights that were
trained along, or ``base.<diffusers key>.up`` and ``.down`` for a low-rank change of one (which they are also stands in
the metadata). Any missing, extra or wrongly shaped key is refused by name. The metadata also hold the SHA-256 of the
tensors; files without one load, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor

from .. import __version__
from ..files import replacing
from .config import LayerConfig, TrackGoConfig
from .low_rank import BaseChange, LowRank

FORMAT_VERSION = 1
_BASE = "base."
_MAX_NAMED = 5  # keys in a message
_DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


@dataclass(frozen=True)
class Stored:
    """What a checkpoint holds.

    Attributes:
        config: what the model is built from.
        tensors: the model's state dict.
        base_weights: changed base weights, or low-rank changes of them, by diffusers key.
    """

    config: TrackGoConfig
    tensors: Mapping[str, Tensor]
    base_weights: dict[str, BaseChange]


def write(stored: Stored, path: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write a checkpoint; the file appears whole or not at all.

    Args:
        dtype: precision to store; by default each tensor's own.
    """
    base = stored.base_weights
    tensors = {**stored.tensors, **_to_tensors(base)}
    tensors = {k: v.detach().to("cpu", dtype).clone().contiguous() for k, v in tensors.items()}
    metadata = {
        "format": "trackgo",
        "format_version": str(FORMAT_VERSION),
        "trackgo_version": __version__,
        "config": json.dumps(asdict(stored.config)),
        "base_weights": json.dumps(sorted(base)),
        "low_rank": json.dumps(sorted(k for k, v in base.items() if isinstance(v, LowRank))),
        "sha256": _digest(tensors),
    }
    with replacing(path) as unfinished:
        save_file(tensors, unfinished, metadata)


def read(path: str | Path) -> Stored:
    """Read a checkpoint in the precision it was stored in, into memory of its own: the file may change afterwards.

    Raises:
        ValueError: not a TrackGo checkpoint, of a newer format, damaged, or base weights that differ from its metadata.
        FileNotFoundError: nothing at ``path``.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no TrackGo checkpoint at '{path}'")
    try:
        tensors, metadata = _parsed(Path(path).read_bytes())
    except (SafetensorError, KeyError) as error:  # KeyError: a type that torch has not
        raise ValueError(f"'{path}' is not a readable safetensors file: {error}") from error
    config, changed, low_rank = _read_metadata(metadata, path)
    _check_dtypes(tensors, path)
    if metadata.get("sha256", digest := _digest(tensors)) != digest:
        raise ValueError(
            f"'{path}' is damaged: its tensors are not those that were written (their SHA-256 differs); copy or "
            "download it again"
        )
    base = _from_tensors(tensors, low_rank, path)
    if set(base) != set(changed):
        raise ValueError(f"'{path}': base weights differ from its metadata: {_names(set(base) ^ set(changed))}")
    return Stored(config, {key: value for key, value in tensors.items() if not key.startswith(_BASE)}, base)


def _parsed(data: bytes) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file's content."""
    tensors = load(data)  # checks the header, too
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    return tensors, header.get("__metadata__", {})


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and bytes, whatever their order in the file."""
    digest = hashlib.sha256()
    for key, tensor in sorted(tensors.items()):
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def check_keys(expected: Mapping[str, torch.Size], given: Mapping[str, Tensor], path: str | Path) -> None:
    """Raise ValueError unless the tensors of a file are just the expected ones."""
    if missing := expected.keys() - given.keys():
        raise ValueError(f"'{path}' lacks {_names(missing)}")
    if extra := given.keys() - expected.keys():
        raise ValueError(f"'{path}' has unknown {_names(extra)}")
    for key, shape in expected.items():
        if given[key].shape != shape:
            have = tuple(given[key].shape)
            raise ValueError(f"'{path}': '{key}' has shape {have}, its configuration asks {tuple(shape)}")


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


def _check_dtypes(given: dict[str, Tensor], path: str | Path) -> None:
    for key, tensor in given.items():
        if tensor.dtype not in _DTYPES:
            asked = ", ".join(str(dtype).removeprefix("torch.") for dtype in _DTYPES)
            raise ValueError(f"'{path}': '{key}' is stored as {tensor.dtype}, TrackGo weights are one of {asked}")


def _names(keys: set[str]) -> str:
    listed = ", ".join(f"'{key}'" for key in sorted(keys)[:_MAX_NAMED])
    return listed if len(keys) <= _MAX_NAMED else f"{listed} and {len(keys) - _MAX_NAMED} more"
