"""From a training checkpoint to files for inference."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from ..files import replacing, write_text
from ..model.low_rank import BaseChange, LowRank
from ..svd.frozen import FrozenParts
from . import state
from .config import TrainingConfig, from_stored
from .model import TrainedSVD
from .setup import build_model, load_base, trained_parameters

DTYPES = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}


def find_checkpoint(path: Path) -> Path:
    """A checkpoint folder, or the newest whole one of a run's folder; damaged ones are named on standard error.

    Raises:
        FileNotFoundError: neither. ValueError: none is whole.
    """
    if (path / "state.json").is_file():
        return path
    if not state.checkpoints(path / "checkpoints"):
        raise FileNotFoundError(f"'{path}' is neither a checkpoint (a step-… folder) nor a run that holds one")
    newest, _, problems = state.newest_whole(path / "checkpoints")
    for problem in problems:
        print(f"{problem}; '{newest.name}' is used instead", file=sys.stderr)
    return newest


def export(
    checkpoint: Path | Sequence[Path],
    out: Path,
    dtype: torch.dtype = torch.float16,
    average: bool = True,
    unet_folder: Path | None = None,
) -> Path:
    """Write the TrackGo checkpoint of a run, with the base weights that were trained along.

    LoRA matrices stay two small factors each; in a UNet folder they are merged.

    Args:
        checkpoint: a ``step-…`` folder or a run's folder; of several, the mean of their weights (a "model soup",
            Wortsman et al., 2022), which is often better than each if one was trained on from another.
        average: the running average of the weights, where the run has one.
        unet_folder: write the whole trained UNet there as a diffusers model and leave base weights out of ``out``; for
            a base that was trained from nothing.

    Raises:
        FileNotFoundError, ValueError: no such checkpoint, its base model is gone or another one, or several
            checkpoints have not the same one.
    """
    model, _ = restored_model(checkpoint, average)
    unet = model.unet
    if unet_folder is not None:
        save_unet(unet, unet_folder, dtype)
    else:
        model.trackgo.base_weights = changed_base_weights(unet, model.inherited)
    model.trackgo.save(out, dtype)
    return out


def restored_model(checkpoint: Path | Sequence[Path], average: bool = True) -> tuple[TrainedSVD, FrozenParts]:
    """The model of a run at a checkpoint, and the parts that were not trained; arguments and errors as in `export`."""
    folders = [find_checkpoint(path) for path in ([checkpoint] if isinstance(checkpoint, Path) else checkpoint)]
    saved = [state.load(folder) for folder in folders]
    configs: list[TrainingConfig] = [from_stored(one.facts["config"]) for one in saved]
    config = configs[0]
    for folder, other in zip(folders, configs, strict=True):
        if other.model != config.model:
            raise ValueError(
                f"the mean of '{folders[0]}' and '{folder}' would mean nothing: the section 'model' of their "
                "configurations is not the same"
            )
    if len(folders) > 1 and config.model.trainable == "adapter+lora":
        raise ValueError("LoRA's factors have no mean that adds what they add: export one checkpoint")
    unet, parts = load_base(config.model, config.run.seed)
    model = build_model(replace(config, loss=replace(config.loss, identity=0.0)), unet)  # without probes
    parameters = trained_parameters(model)
    values = [one.average if average and one.average else one.weights for one in saved]
    for folder, weights in zip(folders, values, strict=True):
        state.restore_parameters_(parameters, weights, str(folder))  # each, for it tells which one does not fit
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(torch.stack([weights[name].float() for weights in values]).mean(dim=0))
    return model, parts


def save_unet(unet: nn.Module, folder: Path, dtype: torch.dtype) -> None:
    """Write the UNet, LoRA merged, as ``config.json`` and safetensors in diffusers' layout; the weights are renamed
    when complete."""
    from safetensors.torch import save_file

    write_text(folder / "config.json", unet.to_json_string())
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
