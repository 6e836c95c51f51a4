"""The demo's VAE: TAESD's architecture at width 32 behind the interface of SVD's own VAE.

SVD's pipeline asks a VAE for `encode(x).latent_dist.mode()`, for raw latents that have unit variance once multiplied by
`config.scaling_factor` (0.18215), and for `decode(raw).sample`. `TinyVAE` answers those questions with an
`AutoencoderTiny`, so no code that drives SVD needs to know which of the two it holds. The same weights, padded with
zeros to width 64, are the tiny autoencoder that ComfyUI has built in (`to_comfy_taesd`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.utils import BaseOutput
from torch import Tensor

SVD_SCALING_FACTOR = 0.18215
"""Raw latent × this = unit variance; from SVD's vae/config.json."""

COMFY_TAESD_WIDTH = 64
"""Channels of ComfyUI's built-in tiny autoencoder, which cannot be chosen there."""


@dataclass(frozen=True)
class FixedLatents:
    """A distribution with all its mass on one value: what a VAE without sampling has for `latent_dist`."""

    latents: Tensor  # [B, 4, H/8, W/8], raw (before scaling_factor)

    def mode(self) -> Tensor:
        """The latents."""
        return self.latents

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """The latents too; `generator` is accepted because SVD's distribution takes one."""
        return self.latents


@dataclass
class TinyVAEOutput(BaseOutput):
    """`latent_dist` as SVD's VAE returns it, `latents` as `AutoencoderTiny` does (the same tensor)."""

    latents: Tensor
    latent_dist: FixedLatents


class TinyVAE(AutoencoderTiny):
    """`AutoencoderTiny` whose raw latents are (encoder output) / s, s = `config.scaling_factor`."""

    def encode(self, x: Tensor, return_dict: bool = True) -> TinyVAEOutput | tuple[Tensor]:
        """Pictures [B, 3, H, W] in [-1, 1], H and W multiples of 8 → raw latents [B, 4, H/8, W/8]."""
        latents = super().encode(x, return_dict=False)[0] / self.config.scaling_factor
        return TinyVAEOutput(latents=latents, latent_dist=FixedLatents(latents)) if return_dict else (latents,)

    def decode(
        self, x: Tensor, generator: torch.Generator | None = None, return_dict: bool = True
    ) -> DecoderOutput | tuple[Tensor]:
        """Raw latents [B, 4, h, w] → pictures [B, 3, 8h, 8w], about [-1, 1]; frames are decoded one by one."""
        return super().decode(x * self.config.scaling_factor, generator=generator, return_dict=return_dict)

    def forward(self, sample: Tensor, return_dict: bool = True) -> DecoderOutput | tuple[Tensor]:
        """Encode and decode, without the rounding to bytes that `AutoencoderTiny.forward` does in between."""
        return self.decode(self.encode(sample).latents, return_dict=return_dict)


def build_vae(width: int = 32) -> TinyVAE:
    """A `TinyVAE` of TAESD's depth (blocks 1, 3, 3, 3 and back) with randomly initialised weights."""
    return TinyVAE(
        encoder_block_out_channels=(width,) * 4,
        decoder_block_out_channels=(width,) * 4,
        scaling_factor=SVD_SCALING_FACTOR,
    ).eval()


def to_comfy_taesd(state_dict: Mapping[str, Tensor], scaling_factor: float = SVD_SCALING_FACTOR) -> dict[str, Tensor]:
    """A `TinyVAE`'s state dict → the state dict that ComfyUI's VAE loader recognises as its own tiny autoencoder.

    Hidden channels are padded with zeros to 64. That changes no number: a padded channel has zero weights and zero
    bias, so it is 0 after every convolution, ReLU and skip, and no other channel reads it. Module numbers are the same
    in the encoder and one higher in the decoder, where the clamp has a number of its own. Tensors keep their dtype.

    Raises:
        ValueError: a key that is no layer of the architecture, or a width above 64.
    """
    padded: dict[str, Tensor] = {}
    for key, value in state_dict.items():
        part, layers, rest = key.partition(".layers.")
        index, _, name = rest.partition(".")
        if not layers or part not in ("encoder", "decoder") or not index.isdigit():
            raise ValueError(f"'{key}' is not a tensor of TinyVAE; expected encoder.layers.N… or decoder.layers.N…")
        number = int(index) + (part == "decoder")
        padded[f"taesd_{part}.{number}.{name}"] = _pad_hidden(key, value)
    padded["vae_scale"] = torch.tensor(scaling_factor)
    padded["vae_shift"] = torch.tensor(0.0)
    return padded


def _pad_hidden(key: str, value: Tensor) -> Tensor:
    """Zero-pad the channel axes of one weight [out, in, 3, 3] or bias [out] to 64; 3 and 4 (pixels, latents) stay."""
    sizes = [size if axis > 1 or size in (3, 4) else COMFY_TAESD_WIDTH for axis, size in enumerate(value.shape)]
    if any(old > new for old, new in zip(value.shape, sizes, strict=True)):
        raise ValueError(f"'{key}' has shape {tuple(value.shape)}; ComfyUI holds {COMFY_TAESD_WIDTH} channels at most")
    result = value.new_zeros(sizes)
    result[tuple(slice(size) for size in value.shape)] = value
    return result
