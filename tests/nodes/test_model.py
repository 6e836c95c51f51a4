"""TrackGoLoader, TrackGoDemoModel and TrackGoApply in a real ComfyUI, and its UNet against diffusers'."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.comfy_harness import ComfyInstall
from trackgo.demo.example import example_drawing
from trackgo.demo.tiny import TinyConfig, build_unet, load_demo_components
from trackgo.low_rank import LowRank
from trackgo.model import TrackGo
from trackgo.trajectories import point_trajectories

FRAMES, SIZE = 6, 64


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
def results(comfy_install: ComfyInstall, workspace: Path) -> dict[str, object]:
    """What inside_comfy.py measured."""
    script = Path(__file__).with_name("inside_comfy.py")
    command = [str(comfy_install.python), str(script), str(comfy_install.path), str(workspace)]
    threads = {**os.environ, "OMP_NUM_THREADS": "1"}  # models this small lose by more
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=workspace, env=threads)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    measured = json.loads((workspace / "results.json").read_text())
    assert not [f"{key}: {value}" for key, value in measured.items() if key.startswith("failed_")]
    return measured


@pytest.mark.parametrize(
    ("name", "weights", "tau"),
    [("bare", None, 0.0), ("attached", "trackgo", 0.0), ("changed", "changed", 0.0), ("frozen", "trackgo", -1e4)],
)
def test_unet_output_equals_diffusers(
    results: dict, unet: torch.nn.Module, workspace: Path, name: str, weights: str | None, tau: float
) -> None:
    inputs = load_file(workspace / "inputs.safetensors")
    comfy = load_file(workspace / "comfy_outputs.safetensors")

    def call() -> torch.Tensor:
        return unet(inputs["sample"], inputs["timestep"], inputs["context"], inputs["ids"], return_dict=False)[0][0]

    with torch.no_grad():
        if weights is None:
            expected = call()
            assert torch.equal(comfy["bare"], comfy["bare_again"])
        else:
            model = TrackGo.load(workspace / f"{weights}.safetensors")
            motion = model.encode(point_trajectories(example_drawing(), FRAMES, SIZE, SIZE))
            with model.attached(unet, motion, tau=tau):
                expected = call()
            assert (expected - call()).abs().max() > 100 * (expected - comfy[name]).abs().max()
    assert (expected - comfy[name]).abs().max() <= 1e-4 * expected.abs().max()


def test_unpatched_branch_and_requeueing_are_bit_identical(results: dict) -> None:
    assert results["effect"] > 1e-3
    assert results["unpatched_beside"] == 0
    assert results["requeued"] == 0
    assert results["weights_left"] == 0
    assert results["modules_left"]


def test_two_branches_of_one_model(results: dict) -> None:
    assert results["branches_differ"] > 1e-3
    assert results["branches_repeat"] == 0
    assert "apply once" in results["applied_twice"]


def test_guidance_together_apart_and_with_the_video_nodes(results: dict) -> None:
    assert results["cfg_apart_batch"] == FRAMES  # one half at a time
    assert results["cfg_apart"] < 1e-3
    assert results["guidance_VideoTriangleCFGGuidance"] > 1e-3
    assert results["guidance_none"] > 1e-3
    assert results["cfg_1"] > 1e-3


def test_every_stock_sampler(results: dict) -> None:
    assert len(results["samplers"]) >= 20
    assert not [name for name, (finite, effect) in results["samplers"].items() if not finite or effect == 0]


def test_lora_on_the_temporal_attention_before_or_after(results: dict) -> None:
    assert results["lora_found"]
    assert results["lora_effect"] > 1e-3
    assert results["lora_order"] < 1e-5
    assert results["lora_left"] == 0


def test_start_and_end_percent(results: dict) -> None:
    assert results["percent_none"] == 0
    assert results["percent_full"] == 0
    assert min(results["percent_half"]) > 1e-5


def test_memory_manager_sees_the_adapters_and_can_load_them_in_part(results: dict) -> None:
    assert results["adapters_seen"] == [1, True]
    assert results["low_memory_used"]
    assert results["low_memory"] < 1e-4


def test_half_precision_stays_near_float32(results: dict) -> None:
    distance, scale, finite = results["bf16"]
    assert results["bf16_dtype"] == "torch.bfloat16"
    assert finite
    assert distance < 0.15 * scale


def test_interrupting_leaves_nothing_behind(results: dict) -> None:
    assert results["interrupted"] == "InterruptProcessingException"
    assert results["after_interrupt"] == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("error_frames", f"the trajectories have {FRAMES + 1} frames but the video being sampled has {FRAMES}"),
        ("error_size", f"{2 * SIZE}×{SIZE} px but the video being sampled has {SIZE}×{SIZE} px"),
        ("error_multiple", "multiples of 8"),
        ("error_percent", "end_percent 0.2 lies before start_percent 0.8"),
        ("error_alpha", "alpha 0.05 with 6 frames"),
        ("error_not_svd", "not Stable Video Diffusion"),
        ("error_other_base", "made for another base model"),
    ],
)
def test_what_does_not_fit_is_one_clear_error(results: dict, name: str, words: str) -> None:
    assert results[name].startswith("ValueError: ")
    assert words in results[name]
    assert results["after_errors"] == 0


def test_the_adapters_run_once_per_layer(results: dict) -> None:
    assert results["adapter_calls"] == 16
