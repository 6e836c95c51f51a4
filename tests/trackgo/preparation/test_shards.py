from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trackgo.preparation.clips import known_clip
from trackgo.preparation.codec import PSNR_FLOOR_DB, decode_video, encode_video
from trackgo.preparation.sample import Sample, sample_points
from trackgo.preparation.shards import ShardIndex, pack, read_samples, unpack, unpack_encoded, write_tar


def make_sample(index: int, key: str | None = None) -> Sample:
    clip = known_clip(index, 6, 192, 128)
    meta = {"source": "Kürbis.mp4", "fps": 10.0, "scores": {"motion": 1.5}}
    return Sample(key or f"clip-{index}", clip.frames, clip.tracks, clip.visible, clip.component, clip.masks, meta)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shards")
    for shard, numbers in enumerate([(0, 1), (2,)]):
        write_tar(folder / f"shard-{shard:06d}.tar", [(f"clip-{n}", pack(make_sample(n))) for n in numbers])
    return folder


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Of the worst frame, by its definition."""
    errors = ((a.astype(np.float64) - b.astype(np.float64)) ** 2).reshape(len(a), -1).mean(axis=1)
    return float(min(10 * np.log10(255**2 / max(error, 1e-12)) for error in errors))


def test_samples_come_back_as_they_were_written(folder: Path) -> None:
    found = list(read_samples(folder))
    assert [sample.key for sample in found] == ["clip-0", "clip-1", "clip-2"]
    for number, sample in enumerate(found):
        wanted = make_sample(number)
        for name in ("tracks", "visible", "component", "masks"):
            assert getattr(sample, name).dtype == getattr(wanted, name).dtype
            assert (getattr(sample, name) == getattr(wanted, name)).all()
        assert sample.meta["source"] == "Kürbis.mp4"
        assert sample.meta["scores"] == {"motion": 1.5}
        assert psnr(sample.frames, wanted.frames) >= PSNR_FLOOR_DB
        assert sample.meta["psnr_db"] == pytest.approx(psnr(sample.frames, wanted.frames), abs=0.02)


def test_the_stock_webdataset_reader_opens_them(folder: Path) -> None:
    webdataset = pytest.importorskip("webdataset")
    urls = [str(path) for path in sorted(folder.glob("*.tar"))]
    found = list(webdataset.WebDataset(urls, shardshuffle=False))
    assert [entry["__key__"] for entry in found] == ["clip-0", "clip-1", "clip-2"]
    for entry in found:
        assert {"mp4", "tracks.safetensors", "masks.npz", "json"} <= set(entry)
        sample = unpack(entry["__key__"], entry)
        assert json.loads(entry["json"])["key"] == sample.key
    decoded = next(iter(webdataset.WebDataset(urls, shardshuffle=False).decode()))
    assert decoded["json"]["source"] == "Kürbis.mp4"


@pytest.mark.parametrize("kind", ["noise", "checks", "flat", "colors"])
def test_no_frame_falls_below_the_psnr_floor(kind: str) -> None:
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:64, :96]
    frames = {
        "noise": rng.integers(0, 256, (5, 64, 96, 3)),
        "checks": np.repeat((((x + y) % 2) * 255)[None, ..., None], 5, 0) * [1, 0, 1],
        "flat": np.full((5, 64, 96, 3), 77),
        "colors": np.repeat(np.stack([x * 2.6, 255 - x * 2.6, y * 3.9], -1)[None], 5, 0),
    }[kind].astype(np.uint8)
    data, claimed = encode_video(frames, 7)
    assert psnr(decode_video(data), frames) >= PSNR_FLOOR_DB
    assert claimed >= PSNR_FLOOR_DB
    assert encode_video(frames, 7)[0] == data  # no dates, no chance


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(0, 3), st.integers(2, 40), st.integers(0, 1000))
def test_masks_of_any_shape_survive_packing(length: int, count: int, side: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = np.zeros((length, 2 * side, 2 * side + 2, 3), np.uint8)
    masks = rng.random((length, count, 2 * side, 2 * side + 2)) < 0.4
    empty = np.zeros((length, 0, 2), np.float32), np.zeros((length, 0), bool), np.zeros(0, np.int64)
    again = unpack("k", pack(Sample("k", frames, *empty, masks)))
    assert (again.masks == masks).all()
    assert again.tracks.shape == (length, 0, 2)


def test_any_sample_is_reached_by_number(folder: Path) -> None:
    index = ShardIndex.of(folder)
    assert len(index) == 3
    for number in (2, 0, 1):
        sample = index[number]
        assert sample.key == f"clip-{number}"
        assert (sample.tracks == make_sample(number).tracks).all()


def test_latents_and_the_first_frame_are_stored_beside(tmp_path: Path) -> None:
    plain = make_sample(0)
    latents, embedding = np.random.default_rng(0).normal(size=(6, 4, 16, 24)), np.ones((1, 8))
    stored = Sample(
        plain.key, plain.frames, plain.tracks, plain.visible, plain.component, plain.masks, plain.meta,
        latents.astype(np.float16), embedding.astype(np.float16),
    )  # fmt: skip
    members = pack(stored)
    again = unpack(stored.key, members)
    assert (again.latents == latents.astype(np.float16)).all()
    assert (again.embedding == 1).all()
    encoded = unpack_encoded(stored.key, {name: data for name, data in members.items() if name != "mp4"})
    assert (encoded.first == plain.frames[0]).all()
    for name in ("latents", "embedding", "tracks", "visible", "component", "masks"):
        assert (getattr(encoded, name) == getattr(stored, name)).all()
    assert (encoded.trajectories().render() == plain.trajectories().render()).all()
    with pytest.raises(ValueError, match=r"latents have shape \[5, 4, 16, 20\]; they must be \[L, 4, 16, 24\]"):
        replace(encoded, latents=encoded.latents[:5, ..., :20])
    with pytest.raises(ValueError, match="masks have shape"):
        replace(encoded, latents=encoded.latents[:5])


@pytest.mark.parametrize("name", ["latents.safetensors", "first.png", "masks.npz", "tracks.safetensors", "json"])
def test_damage_to_any_member_is_one_sentence(name: str) -> None:
    sample = make_sample(0)
    latents, embedding = np.zeros((6, 4, 16, 24), np.float16), np.zeros((1, 8), np.float16)
    members = pack(replace(sample, latents=latents, embedding=embedding))
    rng = np.random.default_rng(0)
    for length in (0, 7, 60, len(members[name]) // 2):
        noisy = np.frombuffer(members[name], np.uint8).copy()
        noisy[length : length + 40] = rng.integers(0, 256, len(noisy[length : length + 40]))
        with contextlib.suppress(ValueError):  # noise in the middle of numbers is numbers
            unpack_encoded("x", members | {name: noisy.tobytes()})
        with pytest.raises(ValueError, match="sample 'x' cannot be read: "):
            unpack_encoded("x", members | {name: members[name][:length]})


def test_the_same_samples_make_the_same_file(tmp_path: Path) -> None:
    for name in ("a.tar", "b.tar"):
        write_tar(tmp_path / name, [("clip-0", pack(make_sample(0)))])
    assert (tmp_path / "a.tar").read_bytes() == (tmp_path / "b.tar").read_bytes()


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", [("one", {"json": b"{}"})])
    before = (tmp_path / "a.tar").read_bytes()

    def broken():
        yield "two", {"json": b"{}"}
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_tar(tmp_path / "a.tar", broken())
    assert (tmp_path / "a.tar").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]


def test_damaged_shards_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no shards at"):
        list(read_samples(tmp_path / "missing"))
    with pytest.raises(ValueError, match=r"no shards \(\*\.tar\)"):
        list(read_samples(tmp_path))
    (tmp_path / "text.tar").write_text("this is no tar file" * 100)
    with pytest.raises(ValueError, match="not a whole shard"):
        list(read_samples(tmp_path / "text.tar"))
    whole = (folder / "shard-000000.tar").read_bytes()
    (tmp_path / "text.tar").write_bytes(whole[:3000])
    with pytest.raises(ValueError, match=r"text\.tar|sample 'clip-0'"):
        list(read_samples(tmp_path / "text.tar"))
    members = pack(make_sample(0))
    with pytest.raises(ValueError, match=r"sample 'x' has no masks\.npz"):
        unpack("x", {name: data for name, data in members.items() if name != "masks.npz"})
    with pytest.raises(ValueError, match="sample 'x' cannot be read: its video"):
        unpack("x", members | {"mp4": b"nothing"})


def test_points_follow_equation_10_for_each_mask() -> None:
    masks = np.zeros((2, 100, 100), bool)
    masks[0, :20, :20] = True  # 4 % of the frame: 16 points
    masks[1, 40:, :] = True  # 60 %: 64 points
    points, component = sample_points(masks, (5, 0))
    assert np.bincount(component).tolist() == [16, 64]
    columns, rows = np.rint(points).astype(int).T
    assert masks[component, rows, columns].all()
    assert (sample_points(masks, (5, 0))[0] == points).all()
    assert (sample_points(masks, (6, 0))[0] != points).any()


def test_components_can_be_left_out() -> None:
    sample = make_sample(0)
    assert sample.masks.shape[1] == 2
    second = sample.only(np.array([False, True]))
    assert (second.masks[:, 0] == sample.masks[:, 1]).all()
    assert (second.component == 0).all()
    assert (second.tracks == sample.tracks[:, sample.component == 1]).all()
