"""How cost grows with frames, size and components: ``python -m benchmarks.growth``.

Operations are counted on SVD's own configuration (`benchmarks.rivals`); the drawing's way to P is timed. Each line ends
with the exponent that fits it best on logarithmic scales: 1 is in proportion, 2 with the square.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import numpy as np
import torch

from benchmarks.attention import cpu_seconds
from benchmarks.busy import noticed
from benchmarks.rivals import Call, OurTrackGo, count, svd_unet
from trackgo.drawing import Drawing
from trackgo.svd.layers import LAYERS
from trackgo.trajectories import point_trajectories

FRAMES = (14, 25, 49, 81, 121)
SIZES = ((256, 256), (384, 320), (512, 288), (768, 448), (1024, 576))
COMPONENTS = (1, 5, 10, 25, 50)
SIZE, LENGTH, SHARE = (1024, 576), 25, 0.2


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """Slope of log y over log x, least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def drawing(components: int) -> Drawing:
    """Discs with an arrow each, spread over the frame."""
    places = np.random.default_rng(0).uniform(0.1, 0.9, (components, 2)).round(4).tolist()
    return Drawing.from_dict(
        {
            "version": 1,
            "components": [
                {
                    "mask": {"strokes": [{"tool": "brush", "radius": 0.03, "points": [[u, v]]}]},
                    "arrows": [{"points": [[u, v], [u + 0.05, v]]}],
                }
                for u, v in places
            ],
        }
    )


def to_points(components: int) -> np.ndarray:
    """P of a drawing with so many components."""
    return point_trajectories(drawing(components), LENGTH, *SIZE).render()


def operations(unet: torch.nn.Module, frames: int, size: tuple[int, int]) -> dict[str, float]:
    """10¹² operations and megabytes for one drawing that passes a fifth of the locations."""
    call = Call(frames, size[1], size[0])
    OurTrackGo.share = SHARE
    with torch.device("meta"):
        trackgo = OurTrackGo(unet)
    once, with_trackgo = count(trackgo, unet, call)
    (height, width) = call.sample.shape[-2:]
    rows = sum(
        round(SHARE * h * w) * layer_heads * frames
        for (h, w), layer_heads in (
            (layer.size(height, width), config.heads)
            for layer, config in zip(LAYERS, trackgo.added.config.layers, strict=True)
        )
    )
    return {
        "a call, 10¹² operations": with_trackgo, "E and A', once, 10¹² operations": once,
        "A' kept, MB": rows * frames * 2 / 1e6,
    }  # fmt: skip


def show(title: str, x: Sequence[float], found: Sequence[dict[str, float]], names: Sequence[str]) -> None:
    print(f"| {title} | {' | '.join(names)} | exponent |\n|---{'|---' * (len(names) + 1)}|")
    for what in found[0]:
        values = [one[what] for one in found]
        print(f"| {what} | {' | '.join(f'{value:.3g}' for value in values)} | {exponent(x, values):.2f} |")
    print(flush=True)


@noticed()
def main() -> None:
    unet = svd_unet("meta")
    show("frames", FRAMES, [operations(unet, frames, SIZE) for frames in FRAMES], [str(f) for f in FRAMES])
    areas = [width * height for width, height in SIZES]
    show("size", areas, [operations(unet, LENGTH, size) for size in SIZES], [f"{w}×{h}" for w, h in SIZES])
    timed = [
        {"drawing → P, seconds": statistics.median(cpu_seconds(lambda n=n: to_points(n)) for _ in range(3))}
        for n in COMPONENTS
    ]
    show("components", COMPONENTS, timed, [str(n) for n in COMPONENTS])


if __name__ == "__main__":
    main()
