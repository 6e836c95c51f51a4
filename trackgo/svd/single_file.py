"""Reads Stable Video Diffusion from one .safetensors file, as Stability publishes it and as ComfyUI saves it.

Sizes come from the tensors themselves, so no configuration file and no network is needed. Everything is checked before
anything is read: every tensor must be one that SVD has, in SVD's shape, and none may be missing.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from diffusers import AutoencoderKLTemporalDecoder, UNetSpatioTemporalConditionModel
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from .components import SVDComponents, build_feature_extractor, build_scheduler
from .single_file_keys import CLIP, CONDITIONING_VAE, UNET, VAE, Source, clip_source, unet_source, vae_source

HEAD_DIM_KEY, CLIP_HEADS_KEY = "trackgo.head_dim", "trackgo.clip_heads"
"""Optional metadata of the file: what no tensor's shape tells. Without them, SVD's own values below."""
SVD_HEAD_DIM, SVD_CLIP_HEADS = 64, 16
_SVD_CONDITIONING = 768  # three sinusoids of 256: fps, motion bucket, noise augmentation
_GROUPS = 32  # of every GroupNorm

_MARK = f"{UNET}input_blocks.1.1.time_stack.0.attn1.to_q.weight"
_HARMLESS = re.compile(
    r"conditioner\.embedders\.(?!0\.open_clip\.model\.visual\.).*"  # other conditioners; copies of the autoencoder
    r"|denoiser\..*|model_ema\..*|first_stage_model\.loss\..*"  # what training leaves behind
    r"|edm_vpred\.sigma_(min|max)|v_pred|ztsnr"  # ComfyUI's notes on the sampling
    r"|(.*\.)?(logit_scale|position_ids)"
)
_PRECISIONS = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
_CASTABLE = {"F64", "F8_E4M3", "F8_E5M2", *_PRECISIONS}


def load_single_file(path: str | Path, dtype: torch.dtype | None = None) -> SVDComponents:
    """All five parts of an SVD pipeline from one file, in evaluation mode, on the CPU.

    Tensors that need no change stay mapped to the file, so it must not be overwritten while they are in use.

    Args:
        path: svd.safetensors, svd_xt.safetensors, or what ComfyUI's ImageOnlyCheckpointSave wrote.
        dtype: float32, float16 or bfloat16, for all parts; None for the precision that most of the UNet is stored in
            (ComfyUI saves the parts in different ones, diffusers' pipeline wants a single one).

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: not a whole .safetensors file, not SVD, or a tensor is missing, unknown or of another shape.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint file at '{path}'")
    if dtype is not None and dtype not in _PRECISIONS.values():
        raise ValueError(f"dtype is {dtype}; SVD runs in torch.float32, torch.float16 or torch.bfloat16")
    try:
        file = safe_open(path, framework="pt")
    except SafetensorError as error:
        raise ValueError(
            f"'{path.name}' is not a whole .safetensors file ({error}); download it again, or give another"
        ) from error
    with file:
        header = Header.of(file, path.name)
        plans = {"unet": _plan_unet(header), "vae": _plan_vae(header), "image_encoder": _plan_clip(header)}
        _check(header, plans.values())
        dtype = dtype or _precision(header)
        models = {name: plan.fill(file, dtype) for name, plan in plans.items()}
    _restore_positions_(models["image_encoder"])
    return SVDComponents(**models, scheduler=build_scheduler(), feature_extractor=build_feature_extractor())


class Entry(NamedTuple):
    """What a safetensors header says of a tensor."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Header:
    """Names, shapes and types of everything in a checkpoint, and its metadata; no tensor's values."""

    name: str
    entries: Mapping[str, Entry]
    metadata: Mapping[str, str]

    @classmethod
    def of(cls, file: safe_open, name: str) -> Header:
        """The header of an open file.

        Raises:
            ValueError: the file is not SVD's.
        """
        slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        entries = {key: Entry(tuple(stored.get_shape()), stored.get_dtype()) for key, stored in slices.items()}
        if _MARK not in entries:
            raise ValueError(
                f"'{name}' is not a Stable Video Diffusion checkpoint: it has no temporal attention ('{_MARK}'); "
                "use svd.safetensors or svd_xt.safetensors"
            )
        return cls(name, entries, file.metadata() or {})

    def shape(self, key: str, dimensions: int) -> tuple[int, ...]:
        """Shape of a tensor that tells a size of the model."""
        if key not in self.entries:
            raise ValueError(f"'{self.name}' lacks the tensor '{key}' of Stable Video Diffusion")
        shape = self.entries[key].shape
        if len(shape) != dimensions or 0 in shape:
            raise ValueError(
                f"in '{self.name}' the tensor '{key}' has shape {shape}; it must have {dimensions} axes, none of them 0"
            )
        return shape

    def count(self, pattern: str) -> int:
        """How many different numbers ``pattern``'s group matches at the start of keys."""
        return len({match.group(1) for key in self.entries if (match := re.match(pattern, key))})

    def setting(self, key: str, default: int) -> int:
        """A positive whole number from the metadata."""
        text = self.metadata.get(key, str(default))
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            raise ValueError(f"the metadata '{key}' of '{self.name}' is '{text}'; it must be a whole number from 1 up")
        return int(text)


@dataclass(frozen=True)
class Plan:
    """A model without values and the source of each of them.

    Attributes:
        model: on the meta device.
        sources: parameter → where it lies.
        spare: keys that hold the same again and may be there or not.
        made: parameters that no file holds.
    """

    model: nn.Module
    sources: Mapping[str, Source]
    spare: frozenset[str] = frozenset()
    made: Mapping[str, Tensor] = field(default_factory=dict)

    def fill(self, file: safe_open, dtype: torch.dtype) -> nn.Module:
        """The model with its values, one tensor read at a time."""
        state = {name: source.form.read(file, source.key).to(dtype) for name, source in self.sources.items()}
        state |= {name: tensor.to(dtype) for name, tensor in self.made.items()}
        self.model.load_state_dict(state, assign=True)
        return self.model.eval()


def _on_meta(build: Callable[[], nn.Module]) -> nn.Module:
    with torch.device("meta"):
        return build()


# ---------------------------------------------------------------------------------------------------------------------
# Sizes of the three models
# ---------------------------------------------------------------------------------------------------------------------


def _plan_unet(header: Header) -> Plan:
    widths = _widths(header, (f"{UNET}input_blocks.{3 * level + 1}.0.out_layers.3.weight" for level in range(4)))
    head_dim = header.setting(HEAD_DIM_KEY, SVD_HEAD_DIM)
    for level, width in enumerate(widths):
        if width % head_dim:
            raise ValueError(
                f"level {level} of the UNet in '{header.name}' has {width} channels, which heads of {head_dim} do not "
                f"divide; name the right size in the file's metadata as '{HEAD_DIM_KEY}'"
            )
    conditioning = header.shape(f"{UNET}label_emb.0.0.weight", 2)[1]
    channels = header.shape(f"{UNET}input_blocks.0.0.weight", 4)[1], header.shape(f"{UNET}out.2.weight", 4)[0]
    if (conditioning, *channels) != (_SVD_CONDITIONING, 8, 4):
        raise ValueError(
            f"'{header.name}' is a relative of Stable Video Diffusion but not it: its UNet takes {conditioning} values "
            f"of conditioning and {channels[0]} channels and gives {channels[1]}; SVD's has 768, 8 and 4"
        )
    context = header.shape(f"{UNET}input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", 2)[1]
    model = _on_meta(
        lambda: UNetSpatioTemporalConditionModel(
            sample_size=96,
            block_out_channels=widths,
            num_attention_heads=tuple(width // head_dim for width in widths),
            cross_attention_dim=context,
            addition_time_embed_dim=conditioning // 3,
            projection_class_embeddings_input_dim=conditioning,
            num_frames=14,
        )
    )
    return Plan(model, {name: unet_source(name) for name in model.state_dict()})


def _plan_vae(header: Header) -> Plan:
    """The autoencoder. Stability keeps two encoders: with ``quant_conv`` for the first frame, and one without.

    Diffusers' SVD has the former; files without it (ComfyUI's) get the latter and an identity for ``quant_conv``.
    """
    levels = header.count(rf"{re.escape(VAE)}decoder\.up\.(\d+)\.")
    widths = _widths(header, (f"{VAE}decoder.up.{level}.block.0.conv1.weight" for level in range(levels)))
    latent = header.shape(f"{VAE}decoder.conv_in.weight", 4)[1]
    model = _on_meta(
        lambda: AutoencoderKLTemporalDecoder(
            block_out_channels=widths,
            down_block_types=("DownEncoderBlock2D",) * levels,
            layers_per_block=2,
            latent_channels=latent,
            sample_size=768,
        )
    )
    homes = [home for home in (VAE, CONDITIONING_VAE) if f"{home}quant_conv.weight" in header.entries]
    home = homes[0] if homes else VAE
    names = list(model.state_dict())
    sources = {name: vae_source(name, levels, home) for name in names if homes or not name.startswith("quant_conv.")}
    identity = {
        "quant_conv.weight": torch.eye(2 * latent)[:, :, None, None],
        "quant_conv.bias": torch.zeros(2 * latent),
    }
    second_encoder = frozenset(vae_source(name, levels).key for name in names if name.startswith("encoder."))
    return Plan(model, sources, frozenset() if home == VAE else second_encoder, {} if homes else identity)


def _plan_clip(header: Header) -> Plan:
    open_clip = f"{CLIP}vision_model.embeddings.class_embedding" not in header.entries

    def shape(name: str, dimensions: int) -> tuple[int, ...]:
        source = clip_source(name, open_clip)
        stored = header.shape(source.key, dimensions)
        return source.form.stored_shape(stored)  # only its own inverse where it is used: SAME and TRANSPOSED

    width, _, _, patch = shape("vision_model.embeddings.patch_embedding.weight", 4)
    places = shape("vision_model.embeddings.position_embedding.weight", 2)[0]
    heads = header.setting(CLIP_HEADS_KEY, SVD_CLIP_HEADS)
    if width % heads:
        raise ValueError(
            f"the image encoder in '{header.name}' is {width} wide, which {heads} heads do not divide; name the right "
            f"number in the file's metadata as '{CLIP_HEADS_KEY}'"
        )
    layer = r"transformer\.resblocks" if open_clip else r"vision_model\.encoder\.layers"
    config = CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=shape("vision_model.encoder.layers.0.mlp.fc1.weight", 2)[0],
        projection_dim=shape("visual_projection.weight", 2)[0],
        num_hidden_layers=header.count(rf"{re.escape(CLIP)}{layer}\.(\d+)\."),
        num_attention_heads=heads,
        image_size=patch * math.isqrt(places - 1),
        patch_size=patch,
        hidden_act="gelu",
    )
    model = _on_meta(lambda: CLIPVisionModelWithProjection(config))
    return Plan(model, {name: clip_source(name, open_clip) for name in model.state_dict()})


def _widths(header: Header, keys: Iterable[str]) -> tuple[int, ...]:
    """Output channels of the convolutions ``keys``, each a multiple of the group count."""
    widths = {key: header.shape(key, 4)[0] for key in keys}
    for key, width in widths.items():
        if width % _GROUPS:
            raise ValueError(f"in '{header.name}' the tensor '{key}' gives {width} channels; SVD's are multiples of 32")
    return tuple(widths.values())


# ---------------------------------------------------------------------------------------------------------------------
# Checks and finishing
# ---------------------------------------------------------------------------------------------------------------------


def _check(header: Header, plans: Iterable[Plan]) -> None:
    """Refuse a file with a tensor missing, of another shape, of a type without values we can use, or unknown."""
    known, missing = set(), []
    for plan in plans:
        known |= plan.spare
        targets = plan.model.state_dict()
        for name, (key, form) in plan.sources.items():
            known.add(key)
            if key not in header.entries:
                missing.append(key)
                continue
            entry, expected = header.entries[key], form.stored_shape(tuple(targets[name].shape))
            if entry.shape != expected:
                raise ValueError(f"in '{header.name}' the tensor '{key}' has shape {entry.shape}; SVD's has {expected}")
            if entry.dtype not in _CASTABLE:
                raise ValueError(f"in '{header.name}' the tensor '{key}' is stored as {entry.dtype}, not as floats")
    if missing:
        raise ValueError(f"'{header.name}' lacks {_listed(missing)} of Stable Video Diffusion")
    if unknown := [key for key in header.entries if key not in known and not _HARMLESS.fullmatch(key)]:
        raise ValueError(f"'{header.name}' holds {_listed(unknown)}, which Stable Video Diffusion does not have")


def _listed(keys: list[str]) -> str:
    keys = sorted(set(keys))
    return f"the tensor '{keys[0]}'" + (f" and {len(keys) - 1} more" if len(keys) > 1 else "")


def _precision(header: Header) -> torch.dtype:
    """The type that most values of the UNet are stored in."""
    values = Counter()
    for key, entry in header.entries.items():
        if key.startswith(UNET):
            values[entry.dtype] += math.prod(entry.shape)
    stored = values.most_common(1)[0][0]
    if stored not in _PRECISIONS:
        raise ValueError(
            f"the UNet in '{header.name}' is stored as {stored}, which SVD does not run in; "
            "say in which dtype to read it: float32, float16 or bfloat16"
        )
    return _PRECISIONS[stored]


def _restore_positions_(encoder: CLIPVisionModelWithProjection) -> None:
    """Give the image encoder its position numbers, a buffer that no file holds and that was made on the meta device."""
    embeddings = encoder.vision_model.embeddings
    embeddings.position_ids = torch.arange(embeddings.position_embedding.num_embeddings)[None]
