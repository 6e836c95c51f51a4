"""Shards: WebDataset tar files of prepared samples. Written whole or not at all, and read back in order or by number.

Members of a sample, all under its key: ``mp4`` (H.264, at least ``PSNR_FLOOR_DB`` in every frame),
``tracks.safetensors`` (tracks, visible, component), ``masks.npz`` (bits packed along rows, deflated), ``json`` (source,
window, scores, tools) and, where asked for, ``latents.safetensors`` and ``first.png``, which can be read in place of
``mp4``.
"""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from safetensors import SafetensorError
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from ..files import replacing
from .codec import PSNR_FLOOR_DB, decode_video, encode_video
from .sample import EncodedSample, Sample

__all__ = [
    "PSNR_FLOOR_DB",
    "ShardIndex",
    "pack",
    "read_samples",
    "shard_files",
    "unpack",
    "unpack_encoded",
    "write_tar",
]

_ENCODED = ("latents.safetensors", "first.png")
"""Members that stand for the video."""

_ANNOTATIONS = ("tracks.safetensors", "masks.npz", "json")
_DAMAGE = (
    KeyError,
    OSError,
    ValueError,
    RuntimeError,
    EOFError,
    SyntaxError,
    SafetensorError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers of members raise over damaged ones."""


def pack(sample: Sample) -> dict[str, bytes]:
    """A sample as the contents of its members, by ending; the same sample gives the same bytes."""
    arrays = {"tracks": sample.tracks, "visible": sample.visible, "component": sample.component}
    video, psnr = encode_video(sample.frames, float(sample.meta.get("fps", 25)))
    meta = {**sample.meta, "key": sample.key, "psnr_db": round(psnr, 2)}
    members = {
        "json": json.dumps(meta, sort_keys=True, ensure_ascii=False).encode(),
        "masks.npz": _pack_masks(sample.masks),
        "mp4": video,
        "tracks.safetensors": save_safetensors({name: np.ascontiguousarray(a) for name, a in arrays.items()}),
    }
    if sample.latents is not None:
        parts = {"latents": sample.latents, "embedding": sample.embedding}
        members["latents.safetensors"] = save_safetensors({n: np.ascontiguousarray(a) for n, a in parts.items()})
        first = io.BytesIO()
        Image.fromarray(sample.frames[0]).save(first, "png")
        members["first.png"] = first.getvalue()
    return members


def unpack(key: str, members: Mapping[str, bytes]) -> Sample:
    """The sample that ``pack`` packed, its frames as the video keeps them.

    Raises:
        ValueError: a member is missing or damaged; names the sample.
    """
    _require(key, members, ("mp4", *_ANNOTATIONS))
    with _naming(key):
        stored = load_safetensors(members["latents.safetensors"]) if "latents.safetensors" in members else {}
        latents, embedding = stored.get("latents"), stored.get("embedding")
        frames = decode_video(members["mp4"])
        return Sample(key, frames, **_unpack_annotations(members), latents=latents, embedding=embedding)


def unpack_encoded(key: str, members: Mapping[str, bytes]) -> EncodedSample:
    """The sample that ``pack`` packed, without its video; for samples with latents.

    Raises:
        ValueError: a member is missing or damaged; names the sample.
    """
    _require(key, members, (*_ENCODED, *_ANNOTATIONS))
    with _naming(key):
        stored = load_safetensors(members["latents.safetensors"])
        with Image.open(io.BytesIO(members["first.png"]), formats=["PNG"]) as picture:
            first = np.array(picture.convert("RGB"))
        return EncodedSample(key, stored["latents"], stored["embedding"], first, **_unpack_annotations(members))


def _require(key: str, members: Mapping[str, bytes], names: Iterable[str]) -> None:
    missing = [name for name in names if name not in members]
    if missing:
        raise ValueError(f"sample '{key}' has no {', '.join(missing)}; was it written by 'trackgo prepare'?")


@contextmanager
def _naming(key: str) -> Iterator[None]:
    """Whatever is raised inside over a damaged member becomes a ValueError that names the sample."""
    try:
        yield
    except _DAMAGE as error:
        raise ValueError(f"sample '{key}' cannot be read: {error}") from error


def _unpack_annotations(members: Mapping[str, bytes]) -> dict[str, Any]:
    """The fields of ``Annotated`` but the key."""
    arrays = load_safetensors(members["tracks.safetensors"])
    masks, meta = _unpack_masks(members["masks.npz"]), json.loads(members["json"])
    return {name: arrays[name] for name in ("tracks", "visible", "component")} | {"masks": masks, "meta": meta}


def _pack_masks(masks: np.ndarray) -> bytes:
    target = io.BytesIO()
    np.savez_compressed(target, bits=np.packbits(masks, axis=-1), shape=np.array(masks.shape))
    return target.getvalue()


def _unpack_masks(data: bytes) -> np.ndarray:
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        shape = tuple(stored["shape"].tolist())
        return np.unpackbits(stored["bits"], axis=-1, count=shape[-1]).astype(bool).reshape(shape)


def write_tar(path: Path, samples: Iterable[tuple[str, Mapping[str, bytes]]]) -> None:
    """Samples as (key, members) → a tar file, which appears whole or not at all; the same samples, the same bytes."""
    with replacing(path) as unfinished, tarfile.open(unfinished, "w", format=tarfile.USTAR_FORMAT) as tar:
        for key, members in samples:
            for ending in sorted(members):
                entry = tarfile.TarInfo(f"{key}.{ending}")
                entry.size, entry.mode = len(members[ending]), 0o644
                tar.addfile(entry, io.BytesIO(members[ending]))


def read_tar(path: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """(key, members) of a tar file, in order.

    Raises:
        ValueError: not a whole tar file.
    """
    for key, places in _entries(path):
        with open(path, "rb") as file:
            yield key, {ending: _read_at(file, *place) for ending, place in places.items()}


def _entries(path: Path) -> list[tuple[str, dict[str, tuple[int, int]]]]:
    """Keys of a tar file with each member's offset and size."""
    found: dict[str, dict[str, tuple[int, int]]] = {}
    try:
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                key, _, ending = member.name.partition(".")
                found.setdefault(key, {})[ending] = (member.offset_data, member.size)
    except tarfile.TarError as error:
        raise ValueError(f"'{path}' is not a whole shard: {error}") from error
    return list(found.items())


def _read_at(file: io.BufferedReader, offset: int, size: int) -> bytes:
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise ValueError(f"'{file.name}' is cut off: {len(data)} of {size} bytes at {offset}")
    return data


def shard_files(source: Path | str | Iterable[Path | str]) -> list[Path]:
    """A folder's shards, one tar file, or a list of either.

    Raises:
        FileNotFoundError: nothing there. ValueError: a folder without shards.
    """
    if not isinstance(source, str | Path):
        return [file for part in source for file in shard_files(part)]
    path = Path(source)
    if not path.exists():
        raise FileNotFoundError(f"there are no shards at '{path}'")
    files = [path] if path.is_file() else sorted(path.glob("*.tar"))
    if not files:
        raise ValueError(f"there are no shards (*.tar) in '{path}'; make some with 'python -m trackgo prepare'")
    return files


def read_samples(source: Path | str | Iterable[Path | str]) -> Iterator[Sample]:
    """Every sample of a folder of shards, a tar file, or a list of either; errors as ``shard_files`` and ``unpack``."""
    for path in shard_files(source):
        for key, members in read_tar(path):
            yield unpack(key, members)


@dataclass(frozen=True, eq=False)
class ShardIndex:
    """Random access to the samples of shards: which file, and where in it, each member lies.

    Attributes:
        entries: per sample its file, key and members as (offset, size).
    """

    entries: tuple[tuple[Path, str, Mapping[str, tuple[int, int]]], ...]

    @classmethod
    def of(cls, source: Path | str | Iterable[Path | str]) -> ShardIndex:
        """Look through the headers of all shards; errors as ``shard_files``."""
        files = shard_files(source)
        return cls(tuple((path, key, places) for path in files for key, places in _entries(path)))

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, number: int) -> Sample:
        """Sample ``number``; errors as ``unpack``."""
        return unpack(*self._members(number, self.entries[number][2]))

    def encoded(self, number: int) -> EncodedSample | None:
        """Sample ``number`` by its latents, None where none are stored; its video is not even read from the file.

        Errors as ``unpack_encoded``.
        """
        endings = set(self.entries[number][2])
        if not endings.intersection(_ENCODED):
            return None
        return unpack_encoded(*self._members(number, endings - {"mp4"}))

    def _members(self, number: int, endings: Iterable[str]) -> tuple[str, dict[str, bytes]]:
        path, key, places = self.entries[number]
        with open(path, "rb") as file:
            return key, {ending: _read_at(file, *places[ending]) for ending in endings}
