"""What the demo's model can do on held-out scenes: ``python -m benchmarks.demo_model [--run runs/tiny]``.

Prints the figures of ``trackgo.training.assessment``, writes them as JSON, and draws a contact sheet: per scene the
drawing and the sampled frames, below them the true ones.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.assessment import assess, held_out_scenes, user_trajectories
from trackgo import PointTrajectories, TrackGoPipeline
from trackgo.files import write_picture
from trackgo.options import sampling_of
from trackgo.svd.frozen import FrozenParts, to_unit
from trackgo.training.evaluation import contact_sheet, decoded
from trackgo.training.export import restored_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--run", type=Path, nargs="+", help="a training run or checkpoint, or several: their mean; else what ships"
    )
    parser.add_argument("--last", action="store_true", help="the last weights instead of their running average")
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--size", type=int, default=128, help="width and height, pixels")
    parser.add_argument("--frames", type=int, default=14)
    parser.add_argument("--steps", type=int, default=sampling_of("demo").steps)
    parser.add_argument("--out", type=Path, default=Path("output/demo_model"))
    args = parser.parse_args()
    pipeline = load(args.run, not args.last)
    scenes = held_out_scenes(args.scenes, args.frames, args.size, args.size)

    def generate(picture: np.ndarray, trajectories: PointTrajectories, seed: int) -> np.ndarray:
        return pipeline(picture, trajectories, steps=args.steps, seed=seed, guidance=1.0)

    found = assess(generate, lambda frames: through_vae(pipeline, frames), scenes, lambda s: tqdm(s, unit="scene"))
    print("\n".join(found.lines()))
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "figures.json").write_text(json.dumps(asdict(found), indent=1) + "\n")
    shown = [scenes[i] for i in np.unique(np.linspace(0, len(scenes) - 1, 10).astype(int))]
    videos = [generate(s.frames[0], user_trajectories(s), 0) for s in shown]
    write_picture(args.out / "sheet.png", contact_sheet(np.stack(videos), shown, len(shown)))
    print(f"wrote {args.out}/figures.json and sheet.png")


def load(run: list[Path] | None, average: bool) -> TrackGoPipeline:
    """The shipped demo, or a run's weights in it."""
    pipeline = TrackGoPipeline.from_pretrained("demo")
    pipeline.set_progress_bar_config(disable=True)
    if run is not None:
        model, _ = restored_model(run, average)
        pipeline.register_modules(unet=model.unet.eval())
        pipeline.trackgo = model.trackgo.eval()
    return pipeline


def through_vae(pipeline: TrackGoPipeline, frames: np.ndarray) -> np.ndarray:
    """uint8 [L, H, W, 3] → latents → uint8 [L, H, W, 3]."""
    parts = FrozenParts(pipeline.vae, pipeline.image_encoder, (0.0,) * 3, (1.0,) * 3)
    return decoded(parts.scaled_latents(to_unit(torch.from_numpy(frames))[None]), parts)[0]


if __name__ == "__main__":
    main()
