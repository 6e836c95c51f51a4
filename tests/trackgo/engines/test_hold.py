"""Sampling held to a rough video, on the demo's tiny SVD without TrackGo weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import DPMSolverMultistepScheduler, EDMDPMSolverMultistepScheduler, HeunDiscreteScheduler

from trackgo import TrackGoPipeline
from trackgo.demo.example import example_drawing, example_image
from trackgo.engines.cut_and_drag import Reference, fit_reference
from trackgo.engines.hold import RELEASE, START, Hold, latent_mask, nearest_step
from trackgo.pipeline import fit_picture
from trackgo.svd.diffusion import karras_sigmas

SIDE, FRAMES = 64, 6
SETTINGS = {"steps": 4, "seed": 3, "guidance": 1.0}


@pytest.fixture(scope="module")
def plain() -> TrackGoPipeline:
    """The demo's SVD without TrackGo weights."""
    pipeline = TrackGoPipeline.from_pretrained("demo")
    pipeline.set_progress_bar_config(disable=True)
    pipeline.trackgo = None
    return pipeline


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, Reference]:
    photograph, drawing = example_image(200, 200), example_drawing()
    picture, _ = fit_picture(photograph, drawing, FRAMES, SIDE, SIDE)
    return picture, fit_reference(photograph, drawing, FRAMES, SIDE, SIDE)


def latents_of(pipeline: TrackGoPipeline, *inputs, **settings) -> torch.Tensor:
    """x₀ of a sampling, in model scale."""
    kept = []
    decode = pipeline.decode_latents
    pipeline.decode_latents = lambda latents, *rest: kept.append(latents.clone()) or decode(latents, *rest)
    try:
        pipeline(*inputs, **SETTINGS | settings)
    finally:
        del pipeline.decode_latents
    return kept[0]


@pytest.mark.parametrize(("steps", "start", "release"), [(50, 16, 21), (25, 8, 10), (20, 6, 8)])
def test_the_defaults_are_time_to_moves_own(steps: int, start: int, release: int) -> None:
    sigmas = karras_sigmas(steps)
    level = lambda share: float(np.exp(np.log(700) + (np.log(0.002) - np.log(700)) * share))  # noqa: E731
    assert level(START) == pytest.approx(74.5, rel=0.03) and level(RELEASE) == pytest.approx(31, rel=0.03)
    assert nearest_step(sigmas, level(START)) == start and nearest_step(sigmas, level(RELEASE)) == release


def test_the_rough_video_begins_with_the_picture(drawn) -> None:
    picture, reference = drawn
    assert np.array_equal(reference.frames[0], picture) and reference.moved.any()


def dpm(config) -> EDMDPMSolverMultistepScheduler:
    """DPM++ 2M as SVD needs it."""
    return EDMDPMSolverMultistepScheduler(
        sigma_min=0.002, sigma_max=700.0, sigma_data=1.0, prediction_type="v_prediction", final_sigmas_type="zero"
    )


@pytest.mark.parametrize("scheduler", [None, HeunDiscreteScheduler.from_config, dpm], ids=["Euler", "Heun", "DPM++ 2M"])
def test_held_to_the_end_the_moved_latents_are_the_rough_videos(plain, drawn, scheduler) -> None:
    picture, reference = drawn
    usual = plain.scheduler
    try:
        if scheduler is not None:
            plain.scheduler = scheduler(usual.config)
        found = latents_of(plain, picture, None, reference=reference, start=0.2, release=1.0)
    finally:
        plain.scheduler = usual
    wanted, held = plain._reference_latents(reference.frames), latent_mask(torch.from_numpy(reference.moved))
    assert held.any() and not held.all() and found.isfinite().all()
    moved = held[None, :, None].expand_as(found)
    assert torch.equal(found[moved], wanted[moved])
    assert not torch.allclose(found[~moved], wanted[~moved], atol=0.05)


