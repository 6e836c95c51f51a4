"""SVD's diffusion: EDM preconditioning with v-prediction, its conditioning, and an Euler sampler for held-out scenes.

σ is the noise level over latents of unit variance; x = x₀ + σ·n. The network F sees c_in·x and the first frame's latent
and gives D = c_skip·x + c_out·F (EDM, with SVD's v-prediction as in diffusers' EulerDiscreteScheduler).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from einops import rearrange
from torch import Tensor

SIGMA_MIN, SIGMA_MAX, KARRAS_RHO = 0.002, 700.0, 7.0


@dataclass(frozen=True)
class Conditioning:
    """What SVD's UNet is given beside the noisy latents, for B clips.

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


def draw_sigma(count: int, mean: float, deviation: float, generator: torch.Generator) -> Tensor:
    """σ of ``count`` clips, ln σ ~ N(mean, deviation²), float [count]."""
    return (torch.randn(count, generator=generator) * deviation + mean).exp()


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
