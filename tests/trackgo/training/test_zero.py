"""Training whose gradients and moments DeepSpeed spreads over two processes is training with one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from accelerate.utils import is_deepspeed_available

from tests.trackgo.training.shared_runs import NAMES, check_alike, runs_of
from trackgo.training.zero import settle_

needs_deepspeed = pytest.mark.skipif(not is_deepspeed_available(), reason="DeepSpeed is not installed")


@pytest.fixture(scope="module", params=["1", "2"])
def runs(request, base_folder, tmp_path_factory) -> dict[str, Path]:
    return runs_of(base_folder, tmp_path_factory.mktemp("zero"), "zero_training.py", request.param)


@needs_deepspeed
@pytest.mark.parametrize("name", NAMES)
def test_losses_norms_and_checkpoints_are_those_of_one_process(runs, name):
    check_alike(runs, name)


class Plugin:
    """What ``settle_`` reads and writes of Accelerate's ``DeepSpeedPlugin``."""

    def __init__(self, **zero):
        self.deepspeed_config = {"zero_optimization": zero, "bf16": {"enabled": "auto"}}


@pytest.mark.parametrize(
    ("zero", "precision", "optimizer", "message"),
    [
        ({"stage": 3}, "bf16", "adamw", r"zero_stage 3; the trainer takes 1 or 2 \(3: use FSDP2"),
        ({}, "bf16", "adamw", "zero_stage 0"),
        ({"stage": 2, "offload_optimizer": {"device": "cpu"}}, "bf16", "adamw", "offload_optimizer_device is not"),
        ({"stage": 2, "offload_param": {"device": "nvme"}}, "bf16", "adamw", "offload_param_device is not"),
        ({"stage": 1}, "fp16", "adamw", "'fp16' is not supported with DeepSpeed: use 'bf16'"),
        ({"stage": 1}, "fp32", "muon", "'muon' needs whole matrices, which DeepSpeed flattens: use 'adamw'"),
    ],
)
def test_deepspeed_options_that_would_go_wrong_are_refused(make_config, zero, precision, optimizer, message):
    config = make_config(optimizer={"kind": optimizer}, run={"precision": precision})
    with pytest.raises(ValueError, match=message):
        settle_(Plugin(**zero), config.optimizer, config.run)


def test_weights_stay_in_float32_and_gradients_are_clipped_as_configured(make_config):
    plugin = Plugin(stage=2, offload_optimizer={"device": "none"})
    config = make_config(optimizer={"clip": 0.5})
    settle_(plugin, config.optimizer, replace(config.run, precision="bf16"))
    assert plugin.deepspeed_config["bf16"] == {"enabled": False}
    assert plugin.deepspeed_config["gradient_clipping"] == 0.5
