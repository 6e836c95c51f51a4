from __future__ import annotations

import numpy as np
import pytest
import torch

from trackgo.demo.cutouts import cutout_scene
from trackgo.demo.photographs import SKLEARN, TRAINING
from trackgo.demo.world import LARGE, PLAIN, scene
from trackgo.svd.frozen import to_unit
from trackgo.training import data
from trackgo.training.batch import Triple, collate, model_input
from trackgo.training.config import ConditioningConfig, LossConfig, ModelConfig
from trackgo.training.data import (
    BadClip,
    ClipKey,
    Clips,
    StepSampler,
    WorldSource,
    build_loader,
    build_source,
    world_triple,
)
from trackgo.training.setup import load_base


def stages(*pairs):
    return [{"steps": s, "width": 64, "height": 64, "frames": 6, "batch_size": b} for s, b in pairs]


def test_an_endless_source_shows_every_clip_once_in_order(make_config):
    sampler = StepSampler(make_config(stages=stages((2, 3), (2, 2))), length=0)
    numbers = [key.number for step in range(4) for key in sampler.keys(step)]
    assert numbers == list(range(10))


def test_a_finite_source_is_shuffled_anew_for_every_pass(make_config):
    sampler = StepSampler(make_config(stages=stages((10, 3))), length=10)
    numbers = [key.number for step in range(10) for key in sampler.keys(step)]
    passes = [numbers[i : i + 10] for i in range(0, 30, 10)]
    assert all(sorted(p) == list(range(10)) for p in passes)
    assert passes[0] != passes[1] != passes[2]


def test_processes_and_micro_batches_share_the_global_batch(make_config):
    config = make_config(stages=stages((3, 8)), run={"micro_batch": 2})
    whole = StepSampler(config, 0)
    parts = [list(StepSampler(config, 0, first=1, rank=rank, processes=2)) for rank in range(2)]
    assert [len(batch) for batch in parts[0]] == [2] * 4  # two steps of two passes
    for step in (1, 2):
        keys = [key for part in parts for batch in part[2 * (step - 1) : 2 * step] for key in batch]
        assert sorted(keys) == sorted(whole.keys(step))


def test_a_batch_that_does_not_divide_is_refused(make_config):
    config = make_config(stages=stages((1, 8)), run={"micro_batch": 3})
    with pytest.raises(ValueError, match="does not divide"):
        list(StepSampler(config, 0))


def test_the_loader_starts_anywhere(make_config):
    config = make_config(stages=stages((3, 2)))
    batches = list(build_loader(config, 0, 0, 1, {}))
    later = list(build_loader(config, 2, 0, 1, {}))
    assert len(batches) == 3 and len(later) == 1
    for name in ("frames", "points", "components", "place", "number"):
        torch.testing.assert_close(getattr(batches[2], name), getattr(later[0], name))


def test_world_triples_show_points_where_a_user_would_have_them():
    seen = scene(3, 6, 64, 64)
    drawn, tracked = world_triple(seen), world_triple(seen, covered=True)
    np.testing.assert_array_equal(tracked.points, seen.trajectories().render())
    assert (drawn.points.any(axis=-1) >= tracked.points.any(axis=-1)).all()
    for number in range(seen.masks.shape[1]):
        np.testing.assert_array_equal(drawn.components == number + 1, seen.masks[:, number])
    np.testing.assert_array_equal(drawn.clip, seen.frames)


def test_plain_and_large_scenes_come_as_often_as_asked(make_config):
    clips = Clips(WorldSource(plain=0.4, large=0.4), make_config().data, seed=0)
    plain = large = 0
    for number in range(30):
        triple, _ = clips[ClipKey(number, 2, 64, 64, 0)]
        plain += np.array_equal(triple.clip, scene(number, 2, 64, 64, recipe=PLAIN).frames)
        large += np.array_equal(triple.clip, scene(number, 2, 64, 64, recipe=LARGE).frames)
    assert 6 <= plain <= 18 and 6 <= large <= 18 and plain + large < 30


