"""Two processes over gloo give the gradients of one process with the same global batch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

from trackgo.training.config import to_mapping

ROOT = Path(__file__).parents[3]
SCRIPT = Path(__file__).with_name("distributed_gradients.py")


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def gradients(config: Path, out: Path, processes: int) -> dict[str, torch.Tensor]:
    shared = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "true",
    }
    port = str(free_port())
    started = []
    for rank in range(processes):
        place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
        place |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        own = shared | (place if processes > 1 else {})
        command = [sys.executable, str(SCRIPT), str(config), str(out)]
        started.append(subprocess.Popen(command, env=own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
    outputs = [process.communicate(timeout=600)[0] for process in started]
    assert all(process.returncode == 0 for process in started), "\n".join(outputs)
    return load_file(out)


def test_two_processes_give_the_gradients_of_one(make_config, tmp_path):
    stage = {"steps": 1, "width": 64, "height": 64, "frames": 6, "batch_size": 4}
    config = make_config(stages=[stage], run={"micro_batch": 1})
    path = tmp_path / "config.json"
    path.write_text(json.dumps(to_mapping(config)), encoding="utf-8")
    alone = gradients(path, tmp_path / "one.safetensors", 1)
    together = gradients(path, tmp_path / "two.safetensors", 2)
    assert alone.keys() == together.keys()
    assert any(value.abs().sum() > 0 for name, value in alone.items() if name.startswith("trackgo."))
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=1e-4, atol=1e-6, msg=name)
