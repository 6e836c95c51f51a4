"""TrackGoAttentionView and TrackGoObjMC in a real ComfyUI."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.comfy_harness import RUN_SECONDS, ComfyServer
from tests.nodes.support import node
from trackgo.demo.example import example_drawing

pytestmark = pytest.mark.slow
KINDS = ["adapter", "joined", "mask", "masked", "original", "without"]


# ---------------------------------------------------------------------------------------------------------------------
# Attention, inside ComfyUI's Python
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def results(inside: Callable[[str], dict[str, object]]) -> dict[str, object]:
    """What inside_inspect.py measured."""
    return inside("inside_inspect.py")


def test_pages_and_report(results: dict) -> None:
    shape, least, most, spread = results["pages"]
    assert shape[0] == 2 and shape[3] == 3 and min(shape[1:3]) > 300  # one page per step
    assert 0 <= least < most <= 1 and spread > 0.05
    report = results["report"]
    assert [(m["layer"], m["step"], m["i"], m["j"]) for m in report["maps"]] == [
        ("up_3_2", step, 2, j) for step in (1, 4) for j in (1, 6)
    ]
    assert all(sorted(m.keys() & set(KINDS)) == KINDS for m in report["maps"])
    assert len(report["activated_share"]) == 16 and max(report["activated_share"].values()) > 0


def test_looking_twice_is_the_same_and_leaves_nothing_behind(results: dict) -> None:
    assert results["requeued"] == [0, True]
    assert results["other_seed"]
    assert results["sampled_after"] == results["bare_after"] == 0
    assert not results["probe_left"]
    assert results["modules_left"]


def test_a_plain_model_shows_its_own_attention(results: dict) -> None:
    assert results["plain_kinds"] == ["without"] and results["plain_shares"] == {}
    assert results["plain_is_without"] < 1e-6
    assert results["alone_kinds"] == [kind for kind in KINDS if kind != "without"]


def test_maps_are_those_of_the_sampling_where_the_docstring_says_so(results: dict) -> None:
    first, _, last = results["as_sampled"]  # mean error, in deviations of the maps
    assert first < 0.01
    assert last < 0.05  # how near depends on the weights: 0.002 to 0.016 with those that have shipped


def test_memory_stays_within_the_documented_bound(results: dict) -> None:
    held, bound = results["bound"]
    assert 0.5 * bound < held <= bound


def test_sigmas_and_percents(results: dict) -> None:
    assert results["by_sigmas"] == 0
    assert results["resting"] == [[1, ["without"]]] * 2 + [[4, KINDS]] * 2
    assert "rest at these steps" in results["error_resting"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("error_empty", "the latent is empty; connect the sampler's output"),
        ("error_layer", "no layer is called 'up_9'; there are down_0_0"),
        ("error_step", "at_steps: '5' does not lie between 1 and 4"),
        ("error_frame", "frames_j: '7' does not lie between 1 and 6"),
        ("error_frames", "2 frames were given to show the maps on, but the model saw 6"),
        ("error_length", "the trajectories have 6 frames but the video being sampled has 5"),
        ("error_size", "64×64 px but the video being sampled has 128×128 px"),
    ],
)
def test_mistakes_are_one_clear_sentence(results: dict, name: str, words: str) -> None:
    assert results[name].startswith("ValueError: ") and words in results[name]
    assert results["after_errors"] == 0


def test_interrupting_leaves_nothing_behind(results: dict) -> None:
    assert results["interrupted"] == "InterruptProcessingException"
    assert results["after_interrupt"] == [0, 0]
    assert not results["interrupt_probe_left"]


# ---------------------------------------------------------------------------------------------------------------------
# In a real server
# ---------------------------------------------------------------------------------------------------------------------


def graph(**changed: object) -> dict:
    """The demo model, four steps, looked at and scored."""
    drawing = example_drawing().to_json()
    view = {"layers": "up_3_2", "at_steps": "first, last", "steps": 4, "scheduler": "karras", "frames_i": "middle",
            "frames_j": "first, last", "seed": 1, "compare": True}  # fmt: skip
    return {
        "1": node("TrackGoDemoModel"),
        "2": node("TrackGoCanvas", image=["1", 4], frames=6, editor=drawing),
        "3": node("TrackGoPointTrajectories", drawing=["2", 0], frames=6, width=64, height=64, seed=0),
        "4": node("TrackGoApply", model=["1", 0], trackgo=["1", 3], tracks=["3", 0], alpha=0.2, tau_mode="freeze",
                  tau=0.0, start_percent=0.0, end_percent=1.0),
        "5": node("SVD_img2vid_Conditioning", clip_vision=["1", 1], init_image=["1", 4], vae=["1", 2], width=64,
                  height=64, video_frames=6, motion_bucket_id=127, fps=7, augmentation_level=0.0),
        "6": node("KSampler", model=["4", 0], positive=["5", 0], negative=["5", 1], latent_image=["5", 2], seed=1,
                  steps=4, cfg=1.0, sampler_name="euler", scheduler="karras", denoise=1.0),
        "7": node("VAEDecode", samples=["6", 0], vae=["1", 2]),
        "8": node("TrackGoAttentionView", model=["4", 0], positive=["5", 0], latent=["6", 0], frames=["7", 0],
                  **(view | changed)),
        "9": node("TrackGoObjMC", frames=["7", 0], tracks=["3", 0], tracker="lk"),
        "10": node("PreviewAny", source=["8", 2]),
        "11": node("PreviewAny", source=["9", 2]),
        "12": node("PreviewImage", images=["8", 1]),
        "13": node("PreviewImage", images=["7", 0]),
    }  # fmt: skip


def test_in_a_graph_requeued_and_after_an_error(comfy: ComfyServer, tmp_path: Path) -> None:
    first = comfy.run(comfy.prompt(graph()))
    assert first.error is None, first.error
    assert len(first.outputs["8"]["images"]) == 2 and len(first.outputs["9"]["images"]) == 1
    numbers, score = (json.loads(first.outputs[key]["text"][0]) for key in ("10", "11"))
    assert len(numbers["maps"]) == 4 and score["frames"] == 6
    video = [comfy.image(image) for image in first.outputs["13"]["images"]]

    again = comfy.run(comfy.prompt(graph(layers="up_2_0")))  # another look: the sampler's result is in the cache
    assert again.error is None
    cached = next(data["nodes"] for kind, data in again.messages if kind == "execution_cached")
    assert {"6", "7", "9"} <= set(cached) and "8" not in cached
    assert json.loads(again.outputs["10"]["text"][0])["maps"][0]["layer"] == "up_2_0"

    wrong = comfy.run(comfy.prompt(graph(at_steps="9")))
    assert wrong.error["node_id"] == "8" and "at_steps: '9' does not lie between 1 and 4" in str(wrong.error)

    fresh = graph()
    fresh["6"]["inputs"]["seed"] = 2  # sampled anew, then as at first: the same to the bit
    comfy.run(comfy.prompt(fresh))
    after = comfy.run(comfy.prompt(graph()))
    np.testing.assert_array_equal([comfy.image(image) for image in after.outputs["13"]["images"]], video)


def test_a_sampling_that_is_interrupted_leaves_nothing_behind(comfy: ComfyServer) -> None:
    def frames(seed: int) -> np.ndarray:
        run = comfy.run(comfy.prompt(seeded(seed)))
        assert run.error is None, run.error
        return np.stack([comfy.image(image) for image in run.outputs["13"]["images"]])

    def seeded(seed: int, steps: int = 4) -> dict:
        nodes = graph()
        nodes["6"]["inputs"] |= {"seed": seed, "steps": steps}
        return nodes

    before, long = frames(31), 300
    queued = comfy.queue(comfy.prompt(seeded(32, long)))
    deadline = time.monotonic() + RUN_SECONDS
    while f" 3/{long} " not in comfy.log.read_text(errors="replace"):  # the sampler's progress bar
        assert time.monotonic() < deadline, comfy.log_tail()
        time.sleep(0.02)
    comfy.interrupt()
    run = comfy.wait(queued)
    assert run.error["node_id"] == "6" and "execution_interrupted" in [kind for kind, _ in run.messages]
    np.testing.assert_array_equal(frames(31), before)
