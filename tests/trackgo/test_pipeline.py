"""Picture and trajectories to frames on the demo model: the whole real path, small."""

from __future__ import annotations

import itertools
import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from trackgo.demo.example import example_drawing, example_image
from trackgo.demo.tiny import load_demo_components
from trackgo.drawing import Drawing
from trackgo.model import TrackGo
from trackgo.model.config import AttentionSettings
from trackgo.options import SVD_SAMPLING, sampling_of
from trackgo.pipeline import TrackGoPipeline, fit_picture, fit_size
from trackgo.trajectories import PointTrajectories, point_trajectories

SIZE, FRAMES, STEPS = 64, 6, 2


@pytest.fixture(scope="module")
def pipeline() -> TrackGoPipeline:
    made = TrackGoPipeline.from_pretrained("demo")
    made.set_progress_bar_config(disable=True)
    return made


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return example_image(SIZE, SIZE)


@pytest.fixture(scope="module")
def tracks() -> PointTrajectories:
    return point_trajectories(example_drawing(), FRAMES, SIZE, SIZE)


@pytest.fixture
def latents(pipeline: TrackGoPipeline, monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """What the sampler ended with, for every call: finer than rounded pixels."""
    kept: list[torch.Tensor] = []
    decode = pipeline.decode_latents
    monkeypatch.setattr(
        pipeline, "decode_latents", lambda x, *a, **k: (kept.append(x.clone()), decode(x, *a, **k))[1], raising=False
    )
    return kept


def test_same_seed_same_clip_and_another_seed_another(
    pipeline: TrackGoPipeline, picture: np.ndarray, tracks: PointTrajectories, latents: list[torch.Tensor]
) -> None:
    clip = pipeline(picture, tracks, steps=STEPS, seed=3)
    assert clip.shape == (FRAMES, SIZE, SIZE, 3)
    assert clip.dtype == np.uint8
    torch.manual_seed(99)  # the global random state plays no part
    assert np.array_equal(clip, pipeline(picture, tracks, steps=STEPS, seed=3))
    pipeline(picture, tracks, steps=STEPS, seed=4)
    assert torch.equal(latents[0], latents[1])
    assert not torch.equal(latents[0], latents[2])


def test_trajectories_act_between_the_percents_and_plain_svd_is_left_alone(
    pipeline: TrackGoPipeline, picture: np.ndarray, tracks: PointTrajectories, latents: list[torch.Tensor]
) -> None:
    def run(*args: object, **options: object) -> torch.Tensor:
        pipeline(*args, steps=4, **options)
        return latents[-1]

    plain = run(picture, None, frames=FRAMES)
    full = run(picture, tracks)
    half = run(picture, tracks, end_percent=0.5)
    assert not torch.equal(plain, full)
    assert torch.equal(plain, run(picture, tracks, start_percent=1.0))
    assert not torch.equal(half, full)
    assert not torch.equal(half, plain)
    assert torch.equal(plain, run(picture, None, frames=FRAMES))


@pytest.mark.slow
def test_the_more_is_frozen_the_less_the_base_moves_by_itself(pipeline: TrackGoPipeline) -> None:
    """At the demo model's own size: what it does on its own in others is anybody's guess."""
    picture, nothing = example_image(128, 128), point_trajectories(Drawing(()), 14, 128, 128)

    def change(freeze: float) -> float:
        tau = AttentionSettings.tau_for(freeze)
        frames = pipeline(picture, nothing, steps=STEPS + 2, seed=0, guidance=1.0, tau=tau).astype(float)
        return np.abs(frames[1:] - frames[0]).mean()

    changes = [change(freeze) for freeze in (0, 0.25, 0.5, 0.75, 1)]
    assert all(less < more for more, less in itertools.pairwise(changes)), changes


def test_percent_to_sigma_runs_evenly_in_log_sigma(pipeline: TrackGoPipeline) -> None:
    assert pipeline.percent_to_sigma(0.0) == math.inf
    assert pipeline.percent_to_sigma(1.0) == 0.0
    assert pipeline.percent_to_sigma(0.5) == pytest.approx(math.sqrt(700 * 0.002))
    with pytest.raises(ValueError, match="between 0 and 1"):
        pipeline.percent_to_sigma(1.5)


def test_what_does_not_fit_is_refused_and_nothing_stays_attached(
    pipeline: TrackGoPipeline, picture: np.ndarray, tracks: PointTrajectories
) -> None:
    processors = [id(p) for p in pipeline.unet.attn_processors.values()]
    with pytest.raises(ValueError, match="64×64 px, the picture has 128×64"):
        pipeline(example_image(128, 64), tracks, steps=1)
    with pytest.raises(ValueError, match="multiples of 8, got 100×64"):
        pipeline(example_image(100, 64), tracks, steps=1)
    with pytest.raises(ValueError, match="alpha"):
        pipeline(picture, tracks, steps=1, alpha=0.1)
    with pytest.raises(ValueError, match="tau"):
        pipeline(picture, tracks, steps=1, tau=1.0)

    def stop(_step: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline(picture, tracks, steps=2, on_step=stop)
    assert processors == [id(p) for p in pipeline.unet.attn_processors.values()]


def test_sides_are_multiples_of_8_odd_numbers_of_latent_cells_too(pipeline: TrackGoPipeline) -> None:
    """136×104 px are 17×13 latent cells; all but the last of the UNet's levels have an odd side."""
    picture, tracks = example_image(136, 104), point_trajectories(example_drawing(), FRAMES, 136, 104)
    clip, plain = pipeline(picture, tracks, steps=STEPS), pipeline(picture, None, steps=STEPS, frames=FRAMES)
    assert clip.shape == plain.shape == (FRAMES, 104, 136, 3)
    assert np.abs(clip.astype(int) - plain).max() > 30


def test_threads_that_share_a_pipeline_wait_in_turn(pipeline: TrackGoPipeline, picture: np.ndarray) -> None:
    drawn = point_trajectories(example_drawing(), FRAMES, SIZE, SIZE)
    given = [drawn, replace(drawn, tracks=drawn.tracks[::-1].copy()), None]

    def run(seed: int) -> np.ndarray:
        return pipeline(picture, given[seed], steps=STEPS, seed=seed, frames=FRAMES)

    expected = [run(seed) for seed in range(len(given))]
    with ThreadPoolExecutor(len(given)) as pool:
        for clip, alone in zip(pool.map(run, range(len(given))), expected, strict=True):
            assert np.array_equal(clip, alone)


def test_without_weights_only_plain_svd(picture: np.ndarray, tracks: PointTrajectories) -> None:
    bare = TrackGoPipeline(**vars(load_demo_components()))
    with pytest.raises(ValueError, match="no TrackGo weights"):
        bare(picture, tracks, steps=1)


def test_reads_a_diffusers_folder_with_weights_beside_it(
    pipeline: TrackGoPipeline, picture: np.ndarray, tracks: PointTrajectories, tmp_path: Path
) -> None:
    """A folder as diffusers writes it, here with SVD's own temporal VAE at a tiny width."""
    from diffusers import AutoencoderKLTemporalDecoder

    parts = load_demo_components()
    torch.manual_seed(0)
    vae = AutoencoderKLTemporalDecoder(
        down_block_types=("DownEncoderBlock2D",) * 4, block_out_channels=(32, 32, 32, 32), latent_channels=4
    )
    made = TrackGoPipeline(**{**vars(parts), "vae": vae})
    made.save_pretrained(tmp_path)
    pipeline.trackgo.save(tmp_path / "trackgo.safetensors")
    for dtype in (torch.float32, torch.bfloat16):
        read = TrackGoPipeline.from_pretrained(tmp_path, torch_dtype=dtype)
        read.set_progress_bar_config(disable=True)
        assert read.unet.dtype == dtype
        clip = read(picture, tracks, steps=1, decode_chunk_size=2)
        assert clip.shape == (FRAMES, SIZE, SIZE, 3)


def test_a_model_says_how_it_is_best_sampled(
    pipeline: TrackGoPipeline,
    picture: np.ndarray,
    tracks: PointTrajectories,
    latents: list[torch.Tensor],
    tmp_path: Path,
) -> None:
    assert pipeline.own_sampling == sampling_of("demo") and pipeline.own_sampling[:2] == (4, 1.0)
    pipeline(picture, tracks)
    pipeline(picture, tracks, steps=4, guidance=1.0)
    assert torch.equal(*latents)
    assert sampling_of(tmp_path) == sampling_of("a/hub-name") == SVD_SAMPLING == (25, 2.5, {})
    note = tmp_path / "trackgo_demo.json"
    note.write_text('{"sampling": {"steps": 7, "guidance": 2.0}}')
    assert sampling_of(tmp_path) == (7, 2.0, {}) and sampling_of(tmp_path).held("both") == (7, None, None)
    note.write_text('{"sampling": {"steps": 7}}')
    with pytest.raises(ValueError, match=r"trackgo_demo\.json': sampling must be steps and guidance"):
        sampling_of(tmp_path)


def test_missing_models_and_weights_of_another_base_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no model at 'nowhere'"):
        TrackGoPipeline.from_pretrained("nowhere")
    from trackgo.demo.tiny import TinyConfig, build_unet

    other = tmp_path / "other.safetensors"
    TrackGo.for_unet(build_unet(TinyConfig(widths=(32, 32, 64, 64)))).save(other)
    with pytest.raises(ValueError, match="made for another base model"):
        TrackGoPipeline.from_pretrained("demo", trackgo=other)


@pytest.mark.parametrize(
    ("size", "expected"), [((1920, 1080), (1024, 576)), ((1000, 1000), (768, 768)), ((640, 427), (944, 624))]
)
def test_fit_size_keeps_the_shape(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fit_size(*size) == expected


def test_fit_picture_takes_the_drawing_along() -> None:
    """A white square on black, cropped and scaled: its points stay on it."""
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[40:60, 140:160] = 255
    square = [[140 / 300, 0.4], [160 / 300, 0.4], [160 / 300, 0.6], [140 / 300, 0.6]]
    document = {"strokes": [{"tool": "lasso", "points": square}]}
    drawing = Drawing.from_json(
        json.dumps({"version": 1, "components": [{"mask": document, "arrows": [{"points": [[0.5, 0.5], [0.6, 0.5]]}]}]})
    )
    frame, trajectories = fit_picture(picture, drawing, FRAMES, 128, 128)
    assert frame.shape == (128, 128, 3)
    x, y = np.rint(trajectories.tracks[0]).astype(int).T
    assert (frame[y, x] > 100).all()  # the outermost lie on its softened edge
    moved = trajectories.tracks[-1] - trajectories.tracks[0]
    assert moved[:, 0] == pytest.approx(0.1 * 300 * 1.28, abs=0.01)  # 30 px of a picture scaled by 1.28
    assert moved[:, 1] == pytest.approx(0, abs=1e-4)
