"""What has to be done once per drawing, before the first step: ``python -m benchmarks.before_sampling``.

    python -m benchmarks.before_sampling [--size 576 1024] [--frames 25] [--points 64]

E, alignment and A' of all layers at SVD's real widths (random weights, float32, one thread): seconds, memory besides
weights and UNet, and operations beside those of one bare UNet call, which a CPU needs hours for at that size. Then the
preview of a drawing's trajectories, as TrackGo Preview draws it.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.attention import squares
from benchmarks.busy import noticed
from benchmarks.rivals import Call, operations, svd_unet
from trackgo import Drawing, point_trajectories
from trackgo.figures.overlays import draw_trails
from trackgo.model import TrackGo
from trackgo.model.encoded import EncodedTrajectories


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(action: Callable[[], Any]) -> tuple[float, float, Any]:
    """(seconds, MB above what was there, what came out); run before anything larger."""
    before, begun = peak_mb(), time.perf_counter()
    out = action()
    return time.perf_counter() - begun, peak_mb() - before, out


def preview(frames: int, height: int, width: int) -> float:
    """Seconds of the trails of one component on a picture."""
    stroke = {"tool": "brush", "points": [[0.3, 0.5]], "radius": 0.15}
    arrow = {"points": [[0.3, 0.5], [0.7, 0.4]]}
    drawing = Drawing.from_dict({"version": 1, "components": [{"mask": {"strokes": [stroke]}, "arrows": [arrow]}]})
    clip = np.random.default_rng(0).integers(0, 255, (frames, height, width, 3), dtype=np.uint8)
    seconds, _, _ = timed(lambda: draw_trails(clip, point_trajectories(drawing, frames, width, height)))
    return seconds


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=2, default=(576, 1024), metavar=("H", "W"))
    parser.add_argument("--frames", type=int, default=25)
    parser.add_argument("--points", type=int, default=64)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.inference_mode():
        preview(2, 64, 64)  # loads what is loaded once
        took = preview(args.frames, *args.size)
        print(f"preview of {args.frames} frames of {args.size[1]}×{args.size[0]}: {took:.2f} s")
        bare = svd_unet("meta")
        with torch.device("meta"):
            weights = TrackGo.for_unet(bare)
        weights = weights.to_empty(device="cpu")
        for module in weights.modules():
            for parameter in module.parameters(recurse=False):
                torch.nn.init.normal_(parameter, std=0.02)
        encoded = EncodedTrajectories(weights, torch.from_numpy(squares(args.frames, *args.size, args.points)))
        seconds, held, (once, _) = timed(lambda: operations(lambda: encoded.prepare(torch.zeros(1))))
        call, _ = operations(lambda: Call(args.frames, *args.size).run(bare))
    kept = encoded.kept_bytes("cpu") / 2**20
    active = [one.index.numel() / one.locations for one in encoded.kept.values()]
    print(f"{args.points} points: {max(active):.0%} of the locations active at the finest level")
    print(f"E, alignment, A': {seconds:.0f} s, at most {held:.0f} MB held, {kept:.0f} MB of it kept (float32)")
    print(f"operations: {once:.2f}·10¹², {once / call:.1%} of one bare UNet call's {call:.1f}·10¹²")


if __name__ == "__main__":
    main()
