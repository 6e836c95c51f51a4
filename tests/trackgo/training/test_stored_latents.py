"""Training from stored latents: the same as from the frames they were made of, and no video is decoded."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from tests.trackgo.preparation.clips import known_clip, write_known_clip
from trackgo.cli import main
from trackgo.preparation.latents import encoder
from trackgo.preparation.sample import Sample
from trackgo.preparation.shards import ShardIndex, pack, write_tar
from trackgo.svd.frozen import FrozenParts, to_unit
from trackgo.training import state
from trackgo.training.batch import EncodedClip, Triple, collate, model_input
from trackgo.training.config import ConditioningConfig, DataConfig, LossConfig, ModelConfig, TrainingConfig
from trackgo.training.data import BadClip, ClipKey, Clips, build_loader, build_source
from trackgo.training.setup import load_base
from trackgo.training.shards import Encoders, sample_triple
from trackgo.training.trainer import Trainer, train

SIZE = (64, 64)
LENGTH = 8
NUMBERS = (1, 2, 3, 4)


def plain_sample(number: int) -> Sample:
    clip = known_clip(number, LENGTH, *SIZE)
    return Sample(f"clip-{number}", clip.frames, clip.tracks, clip.visible, clip.component, clip.masks, {"fps": 10.0})


def encoded_sample(number: int, base: Path) -> Sample:
    """As ``prepare --latents`` leaves it."""
    sample, made_by = plain_sample(number), encoder(str(base))
    latents, embedding = made_by.encode(sample.frames)
    meta = {**sample.meta, "latents": str(base), "encoders": dict(made_by.parts.digests)}
    return replace(sample, meta=meta, latents=latents, embedding=embedding)


@pytest.fixture(scope="module")
def shards(base_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoded")
    write_tar(folder / "a.tar", [(f"clip-{n}", pack(encoded_sample(n, base_folder))) for n in NUMBERS])
    return folder


@pytest.fixture(scope="module")
def parts(base_folder: Path) -> FrozenParts:
    return load_base(ModelConfig(base=str(base_folder)), seed=0)[1]


@pytest.fixture
def make_run(make_config, shards: Path) -> Callable[..., TrainingConfig]:
    """Four steps of two clips from ``shards``; sections as in ``make_config``."""

    def make(data: dict | None = None, **sections) -> TrainingConfig:
        chosen = {"source": "shards", "path": str(shards), **(data or {})}
        return make_config(data=chosen, **{"evaluation": {"every": 0}, **sections})

    return make


@pytest.fixture
def no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a video was opened")

    monkeypatch.setattr(av, "open", refused)


def triple_of(folder: Path, base: Path, parts: FrozenParts, number: int = 0, frames: int = LENGTH, size=SIZE) -> Triple:
    source = build_source(DataConfig(source="shards", path=str(folder)), Encoders(str(base), parts.digests))
    return source.triple(ClipKey(number, frames, *size, 0), np.random.default_rng(0))


def figures(folder: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{name: line[name] for name in ("step", "mse", "attention")} for line in lines if "mse" in line]


def test_a_prepared_clip_is_trained_on_without_opening_its_video(
    base_folder: Path, make_config, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    write_known_clip(tmp_path / "clip.mkv", 2, 8, 192, 128)
    command = ["prepare", str(tmp_path / "clip.mkv"), "--out", str(tmp_path / "shards"), "--frames", "8"]
    assert main([*command, "--size", "192x128", "--latents", str(base_folder)]) == 0
    request.getfixturevalue("no_video")
    stages = [{"steps": 1, "width": 192, "height": 128, "frames": 6, "batch_size": 1}]
    data = {"source": "shards", "path": str(tmp_path / "shards")}
    last = train(make_config(data=data, stages=stages, evaluation={"every": 0}))
    assert last.name == "step-00000001"
    assert np.isfinite(figures(tmp_path / "run")[0]["mse"])
    with pytest.raises(AssertionError, match="a video was opened"):  # so it would have been noticed
        next(iter(build_loader(make_config(data=data | {"latents": "ignore"}, stages=stages), 0, 0, 1, {})))


def test_one_step_gives_the_losses_and_gradients_of_the_prepared_frames(make_run, shards, base_folder, parts) -> None:
    trainer = Trainer(make_run(conditioning={"trajectory_dropout": 0.0, "image_dropout": 0.0}))
    stored = collate([triple_of(shards, base_folder, parts, n, 6) for n in (0, 1)], (0, 1))
    frames = collate([sample_triple(plain_sample(NUMBERS[n]), 6, *SIZE) for n in (0, 1)], (0, 1))
    assert stored.encoded.all() and not frames.encoded.any()
    found = []
    with trainer.model.attached():
        for batch in (stored, frames):
            losses = trainer.gradients([batch])
            found.append((losses, {name: p.grad.clone() for name, p in trainer.parameters.items()}))
            trainer.optimizer.zero_grad()
    (losses, gradients), (wanted_losses, wanted) = found
    assert losses == pytest.approx(wanted_losses, rel=1e-4)
    whole = torch.cat([value.flatten() for value in wanted.values()])
    error = torch.cat([(gradients[name] - value).flatten() for name, value in wanted.items()])
    assert whole.norm() > 0
    assert error.norm() < 1e-3 * whole.norm()


def test_only_the_first_frame_goes_through_the_vae(shards, base_folder, parts) -> None:
    seen: list[int] = []
    hooks = [
        parts.vae.encoder.register_forward_pre_hook(lambda _, given: seen.append(len(given[0]))),
        parts.image_encoder.register_forward_pre_hook(lambda *_: pytest.fail("the image encoder was called")),
    ]
    conditioning = ConditioningConfig(image_dropout=0.0, trajectory_dropout=0.0)
    batch = collate([triple_of(shards, base_folder, parts, n) for n in (0, 1, 2)], range(3))
    try:
        data = model_input(batch, parts, 0, 0, LossConfig(), conditioning)
    finally:
        for hook in hooks:
            hook.remove()
    assert sum(seen) == 3
    clean = to_unit(torch.from_numpy(np.stack([plain_sample(n).frames[0] for n in NUMBERS[:3]])))
    torch.testing.assert_close(data.conditioning.embedding, parts.embedding(clean), rtol=2e-3, atol=2e-3)
    assert not torch.equal(data.conditioning.image_latent, parts.latents(clean))  # the latent is of a noisy picture


def test_clips_with_and_without_latents_may_share_a_batch(shards, base_folder, parts) -> None:
    stored = [triple_of(shards, base_folder, parts, n) for n in (0, 2)]
    frames = [sample_triple(plain_sample(n), LENGTH, *SIZE) for n in NUMBERS[:3]]
    settings = dict(loss=LossConfig(), conditioning=ConditioningConfig())
    order = [frames[0], stored[0], frames[1], stored[1], frames[2]]
    mixed = model_input(collate(order, range(5)), parts, 3, 4, **settings)
    for place, triple in enumerate(order):
        alone = model_input(collate([triple], [place]), parts, 3, 4, **settings)
        for name in ("latents", "noisy", "sigma", "points", "moving"):
            torch.testing.assert_close(getattr(mixed, name)[place], getattr(alone, name)[0], rtol=1e-4, atol=1e-5)
        for name in ("image_latent", "embedding", "added_ids"):
            theirs = getattr(alone.conditioning, name)[0]
            torch.testing.assert_close(getattr(mixed.conditioning, name)[place], theirs, rtol=1e-4, atol=1e-5)


def test_a_shorter_stage_takes_the_first_frames(shards, base_folder, parts) -> None:
    triple = triple_of(shards, base_folder, parts, 1, 5)
    frames = plain_sample(NUMBERS[1]).frames
    assert (triple.clip.first == frames[0]).all()
    again = encoder(str(base_folder)).encode(frames[:5])[0]
    np.testing.assert_allclose(triple.clip.latents, again, rtol=2e-3, atol=2e-3)
    frames_too = sample_triple(plain_sample(NUMBERS[1]), 5, *SIZE)
    assert (triple.points == frames_too.points).all()
    assert (triple.components == frames_too.components).all()
    with pytest.raises(ValueError, match="'clip-2' has 8 frames; the stage wants 14"):
        triple_of(shards, base_folder, parts, 1, 14)


def test_another_size_or_no_latents_give_frames(shards, base_folder, parts, tmp_path: Path) -> None:
    assert isinstance(triple_of(shards, base_folder, parts).clip, EncodedClip)
    assert triple_of(shards, base_folder, parts, size=(64, 128)).clip.shape == (LENGTH, 128, 64, 3)
    samples = [plain_sample(1), encoded_sample(2, base_folder)]
    write_tar(tmp_path / "some.tar", [(sample.key, pack(sample)) for sample in samples])
    assert triple_of(tmp_path, base_folder, parts, 0).clip.shape == (LENGTH, 64, 64, 3)
    assert isinstance(triple_of(tmp_path, base_folder, parts, 1).clip, EncodedClip)
    ignoring = DataConfig(source="shards", path=str(tmp_path), latents="ignore")
    source = build_source(ignoring, Encoders(str(base_folder), parts.digests))
    assert isinstance(source.triple(ClipKey(1, LENGTH, *SIZE, 0), np.random.default_rng(0)).clip, np.ndarray)


@pytest.mark.parametrize("part", ["vae", "image_encoder"])
def test_latents_of_another_model_are_refused(part: str, base_folder, parts, tmp_path: Path) -> None:
    sample = encoded_sample(1, base_folder)
    other = {**sample.meta, "latents": "another/svd", "encoders": {**sample.meta["encoders"], part: "0123"}}
    unknown = {name: value for name, value in sample.meta.items() if name != "encoders"}
    metas = {"other": other, "unknown": unknown}
    write_tar(tmp_path / "a.tar", [(key, pack(replace(sample, key=key, meta=meta))) for key, meta in metas.items()])
    with pytest.raises(ValueError) as error:
        triple_of(tmp_path, base_folder, parts, 0)
    message = str(error.value)
    for named in ("'other'", f"the {part} of 'another/svd' (0123)", f"model.base '{base_folder}'", "data.latents"):
        assert named in message
    assert f"--latents {base_folder}" in message
    with pytest.raises(ValueError, match="'unknown' does not say which VAE made its latents"):
        triple_of(tmp_path, base_folder, parts, 1)
    assert triple_of(tmp_path, base_folder, parts, 0, size=(128, 128)).clip.shape == (LENGTH, 128, 128, 3)


def test_encoders_in_half_precision_are_still_the_same(shards, base_folder) -> None:
    rounded = load_base(ModelConfig(base=str(base_folder), frozen_precision="bf16"), seed=0)[1]
    assert next(rounded.image_encoder.parameters()).dtype == torch.bfloat16
    assert isinstance(triple_of(shards, base_folder, rounded).clip, EncodedClip)


@pytest.mark.slow
def test_a_run_goes_on_with_the_same_numbers(make_run, tmp_path: Path, no_video) -> None:
    whole = train(make_run(run={"folder": str(tmp_path / "whole")}))
    config = make_run()
    stopped = Trainer(config)
    with stopped.model.attached():
        steps = stopped._steps()
        for _ in range(2):
            stopped.optimise_(next(steps))
    stopped.save()
    last = train(config, resume=True)
    assert figures(tmp_path / "run") == figures(tmp_path / "whole")[2:]
    ours, theirs = state.load(last), state.load(whole)
    assert ours.weights.keys() == theirs.weights.keys()
    assert all(torch.equal(ours.weights[name], theirs.weights[name]) for name in theirs.weights)


def test_processes_share_the_clips_of_one(make_run, parts) -> None:
    config = make_run(run={"micro_batch": 1})
    alone = [batch for batch in build_loader(config, 0, 0, 1, parts.digests)]
    shared = [list(build_loader(config, 0, rank, 2, parts.digests)) for rank in (0, 1)]
    together = [batch for pair in zip(*shared, strict=True) for batch in pair]
    assert len(alone) == len(together) == 8
    for one, two in zip(alone, together, strict=True):
        assert one.encoded.all()
        for name in ("place", "number", "latents", "embedding", "first", "points"):
            assert torch.equal(getattr(one, name), getattr(two, name))


def test_damaged_latents_are_one_sentence(shards, base_folder, make_run, parts, tmp_path: Path) -> None:
    path, _, places = ShardIndex.of(shards).entries[2]
    data = bytearray(path.read_bytes())
    at = places["latents.safetensors"][0]
    data[at : at + 8] = b"\xff" * 8  # the length of its header
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.tar").write_bytes(data)
    config = make_run(data={"path": str(tmp_path / "bad")})
    source = build_source(config.data, Encoders(str(base_folder), parts.digests))
    bad, _ = Clips(source, config.data, 0)[ClipKey(2, 6, *SIZE, 1)]
    assert isinstance(bad, BadClip)
    assert bad.message.startswith("clip 2 of the training data: sample 'clip-3' cannot be read: ")
    with pytest.raises(ValueError, match=r"^step \d: clip 2 of the training data: sample 'clip-3' cannot be read"):
        train(config)


def test_shapes_of_an_encoded_clip_are_checked(shards, base_folder, parts) -> None:
    good = triple_of(shards, base_folder, parts)
    clip = good.clip
    bad = {
        "latents": [clip.latents[:5], clip.latents[..., :7], clip.latents.astype(np.float32)],
        "embedding": [clip.embedding[0], clip.embedding.astype(np.float64)],
        "first": [clip.first[:-1], clip.first.astype(np.float32)],
    }
    for name, values in bad.items():
        for value in values:
            with pytest.raises(ValueError, match=f"{name} of an encoded clip must be"):
                replace(good, clip=replace(clip, **{name: value}))
    with pytest.raises(ValueError, match="components must be uint8"):
        replace(good, components=good.components[:, 1:])
