"""Two processes over gloo give the gradients of one process with the same global batch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from tests.trackgo.training.processes import launch
from trackgo.training.config import to_mapping

pytestmark = pytest.mark.slow


def gradients(config: Path, out: Path, processes: int) -> dict[str, torch.Tensor]:
    launch("distributed_gradients.py", config, out, processes=processes)
    return load_file(out)


def test_two_processes_give_the_gradients_of_one(make_config, tmp_path):
    stage = {"steps": 1, "width": 64, "height": 64, "frames": 6, "batch_size": 4}
    config = make_config(stages=[stage], loss={"identity": 0.3}, run={"micro_batch": 1})
    path = tmp_path / "config.json"
    path.write_text(json.dumps(to_mapping(config)), encoding="utf-8")
    alone = gradients(path, tmp_path / "one.safetensors", 1)
    together = gradients(path, tmp_path / "two.safetensors", 2)
    assert alone.keys() == together.keys()
    assert any(value.abs().sum() > 0 for name, value in alone.items() if name.startswith("trackgo."))
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=1e-4, atol=1e-6, msg=name)
