"""What TrackGo Apply's knobs do, as curves over their values: ``python -m benchmarks.knobs [--run runs/tiny]``.

In held-out scenes with three sprites one is selected. Per value: how much of the drawn motion the selected one shows
(1 is all of it), its ObjMC over the static baseline, and how much anything outside its way changes from frame to frame.
And for τ, with nothing drawn at all, how far the base's own motion takes the video from its first frame. Writes
``knobs.json`` and ``knobs.png``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from benchmarks.assessment import held_out_scenes, user_trajectories
from benchmarks.demo_model import load
from trackgo import Drawing, TrackGoPipeline, point_trajectories
from trackgo.demo.world import Scene
from trackgo.model.config import AttentionSettings
from trackgo.options import sampling_of
from trackgo.tracking.sprites import mostly_seen, sprite_offsets, wanted_offsets

FREEZE = (0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)
OWN_SCENES = 8
ALPHA = (0.1, 0.15, 0.2, 0.3, 0.5, 0.8)


def settings() -> list[dict]:
    """Every curve's points: curve, its x value, and arguments of the pipeline."""
    shares = {"freeze": FREEZE, "halfadd": FREEZE[::2], "literal": FREEZE[::2]}
    modes = [(mode, s) for mode, values in shares.items() for s in values]
    rows = [{"curve": mode, "x": s, "tau": AttentionSettings.tau_for(s), "tau_mode": mode} for mode, s in modes]
    return rows + [{"curve": "alpha", "x": alpha, "alpha": alpha} for alpha in ALPHA]


def observed(video: np.ndarray, seen: Scene) -> dict[str, float]:
    """The selected sprite's motion while it is mostly in sight, and the change elsewhere, in one video."""
    there = np.flatnonzero(mostly_seen(seen, 0))
    offsets = sprite_offsets(video, seen.clean_plate, seen.frames[0], seen.masks[0, 0], int(there[-1]))
    shown, wanted = offsets[there], wanted_offsets(seen, 0)[there]
    way = cv2.dilate(seen.masks[:, 0].any(axis=0).astype(np.uint8), np.ones((17, 17))) > 0
    change = np.abs(np.diff(video.astype(np.float32), axis=0)).mean(axis=(0, 3))
    return {
        "shown": float((shown * wanted).sum() / (wanted**2).sum()),
        "error": float(np.linalg.norm(shown - wanted, axis=1).mean()),
        "still": float(np.linalg.norm(wanted, axis=1).mean()),
        "elsewhere": float(change[~way].mean()),
    }


def own_motion(pipeline: TrackGoPipeline, scenes: list[Scene], steps: int, knobs: dict) -> float:
    """With nothing drawn: mean change since the first frame, of 255."""
    frames, height, width, _ = scenes[0].frames.shape
    nothing = point_trajectories(Drawing(()), frames, width, height)
    videos = [pipeline(seen.frames[0], nothing, steps=steps, guidance=1.0, **knobs) for seen in scenes]
    return float(np.mean([np.abs(video[1:].astype(np.float32) - video[0]).mean() for video in videos]))


def measure(pipeline: TrackGoPipeline, scenes: list[Scene], steps: int) -> list[dict]:
    """One row a setting: its curve, x, and the means over scenes."""
    rows = []
    for row in tqdm(settings(), unit="setting"):
        knobs = {k: v for k, v in row.items() if k not in ("curve", "x")}
        found = []
        for seen in scenes:
            trajectories = user_trajectories(seen, Drawing(seen.drawing().components[:1]))
            video = pipeline(seen.frames[0], trajectories, steps=steps, guidance=1.0, **knobs)
            found.append(observed(video, seen))
        means = {key: float(np.mean([f[key] for f in found])) for key in found[0]}
        if row["curve"] != "alpha":  # without a trajectory nothing reaches any α
            means["own"] = own_motion(pipeline, scenes[:OWN_SCENES], steps, knobs)
        rows.append({"curve": row["curve"], "x": row["x"], **means, "ratio": means["error"] / means["still"]})
    return rows


def draw(rows: list[dict], path: Path) -> None:
    """Selected and unselected motion over freeze (three τ modes) and over α; the base's own motion over freeze."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 2, figsize=(9.5, 8.6), layout="constrained", sharey="row", sharex="col")
    curves = (("freeze", "halfadd", "literal"), ("alpha",))
    for column, (names, label) in enumerate(zip(curves, ("freeze: share held still, s", "α"), strict=True)):
        for number, name in enumerate(names):
            own = [row for row in rows if row["curve"] == name]
            for axis, key in zip(axes[:, column], ("shown", "elsewhere", "own"), strict=True):
                if key in own[0]:
                    axis.plot([r["x"] for r in own], [r[key] for r in own], marker="o", color=f"C{number}", label=name)
        axes[2 - column, column].set_xlabel(label)
    axes[2, 1].set_visible(False)
    axes[1, 1].tick_params(labelbottom=True)
    axes[0, 0].set_ylabel("selected: share of\nthe drawn motion shown")
    axes[1, 0].set_ylabel("elsewhere: mean change\nfrom frame to frame (of 255)")
    axes[2, 0].set_ylabel("nothing drawn: mean change\nsince the first frame (of 255)")
    axes[2, 0].legend(frameon=False, title="τ mode")
    for axis, key in zip(axes, ("shown", "elsewhere", "own"), strict=True):
        axis[0].set_ylim(0, 1.12 * max(row[key] for row in rows if key in row))
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    figure.savefig(path, dpi=140)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", type=Path, help="a training run or checkpoint; the shipped weights without it")
    parser.add_argument("--scenes", type=int, default=24)
    parser.add_argument("--size", type=int, default=128, help="width and height, pixels")
    parser.add_argument("--frames", type=int, default=14)
    parser.add_argument("--steps", type=int, default=sampling_of("demo").steps)
    parser.add_argument("--out", type=Path, default=Path("output/knobs"))
    args = parser.parse_args()
    scenes = held_out_scenes(2 * args.scenes, args.frames, args.size, args.size)[args.scenes :]
    rows = measure(load(args.run, average=True), scenes, args.steps)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "knobs.json").write_text(json.dumps(rows, indent=1) + "\n")
    draw(rows, args.out / "knobs.png")
    for row in rows:
        print("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else v for k, v in row.items()))


if __name__ == "__main__":
    main()
