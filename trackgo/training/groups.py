"""Trainable sets by name, and their parameter groups with a learning rate each."""

from __future__ import annotations

from torch import nn

from ..model import TrackGo
from .config import ModelConfig, OptimizerConfig
from .identity import PROBE_RATE

_TEMPORAL = ("temporal_transformer_blocks", "temporal_res_block", "time_mixer", "time_pos_embed")
LORA_TARGETS = r".*transformer_blocks\.\d+\.attn1\.(to_q|to_k|to_v|to_out\.0)"


def base_parameter_is_trained(name: str, trainable: str) -> bool:
    """Whether the UNet parameter ``name`` (diffusers key) belongs to the trainable set."""
    if trainable == "everything":
        return True
    if trainable == "adapter+temporal":
        return any(part in name.split(".") for part in _TEMPORAL)
    if trainable == "adapter+attn1":
        return "temporal_transformer_blocks.0.attn1." in name
    return trainable == "adapter+lora" and ".lora_" in name


def prepare_trainable_(unet: nn.Module, trackgo: TrackGo, config: ModelConfig) -> None:
    """Set ``requires_grad`` of every parameter by the trainable set; adds LoRA layers (peft) where it asks for them."""
    if config.trainable == "adapter+lora":
        add_lora_(unet, config.lora_rank)
    for name, parameter in unet.named_parameters():
        parameter.requires_grad_(base_parameter_is_trained(name, config.trainable))
    trackgo.requires_grad_(True)


def add_lora_(unet: nn.Module, rank: int) -> None:
    """LoRA of rank r and scale 1 on the projections of every self-attention of the UNet, temporal and spatial.

    Cross-attention is left out: with SVD's single context token its queries and keys do nothing.

    Raises:
        ValueError: peft is not installed.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise ValueError("model.trainable 'adapter+lora' needs peft: pip install peft") from None
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank, target_modules=LORA_TARGETS), unet, "trackgo")


def parameter_groups(model: nn.Module, config: OptimizerConfig) -> list[dict]:
    """Groups ``encoder``, ``adapter``, ``base`` and ``probe`` of a ``TrainedSVD``; each holds ``name``,
    ``params``, ``names`` and ``lr``.

    Norm weights and biases are not decayed; they are in groups of their own, ending in ``_plain``.
    """
    own = config.learning_rate
    rates = {
        "encoder": config.encoder_rate or own,
        "adapter": own,
        "base": config.base_rate or own,
        "probe": PROBE_RATE,
    }
    groups: dict[str, dict] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        kind = _kind(name)
        label = kind if parameter.ndim > 1 else f"{kind}_plain"
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        fresh = {"name": label, "params": [], "names": [], "lr": rates[kind], "weight_decay": decay}
        group = groups.setdefault(label, fresh)
        group["params"].append(parameter)
        group["names"].append(name)
    return [group | {"rate": group["lr"]} for group in groups.values()]


def _kind(name: str) -> str:
    if name.startswith("unet."):
        return "base"
    if name.startswith("trackgo.encoder."):
        return "encoder"
    if name.startswith("identity."):
        return "probe"
    return "adapter"
