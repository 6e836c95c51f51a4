"""Speed and memory on whatever accelerator is there, with random weights: ``python -m benchmarks.gpu --out FOLDER``.

    python -m benchmarks.gpu --out figures [--device cuda] [--dtype float16 bfloat16] [--size 576 1024] [--frames 25]
    python -m benchmarks.gpu --out figures --comfyui COMFYUI [--python ITS_PYTHON]
    python -m benchmarks.gpu --out figures --small       a few seconds on a CPU, to see that it works

In every precision: one temporal attention with TrackGo against stock; encoding the trajectories against a bare UNet
call, and what it holds; a UNet call of TrackGo and its rivals against a bare one; and how far a small UNet is from
itself in float32; with --comfyui, how far ComfyUI's UNet of the demo model is from diffusers'. Everything is measured
in turns in one run. Writes figures.json and figures.html.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
from html import escape
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from benchmarks import rivals, temporal_attention
from benchmarks.attention import squares
from benchmarks.busy import noticed
from benchmarks.rivals import Call
from benchmarks.temporal_attention import seconds
from tests.comfy_harness import ComfyInstall
from trackgo import point_trajectories
from trackgo.demo import DEMO_TRACKGO
from trackgo.demo.example import example_drawing
from trackgo.demo.tiny import load_demo_components
from trackgo.files import write_text
from trackgo.model import TrackGo
from trackgo.model.encoded import EncodedTrajectories
from trackgo.svd.sizes import LATENT_PX

SMALL_UNET = {
    "block_out_channels": (32, 64, 64, 64), "num_attention_heads": (2, 4, 4, 4), "cross_attention_dim": 1024,
}  # fmt: skip


_INSIDE = Path(__file__).parents[1] / "tests" / "nodes" / "inside_device.py"


def best_device() -> str:
    """ROCm calls itself cuda."""
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def summary(found: list[float]) -> dict[str, float]:
    return {"median": statistics.median(found), "least": min(found), "most": max(found)}


def attention_figures(frames: int, size: tuple[int, int], rounds: int, place: tuple[str, torch.dtype]) -> dict:
    """Attached over stock, by what was measured."""
    latent = tuple(side // LATENT_PX for side in size)
    figures = {}
    for level, share, tau in product(range(len(temporal_attention.CHANNELS)), (0.05, 0.2, 1.0), (0.0, -1e2)):
        what, found = temporal_attention.measure(frames, level, latent, share, tau, rounds, place)
        figures[what] = summary(found)
    return figures


def encoding_figures(unet: torch.nn.Module, call: Call) -> dict[str, float]:
    """Seconds of E and all A' over those of a bare call, what they take at most and what is kept, in MB."""
    weights = TrackGo.for_unet(unet).to(call.device, call.dtype)
    images = torch.from_numpy(squares(call.frames, call.height, call.width, 16)).to(call.device)
    held, found = {}, []
    for number in range(3):
        bare = seconds(lambda: call.run(unet), call.device)
        if call.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
        encoded = EncodedTrajectories(weights, images, call.dtype)
        ours = seconds(lambda encoded=encoded: encoded.prepare(call.sample), call.device)
        if call.device == "cuda":
            held["at most, MB"] = (torch.cuda.max_memory_allocated() - before) / 1e6
        found += [ours / bare] if number else []
    return {
        "over a bare call": statistics.mean(found),
        "kept in float32, MB": encoded.kept_bytes(call.device) / 1e6,
        **held,
    }


def difference(exact: torch.nn.Module, unet: torch.nn.Module, call: Call) -> float:
    """‖u − u₃₂‖ / ‖u₃₂‖ with TrackGo attached, u₃₂ in float32 on the CPU."""
    outputs = []
    for model, device, dtype in ((exact, "cpu", torch.float32), (unet, call.device, call.dtype)):
        torch.manual_seed(0)
        made = Call(call.frames, call.height, call.width, "cpu")
        for name in ("sample", "context", "time_ids"):
            setattr(made, name, getattr(made, name).to(device, dtype))
        made.timestep = made.timestep.to(device)
        torch.manual_seed(1)
        weights = TrackGo.for_unet(exact).to(device, dtype)
        images = torch.from_numpy(squares(call.frames, call.height, call.width, 16)).to(device)
        with weights.attached(model, EncodedTrajectories(weights, images, dtype)):
            outputs.append(made.run(model).float().cpu())
    return float((outputs[1] - outputs[0]).norm() / outputs[0].norm())


