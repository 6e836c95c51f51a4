"""The five parts of an SVD pipeline, and the two of them that are settings rather than weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import transformers
from diffusers import (
    AutoencoderKLTemporalDecoder,
    AutoencoderTiny,
    EulerDiscreteScheduler,
    UNetSpatioTemporalConditionModel,
)
from transformers import CLIPVisionModelWithProjection

if TYPE_CHECKING:
    from transformers import CLIPImageProcessor

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class SVDComponents:
    """The five parts of an SVD pipeline, named as diffusers names them."""

    unet: UNetSpatioTemporalConditionModel
    vae: AutoencoderKLTemporalDecoder | AutoencoderTiny
    image_encoder: CLIPVisionModelWithProjection
    scheduler: EulerDiscreteScheduler
    feature_extractor: CLIPImageProcessor


def build_scheduler() -> EulerDiscreteScheduler:
    """The scheduler of stable-video-diffusion-img2vid, setting by setting."""
    return EulerDiscreteScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        interpolation_type="linear",
        use_karras_sigmas=True,
        sigma_min=0.002,
        sigma_max=700.0,
        timestep_spacing="leading",
        timestep_type="continuous",
        steps_offset=1,
    )


def image_processor_class() -> type[CLIPImageProcessor]:
    """CLIPImageProcessor's PIL variant where transformers (5 on) has one; without torchvision the other only warns."""
    return getattr(transformers, "CLIPImageProcessorPil", None) or transformers.CLIPImageProcessor


def build_feature_extractor() -> CLIPImageProcessor:
    """The picture preparation of CLIP's image encoders, at its standard size of 224 px."""
    return image_processor_class()(image_mean=list(CLIP_MEAN), image_std=list(CLIP_STD))
