"""Recording the attention of a MODEL: one call of the UNet per chosen noise level, on a clone that is then dropped.

Why not a recorder on the MODEL that the sampler runs: ComfyUI caches what nodes returned. A sampler whose inputs did
not change is not run again, so a second request (another layer, another frame) would find the maps of the run before;
one MODEL in two samplers would mix both; an interrupted run would leave half a recording; and every request would cost
a whole sampling. Here the node is a function of its inputs: it takes the finished LATENT, puts the noise of the chosen
steps back on it, and calls the UNet once per step. The incoming MODEL, its attachment and other branches stay as they
are; nothing is kept between runs; without the node no line of this runs.

What is recorded is the attention on the finished video at that step's noise. While sampling, the UNet saw its own
estimate of it instead. With the sampler's seed the two agree at the first step, all but agree at the last, and differ a
little between them: measured on one set of weights of the demo model, 12 Euler steps, all layers, the original branch's
maps differ from the sampling's own by 0.1 % of their deviation at step 1, 0.5 % at step 12, and by 17 % at the worst
one, step 10 (σ 0.2).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import comfy.model_management
import comfy.sample
import comfy.samplers
import comfy.utils
import torch
from comfy.model_patcher import ModelPatcher
from torch import Tensor

from ..trackgo.figures.attention_record import (
    AttentionMap,
    AttentionRecorder,
    AttentionRequest,
    WithoutAdapters,
    plain_settings,
    with_plain,
)
from ..trackgo.model.attach import EVERY_VIDEO, Attachment
from ..trackgo.model.config import TrackGoConfig
from .following import attachments_of, follow_


class NoiseLevels(comfy.samplers.Sampler):
    """Calls the model once at each σ, on the latent with that much noise; samples nothing."""

    def __init__(self, before: Callable[[int], None]) -> None:
        self.before = before

    def sample(
        self, model_wrap: Any, sigmas: Tensor, extra_args: dict, callback: Any, noise: Tensor,
        latent_image: Tensor | None = None, denoise_mask: Tensor | None = None, disable_pbar: bool = False,
    ) -> Tensor:  # fmt: skip
        """As ComfyUI calls every sampler. Latent and noise [L, 4, h, w]; returns the latent."""
        for number, sigma in enumerate(sigmas):
            comfy.model_management.throw_exception_if_processing_interrupted()
            self.before(number)
            scaling = model_wrap.inner_model.model_sampling.noise_scaling
            noisy = scaling(sigma, noise, latent_image, self.max_denoise(model_wrap, sigma[None]))
            model_wrap(noisy, sigma.expand(len(noisy)), **extra_args)
        return latent_image


def attachment_of(model: ModelPatcher) -> Attachment | None:
    """What drives a MODEL's temporal attention; None for one without TrackGo Apply.

    Raises:
        ValueError: each video of a batch has another.
    """
    found = attachments_of(model)
    if len(found) > 1:
        raise ValueError(
            "TrackGo Attention View: this model has other tracks for each video of a batch; look at one of them, with "
            "a model that follows its tracks alone"
        )
    return next(iter(found.values()), None)


def record_maps(
    model: ModelPatcher, positive: list, latent: dict, request: AttentionRequest, sigmas: dict[int, float],
    seed: int, compare: bool,
) -> tuple[list[AttentionMap], dict[str, float]]:  # fmt: skip
    """The maps of a request, and the share of activated entries per layer.

    Args:
        model: with or without TrackGo Apply; without it, the maps are plain SVD's.
        positive: conditioning; both guidance halves see it.
        latent: the finished video.
        sigmas: step (from 0) → noise level, for the request's steps.
        compare: also record with the adapters off.
    """
    samples = latent["samples"]
    frames, latent_size = len(samples), (samples.shape[-2], samples.shape[-1])
    request.check(frames, latent_size)
    runs: list[tuple[AttentionRecorder, Attachment]] = []
    applied = attachment_of(model)
    if applied:
        _check_one_video(frames, applied)
        recorded = Attachment(applied.trajectories, applied.settings, applied.sigma_range)
        recorded.enabled = applied.enabled
        runs.append((AttentionRecorder(request, applied.settings), recorded))
    if compare or not applied:
        heads = {layer.name: layer.heads for layer in TrackGoConfig.for_unet(model.model.diffusion_model).layers}
        recorder = AttentionRecorder(request, plain_settings(frames), plain=True)
        runs.append((recorder, Attachment(WithoutAdapters(heads, frames, latent_size), recorder.settings)))
    progress = comfy.utils.ProgressBar(len(runs) * len(request.steps))
    for recorder, attachment in runs:
        _run(model, positive, latent, recorder, attachment, sigmas, seed, progress)
    plain = [m for recorder, _ in runs if recorder.plain for m in recorder.maps.values()]
    driven = [m for recorder, _ in runs if not recorder.plain for m in recorder.maps.values()]
    return with_plain(driven, plain), runs[0][0].shares if applied else {}


def _check_one_video(frames: int, applied: Attachment) -> None:
    if frames % applied.trajectories.frames == 0 and frames > applied.trajectories.frames:
        raise ValueError(
            f"TrackGo Attention View: the latent batch holds {frames // applied.trajectories.frames} videos of "
            f"{applied.trajectories.frames} frames; take one of them (Latent From Batch)"
        )


def _run(
    model: ModelPatcher, positive: list, latent: dict, recorder: AttentionRecorder, attachment: Attachment,
    sigmas: dict[int, float], seed: int, progress: Any,
) -> None:  # fmt: skip
    def before(number: int) -> None:
        recorder.step = recorder.request.steps[number]
        progress.update(1)

    samples = comfy.sample.fix_empty_latent_channels(model, latent["samples"])
    noise = comfy.sample.prepare_noise(samples, seed, latent.get("batch_index"))
    levels = torch.tensor([sigmas[step] for step in recorder.request.steps])
    clone = model.clone()
    follow_(clone, {EVERY_VIDEO: attachment})
    attachment.probe = recorder
    try:
        comfy.sample.sample_custom(
            clone, noise, 1.0, NoiseLevels(before), levels, positive, positive, samples, seed=seed, disable_pbar=True
        )
    finally:
        attachment.probe = None  # ComfyUI leaves the clone loaded until another one is asked for
