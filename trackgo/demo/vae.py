"""The demo's VAE: TAESD's architecture at width 32 behind the interface of SVD's own VAE.

SVD's pipeline asks a VAE for `encode(x).latent_dist.mode()`, for raw latents that have unit variance once multiplied by
`config.scaling_factor` (0.18215), and for `decode(raw).sample`. `TinyVAE` answers those questions with an
`AutoencoderTiny`, so no code that drives SVD needs to know which of the two it holds. The same weights, padded with
zeros to width 64, are the tiny autoencoder that ComfyUI has built in (`taesd.to_comfy_taesd`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import AutoencoderTiny
from diffusers.models.autoencoders.vae import DecoderOutput
from diffusers.utils import BaseOutput
from torch import Tensor

from .taesd import SVD_SCALING_FACTOR


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
