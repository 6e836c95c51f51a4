"""Training with parameters sharded over two processes is training with one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from accelerate.utils import FullyShardedDataParallelPlugin
from safetensors.torch import load_file

from tests.trackgo.training.conftest import configuration
from tests.trackgo.training.processes import launch
from trackgo.training import state
from trackgo.training.config import TrainingConfig, to_mapping
from trackgo.training.sharding import settle_
from trackgo.training.trainer import Trainer, train


def config_for(base: Path, folder: Path, evaluate: bool) -> TrainingConfig:
    """Two steps of several passes, with clipping that acts and an ε that does not blow up what float32 rounds away."""
    return configuration(
        base,
        folder,
        model={"trainable": "adapter+attn1", "gradient_checkpointing": True},
        stages=[{"steps": 2, "width": 64, "height": 64, "frames": 6, "batch_size": 4}],
        optimizer={"clip": 0.1, "epsilon": 1e-3},
        loss={"identity": 0.3},
        evaluation={"every": int(evaluate)},
        run={"checkpoint_every": 1, "micro_batch": 1},
    )


def figures(folder: Path) -> dict[tuple[int, str], float]:
    """Losses, gradient norms and held-out losses by step; sampled videos are measured by steps, so not compared."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    kept = ("mse", "attention", "identity", "gradient/", "held_out/loss/")
    return {(line["step"], k): v for line in lines for k, v in line.items() if k.startswith(kept)}


def without_last(run: Path, target: Path) -> Path:
    """A copy of a finished run as it was after step 1."""
    shutil.copytree(run, target)
    shutil.rmtree(state.checkpoints(target / "checkpoints")[-1])
    return target


@pytest.fixture(scope="module")
def runs(base_folder, tmp_path_factory) -> dict[str, Path]:
    """Two steps alone and sharded, with a look at held-out scenes after each; and each continued as the other."""
    root = tmp_path_factory.mktemp("sharding")
    runs = {name: root / name for name in ("alone", "sharded", "alone_then_sharded", "sharded_then_alone")}
    train(config_for(base_folder, runs["alone"], evaluate=True))
    without_last(runs["alone"], runs["alone_then_sharded"])
    paths = []
    for name in ("sharded", "alone_then_sharded"):
        paths.append(root / f"{name}.json")
        config = config_for(base_folder, runs[name], evaluate=name == "sharded")
        paths[-1].write_text(json.dumps(to_mapping(config)), encoding="utf-8")
    launch("sharded_training.py", *paths, processes=2)
    without_last(runs["sharded"], runs["sharded_then_alone"])
    train(config_for(base_folder, runs["sharded_then_alone"], evaluate=False), resume=True)
    return runs


@pytest.mark.parametrize("name", ["sharded", "alone_then_sharded", "sharded_then_alone"])
def test_losses_norms_and_checkpoints_are_those_of_one_process(runs, name):
    expected, found = figures(runs["alone"]), figures(runs[name])
    assert (2, "mse") in found and (2, "gradient/base") in found
    assert name != "sharded" or (found.keys() == expected.keys() and (2, "held_out/loss/right") in found)
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


def test_deepspeed_is_refused_with_the_way_out(make_config, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", "true")
    with pytest.raises(ValueError, match=r"DeepSpeed, which the trainer does not support: .* FSDP2 instead"):
        Trainer(make_config())


@pytest.mark.parametrize(
    ("options", "mass", "optimizer", "message"),
    [
        ({"fsdp_version": 1}, "centered", "adamw", "set fsdp_version to 2"),
        ({"activation_checkpointing": True}, "centered", "adamw", r"set model\.gradient_checkpointing"),
        ({"cpu_ram_efficient_loading": True}, "centered", "adamw", "empty image encoder: set it to false"),
        ({"cpu_offload": True}, "centered", "adamw", "fsdp_offload_params is not supported"),
        ({}, "gated", "adamw", "cannot shard the gates of model.mass 'gated'"),
        ({}, "centered", "muon", "optimizer.kind 'muon' needs whole matrices, which FSDP2 shards: use 'adamw'"),
    ],
)
def test_fsdp_options_that_would_go_wrong_are_refused(make_config, monkeypatch, options, mass, optimizer, message):
    monkeypatch.setenv("FSDP_CPU_RAM_EFFICIENT_LOADING", "false")  # the plugin writes it
    trainer = Trainer(make_config(model={"mass": mass}))
    with pytest.raises(ValueError, match=message):
        settle_(FullyShardedDataParallelPlugin(**{"fsdp_version": 2, **options}), trainer.model, optimizer)
