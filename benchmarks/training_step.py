"""One optimiser step on SVD's real configuration with random weights: time and peak memory by trainable set.

python -m benchmarks.training_step adapter+attn1 --size 64 64 --frames 6
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import torch
from diffusers import UNetSpatioTemporalConditionModel

from benchmarks.busy import noticed
from trackgo.svd.diffusion import Conditioning
from trackgo.training.batch import ModelInput, collate
from trackgo.training.config import TRAINABLE_SETS, ModelConfig, StageConfig, TrainingConfig
from trackgo.training.data import ClipKey, WorldSource
from trackgo.training.setup import build_model, build_optimizer


def random_svd(seed: int = 0) -> UNetSpatioTemporalConditionModel:
    """SVD's UNet (1.52 billion parameters), float32, randomly initialised."""
    torch.manual_seed(seed)
    return UNetSpatioTemporalConditionModel()


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


def measure(trainable: str, frames: int, width: int, height: int, frozen: str) -> None:
    """Print parameters, loss, seconds and peak memory of one step."""
    model_config = ModelConfig(trainable=trainable, gradient_checkpointing=True, frozen_precision=frozen)
    config = TrainingConfig((StageConfig(1, width, height, frames),), model=model_config)
    model = build_model(config, random_svd()).train()
    optimizer = build_optimizer(model, config.optimizer)
    data = random_input(frames, width, height)
    before = time.monotonic()
    with model.attached(), torch.autocast("cpu", torch.bfloat16):
        terms = model(data)
        loss = terms["mse"].mean() + config.loss.attention * terms["attention"].mean()
    with model.attached():
        loss.backward()
    optimizer.step()
    seconds = time.monotonic() - before
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{trainable}: {count:,} trained parameters, {frames} frames of {width}×{height}: loss {loss.item():.3f}, "
        f"{seconds:.1f} s, peak {peak:.1f} GiB"
    )


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trainable", choices=TRAINABLE_SETS)
    parser.add_argument("--size", type=int, nargs=2, default=(64, 64), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--frozen", default="bf16", help="precision of what is not trained")
    args = parser.parse_args()
    measure(args.trainable, args.frames, *args.size, args.frozen)


if __name__ == "__main__":
    main()
