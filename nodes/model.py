"""TrackGo on ComfyUI's SVD: loading weights, applying them to a MODEL, and the demo model that needs no download."""

from __future__ import annotations

import hashlib
import os

import comfy.model_management
import comfy.ops
import folder_paths
from comfy.model_patcher import ModelPatcher
from comfy.weight_adapter import LoRAAdapter
from comfy_api.latest import io

from ..trackgo.demo import DEMO_TRACKGO
from ..trackgo.demo.example import example_image
from ..trackgo.demo.picture_request import SIDE_PX
from ..trackgo.model import TrackGo
from ..trackgo.model.attach import EVERY_VIDEO, Attachment, changed_parameters
from ..trackgo.model.config import TAU_MODES, AttentionSettings
from ..trackgo.model.encoded import EncodedTrajectories
from ..trackgo.model.low_rank import BaseChange, LowRank
from ..trackgo.svd.unet_keys import comfy_key
from ..trackgo.trajectories import PointTrajectories
from .common import interruptible_, read_tracks, to_image
from .demo_model import beyond_demo, demo_clip_vision, demo_model, demo_vae
from .following import KEY, attachments_of, follow_
from .notices import warned
from .patcher import TrackGoPatcher
from .schema import CATEGORY, TrackGoWeights, Tracks, described, fraction_input

FOLDER = "trackgo"
DEMO_NAME = "demo (built in)"

folder_paths.add_model_folder_path(FOLDER, os.path.join(folder_paths.models_dir, FOLDER))
folder_paths.folder_names_and_paths[FOLDER][1].add(".safetensors")


def load_trackgo(path: str | os.PathLike) -> TrackGoPatcher:
    """A checkpoint in ComfyUI's own wrapper, so that its memory manager loads, casts and offloads the weights."""
    model = TrackGo.load(path, operations=comfy.ops.manual_cast)
    interruptible_(model)
    return TrackGoPatcher(
        model,
        load_device=comfy.model_management.get_torch_device(),
        offload_device=comfy.model_management.unet_offload_device(),
    )


class TrackGoLoader(io.ComfyNode):
    """A file in models/trackgo → TRACKGO."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoLoader",
            category=CATEGORY,
            inputs=[io.Combo.Input("trackgo_name", options=[*folder_paths.get_filename_list(FOLDER), DEMO_NAME])],
            outputs=[TrackGoWeights.Output("trackgo")],
        )
        return described(schema)

    @classmethod
    def execute(cls, trackgo_name: str) -> io.NodeOutput:
        built_in = trackgo_name == DEMO_NAME
        return io.NodeOutput(
            load_trackgo(DEMO_TRACKGO if built_in else folder_paths.get_full_path_or_raise(FOLDER, trackgo_name))
        )


class TrackGoDemoModel(io.ComfyNode):
    """The tiny SVD in the pack as ComfyUI objects, driven by the same nodes as the real one."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoDemoModel",
            category=CATEGORY,
            inputs=[],
            outputs=[
                io.Model.Output("model"),
                io.ClipVision.Output("clip_vision"),
                io.Vae.Output("vae"),
                TrackGoWeights.Output("trackgo"),
                io.Image.Output("image"),
            ],
        )
        return described(schema)

    @classmethod
    def execute(cls) -> io.NodeOutput:
        image = to_image(example_image(SIDE_PX, SIDE_PX)[None])
        return io.NodeOutput(demo_model(), demo_clip_vision(), demo_vae(), load_trackgo(DEMO_TRACKGO), image)


class TrackGoApply(io.ComfyNode):
    """MODEL + TRACKGO + TRACKS → a clone of MODEL whose temporal self-attention follows the tracks."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoApply",
            category=CATEGORY,
            inputs=[
                io.Model.Input("model"),
                TrackGoWeights.Input("trackgo"),
                Tracks.Input("tracks"),
                io.Float.Input("alpha", default=0.2, min=0.01, max=0.99, step=0.01),
                io.Combo.Input("tau_mode", options=list(TAU_MODES), default="freeze"),
                io.Float.Input("tau", default=0.0, min=-10000.0, max=0.0, step=1.0),
                fraction_input("start_percent", 0.0),
                fraction_input("end_percent", 1.0),
                io.Int.Input("video", default=EVERY_VIDEO, min=EVERY_VIDEO, max=64, optional=True),
                io.Latent.Input("latent", optional=True),
            ],
            outputs=[io.Model.Output("patched", display_name="model")],
        )
        return described(schema)

    @classmethod
    def execute(
        cls, model: ModelPatcher, trackgo: ModelPatcher, tracks: dict, alpha: float, tau_mode: str, tau: float,
        start_percent: float, end_percent: float, video: int = EVERY_VIDEO, latent: dict | None = None,
    ) -> io.NodeOutput:  # fmt: skip
        if end_percent < start_percent:
            raise ValueError(f"TrackGo Apply: end_percent {end_percent} lies before start_percent {start_percent}")
        unet = getattr(model.model, "diffusion_model", None)
        trackgo.model.check_fits(unet)
        trajectories = read_tracks(tracks)
        _check_tracks(trajectories, latent)
        encoded = _encoded(trackgo, trajectories, _compute_dtype(model))
        sampling = model.get_model_object("model_sampling")
        whole = start_percent <= 0 and end_percent >= 1
        sigmas = None if whole else (sampling.percent_to_sigma(start_percent), sampling.percent_to_sigma(end_percent))
        attachment = Attachment(encoded, AttentionSettings(alpha, tau_mode, tau), sigmas)
        notice = warned(beyond_demo(model, trajectories.frames, trajectories.width, trajectories.height))
        return io.NodeOutput(_patched(model, trackgo, attachment, video), ui=notice)


def _check_tracks(trajectories: PointTrajectories, latent: dict | None) -> None:
    """Say before anything is sampled what cannot come out right: ValueError for tracks that show the model nothing, or
    that have another size than `latent`, or a number of frames that does not divide the latent's."""
    if not trajectories.visibility.any():
        raise ValueError(
            "TrackGo Apply: the tracks hold no visible point, so the video would follow nothing; paint a mask and draw "
            "an arrow in TrackGo Canvas, or leave TrackGo Apply out"
        )
    if latent is None:
        return
    samples = latent["samples"]
    height, width = 8 * samples.shape[-2], 8 * samples.shape[-1]
    if len(samples) % trajectories.frames or (width, height) != (trajectories.width, trajectories.height):
        raise ValueError(
            f"TrackGo Apply: the tracks have {trajectories.frames} frames of {trajectories.width}×{trajectories.height}"
            f" px but the latent {len(samples)} of {width}×{height} px; set frames, width and height of TrackGo Point "
            "Trajectories to the video's"
        )


