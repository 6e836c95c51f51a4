"""Nodes that inspect a result: the temporal attention, and how well a video followed its tracks."""

from __future__ import annotations

import json

import comfy.samplers
import numpy as np
import torch
from comfy.model_patcher import ModelPatcher
from comfy_api.latest import io

from ..trackgo.evaluation.adherence import adherence_picture, measure_adherence
from ..trackgo.figures.attention_pages import Scene, attention_pages, report, share_chart
from ..trackgo.figures.attention_record import AttentionRequest, parse_layers, parse_numbers
from ..trackgo.model.config import AttentionSettings
from ..trackgo.model.encoded import EncodedTrajectories
from ..trackgo.tracking.trackers import build_tracker, tracker_names
from .attention import attachment_of, record_maps
from .common import frames_uint8, read_tracks, save_preview, to_image
from .notices import said
from .schema import CATEGORY, Tracks, described, seed_input

TRACKERS = [name for name in tracker_names() if name != "cotracker"]  # a graph may not name files outside ComfyUI
SCHEDULERS = ["karras", "normal", "simple", "exponential", "sgm_uniform"]  # others come by the sigmas input


class TrackGoAttentionView(io.ComfyNode):
    """MODEL + positive + finished LATENT → pictures of the temporal attention at chosen steps.

    It calls the UNet itself, once per chosen step (and once more with the adapters off), on a clone of the model:
    ``attention.py`` says why. Maps of more than 256 MiB are refused (``AttentionRequest.check``).
    """

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoAttentionView",
            category=CATEGORY,
            inputs=[
                io.Model.Input("model"),
                io.Conditioning.Input("positive"),
                io.Latent.Input("latent"),
                io.Image.Input("frames", optional=True),
                io.String.Input("layers", default="up_3_2"),
                io.String.Input("at_steps", default="middle"),
                io.Int.Input("steps", default=25, min=1, max=1000),
                io.Combo.Input("scheduler", options=SCHEDULERS, default="karras"),
                io.String.Input("frames_i", default="middle"),
                io.String.Input("frames_j", default="first, middle, last"),
                seed_input(),
                io.Boolean.Input("compare", default=True),
                io.Sigmas.Input("sigmas", optional=True),
            ],
            outputs=[
                io.Image.Output("pages", display_name="pages"),
                io.Image.Output("shares", display_name="shares"),
                io.String.Output("report", display_name="report"),
            ],
            is_output_node=True,
        )
        return described(schema)

    @classmethod
    def execute(
        cls, model: ModelPatcher, positive: list, latent: dict, layers: str, at_steps: str, steps: int, scheduler: str,
        frames_i: str, frames_j: str, seed: int, compare: bool, frames: torch.Tensor | None = None,
        sigmas: torch.Tensor | None = None,
    ) -> io.NodeOutput:  # fmt: skip
        samples = latent["samples"]
        if not torch.count_nonzero(samples):
            raise ValueError("TrackGo Attention View: the latent is empty; connect the sampler's output")
        if sigmas is None:
            sigmas = comfy.samplers.calculate_sigmas(model.get_model_object("model_sampling"), scheduler, steps)
        sigmas = sigmas[sigmas > 0].tolist()
        i, j = parse_numbers(frames_i, len(samples), "frames_i"), parse_numbers(frames_j, len(samples), "frames_j")
        at = parse_numbers(at_steps, len(sigmas), "at_steps")
        scene = _scene(model, samples, frames, {step: sigmas[step] for step in at}, len(sigmas))
        request = AttentionRequest(parse_layers(layers), at, i, j)
        maps, shares = record_maps(model, positive, latent, request, scene.sigmas, seed, compare)
        if not maps:
            raise ValueError(
                "TrackGo Attention View: the adapters rest at these steps; choose at_steps between TrackGo Apply's "
                "start_percent and end_percent, or turn compare on"
            )
        pages = to_image(np.stack(attention_pages(maps, scene, shares)))
        chart = to_image(share_chart(shares, scene.alpha)[None]) if shares else torch.zeros(1, 64, 64, 3)
        numbers = json.dumps(report(maps, scene, shares), indent=1)
        return io.NodeOutput(pages, chart, numbers, ui={"images": save_preview(pages, "trackgo_attention")})


def _scene(
    model: ModelPatcher, samples: torch.Tensor, frames: torch.Tensor | None, sigmas: dict[int, float], steps: int
) -> Scene:
    """What the maps are shown with; raises ValueError if the frames are not the video's."""
    applied = attachment_of(model)
    encoded = applied.trajectories if applied else None
    points = encoded.images[-1].cpu().numpy() if isinstance(encoded, EncodedTrajectories) else None
    alpha = applied.settings.alpha if applied else AttentionSettings().alpha
    size = 8 * samples.shape[-2], 8 * samples.shape[-1]
    shown = None if frames is None else frames_uint8(frames)
    return Scene(shown, points, steps, sigmas, alpha, len(samples), size)


class TrackGoObjMC(io.ComfyNode):
    """Frames + TRACKS → how many pixels the points end up from their tracks, and a picture of it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        schema = io.Schema(
            node_id="TrackGoObjMC",
            category=CATEGORY,
            inputs=[
                io.Image.Input("frames"),
                Tracks.Input("tracks"),
                io.Combo.Input("tracker", options=TRACKERS, default="lk"),
            ],
            outputs=[
                io.Float.Output("score", display_name="score"),
                io.Float.Output("static", display_name="standing_still"),
                io.String.Output("report", display_name="report"),
                io.Image.Output("picture", display_name="picture"),
            ],
            is_output_node=True,
        )
        return described(schema)

    @classmethod
    def execute(cls, frames: torch.Tensor, tracks: dict, tracker: str) -> io.NodeOutput:
        video = frames_uint8(frames)
        trajectories = read_tracks(tracks, video.shape[2], video.shape[1])
        result = measure_adherence(video, trajectories, build_tracker(tracker))
        picture = to_image(adherence_picture(video, result)[None])
        saved = save_preview(picture, "trackgo_objmc")
        figures = json.dumps(result.report(), indent=1)
        score, still = result.mean.mean, result.mean.static.mean
        text = f"ObjMC {score:.2f} px; standing still would be {still:.2f} px, 0 is perfect"
        return io.NodeOutput(score, still, figures, picture, ui={"images": saved} | said(text))


NODES: list[type[io.ComfyNode]] = [TrackGoAttentionView, TrackGoObjMC]
