"""Runs inside ComfyUI's own Python: `inside_device.py COMFYUI FOLDER DEVICE DTYPE`, for benchmarks/gpu.py.

FOLDER holds inputs.safetensors, TRACKS among them; one call of the demo model's UNet, bare and with TrackGo Apply, goes
into outputs.safetensors.
"""

from __future__ import annotations

import sys
from pathlib import Path

comfyui, folder, device, dtype = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:5]
flags = {"float16": ["--fp16-unet"], "bfloat16": ["--bf16-unet"], "float32": ["--fp32-unet"]}[dtype]
sys.argv = [sys.argv[0], *flags, *(["--cpu"] if device == "cpu" else [])]
sys.path.insert(0, str(comfyui))

import comfy.options  # noqa: E402

comfy.options.enable_args_parsing()

import comfy.model_management as manage  # noqa: E402
import torch  # noqa: E402
from inside_pack import load_pack  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

import nodes  # noqa: E402, F401 — ComfyUI's own, before ours


def call(of: object, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """One UNet call as ComfyUI's sampler makes it."""
    manage.load_models_gpu([of, *of.get_nested_additional_models()])
    of.pre_run()
    model, frames = of.model, given["sample"].shape[1]
    place = {"device": of.load_device, "dtype": model.manual_cast_dtype or model.get_dtype()}
    y = torch.cat([model.embedder(value[None]) for value in given["ids"][0]], dim=-1).repeat(frames, 1)
    out = model.diffusion_model(
        given["sample"][0].to(**place), given["timestep"].repeat(frames).to(of.load_device),
        given["context"].repeat(frames, 1, 1).to(**place), y.to(**place), num_video_frames=frames,
        transformer_options={},
    )  # fmt: skip
    of.cleanup()
    return out.float().cpu().contiguous()


if __name__ == "__main__":
    with torch.inference_mode():
        (_, ours), given = load_pack(), load_file(folder / "inputs.safetensors")
        model, _, _, trackgo, _ = ours["TrackGoDemoModel"].execute().result
        tracks = {key: value for key, value in given.items() if key.startswith("track_")}
        tracks |= dict(zip(("width", "height"), given["size"].tolist(), strict=True))
        applied = ours["TrackGoApply"].execute(model, trackgo, tracks, 0.2, "freeze", 0.0, 0.0, 1.0).result[0]
        save_file({"bare": call(model, given), "trackgo": call(applied, given)}, folder / "outputs.safetensors")
