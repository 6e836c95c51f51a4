"""Training with parameters sharded over two processes is training with one."""

from __future__ import annotations

from pathlib import Path

import pytest
from accelerate.utils import FullyShardedDataParallelPlugin

from tests.trackgo.training.shared_runs import NAMES, check_alike, runs_of
from trackgo.training.sharding import settle_
from trackgo.training.trainer import Trainer


@pytest.fixture(scope="module")
def runs(base_folder, tmp_path_factory) -> dict[str, Path]:
    return runs_of(base_folder, tmp_path_factory.mktemp("sharding"), "sharded_training.py")


@pytest.mark.parametrize("name", NAMES)
def test_losses_norms_and_checkpoints_are_those_of_one_process(runs, name):
    check_alike(runs, name)


def test_megatron_is_refused_with_the_way_out(make_config, monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_MEGATRON_LM", "true")
    with pytest.raises(ValueError, match=r"Megatron-LM, which the trainer does not support: .* FSDP2 instead"):
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
