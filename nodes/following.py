"""What makes a MODEL follow trajectories in ComfyUI: its 16 attention modules, and what has to hold around a sampling.

ComfyUI's SVD samples the whole latent batch as one video, whatever made it (``num_video_frames`` is the batch's
length). A batch that holds the tracks' frames several times (Repeat Latent Batch) is sampled here as so many videos,
one after the other inside each step: each has its own guidance, as if it were alone.

All copies of a MODEL share one set of weights and modules, which ComfyUI changes when it loads one of them, also under
another thread that is sampling. So samplings of one model wait for each other, and one that was disturbed says so.
"""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import comfy.utils
import torch
from comfy.ldm.modules.attention import optimized_attention
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import CallbacksMP, WrappersMP
from torch import Tensor

from ..trackgo.model.attach import Attachment, ComfyTemporalAttention
from ..trackgo.svd.layers import LAYERS, attention_path
from ..trackgo.svd.unet_keys import comfy_key
from ..trackgo.turns import turn_at
from .common import interrupted

KEY = "trackgo"
"""Under which everything of ours stands in a ModelPatcher."""
_PART = "trackgo_part"
_DISTURBED = (
    "TrackGo Apply: this model is being sampled twice at once, and ComfyUI shares one set of weights between all "
    "copies of a model: sample one after the other"
)
PATHS = {layer.name: f"diffusion_model.{attention_path(layer, comfy=True)}" for layer in LAYERS}


def attachments_of(model: ModelPatcher) -> dict[int, Attachment]:
    """What drives a MODEL's temporal attention, by number of the video; empty without TrackGo Apply."""
    module = model.get_model_object(PATHS[LAYERS[0].name])
    return module.attachments if isinstance(module, ComfyTemporalAttention) else {}


def follow_(model: ModelPatcher, attachments: Mapping[int, Attachment]) -> None:
    """Make a clone of a MODEL follow these attachments, in place of those that it followed.

    All of them must have the same frames and size.
    """
    for name in PATHS:
        _attach(model, name, attachments)
    for kind, wrapper in (
        (WrappersMP.OUTER_SAMPLE, _sample),
        (WrappersMP.PREDICT_NOISE, _predict_noise),
        (WrappersMP.CALC_COND_BATCH, _calc_cond_batch),
    ):
        model.remove_wrappers_with_key(kind, KEY)
        model.add_wrapper_with_key(kind, KEY, partial(wrapper, attachments))
    model.remove_callbacks_with_key(CallbacksMP.ON_CLONE, KEY)
    model.add_callback_with_key(CallbacksMP.ON_CLONE, KEY, partial(_cloned, attachments))
    _refuse_merging(model)


def _attach(model: ModelPatcher, name: str, attachments: Mapping[int, Attachment]) -> None:
    base = model.get_model_object(PATHS[name])
    base = base.base if isinstance(base, ComfyTemporalAttention) else base
    model.add_object_patch(PATHS[name], ComfyTemporalAttention(base, name, attachments, _attend_as(base), _guard))


def _attend_as(base: object) -> Callable[..., Tensor]:
    """ComfyUI's own attention (flash, xformers, split …) with the settings of the layer it stands in for."""

    def attend(q: Tensor, k: Tensor, v: Tensor, options: dict) -> Tensor:
        return optimized_attention(q, k, v, base.heads, attn_precision=base.attn_precision, transformer_options=options)

    return attend


def _guard(options: Mapping) -> None:
    """Let an interruption act within a layer, and refuse to follow trajectories for a MODEL that was given none."""
    interrupted()
    if KEY not in options.get("wrappers", {WrappersMP.OUTER_SAMPLE: KEY}).get(WrappersMP.OUTER_SAMPLE, ()):
        raise RuntimeError(_DISTURBED)


def _cloned(attachments: Mapping[int, Attachment], model: ModelPatcher, clone: ModelPatcher) -> None:
    """Some clones have a base model of their own (torch.compile, hooks, several GPUs), whose layers have to be used."""
    if clone.model is not model.model:
        for name, path in PATHS.items():
            del clone.object_patches[path]
            _attach(clone, name, attachments)
    _refuse_merging(clone)


def _refuse_merging(model: ModelPatcher) -> None:
    """Merge nodes take a second model's weights and leave what makes it follow; of ours, the changed base weights would
    come along alone. They all ask for the diffusion model's; ComfyUI's weight hooks, which may, ask for everything.
    """
    weak = weakref.ref(model)  # else the patcher would hold itself, and ComfyUI waits for it to go

    def get_key_patches(filter_prefix: str | None = None) -> dict:
        if filter_prefix is not None:
            raise ValueError(
                "TrackGo Apply: merging takes the second model's weights and not what makes it follow trajectories: "
                "merge the models first, then apply TrackGo to the result"
            )
        return type(weak()).get_key_patches(weak())

    model.get_key_patches = get_key_patches


# ---------------------------------------------------------------------------------------------------------------------
# Around a sampling
# ---------------------------------------------------------------------------------------------------------------------


