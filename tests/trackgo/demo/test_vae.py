"""TinyVAE: SVD's interface around TAESD's architecture, and the same numbers in ComfyUI's wider copy of it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from trackgo.demo.taesd import to_comfy_taesd
from trackgo.demo.vae import build_vae, start_from_means_

SCALE = 0.18215


class Residual(nn.Module):
    """Three 3×3 convolutions with ReLUs between, added to the input; ReLU of the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers = [nn.Conv2d(width, width, 3, padding=1) for _ in range(3)]
        self.conv = nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), layers[2])

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.conv(x))


class SoftClamp(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return 3 * torch.tanh(x / 3)


class Restated(nn.Module):
    """ComfyUI's tiny autoencoder, written down again from its published architecture: width 64, 1/8, 4 latents."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        first = [nn.Conv2d(3, width, 3, padding=1), Residual(width)]
        halving = [
            layer
            for _ in range(3)
            for layer in (nn.Conv2d(width, width, 3, 2, 1, bias=False), *(Residual(width) for _ in range(3)))
        ]
        self.taesd_encoder = nn.Sequential(*first, *halving, nn.Conv2d(width, 4, 3, padding=1))
        doubling = [
            layer
            for _ in range(3)
            for layer in (
                *(Residual(width) for _ in range(3)),
                nn.Upsample(scale_factor=2),
                nn.Conv2d(width, width, 3, padding=1, bias=False),
            )
        ]
        entry = [SoftClamp(), nn.Conv2d(4, width, 3, padding=1), nn.ReLU()]
        self.taesd_decoder = nn.Sequential(*entry, *doubling, Residual(width), nn.Conv2d(width, 3, 3, padding=1))
        self.vae_scale = nn.Parameter(torch.tensor(1.0))
        self.vae_shift = nn.Parameter(torch.tensor(0.0))


@pytest.fixture
def picture() -> Tensor:
    return torch.rand(2, 3, 32, 40, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture
def latents() -> Tensor:
    return torch.randn(2, 4, 4, 5, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def test_padded_weights_give_comfyuis_width_the_same_numbers(picture: Tensor, latents: Tensor) -> None:
    vae = build_vae(32).double()
    wide = Restated().double()
    wide.load_state_dict(to_comfy_taesd(vae.state_dict()))
    encoded = wide.taesd_encoder(picture.double() * 0.5 + 0.5) / wide.vae_scale + wide.vae_shift
    torch.testing.assert_close(encoded, vae.encode(picture.double()).latents, rtol=1e-6, atol=1e-9)
    raw = latents.double() / SCALE
    decoded = wide.taesd_decoder((raw - wide.vae_shift) * wide.vae_scale) * 2 - 1
    torch.testing.assert_close(decoded, vae.decode(raw).sample, rtol=1e-6, atol=1e-9)


@torch.no_grad()
def test_raw_latents_are_the_encoders_output_over_svds_factor(picture: Tensor, latents: Tensor) -> None:
    vae = build_vae(8)
    assert vae.config.scaling_factor == SCALE and len(vae.config.block_out_channels) == 4
    torch.testing.assert_close(vae.encode(picture).latents * SCALE, vae.encoder(picture))
    torch.testing.assert_close(vae.decode(latents / SCALE).sample, vae.decoder(latents))
    torch.testing.assert_close(vae(picture).sample, vae.decoder(vae.encoder(picture)))


@torch.no_grad()
def test_latent_dist_is_what_svds_pipeline_asks_for(picture: Tensor) -> None:
    vae = build_vae(8)
    found = vae.encode(picture)
    assert torch.equal(found.latent_dist.mode(), found.latents)
    assert torch.equal(found.latent_dist.sample(), found.latents)
    assert torch.equal(vae.encode(picture, return_dict=False)[0], found.latents)
    assert torch.equal(vae.decode(found.latents, return_dict=False)[0], vae.decode(found.latents).sample)


def test_a_wider_autoencoder_is_refused() -> None:
    with pytest.raises(ValueError, match="64 channels at most"):
        to_comfy_taesd(build_vae(96).state_dict())


def test_a_foreign_tensor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'quant_conv\.weight' is not a tensor of TinyVAE"):
        to_comfy_taesd({"quant_conv.weight": torch.zeros(8, 8, 1, 1)})


@torch.no_grad()
def test_training_starts_from_colors_of_unit_variance() -> None:
    torch.manual_seed(0)
    vae = build_vae(8)
    patches = torch.rand(16, 3, 4, 4) * 2 - 1
    pictures = patches.repeat_interleave(8, dim=2).repeat_interleave(8, dim=3)
    start_from_means_(vae, pictures)
    latents = vae.encoder(pictures)
    torch.testing.assert_close(latents.std(dim=(0, 2, 3)), torch.ones(4), rtol=1e-3, atol=0)
    torch.testing.assert_close(latents.mean(dim=(0, 2, 3)), torch.zeros(4), rtol=0, atol=1e-4)
    lightness = patches.sum(dim=1)
    torch.testing.assert_close(latents[:, 0], (lightness - lightness.mean()) / lightness.std(), rtol=0, atol=1e-4)
    flat = torch.tensor([0.4, -0.2, 0.1])[None, :, None, None].expand(1, 3, 64, 64)
    plain, restored = (part[0, :, 32, 32] for part in (flat, vae(flat).sample))
    torch.testing.assert_close(restored, plain, rtol=0, atol=0.15)  # the clamp and the random channels cost a little
