"""SVD's VAE and image encoder as they are used frozen: from pictures to latents and conditioning, and back."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from .diffusion import Conditioning

_PIXELS_AT_ONCE = 1 << 20  # of pictures in the VAE's encoder: one of 1024×576


def to_unit(frames: Tensor) -> Tensor:
    """uint8 [..., H, W, 3] → float32 [..., 3, H, W] in −1…1, as SVD's VAE expects."""
    return frames.movedim(-1, -3).float() / 127.5 - 1


def fingerprint(module: nn.Module) -> str:
    """Digest of a frozen module's parameters: runs and stored latents are not continued with other weights."""
    digest = hashlib.sha256()
    for name, value in module.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


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
        self, first: Tensor, embedding: Tensor, augmentation: Tensor, noise: Tensor, fps: int, motion_bucket: int
    ) -> Conditioning:
        """First frames [B, 3, H, W] in −1…1, their ``embedding``, augmentation σ [B] and its noise (as ``first``),
        frames per second (SVD is given one less) and motion bucket → Conditioning.

        As in SVD: noise is added to the picture before the VAE, the embedding is of the clean picture, and the latent
        is not scaled.
        """
        noisy = first + rearrange(augmentation, "b -> b 1 1 1") * noise
        ids = torch.stack(
            [
                torch.full_like(augmentation, fps - 1),
                torch.full_like(augmentation, motion_bucket),
                augmentation,
            ],
            dim=1,
        )
        return Conditioning(self.latents(noisy), embedding, ids.to(self.device))
