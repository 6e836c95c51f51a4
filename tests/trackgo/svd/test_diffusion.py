from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLTemporalDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo.base_model import frozen_parts, load_components
from trackgo.demo.tiny import build_scheduler
from trackgo.svd import diffusion as d
from trackgo.svd.frozen import FrozenParts


def nothing(clips: int = 2, size: int = 4) -> d.Conditioning:
    return d.Conditioning(torch.zeros(clips, 4, size, size), torch.zeros(clips, 1, 8), torch.zeros(clips, 3))


class Recorded:
    """Stands for a UNet: returns what it is given and remembers what it was given."""

    def __init__(self, output):
        self.output = output

    def __call__(self, sample, timestep, **kwargs):
        self.sample, self.timestep, self.kwargs = sample, timestep, kwargs
        return (self.output(sample, timestep) if callable(self.output) else self.output,)


@pytest.mark.parametrize("sigma", [0.002, 0.5, 8.0, 700.0])
def test_denoising_agrees_with_diffusers_scheduler(sigma):
    scheduler = build_scheduler()
    scheduler.set_timesteps(sigmas=[sigma, sigma / 2])
    generator = torch.Generator().manual_seed(0)
    noisy, output = (torch.randn(2, 6, 4, 4, 4, generator=generator) * s for s in (max(sigma, 1), 1))
    unet = Recorded(output)
    ours = d.denoise(unet, noisy, torch.full((2,), sigma), nothing())
    timestep = scheduler.timesteps[0]
    theirs = scheduler.step(output, timestep, noisy).pred_original_sample
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(unet.timestep, timestep.expand(2).float(), rtol=1e-5, atol=1e-5)
    scheduler._step_index = 0
    torch.testing.assert_close(
        unet.sample[:, :, :4], scheduler.scale_model_input(noisy, timestep), rtol=1e-4, atol=1e-6
    )


