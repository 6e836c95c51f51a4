"""The paper's Table 2 in small: ``python -m benchmarks.table2`` (resumable; hours on one core, see ``--steps``).

One base: the demo's UNet, trained on for a while without any trajectories, so that it makes videos but follows nothing;
from it every variant with a fresh TrackGo. (That UNet knows trajectories, from ``centered`` adapters without the
attention loss, and may keep something of it. From random weights none of the variants would show its control in
pictures within hours.)

- the paper's three: full method, without attention loss, without mask and loss (three seeds each);
- beside them (one seed): how A' joins A, and how much of the base may move.

At three checkpoints each: the loss at one noise level with the right and with another clip's P, which shows control
first; ObjMC over the static baseline; a Fréchet distance in the tiny VAE's latents. Writes
``figures.json`` of each run, ``table.md`` and ``curves.png``.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from trackgo.demo import DEMO_SVD
from trackgo.evaluation.frechet import frechet_distance
from trackgo.files import replacing
from trackgo.training.config import TrainingConfig, from_mapping
from trackgo.training.evaluation import HeldOut, control_losses, decoded, following_figures, hold_out, sampled_latents
from trackgo.training.export import restored_model, save_unet
from trackgo.training.trainer import train

NO_MASK = 0.999  # α that A' does not reach in practice
SAMPLING_STEPS, SIGMA = 4, 8.0


@dataclass(frozen=True)
class Variant:
    """A name and what differs from the full method."""

    name: str
    model: dict = field(default_factory=dict)
    loss: dict = field(default_factory=dict)
    seeds: int = 1


PAPER = (
    Variant("full method", seeds=3),
    Variant("without attention loss", loss={"attention": 0.0}, seeds=3),
    Variant("without mask and loss", model={"alpha": NO_MASK}, loss={"attention": 0.0}, seeds=3),
)
BESIDE = (
    Variant("mass literal", model={"mass": "literal"}),
    Variant("adapter", model={"trainable": "adapter"}),
    Variant("adapter+attn1", model={"trainable": "adapter+attn1"}),
    Variant("adapter+lora", model={"trainable": "adapter+lora"}),
    Variant("adapter+temporal", model={"trainable": "adapter+temporal"}),
)


def configuration(folder: Path, steps: int, seed: int, **sections: dict) -> TrainingConfig:
    """Everything that variants share."""
    tree = {
        "model": {"mass": "centered", "trainable": "everything"},
        "data": {"source": "world"},
        "stages": [{"steps": steps, "width": 128, "height": 128, "frames": 8, "batch_size": 4}],
        "optimizer": {"kind": "muon", "learning_rate": 6e-4, "encoder_rate": 3e-5, "warmup_steps": 20, "ema": 0.98},
        "loss": {"attention": 0.1, "sigma_mean": 1.0},
        "run": {"folder": str(folder), "seed": seed, "precision": "bf16", "threads": 1,
                "checkpoint_every": max(1, steps // 6), "keep": 6},
    }  # fmt: skip
    return from_mapping(tree | {name: tree.get(name, {}) | values for name, values in sections.items()})


def train_base(folder: Path, steps: int) -> Path:
    """The demo's SVD trained on without any P, as a diffusers folder."""
    out = folder / "base"
    if (out / "trackgo_demo.json").is_file():
        return out
    black = {"trajectory_dropout": 1.0}
    config = configuration(folder / "base_run", steps, 0, loss={"attention": 0.0}, conditioning=black)
    checkpoint = train(config, resume=True)
    partial = out.with_name(".base.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(DEMO_SVD, partial)
    save_unet(restored_model(checkpoint)[0].unet, partial / "unet", torch.float32)
    partial.rename(out)
    return out


def features(latents: Tensor) -> np.ndarray:
    """x₀ [N, L, 4, h, w] → [N, 48]: mean, mean size and mean change over time of each quarter of the frame."""
    kinds = (latents, latents.abs(), latents.diff(dim=1).abs())
    pooled = [F.adaptive_avg_pool2d(kind.mean(dim=1), 2).flatten(1) for kind in kinds]
    return torch.cat(pooled, dim=1).double().numpy()


@torch.no_grad()
def measure(checkpoint: Path, held: HeldOut) -> dict[str, float]:
    """Losses, and ObjMC and Fréchet distance of videos, of one checkpoint on the held-out scenes."""
    model, parts = restored_model(checkpoint)
    model.eval()
    with model.attached(), torch.autocast("cpu", torch.bfloat16):
        losses = control_losses(model, held, SIGMA)
        latents = sampled_latents(model, held, SAMPLING_STEPS)
        figures = following_figures(decoded(latents, parts), held.scenes)
    distance = frechet_distance(features(latents), features(held.latents))
    shown = {key: figures[key] for key in ("one/ratio", "one/cosine", "several/ratio")}
    return {"right": losses["right"], "shuffled": losses["shuffled"], "frechet": distance, **shown}


def runs(variants: Iterable[Variant]) -> Iterator[tuple[Variant, int]]:
    """Every variant with every one of its seeds; first seeds first."""
    variants = list(variants)
    for seed in range(max(v.seeds for v in variants)):
        yield from ((v, seed) for v in variants if seed < v.seeds)


def study(folder: Path, steps: int, base_steps: int, scenes: int, only: str) -> None:
    """Train and measure everything whose name holds ``only`` and that has no figures yet."""
    base, held = train_base(folder, base_steps), None
    points = [steps // 3, 2 * steps // 3, steps]
    for variant, seed in runs(v for v in (*PAPER, *BESIDE) if only in v.name):
        run = folder / f"{variant.name.replace(' ', '_')}-{seed}"
        config = configuration(run, steps, seed, model={"base": str(base), **variant.model}, loss=variant.loss)
        if (run / "figures.json").is_file():
            continue
        train(config, resume=True)
        if held is None:
            looks = replace(config.evaluation, scenes=scenes)
            held = hold_out(replace(config, evaluation=looks), config.stages[0], restored_model(run)[1])
        rows = []
        for step in points:
            figures = measure(run / "checkpoints" / f"step-{step:08d}", held)
            rows.append({"variant": variant.name, "seed": seed, "step": step, **figures})
            print(rows[-1], flush=True)
        with replacing(run / "figures.json") as unfinished:
            unfinished.write_text(json.dumps(rows, indent=1) + "\n")
        report(folder, steps)


def report(folder: Path, steps: int) -> None:
    """Table and curves of all figures there are; several processes may each study a part."""
    order = {variant.name: number for number, variant in enumerate((*PAPER, *BESIDE))}
    results = [row for path in folder.glob("*/figures.json") for row in json.loads(path.read_text())]
    results.sort(key=lambda row: (order[row["variant"]], row["seed"], row["step"]))
    write_table(results, folder / "table.md", steps)
    draw(results, folder / "curves.png")


def _mean_and_spread(rows: list[dict], key: str) -> str:
    values = [row[key] for row in rows]
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{spread}"


def write_table(results: list[dict], path: Path, steps: int) -> None:
    """Final figures by variant: mean, and standard deviation over seeds."""
    lines = [
        "| variant | seeds | loss, right P ↓ | another's P | Fréchet ↓ | ObjMC one ↓ | direction ↑ | ObjMC three ↓ |",
        f"|{'---|' * 8}",
    ]
    for name in dict.fromkeys(row["variant"] for row in results):
        rows = [row for row in results if row["variant"] == name and row["step"] == steps]
        if rows:
            keys = ("right", "shuffled", "frechet", "one/ratio", "one/cosine", "several/ratio")
            lines.append(f"| {name} | {len(rows)} | " + " | ".join(_mean_and_spread(rows, key) for key in keys) + " |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw(results: list[dict], path: Path) -> None:
    """Both distances over steps: the paper's three variants with their seeds' range, the others as thin lines."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
    plots = {"right": f"loss at σ = {SIGMA:g}, right P", "frechet": "Fréchet distance", "one/ratio": "ObjMC / static"}
    names = [v.name for v in (*PAPER, *BESIDE)]
    for axis, (key, title) in zip(axes, plots.items(), strict=True):
        for number, name in enumerate(names):
            rows = [row for row in results if row["variant"] == name]
            at = sorted({row["step"] for row in rows})
            if not at:
                continue
            values = [[row[key] for row in rows if row["step"] == step] for step in at]
            main = number < len(PAPER)
            style = {"linewidth": 2.2 if main else 1.2, "linestyle": "-" if main else "--", "color": f"C{number}"}
            axis.plot(at, [np.mean(v) for v in values], label=name, marker="o", markersize=3.5, **style)
            axis.fill_between(at, [min(v) for v in values], [max(v) for v in values], color=f"C{number}", alpha=0.15)
        axis.set(title=title, xlabel="steps", ylim=(0, None))
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.25)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    figure.savefig(path, dpi=140)
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("runs/table2"))
    parser.add_argument("--steps", type=int, default=120, help="of every variant; a multiple of 6")
    parser.add_argument("--base-steps", type=int, default=400)
    parser.add_argument("--scenes", type=int, default=24, help="held-out scenes, two thirds with one moving sprite")
    parser.add_argument("--only", default="", metavar="TEXT", help="variants whose names hold this")
    args = parser.parse_args()
    if args.steps % 6:
        parser.error(f"--steps must be a multiple of 6, got {args.steps}")
    study(args.folder, args.steps, args.base_steps, args.scenes, args.only)
    print((args.folder / "table.md").read_text())


if __name__ == "__main__":
    main()
