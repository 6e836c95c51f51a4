"""From a configuration to the objects of a run: base model, TrackGo, frozen parts, optimiser."""

from __future__ import annotations

import torch
from torch import nn

from ..base_model import demo_folder, frozen_parts, load_components
from ..model import TrackGo
from ..model.attach import changed_parameters
from ..model.low_rank import changed
from ..svd.frozen import FrozenParts
from .aids.identity import IdentityProbes
from .aids.muon import MuonWithAdamW
from .config import ModelConfig, OptimizerConfig, TrainingConfig
from .groups import parameter_groups, prepare_trainable_
from .model import TrainedSVD


def load_base(config: ModelConfig, seed: int) -> tuple[nn.Module, FrozenParts]:
    """The base UNet (float32) and SVD's frozen parts.

    Raises:
        FileNotFoundError: no such model in the package, on disk or in the local cache.
        ValueError: ``initial: random`` for something else than a demo folder.
    """
    from ..demo.tiny import TinyConfig, build_components

    demo = demo_folder(config.base)
    if config.initial == "random" and demo is None:
        raise ValueError(f"model.initial 'random' needs a folder of the demo's SVD in model.base, got '{config.base}'")
    components = load_components(config.base)
    unet, parts = components.unet, frozen_parts(components)
    if config.initial == "random":
        unet = build_components(TinyConfig.of(demo), seed).unet
    halve_frozen_(parts.image_encoder, config.frozen_precision)  # not the VAE: SVD's overflows in half precision
    return unet, parts


def build_model(training: TrainingConfig, unet: nn.Module) -> TrainedSVD:
    """UNet and TrackGo with the trainable set of the configuration.

    Raises:
        ValueError: the checkpoint to start from has another mass mode or was made for another base.
    """
    config, inherited = training.model, frozenset()
    if config.start_from:
        trackgo = TrackGo.load(config.start_from).float()
        trackgo.check_fits(unet)
        if trackgo.config.mass != config.mass:
            raise ValueError(f"model.start_from has mass '{trackgo.config.mass}', model.mass is '{config.mass}'")
        inherited = take_base_weights_(unet, trackgo)
    else:
        trackgo = TrackGo.for_unet(unet, config.mass, training.run.seed, config.base)
    with torch.random.fork_rng(devices=[]):  # LoRA and probes start from random numbers, the same in every process
        torch.manual_seed(training.run.seed)
        prepare_trainable_(unet, trackgo, config)
        probes = IdentityProbes(trackgo.config) if training.loss.identity else None
    halve_frozen_(unet, config.frozen_precision)
    loss = training.loss
    model = TrainedSVD(
        unet,
        trackgo,
        config.alpha,
        config.gradient_checkpointing,
        attention_loss=loss.attention > 0,
        identity=probes,
        correspondence=loss.correspondence > 0,
        lasting=loss.lasting > 0,
    )
    model.inherited = inherited
    return model


def halve_frozen_(module: nn.Module, precision: str) -> None:
    """Keep parameters that are not trained in ``bf16`` or ``fp16``; ``fp32`` changes nothing."""
    dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)
    for parameter in module.parameters():
        if dtype and not parameter.requires_grad:
            parameter.data = parameter.data.to(dtype)


def take_base_weights_(unet: nn.Module, trackgo: TrackGo) -> frozenset[str]:
    """Move the base weights that came with a checkpoint into the UNet; returns their keys.

    Raises:
        ValueError: one that the UNet has not.
    """
    keys = frozenset(trackgo.base_weights)
    with torch.no_grad():
        for key, parameter in changed_parameters(unet, trackgo.base_weights).items():
            parameter.copy_(changed(parameter, trackgo.base_weights[key]))
    trackgo.base_weights = {}
    return keys


def build_optimizer(model: TrainedSVD, config: OptimizerConfig) -> torch.optim.Optimizer:
    """The configuration's optimiser over the groups of the trainable set."""
    groups = parameter_groups(model, config)
    betas = (config.beta1, config.beta2)
    if config.kind == "muon":
        return MuonWithAdamW(groups, config.momentum, betas, config.epsilon)
    return torch.optim.AdamW(groups, betas=betas, eps=config.epsilon, fused=True)


def trained_parameters(model: TrainedSVD) -> dict[str, nn.Parameter]:
    """Everything that is trained, by the names that checkpoints use (``unet.…``, ``trackgo.…``, ``identity.…``)."""
    return {name: p for name, p in model.named_parameters() if p.requires_grad}
