"""Tiny seeded SVD UNets, drawn trajectories, and TrackGo's equations written a second time, in float64 and loops.

The reference knows nothing of active and inactive locations, chunks or kernels: it follows the paper's equations and
method.md row by row, so that agreement with `trackgo` says something.
"""

from __future__ import annotations

import functools
import json
import math
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from diffusers import UNetSpatioTemporalConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from tests.comfy_harness import ComfyInstall
from trackgo.model import TrackGo
from trackgo.model.adapter import AdapterAttention
from trackgo.model.config import AttentionSettings
from trackgo.model.encoded import EncodedTrajectories
from trackgo.svd.unet_keys import comfy_key

torch.set_num_threads(1)  # threads gain nothing on models this small, and wait for each other on a busy machine

WIDTHS, HEADS, CONTEXT = (32, 64, 64, 64), (2, 4, 4, 4), 32
FRAMES, HEIGHT_PX, WIDTH_PX = 8, 64, 128
"""Height and width differ, so that mixing them up shows."""
ODD = {"height": 13, "width": 17}
"""A latent size in which three of the UNet's four levels are odd: 13×17, 7×9, 4×5, 2×3."""


# ---------------------------------------------------------------------------------------------------------------------
# Small models and data
# ---------------------------------------------------------------------------------------------------------------------


def tiny_unet(widths: tuple[int, ...] = WIDTHS, heads: tuple[int, ...] = HEADS, seed: int = 0) -> nn.Module:
    """SVD's UNet class at a tiny width, seeded, in evaluation mode; the global generator is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        unet = UNetSpatioTemporalConditionModel(
            sample_size=8, block_out_channels=widths, num_attention_heads=heads, cross_attention_dim=CONTEXT
        )
    return unet.eval()


def svd_unet_on_meta() -> nn.Module:
    """The UNet of stable-video-diffusion-img2vid (diffusers' defaults are SVD's configuration), without memory."""
    with torch.device("meta"):
        return UNetSpatioTemporalConditionModel(num_attention_heads=(5, 10, 20, 20))


def inputs(
    frames: int = FRAMES, height: int = HEIGHT_PX // 8, width: int = WIDTH_PX // 8, batch: int = 2, seed: int = 1
) -> dict[str, Tensor]:
    """Arguments of the UNet's forward; batch 2 stands for the two halves of classifier-free guidance."""
    noise = torch.Generator().manual_seed(seed)
    return {
        "sample": torch.randn(batch, frames, 8, height, width, generator=noise),
        "timestep": torch.tensor(0.7),
        "encoder_hidden_states": torch.randn(batch, 1, CONTEXT, generator=noise),
        "added_time_ids": torch.tensor([[6.0, 127.0, 0.02]]).repeat(batch, 1),
    }


def call(unet: nn.Module, given: dict[str, Tensor]) -> Tensor:
    """The UNet's output, [B, L, 4, h, w]."""
    return unet(**given).sample


def drawn(
    frames: int = FRAMES, height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX, videos: int = 1, seed: int = 0
) -> np.ndarray:
    """P, uint8 [m, L, H, W, 3]: two 4-px squares per video, one moving across, one standing still."""
    rng = np.random.default_rng(seed)
    images = np.zeros((videos, frames, height_px, width_px, 3), np.uint8)
    for video in images:
        start, end = rng.uniform(0.1, 0.8, 2), rng.uniform(0.1, 0.8, 2)
        for i, frame in enumerate(video):
            u, v = start + (end - start) * i / max(1, frames - 1)
            y, x = int(v * height_px), int(u * width_px)
            frame[y : y + 4, x : x + 4] = (255, 48, 48)
            frame[height_px - 6 : height_px - 2, 2:6] = (48, 224, 64)
    return images


def drawn_odd() -> np.ndarray:
    """P at the size of ``ODD``."""
    return drawn(height_px=8 * ODD["height"], width_px=8 * ODD["width"])


def black(frames: int = FRAMES, height_px: int = HEIGHT_PX, width_px: int = WIDTH_PX) -> np.ndarray:
    """P without any trajectory."""
    return np.zeros((1, frames, height_px, width_px, 3), np.uint8)


def track_model(unet: nn.Module, mass: str = "centered") -> TrackGo:
    """A fresh TrackGo."""
    return TrackGo.for_unet(unet, mass)


def motion_of(model: TrackGo, **size: int) -> EncodedTrajectories:
    return EncodedTrajectories(model, drawn(**size))


def snapshot(unet: nn.Module) -> dict[str, object]:
    """Everything that attaching touches and detaching must put back, by identity or by bits."""
    return {
        "modules": [(name, id(module)) for name, module in unet.named_modules()],
        "processors": [id(p) for m in unet.modules() if (p := getattr(m, "processor", None)) is not None],
        "hooks": [len(m._forward_pre_hooks) + len(m._forward_pre_hooks_with_kwargs) for m in unet.modules()],
        "state": [(n, t.data_ptr(), t.sum().item()) for n, t in unet.state_dict().items()],
        "parameters": [(name, id(p)) for name, p in unet.named_parameters()],
    }


