"""The demo SVD (a diffusers folder in the pack) as ComfyUI's MODEL, CLIP_VISION and VAE."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import comfy.model_management
import comfy.model_patcher
import comfy.sd
import comfy.supported_models
import torch
from comfy.clip_vision import ClipVisionModel
from comfy.patcher_extension import WrappersMP
from safetensors.torch import load_file
from torch import Tensor

from ..trackgo.demo import DEMO_SVD
from ..trackgo.demo.taesd import to_comfy_taesd
from ..trackgo.svd.sizes import LATENT_PX
from ..trackgo.svd.unet_keys import comfy_key
from .common import interruptible_
from .following import attachments_of
from .notices import warn


def _read(part: str) -> tuple[dict, dict[str, Tensor]]:
    """(config, state dict) of one part of the diffusers folder."""
    folder = Path(DEMO_SVD) / part
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (weights,) = folder.glob("*.safetensors")
    return config, load_file(weights)


def one_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a function with one of PyTorch's CPU threads.

    On tensors as small as the demo's, several threads mostly wait for each other: with two of them on two cores that
    have other work, a run takes six times the processor time and ten times as long as with one.
    """

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return function(*args, **kwargs)
        finally:
            torch.set_num_threads(threads)

    return call


def demo_model() -> comfy.model_patcher.ModelPatcher:
    """ComfyUI's own SVD_img2vid at the demo's widths."""
    config, weights = _read("unet")
    widths = config["block_out_channels"]
    head_channels = widths[0] // config["num_attention_heads"][0]

    class TinySVD(comfy.supported_models.SVD_img2vid):
        unet_extra_config = {**comfy.supported_models.SVD_img2vid.unet_extra_config, "num_head_channels": head_channels}

    settings = TinySVD(_unet_config(config))
    load_device = comfy.model_management.get_torch_device()
    dtype = comfy.model_management.unet_dtype(
        model_params=sum(w.numel() for w in weights.values()), supported_dtypes=settings.supported_inference_dtypes
    )
    cast = comfy.model_management.unet_manual_cast(dtype, load_device, settings.supported_inference_dtypes)
    settings.set_inference_dtype(dtype, cast)
    offload_device = comfy.model_management.unet_offload_device()
    model = settings.get_model({}, device=offload_device)
    model.trackgo_demo = True  # for `beyond_demo`; every clone shares it
    model.diffusion_model.load_state_dict({comfy_key(key): value.to(dtype) for key, value in weights.items()})
    interruptible_(model.diffusion_model)
    patcher = comfy.model_patcher.ModelPatcher(model, load_device=load_device, offload_device=offload_device)
    patcher.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, "trackgo_demo", one_thread(_sample))
    return patcher


def _sample(executor: Any, noise: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Says what TrackGo Apply says, where there is none: SVD_img2vid_Conditioning begins with the real model's size."""
    patcher, (height, width) = executor.class_obj.model_patcher, (side * LATENT_PX for side in noise.shape[-2:])
    problem = None if attachments_of(patcher) else beyond_demo(patcher, len(noise), width, height)
    if problem is not None:
        warn(problem)
    return executor(noise, *args, **kwargs)


def beyond_demo(model: comfy.model_patcher.ModelPatcher, frames: int, width: int, height: int) -> str | None:
    """What to say when the demo model is asked for far more than it was made for; None for any other model.

    Above four times its pixels, or twice its frames.
    """
    if not getattr(model.model, "trackgo_demo", False):
        return None
    made = json.loads((Path(DEMO_SVD) / "trackgo_demo.json").read_text(encoding="utf-8"))["config"]
    if width * height <= 4 * made["width"] * made["height"] and frames <= 2 * made["frames"]:
        return None
    return (
        f"{frames} frames of {width}×{height} px take the demo model many minutes on a CPU and look "
        f"like nothing; it was made for {made['frames']} frames of {made['width']}×{made['height']} px: set these in "
        "the node that makes the latent and in TrackGo Point Trajectories"
    )


def _unet_config(config: dict) -> dict:
    """ComfyUI's description of an SVD UNet, from diffusers'."""
    widths = config["block_out_channels"]
    blocks = config["layers_per_block"]
    return {
        "image_size": 32,
        "in_channels": config["in_channels"],
        "out_channels": config["out_channels"],
        "model_channels": widths[0],
        "channel_mult": [width // widths[0] for width in widths],
        "num_res_blocks": [blocks] * 4,
        "transformer_depth": [1] * 3 * blocks + [0] * blocks,
        "transformer_depth_middle": 1,
        "transformer_depth_output": [1] * 3 * (blocks + 1) + [0] * (blocks + 1),
        "context_dim": config["cross_attention_dim"],
        "adm_in_channels": config["projection_class_embeddings_input_dim"],
        "num_classes": "sequential",
        "legacy": False,
        "use_spatial_transformer": True,
        "use_linear_in_transformer": True,
        "use_spatial_context": True,
        "use_temporal_attention": True,
        "use_temporal_resblock": True,
        "extra_ff_mix_layer": True,
        "disable_temporal_crossattention": False,
        "video_kernel_size": [3, 1, 1],
        "merge_strategy": "learned_with_images",
        "merge_factor": 0.0,
    }


def demo_vae() -> comfy.sd.VAE:
    """ComfyUI's built-in tiny autoencoder with the demo's weights."""
    vae = comfy.sd.VAE(sd=to_comfy_taesd(_read("vae")[1]))
    vae.encode, vae.decode = one_thread(vae.encode), one_thread(vae.decode)
    interruptible_(vae.first_stage_model)
    return vae


def demo_clip_vision() -> ClipVisionModel:
    """ComfyUI's CLIP vision model at the demo's width."""
    clip_vision = ClipVisionModel(Path(DEMO_SVD) / "image_encoder" / "config.json")
    clip_vision.load_sd(_read("image_encoder")[1])
    clip_vision.encode_image = one_thread(clip_vision.encode_image)
    interruptible_(clip_vision.model)
    return clip_vision