@given(st.floats(0.01, 300), st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_the_loss_is_the_squared_error_of_v(sigma, seed):
    generator = torch.Generator().manual_seed(seed)
    clean, noise, error = (torch.randn(1, 2, 4, 2, 2, generator=generator, dtype=torch.float64) for _ in range(3))
    level = torch.tensor([sigma], dtype=torch.float64)
    v = (noise - sigma * clean) / (sigma**2 + 1) ** 0.5  # the velocity of the variance-preserving path
    estimate = d.denoise(Recorded(v + error), clean + sigma * noise, level, nothing(1, 2))
    expected = error.float().square().mean()
    torch.testing.assert_close(d.denoising_loss(estimate, clean, level)[0].float(), expected, rtol=2e-2, atol=1e-4)


def test_sigmas_are_those_of_the_scheduler():
    scheduler = build_scheduler()
    scheduler.set_timesteps(12)
    np.testing.assert_allclose(d.karras_sigmas(12), scheduler.sigmas, rtol=1e-4, atol=1e-6)


def test_sampling_with_a_perfect_network_gives_the_clean_video():
    clean = torch.randn(2, 6, 4, 4, 4, generator=torch.Generator().manual_seed(3))

    def perfect(sample, timestep):
        sigma = (4 * timestep.double()).exp()[:, None, None, None, None]
        c_in = 1 / (sigma**2 + 1).sqrt()
        noisy = sample[:, :, :4].double() / c_in
        return ((clean - noisy / (sigma**2 + 1)) / (-sigma * c_in)).float()

    for guidance in (1.0, 3.0):
        result = d.sample(Recorded(perfect), nothing(), torch.randn_like(clean), 8, guidance)
        torch.testing.assert_close(result, clean, rtol=1e-2, atol=2e-2)


def test_guidance_extrapolates_from_the_estimate_without_the_picture():
    conditioning = d.Conditioning(torch.ones(1, 4, 4, 4), torch.ones(1, 1, 8), torch.zeros(1, 3))
    unet = Recorded(lambda sample, _: -sample[:, :, 4:])  # F = −1 with the picture, 0 without
    noise = torch.zeros(1, 6, 4, 4, 4)
    plain, guided = (d.sample(unet, conditioning, noise, 1, scale) for scale in (1.0, 2.5))
    torch.testing.assert_close(guided, 2.5 * plain)


def test_noise_levels_are_log_normal():
    sigma = d.draw_sigma(20_000, 0.7, 1.6, torch.Generator().manual_seed(0))
    assert abs(float(sigma.log().mean()) - 0.7) < 0.05
    assert abs(float(sigma.log().std()) - 1.6) < 0.05


def test_conditioning_is_svds(base_folder):
    parts = frozen_parts(load_components(str(base_folder)))
    first = torch.rand(2, 3, 64, 64) * 2 - 1
    sigma, noise = torch.tensor([0.02, 0.5]), torch.randn(2, 3, 64, 64)
    embedding = parts.embedding(first)
    conditioning = parts.conditioning(first, embedding, sigma, noise, fps=7, motion_bucket=127)
    expected = torch.tensor([[6, 127, 0.02], [6, 127, 0.5]])
    torch.testing.assert_close(conditioning.added_ids, expected)
    noisy = first + sigma[:, None, None, None] * noise
    with torch.no_grad():
        raw = parts.vae.encode(noisy).latent_dist.mode()
    torch.testing.assert_close(conditioning.image_latent, raw)  # not multiplied by the scaling factor
    clean = parts.conditioning(first, embedding, torch.zeros(2), noise, fps=7, motion_bucket=127)
    torch.testing.assert_close(conditioning.embedding, embedding)
    clips = first[:, None].repeat(1, 3, 1, 1, 1)
    scaled = parts.scaled_latents(clips)
    torch.testing.assert_close(scaled[:, 0], clean.image_latent * parts.vae.config.scaling_factor)
    dropped = conditioning.dropped(torch.tensor([True, False]))
    assert dropped.image_latent[1].abs().sum() == 0 and dropped.embedding[1].abs().sum() == 0
    torch.testing.assert_close(dropped.image_latent[0], conditioning.image_latent[0])
    torch.testing.assert_close(dropped.added_ids, conditioning.added_ids)


def test_pictures_come_back_from_latents_in_their_places(base_folder):
    parts = frozen_parts(load_components(str(base_folder)))
    scaled = torch.randn(2, 3, 4, 8, 8)
    clips = parts.pictures(scaled)
    assert clips.shape == (2, 3, 3, 64, 64)
    with torch.no_grad():
        one = parts.vae.decode(scaled[1, 2:3] / parts.vae.config.scaling_factor).sample[0].clamp(-1, 1)
    torch.testing.assert_close(clips[1, 2], one, rtol=1e-4, atol=1e-5)


def test_svds_own_vae_is_asked_for_frames_together():
    torch.manual_seed(0)
    vae = AutoencoderKLTemporalDecoder(
        down_block_types=("DownEncoderBlock2D",) * 4, block_out_channels=(32,) * 4, layers_per_block=1
    ).eval()
    parts = FrozenParts(vae, torch.nn.Linear(1, 1), (0.5,) * 3, (0.5,) * 3).to(torch.device("cpu"))
    clips = torch.rand(1, 3, 3, 64, 64) * 2 - 1
    scaled = parts.scaled_latents(clips)
    with torch.no_grad():
        raw = vae.encode(clips[0]).latent_dist.mode()
        decoded = vae.decode(raw, num_frames=3).sample.clamp(-1, 1)
    torch.testing.assert_close(scaled[0], raw * vae.config.scaling_factor, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(parts.scaled_latents(clips[:, :2]), scaled[:, :2])  # its encoder sees single frames
    torch.testing.assert_close(parts.pictures(scaled)[0], decoded, rtol=1e-3, atol=1e-3)
