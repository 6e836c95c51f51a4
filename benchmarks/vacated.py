"""How far the first frame tells what a thing covered: ``python -m benchmarks.vacated [--plain] [--model]``.

Fills the place of the moving sprites of held-out scenes from what surrounds it, in several ways that are all told where
the sprites are, and prints the error of the mean color where one has left: beside that of the VAE, which sees the true
frame, and of whichever way happens to be best in each scene, which nobody could know. ``--model`` adds the demo's video
(``--run``: with the weights of a training run), ``--plain`` takes scenes of one plain sprite over a smooth background,
where the surroundings tell all.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from benchmarks.assessment import (
    MIN_VACATED_PX,
    color_errors,
    held_out_scenes,
    hidden_place,
    user_trajectories,
    vacated,
    without_sprites,
)
from trackgo import TrackGoPipeline
from trackgo.demo.world import PLAIN, Scene, scene
from trackgo.options import sampling_of

from .demo_model import load, through_vae

SIZE = 14, 128, 128  # frames, width, height
_RIM_PX = 8
_POINTS = 900


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--plain", action="store_true", help="one plain sprite over a smooth background")
    parser.add_argument("--model", action="store_true", help="the demo's video too")
    parser.add_argument("--run", type=Path, nargs="+", help="the same with the weights of a run or checkpoints")
    args = parser.parse_args()
    pipeline = load(args.run, average=True)
    shown = {**FILLS, "VAE": lambda seen: through_vae(pipeline, seen.frames)[-1]}
    if args.model or args.run:
        shown["demo model"] = lambda seen: video(pipeline, seen)[-1]
    rows = []
    for seen in tqdm(plain_scenes(args.scenes) if args.plain else held_out_scenes(args.scenes, *SIZE), unit="scene"):
        left = vacated(seen)
        if left.sum() >= MIN_VACATED_PX:
            tries = np.stack([show(seen)[left] for show in shown.values()])
            rows.append(color_errors(tries, seen.frames[-1][left])[0])
    errors = np.array(rows)
    means = dict(zip(shown, errors.mean(axis=0), strict=True))
    means["best filling of each scene"] = errors[:, : len(FILLS)].min(axis=1).mean()
    print(f"{len(errors)} scenes; error of the mean color, of 255, and over the VAE's")
    for name, error in means.items():
        print(f"{name:30} {error:5.2f} {error / means['VAE']:5.2f}")


def plain_scenes(count: int) -> list[Scene]:
    """Held-out scenes with one plain sprite over a smooth background."""
    return [scene(i, *SIZE, "test", replace(PLAIN, moving=(1, 1))) for i in range(count)]


def video(pipeline: TrackGoPipeline, seen: Scene) -> NDArray:
    """What the demo makes of a user's drawing, uint8 [L, H, W, 3]."""
    return pipeline(seen.frames[0], user_trajectories(seen), steps=sampling_of("demo").steps, seed=0, guidance=1.0)


def by_mean(seen: Scene) -> NDArray:
    """The mean color of a rim."""
    filled = seen.frames[0].astype(float)
    hole = hidden_place(seen).astype(bool)
    filled[hole] = filled[_rim(hole)].mean(axis=0)
    return filled


def by_kriging(seen: Scene, length: float) -> NDArray:
    """Best linear unbiased estimate from a rim, for covariances that fall by e in ``length`` pixels."""
    filled = seen.frames[0].astype(float)
    hole = hidden_place(seen).astype(bool)
    known, wanted = np.argwhere(_rim(hole)), np.argwhere(hole)
    if len(known) > _POINTS:
        known = np.random.default_rng(0).choice(known, _POINTS, replace=False)
    covariance = lambda a, b: np.exp(-np.linalg.norm(a[:, None] - b[None], axis=-1) / length)  # noqa: E731
    system = np.ones((len(known) + 1, len(known) + 1))
    system[:-1, :-1] = covariance(known, known) + 0.01 * np.eye(len(known))
    system[-1, -1] = 0
    weights = np.linalg.solve(system, np.vstack([filled[tuple(known.T)], np.zeros(3)]))
    filled[hole] = np.hstack([covariance(wanted, known), np.ones((len(wanted), 1))]) @ weights
    return filled.clip(0, 255)


def _rim(hole: NDArray) -> NDArray:
    return cv2.dilate(hole.astype(np.uint8), np.ones((2 * _RIM_PX + 1,) * 2)).astype(bool) & ~hole


FILLS = {
    "inpainting, Telea": without_sprites,
    "inpainting, Navier-Stokes": partial(without_sprites, method=cv2.INPAINT_NS),
    "mean color around": by_mean,
    "kriging, 10 px": partial(by_kriging, length=10.0),
    "kriging, 30 px": partial(by_kriging, length=30.0),
}


if __name__ == "__main__":
    main()
