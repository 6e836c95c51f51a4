"""Where the time of an evaluation goes, and what the Fréchet distance costs beside the usual matrix root.

    python -m benchmarks.evaluation [--scenes 2] [--features 512]

Prints each stage's share of one clip's CPU time (ours and plain SVD sampled by the demo model, both followed and put
into the report), the CPU seconds a clip takes, and the ratio of the two ways to a Fréchet distance.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import sqrtm

from trackgo import TrackGoPipeline
from trackgo.evaluation.clips import make_clip
from trackgo.evaluation.following import follow, scores
from trackgo.evaluation.frechet import frechet_distance
from trackgo.evaluation.sources import world_source
from trackgo.evaluation.systems import Generated, Sampling
from trackgo.tracking.trackers import build_tracker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=2)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--features", type=int, default=512, help="feature size; half as many samples")
    args = parser.parse_args()
    spent = stages(args.scenes, args.steps)
    total = sum(spent.values())
    for name, seconds in spent.items():
        print(f"{name:24} {seconds / total:6.1%}")
    print(f"CPU seconds a clip       {total / args.scenes:6.1f}")
    print(f"Fréchet: matrix root over ours, {args.features // 2} samples of {args.features} features: "
          f"{frechet_ratio(args.features):.1f}")  # fmt: skip


def stages(scenes: int, steps: int) -> Counter[str]:
    """CPU seconds by stage over some scenes of the world."""
    pipeline = TrackGoPipeline.from_pretrained("demo")
    pipeline.set_progress_bar_config(disable=True)
    systems = [
        Generated("ours", pipeline, Sampling(steps, 1.0), "trackgo"),
        Generated("svd", pipeline, Sampling(steps, 1.0), None),
    ]
    source, tracker, spent = world_source(scenes, 14, 128, 128), build_tracker("lk"), Counter()
    systems[0].video(source.load(source.names[0]))  # the first call sets things up

    def timed(name: str, action: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = action()
        spent[name] += time.process_time() - start
        return result

    for name in source.names:
        case = timed("drawing the scene", lambda name=name: source.load(name))
        for system in systems:
            video = timed(f"sampling {system.name}", lambda system=system, case=case: system.video(case))
            followed = timed("following", lambda case=case, video=video: follow(case, video, tracker))
            timed("ObjMC", lambda case=case, followed=followed: scores(case, followed))
            timed(
                "clip of the report", lambda case=case, video=video, followed=followed: make_clip(case, video, followed)
            )
    return spent


def frechet_ratio(size: int) -> float:
    """CPU time by covariances and their matrix root over that of ``frechet_distance``."""
    first, second = np.random.default_rng(0).normal(size=(2, size // 2, size))

    def by_root() -> float:
        one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
        return float(np.trace(one + two - 2 * sqrtm(one @ two).real))

    def seconds(action: Callable[[], object]) -> float:
        start = time.process_time()
        action()
        return time.process_time() - start

    return seconds(by_root) / seconds(lambda: frechet_distance(first, second))


if __name__ == "__main__":
    main()
