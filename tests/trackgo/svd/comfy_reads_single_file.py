"""Run by ComfyUI's Python in ComfyUI's folder: a tiny single-file SVD read by ComfyUI's own loaders and saved again.

Usage: python comfy_reads_single_file.py FOLDER. FOLDER holds svd.safetensors and inputs.safetensors; left behind are
outputs.safetensors, saved.safetensors (written as ImageOnlyCheckpointSave writes) and report.json.
"""

import json
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
sys.argv = [sys.argv[0], "--cpu", "--fp32-text-enc"]  # else the image encoder is rounded to half precision
sys.path.insert(0, ".")

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.clip_vision  # noqa: E402
import comfy.model_patcher  # noqa: E402
import comfy.ops  # noqa: E402
import comfy.sd  # noqa: E402
import comfy.supported_models  # noqa: E402
import comfy.utils  # noqa: E402
import torch  # noqa: E402
from comfy.ldm.models.autoencoder import AutoencodingEngine  # noqa: E402
from comfy.ldm.modules.diffusionmodules.openaimodel import UNetModel  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

VISUAL = "conditioner.embedders.0.open_clip.model.visual."


class TinySVD(comfy.supported_models.SVD_img2vid):
    """SVD as ComfyUI knows it, but at the test file's width."""

    unet_config = dict(comfy.supported_models.SVD_img2vid.unet_config, model_channels=64, context_dim=64)


def autoencoder(width, multiples):
    """ComfyUI's SVD autoencoder (comfy.sd.VAE hard-codes width 128)."""
    shape = {"double_z": True, "z_channels": 4, "resolution": 256, "in_channels": 3, "out_ch": 3, "ch": width}
    shape |= {"ch_mult": multiples, "num_res_blocks": 2, "attn_resolutions": [], "dropout": 0.0}
    home = "comfy.ldm.modules"
    return AutoencodingEngine(
        regularizer_config={"target": "comfy.ldm.models.autoencoder.DiagonalGaussianRegularizer"},
        encoder_config={"target": f"{home}.diffusionmodules.model.Encoder", "params": shape},
        decoder_config={
            "target": f"{home}.temporal_ae.VideoDecoder",
            "params": shape | {"video_kernel_size": [3, 1, 1], "alpha": 0.0},
        },
    ).eval()


def clip_vision(config, state):
    """ComfyUI's image encoder over the file's own names; returns it and what its loader missed or did not know."""
    path = FOLDER / "clip.json"
    path.write_text(json.dumps(config))
    clip = comfy.clip_vision.ClipVisionModel(str(path))
    state = {key: value for key, value in state.items() if key.startswith(VISUAL)}
    return clip, clip.load_sd(comfy.clip_vision.convert_to_transformers(state, VISUAL))


def full_size():
    """Names and shapes of the full-size file, as far as ComfyUI's classes tell them."""
    config = dict(
        image_size=32, in_channels=8, out_channels=4, model_channels=320, num_res_blocks=[2] * 4,
        channel_mult=[1, 2, 4, 4], transformer_depth=[1, 1, 1, 1, 1, 1, 0, 0],
        transformer_depth_output=[1] * 9 + [0] * 3, transformer_depth_middle=1,
        context_dim=1024, use_linear_in_transformer=True, adm_in_channels=768, use_spatial_transformer=True,
        num_classes="sequential", use_temporal_attention=True, use_temporal_resblock=True, num_heads=-1,
        num_head_channels=64, legacy=False, video_kernel_size=[3, 1, 1], extra_ff_mix_layer=True,
        use_spatial_context=True, merge_strategy="learned_with_images", merge_factor=0.0,
    )  # fmt: skip
    with torch.device("meta"):
        unet = UNetModel(**config, operations=comfy.ops.disable_weight_init).state_dict()
        vae = autoencoder(128, [1, 2, 4, 4]).state_dict()
    entries = {f"model.diffusion_model.{key}": list(value.shape) for key, value in unet.items()}
    return entries | {f"first_stage_model.{key}": list(value.shape) for key, value in vae.items()}


def main():
    """Read, run, save."""
    comfy.supported_models.models.append(TinySVD)
    state = comfy.utils.load_torch_file(str(FOLDER / "svd.safetensors"))
    inputs, outputs, report = load_file(FOLDER / "inputs.safetensors"), {}, {"full_size": full_size()}
    clip, (missing, unexpected) = clip_vision(json.loads((FOLDER / "clip_config.json").read_text()), dict(state))
    report["clip"] = [sorted(missing), sorted(unexpected)]
    vae = autoencoder(32, [1, 1, 2, 2])
    prefix = "first_stage_model."
    vae.load_state_dict({key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)})  # strict
    in_file = {key for key in state if key.startswith("model.diffusion_model.")}
    patcher, *_ = comfy.sd.load_state_dict_guess_config(state, output_vae=False, output_clip=False)
    model = patcher.model
    have = {f"model.diffusion_model.{key}" for key in model.diffusion_model.state_dict()}
    report["unet"] = [type(model).__name__, sorted(have - in_file), sorted(in_file - have)]
    with torch.no_grad():
        frames = inputs["sample"].shape[0]
        y = torch.cat([model.embedder(value[None]) for value in inputs["ids"]], 1).repeat(frames, 1)
        outputs["unet"] = model.diffusion_model(
            inputs["sample"], inputs["time"].repeat(frames), inputs["context"].repeat(frames, 1, 1), y,
            num_video_frames=frames, image_only_indicator=torch.zeros(1, frames), transformer_options={},
        )  # fmt: skip
        outputs["moments"] = vae.encoder(inputs["picture"])
        outputs["decoded"] = vae.decode(inputs["latent"])
        outputs["embedding"] = clip.model(pixel_values=inputs["pixels"])[2]
    save_file({key: value.contiguous() for key, value in outputs.items()}, FOLDER / "outputs.safetensors")

    class SavedVAE:
        """What save_checkpoint asks of a VAE; in another precision than the rest, as it is in practice."""

        def get_sd(self):
            return vae.to(torch.bfloat16).state_dict()

    extra = {"edm_vpred.sigma_max": torch.tensor(700.0), "edm_vpred.sigma_min": torch.tensor(0.002)}
    metadata = {"trackgo.clip_heads": "4"}
    saved = str(FOLDER / "saved.safetensors")
    comfy.sd.save_checkpoint(saved, patcher, None, SavedVAE(), clip, metadata=metadata, extra_keys=extra)
    (FOLDER / "report.json").write_text(json.dumps(report))


main()
