"""From a configuration to the objects of a run: base model, TrackGo, frozen parts, optimiser."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import nn

from ..low_rank import changed
from ..model import TrackGo
from ..svd import changed_parameters
from .config import ModelConfig, OptimizerConfig, TrainingConfig
from .diffusion import FrozenParts
from .groups import parameter_groups, prepare_trainable_
from .identity import IdentityProbes
from .model import TrainedSVD
from .muon import MuonWithAdamW


def load_base(config: ModelConfig, seed: int) -> tuple[nn.Module, FrozenParts]:
    """The base UNet (float32) and SVD's frozen parts.

    Raises:
        FileNotFoundError: no such model in the package, on disk or in the local cache.
        ValueError: ``initial: random`` for something else than a demo folder.
    """
    from ..demo import DEMO_SVD
    from ..demo.tiny import build_components, load_demo_components

    folder = DEMO_SVD if config.base == "demo" else Path(config.base)
    if (folder / "trackgo_demo.json").is_file():
        components = load_demo_components(folder)
    elif config.initial == "pretrained":
        components = _load_pipeline(config.base)
    else:
        raise ValueError(f"model.initial 'random' needs a folder of the demo's SVD in model.base, got '{config.base}'")
    unet = components.unet
    if config.initial == "random":
        unet = build_components(_tiny_config(folder), seed).unet
    normal = components.feature_extractor
    vae, image_encoder = (part.eval().requires_grad_(False) for part in (components.vae, components.image_encoder))
    digests = {"vae": fingerprint(vae), "image_encoder": fingerprint(image_encoder)}  # before rounding
    halve_frozen_(image_encoder, config.frozen_precision)  # not the VAE: SVD's overflows in half precision
    return unet, FrozenParts(vae, image_encoder, tuple(normal.image_mean), tuple(normal.image_std), digests)


def fingerprint(module: nn.Module) -> str:
    """Digest of a frozen module's parameters: runs and stored latents are not continued with other weights."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


def _tiny_config(folder: Path):
    import json

    from ..demo.tiny import TinyConfig

    fields = json.loads((folder / "trackgo_demo.json").read_text(encoding="utf-8"))["config"]
    return TinyConfig(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})


def _load_pipeline(name: str):
    """SVD from a diffusers folder or the local cache; nothing is downloaded."""
    from diffusers import StableVideoDiffusionPipeline

    try:
        return StableVideoDiffusionPipeline.from_pretrained(name, torch_dtype=torch.float32, local_files_only=True)
    except OSError as error:
        raise FileNotFoundError(
            f"model.base '{name}' is neither 'demo', a diffusers folder, nor a model in the local cache: {error}"
        ) from error


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
        background=loss.lasting > 0 or loss.vacated > 0,
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
