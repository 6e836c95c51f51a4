"""Where each weight of diffusers' SVD lies in a single-file checkpoint, and in which form.

Three name spaces in one file: the UNet's (Stability's), the autoencoder's (latent-diffusion's) and the image encoder's
(OpenCLIP's in Stability's files, transformers' in those that ComfyUI's ImageOnlyCheckpointSave writes).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import NamedTuple

from safetensors import safe_open
from torch import Tensor

from .unet_keys import comfy_key

UNET = "model.diffusion_model."
VAE = "first_stage_model."
CONDITIONING_VAE = "conditioner.embedders.3.encoder."
"""The image autoencoder that Stability's code encodes the first frame with; only its encoder half is used."""
CLIP = "conditioner.embedders.0.open_clip.model.visual."


class Form(Enum):
    """How a parameter is stored, relative to the shape that diffusers or transformers gives it."""

    SAME = "as it is"
    TRANSPOSED = "a matrix, transposed"
    POINTWISE = "a linear layer stored as a 1×1 convolution"
    QUERY = "the first third of the rows"
    KEY = "the second third of the rows"
    VALUE = "the last third of the rows"

    def stored_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape in the file of a parameter of ``shape``."""
        if self is Form.TRANSPOSED:
            return shape[::-1]
        if self is Form.POINTWISE:
            return (*shape, 1, 1)
        return (3 * shape[0], *shape[1:]) if self in _THIRDS else shape

    def read(self, file: safe_open, key: str) -> Tensor:
        """The parameter, in the shape that its model gives it; an unchanged one stays mapped to the file."""
        if self is Form.SAME:
            return file.get_tensor(key)
        if self in _THIRDS:
            stored = file.get_slice(key)
            rows = stored.get_shape()[0] // 3
            third = _THIRDS.index(self)
            return stored[third * rows : (third + 1) * rows].clone()  # else the three would share one storage
        tensor = file.get_tensor(key)
        return tensor.T.contiguous() if self is Form.TRANSPOSED else tensor.flatten(1)


_THIRDS = (Form.QUERY, Form.KEY, Form.VALUE)


class Source(NamedTuple):
    """Where a parameter comes from."""

    key: str
    form: Form = Form.SAME


def unet_source(name: str) -> Source:
    """Source of parameter ``name`` of ``UNetSpatioTemporalConditionModel``."""
    return Source(UNET + comfy_key(name))


# ---------------------------------------------------------------------------------------------------------------------
# Autoencoder
# ---------------------------------------------------------------------------------------------------------------------

_VAE_TOP = {"conv_norm_out.": "norm_out.", "time_conv_out.": "conv_out.time_mix_conv."}
_VAE_TIME_STACK = {"norm1": "in_layers.0", "conv1": "in_layers.2", "norm2": "out_layers.0", "conv2": "out_layers.3"}
_VAE_ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
_VAE_BLOCK = re.compile(r"(?:down|up)_blocks\.(\d+)\.(?:(resnets)\.(\d+)|(?:down|up)samplers\.0)\.(.+)")
_VAE_MIDDLE = re.compile(r"mid_block\.(resnets|attentions)\.(\d+)\.(.+)")


def vae_source(name: str, levels: int, encoder: str = VAE) -> Source:
    """Source of parameter ``name`` of ``AutoencoderKLTemporalDecoder``.

    Args:
        levels: resolutions of the autoencoder; latent-diffusion counts the decoder's from the finest.
        encoder: prefix under which the encoder and ``quant_conv`` lie.
    """
    half, _, rest = name.partition(".")
    if half == "quant_conv":
        return Source(encoder + name)
    prefix = f"{encoder if half == 'encoder' else VAE}{half}."
    if match := _VAE_MIDDLE.fullmatch(rest):
        kind, index, rest = match.groups()
        if kind == "resnets":
            return Source(f"{prefix}mid.block_{int(index) + 1}.{_vae_resnet(rest)}")
        module, _, parameter = rest.rpartition(".")
        pointwise = parameter == "weight" and module != "group_norm"
        key = f"{prefix}mid.attn_1.{_VAE_ATTENTION[module]}.{parameter}"
        return Source(key, Form.POINTWISE if pointwise else Form.SAME)
    if match := _VAE_BLOCK.fullmatch(rest):
        level, resnet, index, rest = match.groups()
        block = f"down.{level}" if half == "encoder" else f"up.{levels - 1 - int(level)}"
        if resnet:
            return Source(f"{prefix}{block}.block.{index}.{_vae_resnet(rest)}")
        return Source(f"{prefix}{block}.{'downsample' if half == 'encoder' else 'upsample'}.{rest}")
    for ours, theirs in _VAE_TOP.items():
        rest = rest.replace(ours, theirs)
    return Source(prefix + rest)


def _vae_resnet(rest: str) -> str:
    stack, _, inner = rest.partition(".")
    if stack == "time_mixer":
        return inner
    if stack == "temporal_res_block":
        module, _, parameter = inner.rpartition(".")
        return f"time_stack.{_VAE_TIME_STACK[module]}.{parameter}"
    return (inner if stack == "spatial_res_block" else rest).replace("conv_shortcut.", "nin_shortcut.")


# ---------------------------------------------------------------------------------------------------------------------
# Image encoder
# ---------------------------------------------------------------------------------------------------------------------

_CLIP_TOP = {
    "vision_model.embeddings.class_embedding": "class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "positional_embedding",
    "vision_model.pre_layrnorm.weight": "ln_pre.weight",
    "vision_model.pre_layrnorm.bias": "ln_pre.bias",
    "vision_model.post_layernorm.weight": "ln_post.weight",
    "vision_model.post_layernorm.bias": "ln_post.bias",
}
_CLIP_LAYER = {
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    "mlp.fc1": "mlp.c_fc",
    "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}
_CLIP_THIRDS = {"self_attn.q_proj": Form.QUERY, "self_attn.k_proj": Form.KEY, "self_attn.v_proj": Form.VALUE}
_CLIP_BLOCK = re.compile(r"vision_model\.encoder\.layers\.(\d+)\.(.+)\.(weight|bias)")


def clip_source(name: str, open_clip: bool) -> Source:
    """Source of parameter ``name`` of ``CLIPVisionModelWithProjection``.

    Args:
        open_clip: OpenCLIP's names and forms; otherwise transformers' own, under the same prefix.
    """
    if not open_clip:
        return Source(CLIP + name)
    if name == "visual_projection.weight":
        return Source(f"{CLIP}proj", Form.TRANSPOSED)
    if match := _CLIP_BLOCK.fullmatch(name):
        layer, module, parameter = match.groups()
        block = f"{CLIP}transformer.resblocks.{layer}"
        if module in _CLIP_THIRDS:
            return Source(f"{block}.attn.in_proj_{parameter}", _CLIP_THIRDS[module])
        return Source(f"{block}.{_CLIP_LAYER[module]}.{parameter}")
    return Source(CLIP + _CLIP_TOP[name])
