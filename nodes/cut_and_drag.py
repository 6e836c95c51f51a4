"""Cut and drag: a rough video of a drawing, and a MODEL whose sampling is held to it until it lets go.

Holding is ComfyUI's own inpainting, with a mask that is forgotten below a noise level: it works with every sampler, and
TrackGo Apply may act at the same time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP
from comfy_api.latest import io
from torch import Tensor

from ..trackgo.drawing import Drawing
from ..trackgo.engines.cut_and_drag import fit_reference
from ..trackgo.engines.hold import RELEASE, START, latent_video_mask, nearest_step
from .common import frames_uint8, to_image, to_mask
from .schema import CATEGORY, DrawingType, described, fraction_input, frames_input, size_or_zero_inputs

KEY = "trackgo_hold"
FINE = 0.001  # of the sampling: a step of a long one is less than a hundredth
_SLACK = 1e-4  # of a noise level, which a sampler may have rounded


class TrackGoCutAndDrag(io.ComfyNode):
    """Picture + drawing → the rough video in which the masked pixels are cut out and dragged, and where they are."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoCutAndDrag",
            category=CATEGORY,
            inputs=[
                io.Image.Input("image"),
                DrawingType.Input("drawing"),
                frames_input(min=1),
                *size_or_zero_inputs("width", "height"),
            ],
            outputs=[
                io.Image.Output("frames_out", display_name="frames"),
                io.Mask.Output("masks", display_name="masks"),
            ],
        )
        return described(schema)

    @classmethod
    def execute(cls, image: Tensor, drawing: Drawing, frames: int, width: int, height: int) -> io.NodeOutput:
        picture = frames_uint8(image[:1])[0]
        size = width or picture.shape[1], height or picture.shape[0]
        rough = fit_reference(picture, drawing, frames, *size)
        return io.NodeOutput(to_image(rough.frames), to_mask(rough.moved))


class TrackGoHoldMotion(io.ComfyNode):
    """MODEL + encoded rough video + masks → MODEL and LATENT with which any sampler is held to it until it lets go."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoHoldMotion",
            category=CATEGORY,
            inputs=[
                io.Model.Input("model"),
                io.Latent.Input("latent"),
                io.Mask.Input("masks"),
                fraction_input("start", START, FINE),
                fraction_input("release", RELEASE, FINE),
            ],
            outputs=[
                io.Model.Output("held", display_name="model"),
                io.Latent.Output("held_latent", display_name="latent"),
            ],
        )
        return described(schema)

    @classmethod
    def execute(cls, model: ModelPatcher, latent: dict, masks: Tensor, start: float, release: float) -> io.NodeOutput:
        if release < start:
            raise ValueError(f"TrackGo Hold Motion: release {release} lies before start {start}; make it larger")
        sampling = model.get_model_object("model_sampling")
        begin, let_go = sampling.percent_to_sigma(start), sampling.percent_to_sigma(release)
        held = model.clone()
        held.set_model_denoise_mask_function(partial(_mask_at, let_go))
        held.remove_wrappers_with_key(WrappersMP.OUTER_SAMPLE, KEY)
        held.add_wrapper_with_key(WrappersMP.OUTER_SAMPLE, KEY, partial(_sample, begin, let_go))
        return io.NodeOutput(held, {**latent, "noise_mask": noise_mask(masks, latent["samples"])})


def noise_mask(masks: Tensor, samples: Tensor) -> Tensor:
    """MASK [L, H, W] → 0 in the cells of a video latent that are held and 1 elsewhere.

    Args:
        samples: [n, C, h, w] with the frames as its batch, once or several times (SVD), or [n, C, T, h, w].

    Returns:
        float32 [L, 1, h, w] or [1, 1, T, h, w].

    Raises:
        ValueError: the latent is not the masks' video.
    """
    moved = masks.reshape(-1, *masks.shape[-2:]) > 0.5
    volume = samples.ndim == 5
    frames = samples.shape[2] if volume else len(moved)
    if not volume and len(samples) % frames:
        raise ValueError(
            f"TrackGo Hold Motion: there are {frames} masks but the latent has {len(samples)} frames: encode the "
            "frames of the same TrackGo Cut and Drag"
        )
    try:
        free = (~latent_video_mask(moved, frames, *samples.shape[-2:])).float()
    except ValueError as error:
        raise ValueError(f"TrackGo Hold Motion: {error}") from error
    return free[None, None] if volume else free[:, None]


def _mask_at(let_go: float, sigma: Tensor, denoise_mask: Tensor, extra_options: dict) -> Tensor:
    """ComfyUI asks at each call of the model: the mask as it is above the step nearest to ``let_go``, then none."""
    sigmas = extra_options["sigmas"]
    holds = float(sigma.max()) > (1 + _SLACK) * float(sigmas[nearest_step(sigmas, let_go)])
    return denoise_mask if holds else torch.ones_like(denoise_mask)


def _sample(
    begin: float, let_go: float, executor: Any, noise: Tensor, latent: Tensor, sampler: Any, sigmas: Tensor,
    denoise_mask: Tensor | None = None, callback: Callable[..., None] | None = None, *args: Any, **kwargs: Any,
) -> Tensor:  # fmt: skip
    """Around a whole sampling, which begins at the step nearest to ``begin``: the rough video with that much noise."""
    if denoise_mask is None:
        raise ValueError(
            "TrackGo Hold Motion: the sampler's latent has no mask to hold the motion by; connect this node's latent "
            "to the sampler, too"
        )
    first = nearest_step(sigmas, begin)
    if not noise.any() and float(sigmas[first]) > let_go:
        raise ValueError(
            "TrackGo Hold Motion: a sampler that adds no noise cannot be held to the rough video; switch add_noise on, "
            "or let the sampler before this one go on to a step behind release"
        )
    counted = callback and (lambda step, *more: callback(step + first, *more))
    return executor(noise, latent, sampler, sigmas[first:], denoise_mask, counted, *args, **kwargs)


NODES: list[type[io.ComfyNode]] = [TrackGoCutAndDrag, TrackGoHoldMotion]
