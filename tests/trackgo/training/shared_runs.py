"""Training that several processes share is training with one: runs of both kinds, each continued as the other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.trackgo.training.processes import launch
from tests.trackgo.training.support import configuration
from trackgo.training import state
from trackgo.training.config import TrainingConfig, from_mapping, to_mapping
from trackgo.training.trainer import Trainer, train

NAMES = ("shared", "alone_then_shared", "shared_then_alone")


def config_for(base: Path, folder: Path, evaluate: bool) -> TrainingConfig:
    """Two steps of several passes, with clipping that acts and an ε that does not blow up what float32 rounds away."""
    return configuration(
        base,
        folder,
        model={"trainable": "adapter+attn1", "gradient_checkpointing": True},
        stages=[{"steps": 2, "width": 64, "height": 64, "frames": 6, "batch_size": 4}],
        optimizer={"clip": 0.1, "epsilon": 1e-3},
        loss={"identity": 0.3, "correspondence": 0.1},
        evaluation={"every": int(evaluate)},
        run={"checkpoint_every": 1, "micro_batch": 1},
    )


def figures(folder: Path) -> dict[tuple[int, str], float]:
    """Losses, gradient norms and held-out losses by step; sampled videos are measured by steps, so not compared."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    kept = ("mse", "attention", "identity", "correspondence", "gradient/", "held_out/loss/")
    return {(line["step"], k): v for line in lines for k, v in line.items() if k.startswith(kept)}


def without_last(run: Path, target: Path) -> Path:
    """A copy of a finished run as it was after step 1."""
    shutil.copytree(run, target)
    shutil.rmtree(state.checkpoints(target / "checkpoints")[-1])
    return target


def runs_of(base: Path, root: Path, script: str, *arguments: str) -> dict[str, Path]:
    """Two steps alone and shared by ``script``, with a look at held-out scenes after each; and each continued as the
    other."""
    runs = {name: root / name for name in ("alone", *NAMES)}
    train(config_for(base, runs["alone"], evaluate=True))
    without_last(runs["alone"], runs["alone_then_shared"])
    paths = []
    for name in ("shared", "alone_then_shared"):
        paths.append(root / f"{name}.json")
        config = config_for(base, runs[name], evaluate=name == "shared")
        paths[-1].write_text(json.dumps(to_mapping(config)), encoding="utf-8")
    launch(script, *arguments, *paths, processes=2)
    without_last(runs["shared"], runs["shared_then_alone"])
    train(config_for(base, runs["shared_then_alone"], evaluate=False), resume=True)
    return runs


def run_here(configs: tuple[str, ...], is_shared: Callable[[Trainer], object]) -> None:
    """In one of several processes: train the configurations (JSON files), each going on from what its run has."""
    torch.set_num_threads(1)
    for path in configs:
        config = from_mapping(json.loads(Path(path).read_text(encoding="utf-8")))
        training = Trainer(config)
        assert is_shared(training)
        for latest in state.checkpoints(Path(config.run.folder) / "checkpoints")[-1:]:
            training.restore_(state.load(latest), str(latest))
        training.run()
    torch.distributed.destroy_process_group()


def check_alike(runs: dict[str, Path], name: str) -> None:
    """Losses, gradient norms and everything in the last checkpoint of a run are those of the run alone."""
    expected, found = figures(runs["alone"]), figures(runs[name])
    assert (2, "mse") in found and (2, "gradient/base") in found
    assert name != "shared" or (found.keys() == expected.keys() and (2, "held_out/loss/right") in found)
    for key, value in found.items():
        assert value == pytest.approx(expected[key], rel=1e-3), key
    ours, theirs = (state.checkpoints(runs[n] / "checkpoints")[-1] for n in (name, "alone"))
    assert sorted(p.name for p in ours.iterdir()) == sorted(p.name for p in theirs.iterdir())
    for path in theirs.glob("*.safetensors"):
        one, other = load_file(ours / path.name), load_file(path)
        assert one.keys() == other.keys()
        for key, value in other.items():
            assert one[key].shape == value.shape and one[key].dtype == value.dtype
            assert (one[key] - value).norm() <= 2e-3 * value.norm(), f"{path.name}: {key}"
    facts = [{**json.loads((c / "state.json").read_text()), "config": None} for c in (ours, theirs)]
    assert facts[0].keys() == facts[1].keys() and facts[0]["adam_steps"] == facts[1]["adam_steps"]
