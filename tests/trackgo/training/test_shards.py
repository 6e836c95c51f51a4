from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.trackgo.preparation.clips import known_clip
from trackgo.preparation.sample import Sample
from trackgo.preparation.shards import pack, unpack, write_tar
from trackgo.training.config import DataConfig
from trackgo.training.data import ClipKey, build_source
from trackgo.training.shards import Encoders, sample_triple
from trackgo.training.trainer import train

NO_ENCODERS = Encoders("demo", {})


def make_sample(index: int) -> Sample:
    clip = known_clip(index, 8, 128, 128)
    return Sample(f"clip-{index}", clip.frames, clip.tracks, clip.visible, clip.component, clip.masks)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    for shard, numbers in enumerate([(0, 1), (2,)]):
        write_tar(folder / f"shard-{shard:06d}.tar", [(f"clip-{n}", pack(make_sample(n))) for n in numbers])
    return folder


def test_a_sample_at_its_own_size_is_used_as_it_is(shards: Path) -> None:
    source = build_source(DataConfig(source="shards", path=str(shards)), NO_ENCODERS)
    assert len(source) == 3
    triple = source.triple(ClipKey(2, 8, 128, 128, 0), np.random.default_rng(0))
    sample = unpack("clip-2", pack(make_sample(2)))
    assert (triple.clip == sample.frames).all()
    assert (triple.points == sample.trajectories().render()).all()
    assert ((triple.components > 0) == sample.masks.any(axis=1)).all()


def test_points_and_masks_follow_the_frames_to_another_size() -> None:
    sample = make_sample(1)
    triple = sample_triple(sample, 5, 64, 192)
    assert triple.clip.shape == (5, 192, 64, 3)
    wanted = sample.trajectories().resized(64, 192).render()[:5]
    assert (triple.points == wanted).all()
    covered = (triple.components > 0).mean(axis=(1, 2))
    assert covered == pytest.approx(sample.masks.any(axis=1)[:5].mean(axis=(1, 2)), abs=0.01)
    still = sample_triple(replace(sample, frames=np.full_like(sample.frames, 90)), 5, 64, 192)
    assert (still.clip == 90).all()


def test_too_short_samples_are_named() -> None:
    with pytest.raises(ValueError, match="'clip-1' has 8 frames; the stage wants 14"):
        sample_triple(make_sample(1), 14, 64, 64)


def test_missing_shards_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no shards at"):
        build_source(DataConfig(source="shards", path=str(tmp_path / "missing")), NO_ENCODERS)
    write_tar(tmp_path / "empty.tar", [])
    with pytest.raises(ValueError, match="hold no sample"):
        build_source(DataConfig(source="shards", path=str(tmp_path)), NO_ENCODERS)


@pytest.mark.slow
def test_training_runs_from_shards(shards: Path, make_config, tmp_path: Path) -> None:
    config = make_config(data={"source": "shards", "path": str(shards)}, evaluation={"every": 0})
    train(config)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(line)["mse"] for line in lines if "mse" in json.loads(line)]
    assert len(losses) == 4
    assert np.isfinite(losses).all()
