"""From a training checkpoint to files for inference."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..files import replacing
from ..low_rank import BaseChange, LowRank
from . import state
from .config import TrainingConfig, from_mapping
from .diffusion import FrozenParts
from .model import TrainedSVD
from .setup import build_model, load_base, trained_parameters

DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}


def find_checkpoint(path: Path) -> Path:
    """A checkpoint folder, or the latest one of a run's folder.

    Raises:
        FileNotFoundError: neither.
    """
    if (path / "state.json").is_file():
        return path
    found = state.checkpoints(path / "checkpoints")
    if not found:
        raise FileNotFoundError(f"'{path}' is neither a checkpoint (a step-… folder) nor a run that holds one")
    return found[-1]


def export(
    checkpoint: Path,
    out: Path,
    dtype: torch.dtype = torch.float16,
    average: bool = True,
    unet_folder: Path | None = None,
) -> Path:
    """Write the TrackGo checkpoint of a run, with the base weights that were trained along.

    LoRA matrices stay two small factors each; in a UNet folder they are merged.

    Args:
        checkpoint: a ``step-…`` folder or a run's folder.
        average: the running average of the weights, where the run has one.
        unet_folder: write the whole trained UNet there as a diffusers model and leave base weights out of ``out``; for
            a base that was trained from nothing.

    Raises:
        FileNotFoundError, ValueError: no such checkpoint, or its base model is gone or another one.
    """
    model, _ = restored_model(checkpoint, average)
    unet = model.unet
    if unet_folder is not None:
        save_unet(unet, unet_folder, dtype)
    else:
        model.trackgo.base_weights = changed_base_weights(unet, model.inherited)
    model.trackgo.save(out, dtype)
    return out


def restored_model(checkpoint: Path, average: bool = True) -> tuple[TrainedSVD, FrozenParts]:
    """The model of a run at a checkpoint, and the parts that were not trained; arguments and errors as in `export`."""
    folder = find_checkpoint(checkpoint)
    saved = state.load(folder)
    config: TrainingConfig = from_mapping(saved.facts["config"])
    unet, parts = load_base(config.model, config.run.seed)
    model = build_model(replace(config, loss=replace(config.loss, identity=0.0)), unet)  # without probes
    values = saved.average if average and saved.average else saved.weights
    state.restore_parameters_(trained_parameters(model), values, str(folder))
    return model, parts


def save_unet(unet: nn.Module, folder: Path, dtype: torch.dtype) -> None:
    """Write the UNet, LoRA merged, as ``config.json`` and safetensors in diffusers' layout; the weights are renamed
    when complete."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    unet.save_config(str(folder))
    merged = merged_weights(unet)
    tensors = {name: value.detach().to("cpu", dtype).contiguous() for name, value in merged.items()}
    with replacing(folder / "diffusion_pytorch_model.safetensors") as unfinished:
        save_file(tensors, unfinished, metadata={"format": "pt"})


def changed_base_weights(unet: nn.Module, inherited: Collection[str] = ()) -> dict[str, BaseChange]:
    """What differs from the base model, by diffusers key: trained parameters, those that an earlier run changed
    (``inherited``), and LoRA's factors of others."""
    merged = merged_weights(unet)
    trained = {_plain(name) for name, p in unet.named_parameters() if p.requires_grad}
    whole = {name: merged[name] for name in sorted((trained & merged.keys()) | set(inherited))}
    return {f"{name}.weight": _factors(layer) for name, layer in _lora_layers(unet)} | whole


def _factors(layer: nn.Module) -> LowRank:
    up, down = layer.lora_B["trackgo"].weight, layer.lora_A["trackgo"].weight
    return LowRank(up.detach() * layer.scaling["trackgo"], down.detach())


def merged_weights(unet: nn.Module) -> Mapping[str, Tensor]:
    """The UNet's parameters by diffusers key, LoRA added to the weights it belongs to: W + scale·B·A."""
    weights = {_plain(n): p.detach() for n, p in unet.named_parameters() if ".lora_" not in n}
    for name, layer in _lora_layers(unet):
        key = f"{name}.weight"
        weights[key] = weights[key] + layer.get_delta_weight("trackgo").to(weights[key])
    return weights


def _lora_layers(unet: nn.Module) -> list[tuple[str, nn.Module]]:
    return [(n, m) for n, m in unet.named_modules() if hasattr(m, "lora_A") and hasattr(m, "get_delta_weight")]


def _plain(name: str) -> str:
    return name.replace(".base_layer.", ".")