@contextmanager
def counted(module: nn.Module) -> Iterator[list[int]]:
    """Counts the forward calls of ``module`` in a list of one number."""
    calls = [0]

    def count(*_: object) -> None:
        calls[0] += 1

    hook = module.register_forward_hook(count)
    try:
        yield calls
    finally:
        hook.remove()


# ---------------------------------------------------------------------------------------------------------------------
# The equations again: numpy, float64, row by row
# ---------------------------------------------------------------------------------------------------------------------


def softmax(row: np.ndarray) -> np.ndarray:
    weights = np.exp(row - row.max())
    return weights / weights.sum()


def reference_attention(adapter: nn.Module, f: np.ndarray) -> np.ndarray:
    """Eq. 2: f [S, L, 320] → A' [S, h, L, L]."""
    weight = {name: value.detach().double().numpy() for name, value in adapter.state_dict().items()}
    locations, frames, _ = f.shape
    size = adapter.channels // adapter.heads
    out = np.empty((locations, adapter.heads, frames, frames))
    for s in range(locations):
        hidden = f[s] @ weight["project.weight"].T + weight["project.bias"]
        q, k = hidden @ weight["to_q.weight"].T, hidden @ weight["to_k.weight"].T
        for h in range(adapter.heads):
            part = slice(h * size, (h + 1) * size)
            for i in range(frames):
                out[s, h, i] = softmax(k[:, part] @ q[i, part] / math.sqrt(size))
    return out


def reference_row(scores: np.ndarray, blocked: np.ndarray, mode: str, tau: float) -> np.ndarray:
    """Eq. 3, 4 and 11 for one row: scores [L], R as ``blocked`` [L] → A_i [L]."""
    if mode == "freeze":
        s = min(max(math.log10(1 + abs(tau)) / 4, 0.0), 1.0)
        uniform = np.where(blocked, 0.0, 1 / (~blocked).sum())
        return (1 - s) * softmax(np.where(blocked, -np.inf, scores)) + s * uniform
    biased = scores + np.where(blocked, -np.inf, tau)
    return softmax(biased.astype(np.float16).astype(np.float64) if mode == "halfadd" else biased)


def reference_two_branch(
    q: Tensor, k: Tensor, v: Tensor, attention: np.ndarray, settings: AttentionSettings, mass: str
) -> np.ndarray:
    """O = (A + mass)V, [B, L, C], from q, k, v [B, L, C] and A' [S, h, L, L] of **every** location; B = G·S."""
    q, k, v = (x.detach().double().numpy() for x in (q, k, v))
    batch, frames, channels = q.shape
    locations, heads = attention.shape[:2]
    size = channels // heads
    out = np.empty_like(q)
    for b in range(batch):
        for h in range(heads):
            part = slice(h * size, (h + 1) * size)
            for i in range(frames):
                prime = attention[b % locations, h, i]
                scores = k[b][:, part] @ q[b, i, part] / math.sqrt(size)
                row = reference_row(scores, prime >= settings.alpha, settings.tau_mode, settings.tau)
                added = {"literal": prime, "centered": prime - 1 / frames}[mass]
                out[b, i, part] = (row + added) @ v[b][:, part]
    return out


def dense(layer: AdapterAttention) -> np.ndarray:
    """A' of every location, float64 [S, h, L, L]: 1/L wherever nothing passes."""
    shape = (layer.locations, *layer.attention.shape[1:])
    out = np.full(shape, 1 / layer.frames)
    out[layer.index.numpy()] = layer.attention.detach().double().numpy()
    return out


# ---------------------------------------------------------------------------------------------------------------------
# The real ComfyUI, in a process of its own
# ---------------------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=2)
def comfy_facts(install: ComfyInstall) -> tuple[dict, dict[str, Tensor]]:
    """What ``comfy_worker.py`` found in that ComfyUI with the weights of ``tiny_unet()``: facts and tensors."""
    unet, given = tiny_unet(), inputs()
    model = track_model(unet, "literal")
    key = "down_blocks.1.attentions.0.temporal_transformer_blocks.0.attn1.to_q.weight"
    model.base_weights = {key: unet.get_parameter(key).detach() * 1.5}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        weights = {comfy_key(name): p.detach().contiguous() for name, p in unet.named_parameters()}
        save_file(weights, home / "unet.safetensors")
        model.save(home / "trackgo.safetensors")
        ids = unet.add_time_proj(given["added_time_ids"].flatten()).reshape(len(given["added_time_ids"]), -1)
        odd = {"odd_sample": inputs(**ODD)["sample"], "odd_P": torch.from_numpy(drawn_odd())}
        save_file(given | {"y": ids, "P": torch.from_numpy(drawn())} | odd, home / "inputs.safetensors")
        worker = Path(__file__).with_name("comfy_worker.py")
        command = [str(install.python), str(worker), str(install.path), folder]
        alone = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, env=alone)
        if done.returncode:
            raise RuntimeError(f"the ComfyUI worker failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
        return json.loads((home / "facts.json").read_text()), load_file(home / "outputs.safetensors")