def comfyui_difference(install: ComfyInstall, device: str, dtype: str) -> dict[str, float]:
    """‖u_ComfyUI − u_diffusers‖ / ‖u_diffusers‖ of the demo model on one device in one precision, bare and attached."""
    frames, side = 14, 128
    parts = load_demo_components()
    unet, weights = (part.to(device, getattr(torch, dtype)) for part in (parts.unet, TrackGo.load(DEMO_TRACKGO)))
    trajectories = point_trajectories(example_drawing(), frames, side, side)
    tracks = trajectories.to_tracks()
    torch.manual_seed(0)
    given = {
        "sample": torch.randn(1, frames, 8, side // LATENT_PX, side // LATENT_PX), "timestep": torch.tensor([0.3]),
        "context": torch.randn(1, 1, unet.config.cross_attention_dim), "ids": torch.tensor([[6.0, 127.0, 0.02]]),
    }  # fmt: skip

    def run() -> torch.Tensor:
        place = {"device": device, "dtype": unet.dtype}
        ours = {key: value.to(device) if key == "timestep" else value.to(**place) for key, value in given.items()}
        out = unet(ours["sample"], ours["timestep"], ours["context"], ours["ids"], return_dict=False)
        return out[0][0].float().cpu()

    expected = {"bare": run()}
    with weights.attached(unet, weights.encode(trajectories, unet.dtype)):
        expected["trackgo"] = run()
    with TemporaryDirectory() as folder:
        size = torch.tensor([tracks.pop("width"), tracks.pop("height")])
        save_file({**given, **tracks, "size": size}, Path(folder) / "inputs.safetensors")
        subprocess.run([install.python, _INSIDE, install.path, folder, device, dtype], check=True, cwd=folder)
        found = load_file(Path(folder) / "outputs.safetensors")
    return {name: float((found[name] - one).norm() / one.norm()) for name, one in expected.items()}


def measure(args: argparse.Namespace) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if args.device == "cuda" else args.device,
        "machine": platform.platform(), "torch": torch.__version__, "frames": args.frames, "size": list(args.size),
    }  # fmt: skip
    smaller = SMALL_UNET if args.small else {}
    for name in args.dtype:
        dtype = getattr(torch, name)
        with torch.inference_mode():
            torch.manual_seed(0)
            unet = rivals.svd_unet(args.device, dtype, **smaller)
            call = Call(args.frames, *args.size, args.device, dtype)
            figures[name] = {
                "attention over stock": attention_figures(args.frames, args.size, args.rounds, (args.device, dtype)),
                "encoding": encoding_figures(unet, call),
                "a call over a bare one": {k: summary(v) for k, v in rivals.times(unet, call, args.rounds).items()},
            }
            if args.small or args.device == "cuda":  # a small copy of it: the CPU takes minutes for the whole one
                torch.manual_seed(0)
                exact = rivals.svd_unet("cpu", **SMALL_UNET)
                copied = rivals.svd_unet(args.device, dtype, **SMALL_UNET)
                copied.load_state_dict(exact.state_dict())
                near = difference(exact, copied, Call(args.frames, 64, 128, args.device, dtype))
                figures[name]["difference from float32 on the CPU, of a small UNet"] = near
            if args.comfyui:
                install = ComfyInstall(args.comfyui, args.python or args.comfyui / "venv" / "bin" / "python")
                figures[name]["ComfyUI from diffusers"] = comfyui_difference(install, args.device, name)
    return figures


def page(figures: dict[str, Any]) -> str:
    """All figures as nested lists."""

    def shown(value: Any) -> str:
        if isinstance(value, dict) and set(value) == {"median", "least", "most"}:
            return f"{value['median']:.3f} ({value['least']:.3f} to {value['most']:.3f})"
        if isinstance(value, dict):
            return "<ul>" + "".join(f"<li>{escape(key)}: {shown(one)}</li>" for key, one in value.items()) + "</ul>"
        return f"{value:.4g}" if isinstance(value, float) else escape(str(value))

    style = "body{font:15px/1.5 system-ui;max-width:60rem;margin:2rem auto}"
    return f"<!doctype html><meta charset=utf-8><title>TrackGo: figures</title><style>{style}</style>{shown(figures)}\n"


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default=best_device())
    parser.add_argument("--dtype", nargs="+", help="float16 and bfloat16; float32 on a CPU")
    parser.add_argument("--size", type=int, nargs=2, default=(576, 1024), metavar=("H", "W"))
    parser.add_argument("--frames", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--comfyui", type=Path, help="its folder, to compare its outputs with diffusers'")
    parser.add_argument("--python", type=Path, help="ComfyUI's own; its venv's where this is left out")
    args = parser.parse_args()
    args.dtype = args.dtype or (["float32"] if args.device == "cpu" else ["float16", "bfloat16"])
    if args.small:
        args.size, args.frames, args.rounds = (64, 128), 6, 2
    figures = measure(args)
    args.out.mkdir(parents=True, exist_ok=True)
    write_text(args.out / "figures.json", json.dumps(figures, indent=2) + "\n")
    write_text(args.out / "figures.html", page(figures))
    print(f"wrote {args.out / 'figures.json'} and figures.html")


if __name__ == "__main__":
    main()
