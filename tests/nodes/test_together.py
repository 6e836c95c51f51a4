"""TrackGo together with what else acts on a MODEL, in a real ComfyUI: inside_together.py measures, here is judged."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.slow
FRAMES = 6  # as in conftest.py


@pytest.fixture(scope="session")
def results(inside: Callable[[str], dict[str, object]]) -> dict[str, object]:
    """What inside_together.py measured."""
    return inside("inside_together.py")


def test_videos_of_a_batch_are_what_each_is_alone(results: dict) -> None:
    assert results["batch_same_tracks"] == [0, 0]
    assert results["batch_effect"] > 1e-3
    assert results["batch_pictures"][0] == 0 and results["batch_pictures"][1] > 1e-3
    assert results["batch_pag"] == 0


def test_videos_of_a_batch_may_have_tracks_of_their_own_or_none(results: dict) -> None:
    assert results["batch_other_tracks"] == [0, 0]
    assert results["batch_tracks_differ"] > 1e-3
    assert results["batch_only_first"] == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", f"tracks for video 2, but the latent batch of {FRAMES} frames holds 1 of {FRAMES} frames each"),
        ("odd", "has 8: make both the same; a latent batch of several videos (Repeat Latent Batch) has 12, 18 …"),
        ("taken", "give every TrackGo Apply another video from 1 on"),
        ("other_size", "all videos of a batch have one size and length"),
        ("other_weights", "connect one TrackGo Loader to every TrackGo Apply"),
    ],
)
def test_what_cannot_be_a_batch_is_one_sentence(results: dict, name: str, words: str) -> None:
    assert results[f"batch_{name}"].startswith("ValueError: ")
    assert words in results[f"batch_{name}"]


def test_a_merge_that_would_leave_trackgo_behind_is_refused(results: dict) -> None:
    for sentence in results["merged_second"].values():
        assert sentence.startswith("ValueError: TrackGo Apply: merging takes the second model's weights")
    assert "merge the models first" in results["merge_behind_changed"]


def test_a_merge_before_trackgo_works_and_one_behind_it_where_that_is_the_same(results: dict) -> None:
    assert min(results["merge_then_apply"], results["merge_acts"]) > 1e-3
    assert results["merge_behind"] == 0
    assert results["merge_behind_nothing"] == 0


def test_a_clone_on_another_base_model_uses_its_layers(results: dict) -> None:
    if "own_base" not in results:
        pytest.skip("this ComfyUI has no clones with a base model of their own")
    error, effect = results["own_base"]
    assert error == 0 and effect > 1e-3


@pytest.mark.parametrize("patch", ["pag", "freeu", "hypernetwork"])
def test_patches_of_other_nodes_act_in_either_order(results: dict, patch: str) -> None:
    acts, trackgo_acts, order, inactive = results[f"with_{patch}"]
    assert min(acts, trackgo_acts) > 1e-3
    assert order == inactive == 0


def test_a_lora_hook_is_a_lora_patch(results: dict) -> None:
    assert results["hook_found"] > 1e-3
    assert results["hook_is_patch"] < 1e-4
    assert results["hook_left"] == 0


@pytest.mark.parametrize("kind", ["split", "sub_quad", "pytorch", "basic"])
def test_every_kind_of_attention_gives_the_same_video(results: dict, kind: str) -> None:
    error, calls = results[f"attention_{kind}"]
    assert error < 1e-4
    assert calls > 0


@pytest.mark.parametrize(
    ("kind", "weights", "tolerance"),
    [("fp16", "float16", 0.1), ("bf16", "bfloat16", 0.3), ("fp8", "float8_e4m3fn", 0.3),
     ("fp8 in bf16", "float8_e5m2", 0.5)],
)  # fmt: skip
def test_every_precision_follows_like_float32(results: dict, kind: str, weights: str, tolerance: float) -> None:
    """Errors are shares of what TrackGo changes."""
    found = results[f"precision_{kind}"]
    assert found["weights"] == f"torch.{weights}" and found["finite"]
    assert found["follows"] > 0.5
    assert found["error"] < tolerance
    assert found["left"] == 0


def test_compiled_before_or_after(results: dict) -> None:
    assert results["compiled_effect"] > 1e-3
    assert set(results["compiled"].values()) == {0}
    assert results["inductor_graphs"] > 0
    assert max(results["inductor"].values()) < 1e-3 * results["compiled_effect"]  # its own rounding


def test_the_memory_manager_counts_what_the_attention_keeps_and_may_have_it(results: dict) -> None:
    kept, needed = results["memory_needed"]
    assert 0 < kept <= needed
    assert results["memory_counted"]
    assert results["memory_part"] == [True, 0] and results["memory_freed"] == 0
    assert results["memory_again"] == [0, 0] and results["memory_once_more"] == 0


@pytest.mark.parametrize("kind", ["clones", "tracks"])
def test_samplings_in_several_threads_wait_for_each_other(results: dict, kind: str) -> None:
    assert not any(results[f"threads_{kind}"]), results[f"threads_{kind}"]
    turns, expected = results[f"threads_{kind}_turns"]
    assert turns == expected


@pytest.mark.parametrize("which", ["trackgo", "plain"])
def test_a_sampling_disturbed_by_another_thread_says_so(results: dict, which: str) -> None:
    assert results[f"disturbed_{which}"].startswith("RuntimeError: TrackGo Apply: this model is being sampled twice")
    assert results["disturbed_after"] == 0