def check_latent(attachments: Mapping[int, Attachment], shape: torch.Size) -> int:
    """How many videos a latent batch [n, 4, h, w] holds.

    Raises:
        ValueError: another size than the tracks', no whole number of videos, or tracks for one that it has not.
    """
    trajectories = next(iter(attachments.values())).trajectories
    frames = trajectories.frames
    videos, rest = divmod(shape[0], frames)
    if rest or not videos:
        raise ValueError(
            f"the trajectories have {frames} frames but the video being sampled has {shape[0]}: make both the same; a "
            f"latent batch of several videos (Repeat Latent Batch) has {2 * frames}, {3 * frames} … frames"
        )
    next(iter(attachments.values())).check_latent(*shape[-2:])
    if max(attachments) > videos:
        raise ValueError(
            f"TrackGo Apply: there are tracks for video {max(attachments)}, but the latent batch of {shape[0]} frames "
            f"holds {videos} of {frames} frames each: repeat the latent {max(attachments)} times (Repeat Latent Batch)"
        )
    return videos


def _check_merged(model: ModelPatcher) -> None:
    """Merging with another model behind TrackGo Apply also mixes into the base weights that belong to TrackGo's."""
    for trackgo in model.get_additional_models_with_key(KEY):
        for key in trackgo.model.base_weights:
            patches = model.patches.get(f"diffusion_model.{comfy_key(key)}", [])
            if any(isinstance(patch, list) and strength for strength, patch, *_ in patches):
                raise ValueError(
                    "TrackGo Apply: behind it another model was merged into this one, also into weights that the "
                    "TrackGo weights bring along: merge the models first, then apply TrackGo to the result"
                )


def _sample(attachments: Mapping[int, Attachment], executor: Any, noise: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Around a whole sampling, before anything is loaded."""
    videos = check_latent(attachments, noise.shape)
    model = executor.class_obj.model_patcher
    _check_merged(model)
    if videos > 1:
        logging.info(f"TrackGo: {len(noise)} latent frames are sampled as {videos} videos of {len(noise) // videos}")
    with _alone_with(model.model):
        for trackgo in model.get_additional_models_with_key(KEY):
            trackgo.expect(attachment.trajectories for attachment in attachments.values())
        return executor(noise, *args, **kwargs)


def _predict_noise(
    attachments: Mapping[int, Attachment], executor: Any, x: Tensor, timestep: Tensor,
    model_options: dict | None = None, seed: int | None = None,
) -> Tensor:  # fmt: skip
    """One call of the model, guidance included; each video of a batch has one of its own."""
    frames, parts = next(iter(attachments.values())).trajectories.frames, []
    for video, part in enumerate(x.split(frames), start=1):
        at = slice((video - 1) * frames, video * frames)
        options = {**(model_options or {}), _PART: (at, len(x))}
        _turn_to(video, executor.class_obj.model_patcher, options)
        parts.append(executor(part, timestep[at] if len(timestep) == len(x) else timestep, options, seed))
        _check_in_place(executor.class_obj.model_patcher)
    return torch.cat(parts)


def _turn_to(video: int, patcher: ModelPatcher, options: Mapping) -> None:
    """Set which video of the batch the model and its copies on other GPUs work on."""
    for model in (patcher, *options.get("multigpu_clones", {}).values()):
        _check_in_place(model)
        for path in PATHS.values():
            model.object_patches[path].video = video


def _check_in_place(model: ModelPatcher) -> None:
    """Refuse to go on where another sampling took our modules out of the model in the meantime."""
    wanted = model.object_patches
    if any(comfy.utils.get_attr(model.model, path) is not wanted.get(path) for path in PATHS.values()):
        raise RuntimeError(_DISTURBED)


def _calc_cond_batch(
    _attachments: Mapping[int, Attachment], executor: Any, model: Any, conds: list, x_in: Tensor, timestep: Tensor,
    model_options: dict,
) -> list[Tensor]:  # fmt: skip
    """Conditioning was made for the whole batch; one video sees its part of it."""
    at, total = model_options.get(_PART, (slice(0), 0))
    if len(x_in) < total:
        conds = [cond and [_part_of(entry, at, total) for entry in cond] for cond in conds]
    return executor(model, conds, x_in, timestep, model_options)


def _part_of(entry: dict, at: slice, total: int) -> dict:
    def cut(value: Any) -> Any:
        return value[at] if torch.is_tensor(value) and value.ndim and len(value) == total else value

    values = {name: value._copy_with(cut(value.cond)) for name, value in entry["model_conds"].items()}
    frames = values["num_video_frames"]
    values["num_video_frames"] = frames._copy_with(at.stop - at.start)
    return {name: cut(value) for name, value in entry.items()} | {"model_conds": values}


@contextmanager
def _alone_with(model: torch.nn.Module) -> Iterator[None]:
    """Wait until no other thread samples this base model; an interruption ends the wait."""
    lock = turn_at(model)
    while not lock.acquire(timeout=0.1):
        interrupted()
    try:
        yield
    finally:
        lock.release()
