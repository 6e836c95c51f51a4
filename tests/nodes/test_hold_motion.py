"""TrackGo Cut and Drag over the stand-in, and with TrackGo Hold Motion in a real ComfyUI (inside_hold.py)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from trackgo import TrackGoPipeline
from trackgo.demo.example import example_drawing, example_image
from trackgo.engines.cut_and_drag import fit_reference
from trackgo.engines.hold import RELEASE, START
from trackgo.model import TrackGo
from trackgo.pipeline import fit_picture

pytestmark = pytest.mark.slow

FRAMES, SIZE = 6, 64  # as in conftest.py


@pytest.fixture(scope="session")
def results(inside: Callable[[str], dict[str, object]]) -> dict[str, object]:
    """What inside_hold.py measured."""
    return inside("inside_hold.py")


def test_the_node_makes_the_librarys_rough_video(nodes) -> None:
    photograph = example_image(90, 60)
    image = torch.from_numpy(photograph[None]).float() / 255
    for size, wanted in (((0, 0), (90, 60)), ((48, 32), (48, 32)), ((64, 64), (64, 64))):
        frames, masks = nodes.TrackGoCutAndDrag.execute(image, example_drawing(), 4, *size).result
        rough = fit_reference(photograph, example_drawing(), 4, *wanted)
        assert np.array_equal((frames * 255).round().to(torch.uint8).numpy(), rough.frames)
        assert np.array_equal(masks.numpy(), rough.moved.astype(np.float32)) and rough.moved[1:].any()


@pytest.mark.parametrize("engine", ["cut-and-drag", "both"])
def test_the_frames_are_the_librarys(results: dict, workspace: Path, engine: str) -> None:
    comfy = np.load(workspace / "held.npz")
    photograph, drawing = example_image(SIZE, SIZE), example_drawing()
    reference = fit_reference(photograph, drawing, FRAMES, SIZE, SIZE)
    assert np.array_equal(comfy["rough"], reference.frames) and np.array_equal(comfy["masks"], reference.moved)
    pipeline = TrackGoPipeline.from_pretrained("demo")
    pipeline.set_progress_bar_config(disable=True)
    pipeline.trackgo = TrackGo.load(workspace / "trackgo.safetensors")
    picture, trajectories = fit_picture(photograph, drawing, FRAMES, SIZE, SIZE)
    held = {"engine": engine, "reference": reference, "start": START, "release": RELEASE}  # the node's own
    video = pipeline(picture, trajectories, steps=8, seed=3, guidance=2.0, **held)
    off = np.abs(comfy[engine].astype(int) - video)
    assert off.max() <= 2
    assert np.abs(comfy["trackgo"].astype(int) - video).mean() > 20 * off.mean(), "it is held at all"


def test_one_video_however_it_is_sampled(results: dict) -> None:
    assert results["held_effect"] > 0.1
    assert results["ways"] == {
        "advanced": 0,
        "custom": 0,
        "begun at its step by hand": 0,
        "two samplers": pytest.approx(0, abs=1e-4),
    }
    assert results["begun behind release"] == 0, "then it is the rough video, made anew"


def test_held_to_the_end_what_moves_is_the_rough_video_with_every_sampler(results: dict) -> None:
    shape, share = results["mask"]
    assert shape == [FRAMES, 1, SIZE // 8, SIZE // 8] and 0.1 < share < 0.6
    for sampler, (finite, error, elsewhere) in results["held_to_the_end"].items():
        limit = 0.05 if sampler == "uni_pc" else 1e-4  # that one ends above σ 0
        assert finite and error < limit < 0.1 < elsewhere, sampler


def test_the_mask_reaches_the_sampler_whole(results: dict) -> None:
    assert results["flat_mask"] == 0
    shape, error, held = results["deep_mask"]
    assert shape == [1, 1, 2, SIZE // 8, SIZE // 8] and error == 0 and held > 0.1


def test_order_plays_no_part_and_the_incoming_model_stays_as_it_is(results: dict) -> None:
    assert results["apply_order"] == results["lora_order"] == results["guidance_order"] == results["held_again"] == 0
    assert min(results["apply_acts"], results["lora_acts"]) > 1e-3
    assert results["model_left"] == [0, True]


def test_several_videos_of_one_batch(results: dict) -> None:
    same, other = results["two_videos"]
    assert same == 0 and other > 1e-3
    assert results["repeated_before"] == 0


def test_progress_begins_with_the_first_step_that_is_taken(results: dict) -> None:
    first, *rest = results["progress"]
    assert first > 0 and rest == list(range(first + 1, 8))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_mask", "the sampler's latent has no mask to hold the motion by; connect this node's latent"),
        ("release", "release 0.2 lies before start 0.5"),
        ("frames", f"there are {FRAMES} masks but the latent has {FRAMES - 1} frames"),
        ("size", f"the masks are {FRAMES} frames of {SIZE}×{SIZE - 4} px"),
        ("no_noise", "a sampler that adds no noise cannot be held"),
    ],
)
def test_mistakes_are_one_sentence(results: dict, name: str, words: str) -> None:
    assert results["mistakes"][name].startswith("ValueError: TrackGo Hold Motion: ")
    assert words in results["mistakes"][name]
