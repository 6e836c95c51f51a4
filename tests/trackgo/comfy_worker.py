"""Runs inside ComfyUI's own Python (see ``support.comfy_facts``): the library's attach on the real ``UNetModel``.

Usage: comfy_worker.py COMFYUI FOLDER; reads the folder's weights and inputs, writes facts.json and outputs.safetensors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

COMFYUI, FOLDER = Path(sys.argv[1]), Path(sys.argv[2])
ROOT = Path(__file__).resolve().parents[2]
sys.argv = [sys.argv[0], "--cpu"]
sys.path[0] = str(COMFYUI)
sys.path.append(str(ROOT))

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.ops  # noqa: E402
import torch  # noqa: E402
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel  # noqa: E402
from einops import rearrange  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from trackgo.model import TrackGo  # noqa: E402
from trackgo.model.encoded import EncodedTrajectories  # noqa: E402
from trackgo.svd.layers import temporal_attentions  # noqa: E402

CONFIG = {
    "image_size": 32, "in_channels": 8, "out_channels": 4, "model_channels": 32, "channel_mult": [1, 2, 2, 2],
    "num_res_blocks": [2, 2, 2, 2], "transformer_depth": [1, 1, 1, 1, 1, 1, 0, 0], "transformer_depth_middle": 1,
    "transformer_depth_output": [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], "context_dim": 32, "adm_in_channels": 768,
    "use_linear_in_transformer": True, "use_spatial_transformer": True, "num_classes": "sequential", "legacy": False,
    "use_temporal_attention": True, "use_temporal_resblock": True, "num_heads": -1, "num_head_channels": 16,
    "video_kernel_size": [3, 1, 1], "extra_ff_mix_layer": True, "use_spatial_context": True,
    "merge_strategy": "learned_with_images", "merge_factor": 0.0,
}  # fmt: skip


SVD = CONFIG | {"model_channels": 320, "channel_mult": [1, 2, 4, 4], "context_dim": 1024, "num_head_channels": 64}


def call(unet: UNetModel, given: dict[str, torch.Tensor]) -> torch.Tensor:
    sample = given["sample"]
    frames = sample.shape[1]
    repeat = lambda x: x.repeat_interleave(frames, 0)  # noqa: E731
    out = unet(
        rearrange(sample, "b l c h w -> (b l) c h w"),
        given["timestep"].expand(len(sample) * frames),
        repeat(given["encoder_hidden_states"]),
        repeat(given["y"]),
        transformer_options={},
        num_video_frames=frames,
        image_only_indicator=torch.zeros(len(sample), frames),
    )
    return rearrange(out, "(b l) c h w -> b l c h w", l=frames)


def shapes(unet: UNetModel) -> dict[str, list[int]]:
    return {name: list(p.shape) for name, p in unet.named_parameters()}


def snapshot(unet: UNetModel) -> list:
    state = [(n, t.data_ptr(), t.sum().item()) for n, t in unet.state_dict().items()]
    return [[(n, id(m)) for n, m in unet.named_modules()], [(n, id(p)) for n, p in unet.named_parameters()], state]


def main() -> None:
    unet = UNetModel(**CONFIG, operations=comfy.ops.disable_weight_init).eval()
    full = UNetModel(**SVD, device="meta", operations=comfy.ops.disable_weight_init)
    facts = {"shapes": shapes(unet), "svd_shapes": shapes(full)}
    unet.load_state_dict(load_file(FOLDER / "unet.safetensors"), strict=False)
    model, given = TrackGo.load(FOLDER / "trackgo.safetensors"), load_file(FOLDER / "inputs.safetensors")
    points, odd_points, odd = given.pop("P"), given.pop("odd_P"), {"sample": given.pop("odd_sample")}
    facts["layers"] = {name: attention.to_q.in_features for name, attention in temporal_attentions(unet).items()}
    with torch.inference_mode():
        before, out = snapshot(unet), {"bare": call(unet, given)}
        motion = EncodedTrajectories(model, points)
        with model.attached(unet, motion, tau=-50.0):
            out["attached"] = call(unet, given)
            facts["keys_kept"] = [*unet.state_dict()] == [name for name, *_ in before[2]]
            facts["changed_inside"] = snapshot(unet)[0] != before[0]
            wrong = given | {"sample": given["sample"][:, :-1]}
            facts["refused"] = refusal(lambda: call(unet, wrong))
        facts["restored"] = snapshot(unet) == before
        out["odd_bare"] = call(unet, given | odd)
        with model.attached(unet, EncodedTrajectories(model, odd_points), tau=-50.0):
            out["odd_attached"] = call(unet, given | odd)
        out["after"] = call(unet, given)
        facts["raised"] = refusal(lambda: failing(unet, model, motion))
        facts["restored_after_error"] = snapshot(unet) == before
        facts["nested"] = nested(unet, model, motion, given, out["attached"])
        facts["restored_after_nesting"] = snapshot(unet) == before
        out["after_all"] = call(unet, given)
    (FOLDER / "facts.json").write_text(json.dumps(facts))
    save_file({name: value.clone().contiguous() for name, value in out.items()}, FOLDER / "outputs.safetensors")


def failing(unet: UNetModel, model: TrackGo, motion: EncodedTrajectories) -> None:
    with model.attached(unet, motion):
        raise ValueError("raised by the body")


def nested(
    unet: UNetModel, model: TrackGo, motion: EncodedTrajectories, given: dict, expected: torch.Tensor
) -> list[bool]:
    """Inner attachment acts inside; the outer one acts again after it."""
    with model.attached(unet, motion, tau=-50.0):
        with model.attached(unet, motion):
            inside = call(unet, given)
        return [not torch.equal(inside, expected), torch.equal(call(unet, given), expected)]


def refusal(action: object) -> str:
    try:
        action()
    except ValueError as error:
        return str(error)
    return ""


main()