def _patched(model: ModelPatcher, trackgo: ModelPatcher, attachment: Attachment, video: int) -> ModelPatcher:
    """A clone of ``model`` with the attention modules swapped and the checkpoint's base weights patched in."""
    before = attachments_of(model)
    patched = model.clone()
    if before:
        _check_chain(patched, trackgo, attachment, video, before)
    else:
        _patch_weights(patched, trackgo.model.base_weights)
    follow_(patched, {**before, video: attachment})
    patched.set_additional_models(KEY, [*patched.get_additional_models_with_key(KEY), trackgo])
    return patched


def _check_chain(
    model: ModelPatcher, trackgo: ModelPatcher, attachment: Attachment, video: int, before: dict[int, Attachment]
) -> None:
    """Whether tracks for one more video of a batch may join those that a model follows.

    Raises:
        ValueError: they may not.
    """
    if EVERY_VIDEO in before or video == EVERY_VIDEO or video in before:
        raise ValueError(
            "TrackGo Apply: this model already follows trajectories; chain the drawings into one and apply once, or, "
            "for a batch of videos with tracks of their own, give every TrackGo Apply another video from 1 on"
        )
    first, new = next(iter(before.values())).trajectories, attachment.trajectories
    if (first.frames, first.latent_size) != (new.frames, new.latent_size):
        raise ValueError("TrackGo Apply: all videos of a batch have one size and length, so their tracks must, too")
    others = [other.model for other in model.get_additional_models_with_key(KEY)]
    if any(other is not trackgo.model and (other.base_weights or trackgo.model.base_weights) for other in others):
        raise ValueError(
            "TrackGo Apply: these TrackGo weights change the base model, which all videos of a batch share; connect "
            "one TrackGo Loader to every TrackGo Apply"
        )


def _patch_weights(patched: ModelPatcher, weights: dict[str, BaseChange]) -> None:
    """Changed base weights as weight patches, low-rank ones as ComfyUI's LoRA.

    They go first, so that LoRAs loaded before this node still add to them.

    Raises:
        ValueError: a weight that the model lacks, or has in another shape.
    """
    for key in changed_parameters(patched.model.diffusion_model, weights):
        full = f"diffusion_model.{comfy_key(key)}"
        change = weights[key]
        whole = not isinstance(change, LowRank)
        patched.add_patches({full: ("set", (change,)) if whole else LoRAAdapter(set(), (*change, *[None] * 4))})
        patches = patched.patches[full]
        patched.patches[full] = [patches[-1], *patches[:-1]]


def _compute_dtype(model: ModelPatcher) -> object:
    """The precision the diffusion model computes in."""
    return model.model.manual_cast_dtype or model.model.get_dtype()


def _encoded(trackgo: TrackGoPatcher, trajectories: PointTrajectories, dtype: object) -> EncodedTrajectories:
    """Encoded trajectories; the last two stay with the weights, so that A' is not computed again for another seed,
    alpha or tau."""
    digest = hashlib.sha256(f"{dtype} {trajectories.width} {trajectories.height}".encode())
    for array in (trajectories.tracks, trajectories.visibility, trajectories.component):
        digest.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
    kept: dict[str, EncodedTrajectories] = trackgo.model.__dict__.setdefault("kept_encodings", {})
    key = digest.hexdigest()
    encoded = kept.pop(key, None) or trackgo.model.encode(trajectories, dtype)
    kept[key] = encoded
    trackgo.add(encoded)
    while len(kept) > 2:
        kept.pop(next(iter(kept)))
    return encoded


NODES: list[type[io.ComfyNode]] = [TrackGoLoader, TrackGoDemoModel, TrackGoApply]
