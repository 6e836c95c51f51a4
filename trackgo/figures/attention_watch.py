"""Recording the attention while diffusers' SVD samples a video."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..model.attach import Attachment, attached
from ..model.config import AttentionSettings
from ..svd.layers import temporal_attentions
from .attention_record import (
    AttentionMap,
    AttentionRecorder,
    AttentionRequest,
    WithoutAdapters,
    plain_settings,
    with_plain,
)

if TYPE_CHECKING:
    from ..pipeline import TrackGoPipeline
    from ..trajectories import PointTrajectories


@dataclass(frozen=True)
class Watched:
    """A sampled video and what was seen on the way.

    Attributes:
        clip: uint8 [L, H, W, 3], the same to the bit as without a recorder.
        maps: in the order of the forward pass, then of the steps.
        shares: layer → share of activated entries; empty if the adapters rested at every chosen step.
        sigmas: step (from 0) → noise level.
    """

    clip: np.ndarray
    maps: list[AttentionMap]
    shares: dict[str, float]
    sigmas: dict[int, float]


def watch_sampling(
    pipeline: TrackGoPipeline, picture: np.ndarray, trajectories: PointTrajectories, request: AttentionRequest,
    plain: bool = True, **sampling: Any,
) -> Watched:  # fmt: skip
    """Sample a video and keep the attention maps of ``request``.

    Args:
        picture, trajectories, sampling: as for the pipeline itself.
        plain: sample once more, with the same seed, without adapters and without the base weights of the checkpoint:
            what plain SVD's attention does (the paper's figures 1 and 7).

    Raises:
        ValueError: as the pipeline; frames or steps that there are not; more maps than may be kept.
    """
    steps, frames = sampling.get("steps", 25), trajectories.frames
    latent_size = trajectories.height // 8, trajectories.width // 8
    request.check(frames, latent_size)
    if max(request.steps) >= steps:
        raise ValueError(f"step {max(request.steps) + 1} was asked for but there are {steps}")
    settings = AttentionSettings(*(sampling.get(k, d) for k, d in (("alpha", 0.2), ("tau_mode", "freeze"), ("tau", 0))))
    seen = AttentionRecorder(request, settings)
    clip = _sampled(pipeline, seen, picture, trajectories, probe=seen, **sampling)
    sigmas = {step: float(pipeline.scheduler.sigmas[step]) for step in request.steps}
    bare = AttentionRecorder(request, plain_settings(frames), plain=True)
    if plain:
        heads = {name: attention.heads for name, attention in temporal_attentions(pipeline.unet).items()}
        nothing = Attachment(WithoutAdapters(heads, frames, latent_size), bare.settings)
        nothing.probe = bare
        with attached(pipeline.unet, nothing):
            _sampled(pipeline, bare, picture, None, frames=frames, **sampling)
    maps = with_plain(list(seen.maps.values()), list(bare.maps.values()))
    return Watched(clip, maps, seen.shares, sigmas)


def _sampled(pipeline: TrackGoPipeline, recorder: AttentionRecorder, *inputs: Any, **sampling: Any) -> np.ndarray:
    """The pipeline's clip, with the recorder set to the step that comes."""
    recorder.step = 0

    def after_step(finished: int) -> None:
        recorder.step = finished

    return pipeline(*inputs, on_step=after_step, **sampling)
