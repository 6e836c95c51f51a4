"""Nodes that look at what happened: the temporal attention, and how well a video followed its tracks."""

from __future__ import annotations

import json

import comfy.samplers
import torch
from comfy.model_patcher import ModelPatcher
from comfy_api.latest import io, ui

from ..trackgo.attention.pictures import Scene, attention_pages, report, share_chart
from ..trackgo.attention.record import AttentionRequest, parse_layers, parse_numbers
from ..trackgo.evaluation.obeyed import obeyed, obeyed_picture
from ..trackgo.model import Motion
from ..trackgo.preparation.trackers import build_tracker, tracker_names
from .attention import attachment_of, look
from .common import CATEGORY, Tracks, frames_uint8, read_tracks, to_image

TRACKERS = [name for name in tracker_names() if name != "cotracker"]  # a graph may not name files outside ComfyUI
SCHEDULERS = ["karras", "normal", "simple", "exponential", "sgm_uniform"]  # others come by the sigmas input


class TrackGoAttentionView(io.ComfyNode):
    """MODEL + positive + finished LATENT → pictures of the temporal attention at chosen steps.

    It asks the UNet itself, once per chosen step (and once more with the adapters off), on a clone of the model:
    see ``nodes.attention`` for why. Maps that would take more than 256 MiB (``AttentionRequest.bytes``) are refused.
    """

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoAttentionView",
            display_name="TrackGo Attention View",
            category=CATEGORY,
            description="Shows the temporal attention of a finished video as heat maps: the original branch, the "
            "TrackAdapter, the mask. Calls the model once per step shown; changes nothing.",
            inputs=[
                io.Model.Input("model", tooltip="From TrackGo Apply. A plain SVD model shows its own attention."),
                io.Conditioning.Input("positive", tooltip="The same as the sampler's."),
                io.Latent.Input("latent", tooltip="The finished video, from the sampler."),
                io.Image.Input("frames", optional=True, tooltip="The decoded video, to lay the maps over."),
                io.String.Input(
                    "layers", default="up_3_2",
                    tooltip="Which of the 16 layers: down_0_0 to down_2_1, mid_0, up_1_0 to up_3_2. Patterns such as "
                    "up_3_* and the word all work; commas between.",
                ),
                io.String.Input(
                    "at_steps", default="middle",
                    tooltip="Which sampling steps: numbers from 1, ranges such as 2-5, first, middle, last.",
                ),
                io.Int.Input("steps", default=25, min=1, max=1000, tooltip="How many steps the sampler took."),
                io.Combo.Input("scheduler", options=SCHEDULERS, default="karras", tooltip="The sampler's scheduler."),
                io.String.Input(
                    "frames_i", default="middle",
                    tooltip="Frames that attend: numbers from 1, ranges, first, middle, last.",
                ),
                io.String.Input(
                    "frames_j", default="first, middle, last", tooltip="Frames that are attended to, in the same way."
                ),
                io.Int.Input(
                    "seed", default=0, min=0, max=2**53 - 1, control_after_generate=False,
                    tooltip="Of the noise that is put on the video; take the sampler's.",
                ),
                io.Boolean.Input(
                    "compare", default=True,
                    tooltip="Also shows the attention with the adapters off; one more call of the model per step.",
                ),
                io.Sigmas.Input(
                    "sigmas", optional=True, tooltip="Noise levels of the sampling, in place of steps and scheduler."
                ),
            ],
            outputs=[
                io.Image.Output("pages", display_name="pages", tooltip="One picture per layer and step."),
                io.Image.Output("shares", display_name="shares", tooltip="Share of activated entries, all 16 layers."),
                io.String.Output("report", display_name="report", tooltip="The numbers, as JSON text."),
            ],
            is_output_node=True,
        )  # fmt: skip

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
        maps, shares = look(model, positive, latent, request, scene.sigmas, seed, compare)
        if not maps:
            raise ValueError("TrackGo Attention View: the adapters rest at these steps (start and end percent)")
        pages = torch.cat([to_image(page[None]) for page in attention_pages(maps, scene, shares)])
        chart = to_image(share_chart(shares, scene.alpha)[None]) if shares else torch.zeros(1, 64, 64, 3)
        numbers = json.dumps(report(maps, scene, shares), indent=1)
        saved = ui.ImageSaveHelper.save_images(
            pages, "trackgo_attention", io.FolderType.temp, cls=None, compress_level=1
        )
        return io.NodeOutput(pages, chart, numbers, ui={"images": saved})


def _scene(
    model: ModelPatcher, samples: torch.Tensor, frames: torch.Tensor | None, sigmas: dict[int, float], steps: int
) -> Scene:
    """What the maps are shown with; raises ValueError if the frames are not the video's."""
    live = attachment_of(model)
    points = live.motion.images[-1].cpu().numpy() if live and isinstance(live.motion, Motion) else None
    alpha = live.settings.alpha if live else 0.2
    size = 8 * samples.shape[-2], 8 * samples.shape[-1]
    shown = None if frames is None else frames_uint8(frames)
    return Scene(shown, points, steps, sigmas, alpha, len(samples), size)


class TrackGoObjMC(io.ComfyNode):
    """Frames + TRACKS → how many pixels the drawn parts went astray, and a picture of it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TrackGoObjMC",
            display_name="TrackGo ObjMC",
            category=CATEGORY,
            description="Follows the tracks' points through a finished video and measures how far they went astray: "
            "0 pixels is perfect; beside it stands what a still video would score.",
            inputs=[
                io.Image.Input("frames", tooltip="The decoded video; as many frames as the tracks have."),
                Tracks.Input("tracks", tooltip="What the video was told to do, from TrackGo Point Trajectories."),
                io.Combo.Input(
                    "tracker", options=TRACKERS, default="lk",
                    tooltip="What follows the points. lk: built in; others come with packages that offer one.",
                ),
            ],
            outputs=[
                io.Float.Output("score", display_name="score", tooltip="Mean distance in pixels; lower is better."),
                io.Float.Output("static", display_name="standing_still", tooltip="The score of a still video."),
                io.String.Output("report", display_name="report", tooltip="All figures per component, as JSON text."),
                io.Image.Output("picture", display_name="picture", tooltip="Paths wanted and paths followed."),
            ],
            is_output_node=True,
        )  # fmt: skip

    @classmethod
    def execute(cls, frames: torch.Tensor, tracks: dict, tracker: str) -> io.NodeOutput:
        video = frames_uint8(frames)
        trajectories = read_tracks(tracks, video.shape[2], video.shape[1])
        result = obeyed(video, trajectories, build_tracker(tracker))
        picture = to_image(obeyed_picture(video, result)[None])
        saved = ui.ImageSaveHelper.save_images(picture, "trackgo_objmc", io.FolderType.temp, cls=None, compress_level=1)
        figures = json.dumps(result.report(), indent=1)
        return io.NodeOutput(result.mean.mean, result.mean.static.mean, figures, picture, ui={"images": saved})


NODES: list[type[io.ComfyNode]] = [TrackGoAttentionView, TrackGoObjMC]
