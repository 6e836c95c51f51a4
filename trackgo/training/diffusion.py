"""SVD's diffusion: EDM preconditioning with v-prediction, its conditioning, and an Euler sampler for looking on.

σ is the noise level over latents of unit variance; x = x₀ + σ·n. The network F sees c_in·x and the first frame's latent
and gives D = c_skip·x + c_out·F (EDM, with SVD's v-prediction as in diffusers' EulerDiscreteScheduler).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from .config import ConditioningConfig, LossConfig

_PIXELS_AT_ONCE = 1 << 20  # of pictures in the VAE's encoder: one of 1024×576
SIGMA_MIN, SIGMA_MAX, KARRAS_RHO = 0.002, 700.0, 7.0


@dataclass(frozen=True)
class Conditioning:
    """What SVD's UNet is told beside the noisy latents, for B clips.

    Attributes:
        image_latent: the first frame's latent, unscaled, [B, 4, h, w]; zeros where dropped.
        embedding: the first frame's image embedding, [B, 1, C]; zeros where dropped.
        added_ids: (fps − 1, motion bucket, augmentation σ), float [B, 3].
    """

    image_latent: Tensor
    embedding: Tensor
    added_ids: Tensor

    def dropped(self, keep: Tensor) -> Conditioning:
        """Without the picture where ``keep`` (bool [B]) is False, as the unconditional half of guidance."""
        latent = self.image_latent * rearrange(keep, "b -> b 1 1 1")
        return Conditioning(latent, self.embedding * rearrange(keep, "b -> b 1 1"), self.added_ids)


def preconditioning(sigma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """σ → c_skip = 1/(σ²+1), c_out = −σ/√(σ²+1), c_in = 1/√(σ²+1), c_noise = ln(σ)/4."""
    root = (sigma**2 + 1).sqrt()
    return 1 / root**2, -sigma / root, 1 / root, 0.25 * sigma.log()


def loss_weight(sigma: Tensor) -> Tensor:
    """(σ²+1)/σ²: with the preconditioning above, the mean squared error of v itself."""
    return (sigma**2 + 1) / sigma**2


def draw_sigma(count: int, config: LossConfig, generator: torch.Generator) -> Tensor:
    """σ of ``count`` clips, log-normal, float [count]."""
    return (torch.randn(count, generator=generator) * config.sigma_deviation + config.sigma_mean).exp()


def denoise(unet: Callable[..., Tensor], noisy: Tensor, sigma: Tensor, conditioning: Conditioning) -> Tensor:
    """D(x; σ): noisy latents [B, L, 4, h, w] at σ [B] → the estimate of x₀, same shape, float32."""
    c_skip, c_out, c_in, c_noise = (rearrange(c, "b -> b 1 1 1 1") for c in preconditioning(sigma.to(noisy)))
    image = conditioning.image_latent[:, None].expand(-1, noisy.shape[1], -1, -1, -1)
    output = unet(
        torch.cat([noisy * c_in, image.to(noisy)], dim=2),
        c_noise.flatten(),
        encoder_hidden_states=conditioning.embedding.to(noisy),
        added_time_ids=conditioning.added_ids.to(noisy),
        return_dict=False,
    )[0]
    return c_skip * noisy + c_out * output.float()


def denoising_loss(estimate: Tensor, latents: Tensor, sigma: Tensor) -> Tensor:
    """L_mse per clip: weighted squared error [B] of D [B, L, 4, h, w] against x₀."""
    error = (estimate - latents).square().flatten(1).mean(dim=1)
    return loss_weight(sigma.to(error)) * error


# ---------------------------------------------------------------------------------------------------------------------
# From pictures to latents and conditioning
# ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FrozenParts:
    """The parts of SVD that are never trained: VAE, image encoder, and the normalisation the latter expects.

    ``digests`` are the fingerprints of ``vae`` and ``image_encoder`` as they were loaded.
    """

    vae: nn.Module
    image_encoder: nn.Module
    image_mean: tuple[float, ...]
    image_std: tuple[float, ...]
    digests: Mapping[str, str] = field(default_factory=dict)

    def to(self, device: torch.device) -> FrozenParts:
        """Move both models (in place) to ``device``, the VAE's encoder into the memory format that CPUs prefer."""
        nn.Module.to(self.vae, device)
        self.vae.encoder.to(memory_format=torch.channels_last)
        nn.Module.to(self.image_encoder, device)
        return self

    @property
    def device(self) -> torch.device:
        """Where the models are."""
        return next(self.vae.parameters()).device

    @torch.no_grad()
    def latents(self, pictures: Tensor) -> Tensor:
        """Pictures [F, 3, H, W] in −1…1 → raw latents [F, 4, H/8, W/8] (unit variance once scaled)."""
        dtype = next(self.vae.parameters()).dtype
        at_once = max(1, _PIXELS_AT_ONCE // pictures[0, 0].numel())
        parts = pictures.to(self.device, dtype, memory_format=torch.channels_last).split(at_once)
        return torch.cat([self.vae.encode(part).latent_dist.mode().float() for part in parts])

    @torch.no_grad()
    def scaled_latents(self, clips: Tensor) -> Tensor:
        """Clips [B, L, 3, H, W] in −1…1 → x₀ of unit variance, float32 [B, L, 4, H/8, W/8]; every frame by itself."""
        flat = self.latents(clips.flatten(0, 1)) * self.vae.config.scaling_factor
        return rearrange(flat, "(b l) c h w -> b l c h w", b=len(clips))

    @torch.no_grad()
    def pictures(self, scaled: Tensor) -> Tensor:
        """x₀ [B, L, 4, h, w] → clips [B, L, 3, 8h, 8w] in −1…1."""
        dtype, frames = next(self.vae.parameters()).dtype, scaled.shape[1]
        parts = (scaled / self.vae.config.scaling_factor).to(self.device, dtype).split(1)
        temporal = "num_frames" in inspect.signature(self.vae.forward).parameters
        decode = lambda x: self.vae.decode(x, **({"num_frames": frames} if temporal else {})).sample  # noqa: E731
        return torch.stack([decode(part[0]).float().clamp(-1, 1) for part in parts])

    @torch.no_grad()
    def embedding(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, H, W] in −1…1 → image embedding [B, 1, C]."""
        weight = next(self.image_encoder.parameters())
        small = F.interpolate(pictures.to(weight.device), (224, 224), mode="bicubic", antialias=True)
        mean, std = (small.new_tensor(x)[:, None, None] for x in (self.image_mean, self.image_std))
        values = ((small.clamp(-1, 1) + 1) / 2 - mean) / std
        return self.image_encoder(values.to(weight.dtype)).image_embeds.float()[:, None]

    def conditioning(
        self, first: Tensor, embedding: Tensor, augmentation: Tensor, noise: Tensor, config: ConditioningConfig
    ) -> Conditioning:
        """First frames [B, 3, H, W] in −1…1, their ``embedding``, augmentation σ [B] and its noise (as ``first``) →
        Conditioning.

        As in SVD: noise is added to the picture before the VAE, the embedding is of the clean picture, and the latent
        is not scaled.
        """
        noisy = first + rearrange(augmentation, "b -> b 1 1 1") * noise
        ids = torch.stack(
            [
                torch.full_like(augmentation, config.fps - 1),
                torch.full_like(augmentation, config.motion_bucket),
                augmentation,
            ],
            dim=1,
        )
        return Conditioning(self.latents(noisy), embedding, ids.to(self.device))


# ---------------------------------------------------------------------------------------------------------------------
# Sampling
# ---------------------------------------------------------------------------------------------------------------------


def karras_sigmas(steps: int) -> Tensor:
    """σ from 700 to 0.002 in ``steps`` Karras steps, then 0: float64 [steps + 1]."""
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    ends = SIGMA_MAX ** (1 / KARRAS_RHO), SIGMA_MIN ** (1 / KARRAS_RHO)
    return torch.cat([(ends[0] + ramp * (ends[1] - ends[0])) ** KARRAS_RHO, ramp.new_zeros(1)])


@torch.no_grad()
def sample(
    unet: Callable[..., Tensor], conditioning: Conditioning, noise: Tensor, steps: int, guidance: float = 1.0
) -> Tensor:
    """Euler sampling from standard normal ``noise`` [B, L, 4, h, w] to x₀.

    ``guidance`` above 1 extrapolates from the estimate without the picture, the same scale on every frame.
    """
    sigmas = karras_sigmas(steps)
    x = noise * float(sigmas[0])
    without = conditioning.dropped(torch.zeros(len(noise), dtype=torch.bool, device=noise.device))
    for now, then in pairwise(sigmas):
        sigma = torch.full((len(noise),), float(now), device=noise.device)
        estimate = denoise(unet, x, sigma, conditioning)
        if guidance != 1:
            other = denoise(unet, x, sigma, without)
            estimate = other + guidance * (estimate - other)
        x = x + (x - estimate) / float(now) * float(then - now)
    return x
