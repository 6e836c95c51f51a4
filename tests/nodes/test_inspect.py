"""TrackGoAttentionView in a real ComfyUI; TrackGoObjMC with and without one."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.comfy_harness import RUN_SECONDS, ComfyServer
from tests.nodes.support import node
from trackgo.demo.example import example_drawing
from trackgo.trajectories import PointTrajectories

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
# ObjMC, over the stand-in
# ---------------------------------------------------------------------------------------------------------------------


def moving_texture(shift: float, frames: int = 7, size: int = 96) -> np.ndarray:
    """A textured picture that moves to the right by ``shift`` pixels a frame, uint8 [L, H, W, 3]."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (size // 4, 2 * size // 4, 3), dtype=np.uint8)
    large = np.asarray(Image.fromarray(rough).resize((2 * size, size), Image.Resampling.BICUBIC))
    starts = [round(size / 2 - shift * i) for i in range(frames)]
    return np.stack([large[:, start : start + size] for start in starts])


def shifted_tracks(shift: float, frames: int = 7, size: int = 96) -> PointTrajectories:
    """Two components of four points each that move to the right by ``shift`` pixels a frame."""
    starts = np.array([[x, y] for x in (24, 40) for y in (20, 40, 60, 76)], np.float32)
    tracks = starts + np.arange(frames)[:, None, None] * np.array([shift, 0], np.float32)
    return PointTrajectories(tracks, np.ones(tracks.shape[:2], bool), np.repeat([0, 1], 4), size, size)


def score(nodes, video: np.ndarray, tracks: PointTrajectories) -> tuple[float, float, dict, torch.Tensor]:
    given = {"frames": torch.from_numpy(video).float() / 255, "tracks": tracks.to_tracks()}
    value, static, report, picture = nodes.run("TrackGoObjMC", **given).result
    return value, static, json.loads(report), picture


@pytest.mark.parametrize("wanted", [4, 0, 6])
def test_objmc_is_the_distance_between_wanted_and_real_motion(nodes, wanted: int) -> None:
    """The picture moves 4 px a frame: frame i is off by i·|wanted − 4| px, on average over 7 frames 3·|wanted − 4|."""
    value, static, report, picture = score(nodes, moving_texture(4), shifted_tracks(wanted))
    assert value == pytest.approx(3 * abs(wanted - 4), abs=0.3)
    assert static == pytest.approx(3 * wanted, abs=1e-4)
    assert report["objmc_mean"] == pytest.approx(value, abs=1e-3)
    assert report["objmc_sum"] == pytest.approx(7 * value, abs=1e-2)
    assert [c["component"] for c in report["components"]] == [1, 2]
    assert np.mean([c["mean"] for c in report["components"]]) == pytest.approx(value, abs=1e-3)
    assert picture.shape[0] == 1 and picture.shape[3] == 3 and float(picture.std()) > 0.05


def test_objmc_says_its_score_beside_its_picture(nodes) -> None:
    """As text: the picture on the node is too small to read."""
    given = {"frames": torch.from_numpy(moving_texture(4)).float() / 255, "tracks": shifted_tracks(6).to_tracks()}
    output = nodes.run("TrackGoObjMC", **given)
    (text,) = output.ui["text"]
    assert len(output.ui["images"]) == 1
    assert text.startswith(f"ObjMC {output.args[0]:.2f} px; standing still would be {output.args[1]:.2f} px")


def test_objmc_at_another_size_is_in_pixels_of_the_video(nodes) -> None:
    half = shifted_tracks(4).resized(48, 48)
    assert score(nodes, moving_texture(4), half)[1] == pytest.approx(12, abs=1e-3)


def test_points_that_begin_outside_do_not_count(nodes) -> None:
    inside = shifted_tracks(4)
    outside = inside.tracks + np.where(np.arange(8) < 4, -200, 0)[:, None].astype(np.float32)
    partly = PointTrajectories(outside, inside.visibility & (np.arange(8) >= 4), inside.component, 96, 96)
    value, _, report, _ = score(nodes, moving_texture(4), partly)
    assert value == pytest.approx(0, abs=0.3)
    assert report["components"][0] == {"component": 1, "mean": None, "static": None}
    assert report["components"][1]["mean"] == pytest.approx(0, abs=0.3)


def test_objmc_mistakes(nodes) -> None:
    with pytest.raises(ValueError, match="7 frames and the tracks 9"):
        score(nodes, moving_texture(4), shifted_tracks(4, frames=9))
    gone = shifted_tracks(4)
    gone = PointTrajectories(gone.tracks - 500, np.zeros_like(gone.visibility), gone.component, 96, 96)
    with pytest.raises(ValueError, match="inside the first frame"):
        score(nodes, moving_texture(4), gone)
    with pytest.raises(ValueError, match="lk"):
        nodes.run("TrackGoObjMC", frames=torch.zeros(7, 8, 8, 3), tracks=gone.to_tracks(), tracker="nobody")


# ---------------------------------------------------------------------------------------------------------------------
# Both, in a real server
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
