"""Short configurations on the tiny SVD of ``base_folder``, and what a training step reaches."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from trackgo.training.config import TrainingConfig, from_mapping
from trackgo.training.trainer import Trainer


def configuration(base: Path, folder: Path, **sections) -> TrainingConfig:
    """Four steps of two clips on ``base``, written to ``folder``; ``section={…}`` changes single values."""
    tree = {
        "model": {"base": str(base), "trainable": "everything"},
        "data": {"workers": 0},
        "stages": [{"steps": 4, "width": 64, "height": 64, "frames": 6, "batch_size": 2}],
        "optimizer": {"learning_rate": 1e-3, "ema": 0.9},
        "conditioning": {"trajectory_dropout": 0.3, "image_dropout": 0.3},
        "evaluation": {"every": 4, "scenes": 2, "sampling_steps": 2, "sheets": 2},
        "run": {"folder": str(folder), "log_every": 1, "checkpoint_every": 2},
    }
    for name, values in sections.items():
        tree[name] = values if isinstance(values, list) else tree.get(name, {}) | values
    return from_mapping(tree)


def reached_by(config: TrainingConfig, term: str) -> set[str]:
    """Names of the parameters that get a gradient from one loss term, which is above 0, of a first step."""
    trainer = Trainer(config)
    trainer._total = lambda terms: terms[term].mean()
    with trainer.model.attached():
        figures = trainer.gradients(next(trainer._steps()))
    assert figures[term] > 0
    return {name for name, p in trainer.parameters.items() if p.grad is not None and p.grad.any()}


def losses(folder: Path) -> dict[int, float]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {line["step"]: line["mse"] for line in lines if "mse" in line}


def tensors(checkpoint: Path) -> dict[str, torch.Tensor]:
    return {f"{p.stem}/{k}": v for p in sorted(checkpoint.glob("*.safetensors")) for k, v in load_file(p).items()}
