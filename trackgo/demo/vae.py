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
from diffusers.models.unets.unet_2d_blocks import AutoencoderTinyBlock
from diffusers.utils import BaseOutput
from torch import Tensor, nn

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


_OPPONENT = (  # rows: lightness, red against blue, green against the two; orthonormal
    (3**-0.5, 3**-0.5, 3**-0.5),
    (2**-0.5, 0.0, -(2**-0.5)),
    (6**-0.5, -2 * 6**-0.5, 6**-0.5),
)


@torch.no_grad()
def start_from_means_(vae: TinyVAE, pictures: Tensor) -> None:
    """Initialise for training: three latents hold each 8×8 patch's mean color, and the decoder blends the patches.

    From PyTorch's initialisation the encoder soon passes lightness alone (its second stage had rank 1) and stays so for
    long: 20.3 dB after 2,500 steps, all grey. Here the first three channels of every layer carry color from end to
    end, every block begins as the identity and the other channels are random (He): training starts in color, at 21 dB.

    pictures: [B, 3, H, W] in -1 to 1, from which the latents' mean and deviation are measured: they come out as
    opponent colors of unit variance.
    """
    for module in vae.modules():
        if isinstance(module, AutoencoderTinyBlock):
            nn.init.zeros_(module.conv[-1].weight)
            nn.init.zeros_(module.conv[-1].bias)
    centre, box = torch.zeros(3, 3), torch.zeros(3, 3)
    centre[1, 1] = 1
    box[1:, 1:] = 1 / 4  # with stride 2 and padding 1: exactly the 2×2 pixels of the output's place
    blend = torch.outer(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([0.25, 0.5, 0.25]))
    encoder = [layer for layer in vae.encoder.layers if isinstance(layer, nn.Conv2d)]
    decoder = [layer for layer in vae.decoder.layers if isinstance(layer, nn.Conv2d)]
    for layer in (*encoder, *decoder):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    opponent = torch.tensor(_OPPONENT)
    _carry_color_(encoder[0], torch.eye(3), centre)
    for layer in encoder[1:-1]:
        _carry_color_(layer, torch.eye(3), box)
    _carry_color_(encoder[-1], opponent, centre)
    deviation, mean = torch.std_mean(vae.encoder(pictures), dim=(0, 2, 3))
    normalise_(encoder[-1], mean, deviation)
    _carry_color_(decoder[0], opponent.T * deviation[:3], centre)
    decoder[0].bias[:3] = opponent.T @ mean[:3]
    for layer in decoder[1:-1]:
        _carry_color_(layer, torch.eye(3), blend)
    decoder[-1].weight.mul_(0.1)
    _carry_color_(decoder[-1], torch.eye(3), centre)


def _carry_color_(layer: nn.Conv2d, mix: Tensor, kernel: Tensor) -> None:
    """Make a convolution's first three outputs `mix` [3, 3] of its first three inputs, through `kernel` [3, 3]."""
    layer.weight[:3] = 0
    layer.weight[:3, :3] = mix[:, :, None, None] * kernel


def normalise_(layer: nn.Conv2d, mean: Tensor, deviation: Tensor) -> None:
    """Change a convolution so that outputs of that mean and deviation per channel come out as 0 and 1."""
    layer.weight.div_(deviation[:, None, None, None])
    layer.bias.sub_(mean).div_(deviation)
