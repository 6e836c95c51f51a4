"""One optimiser step on SVD's real configuration with random weights: time and peak memory by trainable set.

With L_attn (eq. 8) and recomputation off and on, interleaved in one run on the CPU: the four ways of a step follow one
another, round after round, and what is printed is the median of a way's seconds of a processor, one thread, over those
of the first in the same round.

python -m benchmarks.training_step adapter+attn1 --size 64 64 --frames 6 --rounds 3
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import product
from pathlib import Path

import numpy as np
import torch
from diffusers import UNetSpatioTemporalConditionModel

from benchmarks.busy import noticed
from benchmarks.rivals import svd_unet
from trackgo.svd.diffusion import Conditioning
from trackgo.training.batch import ModelInput, collate
from trackgo.training.config import TRAINABLE_SETS, ModelConfig, StageConfig, TrainingConfig
from trackgo.training.data import ClipKey, WorldSource
from trackgo.training.model import TrainedSVD
from trackgo.training.setup import build_model, build_optimizer

_PROCESS = Path("/proc/self")


def random_input(frames: int, width: int, height: int) -> ModelInput:
    """One clip of the world's P with random latents."""
    triple = WorldSource().triple(ClipKey(0, frames, width, height, 0), np.random.default_rng(0))
    batch = collate([triple], [0])
    size = (1, frames, 4, height // 8, width // 8)
    latents, noise = torch.randn(size), torch.randn(size)
    conditioning = Conditioning(
        torch.randn(1, 4, *size[3:]), torch.randn(1, 1, 1024), torch.tensor([[6.0, 127.0, 0.02]])
    )
    noisy = latents + 2 * noise
    return ModelInput(latents, noisy, torch.tensor([2.0]), conditioning, batch.points, batch.components, batch.origins)


def forget_peak() -> None:
    """Let the peak of this process's memory begin anew, where the system can (Linux)."""
    if (_PROCESS / "clear_refs").exists():
        (_PROCESS / "clear_refs").write_text("5")


def peak_gib() -> float:
    """The most memory that this process has held since ``forget_peak``, GiB; nan where it cannot be known."""
    if not (_PROCESS / "clear_refs").exists():
        return float("nan")
    lines = (_PROCESS / "status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**20


def step(
    model: TrainedSVD, optimizer: torch.optim.Optimizer, data: ModelInput, attention: float
) -> tuple[float, float]:
    """(seconds of a processor, peak GiB) of one optimiser step; ``attention`` is λ of L_attn, 0 leaves it out."""
    model.attention_loss = attention > 0
    forget_peak()
    before = time.process_time()
    with model.attached():
        with torch.autocast("cpu", torch.bfloat16):
            terms = model(data)
            loss = terms["mse"].mean()
            if attention:
                loss = loss + attention * terms["attention"].mean()
        loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return time.process_time() - before, peak_gib()


def recompute_(model: TrainedSVD, on: bool) -> None:
    """Gradient checkpointing on or off from now on."""
    model.recompute = on
    if on:
        model.unet.enable_gradient_checkpointing()
    else:
        model.unet.disable_gradient_checkpointing()


def measure(
    config: TrainingConfig, unet: UNetSpatioTemporalConditionModel, data: ModelInput, rounds: int
) -> tuple[int, dict[tuple[bool, bool], tuple[list[float], list[float], float]]]:
    """Trained parameters, and (recomputation, L_attn) → (seconds of each round; over those of (off, off) in the same
    round; peak GiB)."""
    model = build_model(config, unet).train()
    optimizer = build_optimizer(model, config.optimizer)
    ways = list(product((False, True), (False, True)))
    seconds, peaks = {way: [] for way in ways}, dict.fromkeys(ways, 0.0)
    recompute_(model, True)
    step(model, optimizer, data, 0)  # the optimiser's own memory is made in the first
    for _ in range(rounds):
        for recompute, attention in ways:
            recompute_(model, recompute)
            took, peak = step(model, optimizer, data, config.loss.attention * attention)
            seconds[recompute, attention].append(took)
            peaks[recompute, attention] = max(peaks[recompute, attention], peak)
    plain = seconds[ways[0]]
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return count, {
        way: (seconds[way], [a / b for a, b in zip(seconds[way], plain, strict=True)], peaks[way]) for way in ways
    }


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trainable", choices=TRAINABLE_SETS)
    parser.add_argument("--size", type=int, nargs=2, default=(64, 64), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--frozen", default="bf16", help="precision of what is not trained")
    parser.add_argument("--rounds", type=int, default=3, help="steps of each of the four ways")
    args = parser.parse_args()
    width, height = args.size
    torch.set_num_threads(1)
    model_config = ModelConfig(trainable=args.trainable, frozen_precision=args.frozen)
    config = TrainingConfig((StageConfig(1, width, height, args.frames),), model=model_config)
    count, found = measure(config, svd_unet("cpu"), random_input(args.frames, width, height), args.rounds)
    print(f"{args.trainable}: {count:,} trained parameters, {args.frames} frames of {width}×{height}")
    for (recompute, attention), (seconds, ratios, peak) in found.items():
        print(
            f"  recomputation {'on ' if recompute else 'off'}, L_attn {'on ' if attention else 'off'}: "
            f"{statistics.median(seconds):6.1f} s, {statistics.median(ratios):.2f} "
            f"({min(ratios):.2f} to {max(ratios):.2f}) of both off, peak {peak:.1f} GiB"
        )


if __name__ == "__main__":
    main()
