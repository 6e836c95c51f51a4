"""TrackGoLoader, TrackGoDemoModel and TrackGoApply in a real ComfyUI, and its UNet against diffusers'."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from trackgo.demo.example import example_drawing
from trackgo.model import TrackGo
from trackgo.trajectories import point_trajectories

pytestmark = pytest.mark.slow

FRAMES, SIZE = 6, 64  # as in conftest.py


@pytest.fixture(scope="session")
def results(inside: Callable[[str], dict[str, object]]) -> dict[str, object]:
    """What inside_comfy.py measured."""
    return inside("inside_comfy.py")


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
    rounding = 1e-4 * results["effect"]  # of other batches; a wrong half would differ by the effect itself
    assert max(results["cfg_apart"], results["cfg_apart_plain"]) < rounding
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


@pytest.mark.parametrize("part", ["unet", "vae", "encoder", "adapter"])
def test_an_interruption_acts_within_a_layer(results: dict, part: str) -> None:
    assert results[f"cancelled_{part}"] == ["InterruptProcessingException", 0]


def test_the_demo_model_says_when_a_latent_is_much_too_large(results: dict) -> None:
    (small, large, sentence) = results["warned"]
    assert small == large == "-"
    assert "14 frames of 1024×576 px" in sentence and "made for 14 frames of 128×128 px" in sentence


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("error_frames", f"the trajectories have {FRAMES + 1} frames but the video being sampled has {FRAMES}"),
        ("error_size", f"{2 * SIZE}×{SIZE} px but the video being sampled has {SIZE}×{SIZE} px"),
        (
            "error_frames_early",
            f"TrackGo Apply: the tracks have {FRAMES + 1} frames of {SIZE}×{SIZE} px but the latent",
        ),
        ("error_size_early", f"{FRAMES} frames of {2 * SIZE}×{SIZE} px but the latent {FRAMES} of {SIZE}×{SIZE} px"),
        ("error_unseen", "the tracks hold no visible point"),
        ("error_no_points", "the tracks hold no visible point"),
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


def test_a_latent_that_fits_changes_nothing(results: dict) -> None:
    assert results["latent_fits"] == 0
    assert results["latent_of_two_videos"] == "no error"


def test_far_beyond_the_demo_models_size_is_said_once(results: dict) -> None:
    (said,) = results["beyond_demo"]
    assert "1024×576 px" in said and "made for 14 frames of 128×128 px" in said


def test_the_demo_computes_on_one_thread_and_gives_the_others_back(results: dict) -> None:
    assert results["threads"] == [{"unet": 1, "vae": 1, "clip": 1}, 3]


def test_the_adapters_run_once_per_layer(results: dict) -> None:
    assert results["adapter_calls"] == 16
