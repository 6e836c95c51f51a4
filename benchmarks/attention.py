"""What TrackGo costs at inference: attached against bare UNet, first call (A' computed) and later calls (A' kept).

    python -m benchmarks.attention [--frames 14] [--size 128 128] [--widths 64 128 128 128] [--repeats 5]

Prints ratios of median times and what is kept per generation. A tiny UNet exaggerates TrackGo's share: attention over
time costs little beside SVD's full-width convolutions (method: +0.12 % with A' kept).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from diffusers import UNetSpatioTemporalConditionModel

from benchmarks.busy import noticed
from trackgo.model import TrackGo
from trackgo.model.encoded import EncodedTrajectories

HEAD_SIZE, CONTEXT = 16, 32


def cpu_seconds(action: Callable[[], object]) -> float:
    """CPU time of one call: other programs on the machine lengthen it less than wall time."""
    start = time.process_time()
    action()
    return time.process_time() - start


def median_ratio(action: Callable[[], object], reference: Callable[[], object], repeats: int) -> float:
    """Median over rounds of ``action``'s time over ``reference``'s, both measured in each round after a first one."""
    action(), reference()
    return statistics.median(cpu_seconds(action) / cpu_seconds(reference) for _ in range(repeats))


def squares(frames: int, height: int, width: int, points: int) -> np.ndarray:
    """P with ``points`` 4-px squares that move by a fifth of the frame, uint8 [1, L, H, W, 3]."""
    rng = np.random.default_rng(0)
    starts, steps = rng.uniform(0.1, 0.7, (points, 2)), rng.uniform(-0.1, 0.2, (points, 2))
    images = np.zeros((1, frames, height, width, 3), np.uint8)
    for i in range(frames):
        for v, u in starts + steps * i / (frames - 1):
            y, x = max(0, int(v * height)), max(0, int(u * width))
            images[0, i, y : y + 4, x : x + 4] = (255, 48, 48)
    return images


def dense_bytes(motion: EncodedTrajectories) -> int:
    """What A' of every location would take in float32."""
    layers = [layer for layer in motion.kept.values() if len(layer.index)]
    return sum(4 * layer.locations * layer.attention[:1].numel() for layer in layers)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=14)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 128), metavar=("H", "W"))
    parser.add_argument("--widths", type=int, nargs=4, default=(64, 128, 128, 128))
    parser.add_argument("--points", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    return parser.parse_args()


def build_unet(widths: tuple[int, ...]) -> UNetSpatioTemporalConditionModel:
    torch.manual_seed(0)
    heads = tuple(channels // HEAD_SIZE for channels in widths)
    return UNetSpatioTemporalConditionModel(
        block_out_channels=widths, num_attention_heads=heads, cross_attention_dim=CONTEXT
    ).eval()


@noticed()
def main() -> None:
    args = arguments()
    height, width = args.size
    unet = build_unet(tuple(args.widths))
    model, images = TrackGo.for_unet(unet), squares(args.frames, height, width, args.points)
    given = (
        torch.randn(2, args.frames, 8, height // 8, width // 8),
        torch.tensor(0.7),
        torch.randn(2, 1, CONTEXT),
        torch.tensor([[6.0, 127.0, 0.02]] * 2),
    )

    def bare() -> None:
        unet(*given)

    def first() -> EncodedTrajectories:
        motion = EncodedTrajectories(model, images)
        with model.attached(unet, motion):
            unet(*given)
        return motion

    with torch.inference_mode():
        print(f"first call (E, W'q, W'k, A'): {median_ratio(first, bare, args.repeats):.2f} × the bare UNet")
        motion = first()
        for mode, tau in (("freeze", 0.0), ("freeze", -100.0), ("halfadd", -100.0)):

            def later(mode: str = mode, tau: float = tau) -> None:
                with model.attached(unet, motion, tau=tau, tau_mode=mode):
                    unet(*given)

            ratio = median_ratio(later, bare, args.repeats)
            print(f"later calls, {mode} at τ = {tau:g}: {ratio:.2f} × the bare UNet")
    kept_mb, dense_mb = motion.kept_bytes("cpu") / 1e6, dense_bytes(motion) / 1e6
    print(f"A' kept: {kept_mb:.1f} MB, {kept_mb / dense_mb:.0%} of what all locations would take ({dense_mb:.1f} MB)")


if __name__ == "__main__":
    main()