def test_a_scheduler_of_another_scale_is_refused(plain, drawn) -> None:
    picture, reference = drawn
    usual = plain.scheduler
    plain.scheduler = DPMSolverMultistepScheduler.from_config(usual.config)
    try:
        with pytest.raises(ValueError, match="DPMSolverMultistepScheduler are not: use an Euler, Heun or EDM"):
            plain(picture, None, reference=reference, **SETTINGS)
    finally:
        plain.scheduler = usual


def test_neither_started_nor_held_it_is_plain_svd_to_the_bit(plain, drawn) -> None:
    picture, reference = drawn
    bare = plain(picture, None, frames=FRAMES, **SETTINGS)
    free = plain(picture, None, reference=reference, start=0.0, release=0.0, **SETTINGS)
    assert np.array_equal(bare, free)
    held = plain(picture, None, reference=reference, **SETTINGS | {"steps": 8})
    assert not np.array_equal(held, plain(picture, None, frames=FRAMES, **SETTINGS | {"steps": 8}))
    assert np.array_equal(bare, plain(picture, None, frames=FRAMES, **SETTINGS)), "nothing stays behind"


def test_the_steps_before_the_start_are_left_out(plain, drawn) -> None:
    picture, reference = drawn
    seen = []
    svd = {"start": START, "release": RELEASE, "steps": 20}
    plain(picture, None, reference=reference, on_step=seen.append, **SETTINGS | svd)
    assert seen == list(range(7, 21))


def test_without_weights_cut_and_drag_is_the_default(plain, drawn) -> None:
    picture, reference = drawn
    default, named = (plain(picture, None, reference=reference, engine=e, **SETTINGS) for e in (None, "cut-and-drag"))
    assert np.array_equal(default, named)


def test_a_model_says_how_its_engines_are_sampled(plain, drawn) -> None:
    """The demo's own steps, start and release; each can still be given."""
    picture, reference = drawn
    own = {"steps": 10, "start": 0.58, "release": 0.75}
    assert plain.own_sampling.held("cut-and-drag")._asdict() == own
    given = {name: value for name, value in SETTINGS.items() if name != "steps"}
    default = plain(picture, None, reference=reference, **given)
    assert np.array_equal(default, plain(picture, None, reference=reference, **given, **own))
    assert not np.array_equal(default, plain(picture, None, reference=reference, **given, release=RELEASE, start=START))


def test_both_engines_together(drawn) -> None:
    pipeline = TrackGoPipeline.from_pretrained("demo")
    pipeline.set_progress_bar_config(disable=True)
    picture, reference = drawn
    _, trajectories = fit_picture(example_image(200, 200), example_drawing(), FRAMES, SIDE, SIDE)
    settings = {**SETTINGS, "steps": 8, "reference": reference}
    videos = [pipeline(picture, trajectories, engine=e, **settings) for e in ("trackgo", "cut-and-drag", "both")]
    assert not any(np.array_equal(a, b) for a, b in zip(videos, videos[1:] + videos[:1], strict=True))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"engine": "dragging"}, "engine is 'dragging'; it must be one of trackgo, cut-and-drag, both"),
        ({"engine": "cut-and-drag", "reference": None}, r"needs the rough video: pass reference=fit_reference"),
        ({"start": 0.5, "release": 0.2}, "release a larger share"),
        ({"start": 1.5}, "between 0 and 1, got 1.5"),
    ],
)
def test_mistakes(plain, drawn, settings: dict, message: str) -> None:
    picture, reference = drawn
    with pytest.raises(ValueError, match=message):
        plain(picture, None, **{**SETTINGS, "reference": reference, **settings})


def test_a_rough_video_of_another_size_is_refused(plain, drawn) -> None:
    picture, reference = drawn
    small = Reference(reference.frames[:, :32], reference.moved[:, :32])
    with pytest.raises(ValueError, match=r"reference\.frames must be uint8 \[L, 64, 64, 3\]"):
        plain(picture, None, reference=small, **SETTINGS)


def test_the_release_may_not_come_before_the_start() -> None:
    nothing = torch.zeros(1, 1, 4, 1, 1)
    with pytest.raises(ValueError, match="before the start"):
        Hold(nothing, nothing.bool(), nothing, start=1.0, release=2.0)
