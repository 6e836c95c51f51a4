"""Training with parameters sharded over two processes is training with one."""

from __future__ import annotations

from pathlib import Path

import pytest
from accelerate.utils import FullyShardedDataParallelPlugin

from tests.trackgo.training.shared_runs import NAMES, check_alike, runs_of
from trackgo.training.sharding import check_processes, configure_
from trackgo.training.trainer import Trainer

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(base_folder, tmp_path_factory) -> dict[str, Path]:
    return runs_of(base_folder, tmp_path_factory.mktemp("sharding"), "sharded_training.py")


@pytest.mark.parametrize("name", NAMES)
def test_losses_norms_and_checkpoints_are_those_of_one_process(runs, name):
    check_alike(runs, name)


@pytest.mark.parametrize(
    ("variable", "engine"), [("ACCELERATE_USE_MEGATRON_LM", "Megatron-LM"), ("ACCELERATE_USE_DEEPSPEED", "DeepSpeed")]
)
def test_other_engines_are_refused_with_the_way_out(make_config, monkeypatch, variable, engine):
    monkeypatch.setenv(variable, "true")
    with pytest.raises(ValueError, match=rf"{engine}, which the trainer does not support: .* FSDP2 instead"):
        Trainer(make_config())


def test_processes_that_do_not_know_of_each_other_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    check_processes(connected=2)
    with pytest.raises(ValueError, match=r"2 processes were started but only 1 .* ACCELERATE_USE_CPU=true"):
        check_processes(connected=1)


@pytest.mark.parametrize(
    ("options", "optimizer", "message"),
    [
        ({"fsdp_version": 1}, "adamw", "set fsdp_version to 2"),
        ({"activation_checkpointing": True}, "adamw", r"set model\.gradient_checkpointing"),
        ({"cpu_ram_efficient_loading": True}, "adamw", "empty image encoder: set it to false"),
        ({"cpu_offload": True}, "adamw", "fsdp_offload_params is not supported"),
        ({}, "muon", "optimizer.kind 'muon' needs whole matrices, which FSDP2 shards: use 'adamw'"),
    ],
)
def test_fsdp_options_that_would_go_wrong_are_refused(monkeypatch, options, optimizer, message):
    monkeypatch.setenv("FSDP_CPU_RAM_EFFICIENT_LOADING", "false")  # the plugin writes it
    with pytest.raises(ValueError, match=message):
        configure_(FullyShardedDataParallelPlugin(**{"fsdp_version": 2, **options}), optimizer)
