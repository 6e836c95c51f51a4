"""What the tests of the model's nodes share: weights, trajectories and inputs that both back ends read."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.comfy_harness import ComfyInstall
from trackgo.demo.example import example_drawing
from trackgo.demo.tiny import TinyConfig, build_unet, load_demo_components
from trackgo.model import TrackGo
from trackgo.model.low_rank import LowRank
from trackgo.trajectories import point_trajectories

FRAMES, SIZE = 6, 64  # also in the scripts that run inside ComfyUI


def _lively(model: TrackGo) -> TrackGo:
    """Stronger projections, so that the adapters of untrained weights do something that shows."""
    with torch.no_grad():
        for adapter in model.adapters.values():
            adapter.project.weight.mul_(3)
    return model


@pytest.fixture(scope="session")
def unet() -> torch.nn.Module:
    torch.manual_seed(0)
    return load_demo_components().unet


@pytest.fixture(scope="session")
def workspace(unet: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights, trajectories and inputs that both back ends read."""
    folder = tmp_path_factory.mktemp("trackgo")
    generator = torch.Generator().manual_seed(1)
    inputs = {
        "sample": torch.randn(1, FRAMES, 8, SIZE // 8, SIZE // 8, generator=generator),
        "context": torch.randn(1, 1, unet.config.cross_attention_dim, generator=generator),
        "ids": torch.tensor([[6.0, 127.0, 0.02]]),
        "timestep": torch.tensor([0.3]),
    }
    save_file(inputs, folder / "inputs.safetensors")
    _lively(TrackGo.for_unet(unet, "literal")).save(folder / "trackgo.safetensors")
    changed = _lively(TrackGo.for_unet(unet, "centered"))
    changed.base_weights = {
        key: value + 0.1 * torch.randn(value.shape, generator=generator)
        for key, value in unet.state_dict().items()
        if key == "conv_in.weight" or key.endswith("temporal_transformer_blocks.0.attn1.to_v.weight")
    }
    changed.base_weights |= {
        key: LowRank(*(0.3 * torch.randn(shape, generator=generator) for shape in ((len(value), 2), (2, len(value)))))
        for key, value in unet.state_dict().items()
        if key.endswith("transformer_blocks.0.attn1.to_q.weight")  # spatial and temporal
    }
    changed.save(folder / "changed.safetensors")
    other = build_unet(TinyConfig(widths=(32, 32, 64, 64)))
    TrackGo.for_unet(other).save(folder / "wrong.safetensors")
    made = point_trajectories(example_drawing(), FRAMES, SIZE, SIZE)
    np.savez(folder / "tracks.npz", tracks=made.tracks, visibility=made.visibility, component=made.component)
    return folder


@pytest.fixture(scope="session")
def inside(comfy_install: ComfyInstall, workspace: Path) -> Callable[[str], dict[str, object]]:
    """Runs one of the scripts beside this file in ComfyUI's own Python: its name → what it measured."""

    def run(name: str) -> dict[str, object]:
        script = Path(__file__).with_name(name)
        command = [str(comfy_install.python), str(script), str(comfy_install.path), str(workspace)]
        threads = {**os.environ, "OMP_NUM_THREADS": "1"}  # models this small lose by more
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=workspace, env=threads)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        measured = json.loads((workspace / "results.json").read_text())
        assert not [f"{key}: {value}" for key, value in measured.items() if key.startswith("failed_")]
        return measured

    return run