def test_cutouts_of_photographs_come_as_often_as_asked(make_config, monkeypatch):
    """With the two photographs that are there wherever the pack is."""
    shipped = {name: things for name, things in TRAINING.items() if name[0] == SKLEARN}
    monkeypatch.setattr(data, "TRAINING", shipped)
    config = make_config(data={"large": 0.3, "photographs": 0.5})
    clips = Clips(build_source(config.data, None), config.data, seed=0)
    found = 0
    for number in range(20):
        triple, _ = clips[ClipKey(number, 2, 96, 64, 0)]
        found += np.array_equal(triple.clip, cutout_scene(shipped, number, 2, 96, 64).frames)
    assert 5 <= found <= 15


def test_photographs_that_are_not_installed_are_named_before_training(make_config, monkeypatch):
    monkeypatch.setattr(data, "TRAINING", {("no_such_package.pictures", "cat.png"): []})
    with pytest.raises(FileNotFoundError, match=r"'cat\.png' comes with 'no_such_package', which is not in"):
        build_source(make_config(data={"photographs": 0.1}).data, None)


def test_triples_check_their_shapes():
    frames = np.zeros((6, 8, 8, 3), np.uint8)
    nothing, nowhere = frames[..., 0], np.full((6, 1, 1, 4), np.nan, np.float32)
    with pytest.raises(ValueError, match="P has shape"):
        Triple(frames, frames[:5], nothing, nowhere)
    with pytest.raises(ValueError, match=r"components must be uint8 \[6, 8, 8\], got uint8 \[5, 8, 8\]"):
        Triple(frames, frames, nothing[:5], nowhere)
    with pytest.raises(ValueError, match="components must be uint8"):
        Triple(frames, frames, nothing > 0, nowhere)
    with pytest.raises(ValueError, match=r"origins must be float32 \[6, 1, 1, 4\], got float32 \[5, 1, 1, 4\]"):
        Triple(frames, frames, nothing, nowhere[:5])
    with pytest.raises(ValueError, match="frames must be uint8"):
        Triple(frames.astype(np.float32), frames, nothing, nowhere)


class Broken(WorldSource):
    def triple(self, key, rng):
        raise OSError("shard 3 ends too early")


def test_a_clip_that_cannot_be_prepared_says_which(make_config):
    bad, key = Clips(Broken(), make_config().data, 0)[ClipKey(17, 6, 64, 64, 1)]
    assert isinstance(bad, BadClip) and key.place == 1
    assert bad.message == "clip 17 of the training data: shard 3 ends too early"


def test_random_numbers_belong_to_the_clip_not_to_the_batch(base_folder):
    _, parts = load_base(ModelConfig(base=str(base_folder)), 0)
    triples = [world_triple(scene(i, 6, 64, 64)) for i in range(4)]
    settings = dict(loss=LossConfig(), conditioning=ConditioningConfig(trajectory_dropout=0.5, image_dropout=0.5))
    whole = model_input(collate(triples, range(4)), parts, 7, 11, **settings)
    part = model_input(collate(triples[2:], (2, 3)), parts, 7, 11, **settings)
    for name in ("latents", "noisy", "sigma", "points", "moving"):
        torch.testing.assert_close(getattr(whole, name)[2:], getattr(part, name))
    torch.testing.assert_close(whole.conditioning.image_latent[2:], part.conditioning.image_latent)
    other = model_input(collate(triples, range(4)), parts, 7, 12, **settings)
    assert not torch.equal(whole.sigma, other.sigma)


def test_dropouts_happen_as_often_as_asked_and_black_p_moves_nothing(base_folder):
    _, parts = load_base(ModelConfig(base=str(base_folder)), 0)
    batch = collate([world_triple(scene(1, 6, 64, 64))] * 40, range(40))
    conditioning = ConditioningConfig(trajectory_dropout=0.3, image_dropout=0.6)
    data = model_input(batch, parts, 0, 0, LossConfig(), conditioning)
    black = (data.points == 0).flatten(1).all(dim=1)
    without = ~data.conditioning.image_latent.flatten(1).any(dim=1)
    assert 5 <= int(black.sum()) <= 19 and 16 <= int(without.sum()) <= 32
    assert not data.moving[black].any() and data.moving[~black].any()
    assert torch.equal(without, ~data.conditioning.embedding.flatten(1).any(dim=1))


def test_pictures_reach_the_vae_in_its_range():
    frames = torch.tensor([0, 255], dtype=torch.uint8).view(1, 1, 2, 1).expand(1, 1, 2, 3)
    torch.testing.assert_close(to_unit(frames)[0, :, 0], torch.tensor([[-1.0, 1.0]] * 3))
