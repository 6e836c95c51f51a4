"""The folder of a run: which clips are done, and how they become shards. Made to be killed at any instant.

- ``manifest.json``: settings and the clips, in an order that never changes; clip n belongs to shard n // shard_clips.
- ``work/000012.tar``: the samples of clip 12; ``work/000012.json``: its outcome, written last. It makes the clip done.
- ``shard-000000.tar``: the samples of its clips; ``shard-000000.json``: their outcomes, written last. Then ``work`` is
  cleared of them.

Every file is written under another name and renamed. What stands there under its own name is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from ..files import remove_unfinished, replacing
from .pipeline import ClipOutcome
from .settings import Settings
from .shards import read_tar, write_tar

try:
    import fcntl
except ImportError:  # Windows: two runs in one folder are not told apart there
    fcntl = None


@dataclass(frozen=True)
class Job:
    """One clip to prepare: its place in the manifest, where it is, its name in reports, and the run's folder."""

    number: int
    source: Path
    name: str
    folder: Path
    settings: Settings


@dataclass(frozen=True)
class Store:
    """A run's folder."""

    folder: Path
    names: tuple[str, ...]
    shard_clips: int

    @classmethod
    def begin(cls, folder: Path, names: Sequence[str], settings: Settings, shard_clips: int) -> Store:
        """Open or make the folder; clips it does not know yet come behind those it knows.

        Raises:
            ValueError: the folder was prepared with other settings; says which differ.
        """
        if shard_clips < 1:
            raise ValueError(f"a shard needs at least 1 clip, got {shard_clips}")
        (folder / "work").mkdir(parents=True, exist_ok=True)
        path = folder / "manifest.json"
        known: list[str] = []
        if path.is_file():
            manifest = _read(path)
            _check_same(manifest, settings, shard_clips, folder)
            known = manifest["clips"]
        clips = list(dict.fromkeys([*known, *names]))
        if clips != known:
            mapping = {name: value for name, value in settings.to_mapping().items() if name != "preview"}
            write_json(path, {"settings": mapping, "fingerprint": settings.fingerprint(), "shard_clips": shard_clips,
                              "clips": clips})  # fmt: skip
        return cls(folder, tuple(clips), shard_clips)

    def unfinished(self) -> list[int]:
        """Numbers of the clips that are not done."""
        done = {int(path.stem) for path in (self.folder / "work").glob("*.json")}
        for shard in range(self._shards()):
            done |= {int(number) for number in self._packed(shard)}
        return [number for number in range(len(self.names)) if number not in done]

    def outcomes(self) -> dict[int, ClipOutcome]:
        """What is known of every clip that is done, by its number."""
        trees: dict[str, Any] = {}
        for shard in range(self._shards()):
            trees |= self._packed(shard)
        trees |= {path.stem: _read(path) for path in (self.folder / "work").glob("*.json")}
        found = {int(number): ClipOutcome.from_mapping(tree) for number, tree in trees.items()}
        return dict(sorted(found.items()))

    def pack_finished(self) -> None:
        """Make every shard whose clips are all done; the last one may hold fewer clips than the others."""
        waiting = {int(path.stem) for path in (self.folder / "work").glob("*.json")}
        for shard in sorted({number // self.shard_clips for number in waiting}):
            clips, packed = self._clips(shard), self._packed(shard)
            fresh = [number for number in clips if str(number) not in packed]
            if fresh and waiting.issuperset(fresh):
                self._pack(shard, packed, fresh)
            if waiting.issuperset(fresh):  # else a kill came between the last rename and the clearing
                self._clear(clips)

    def _pack(self, shard: int, packed: Mapping[str, Any], fresh: Sequence[int]) -> None:
        """``packed``: outcomes of the clips that this shard, once the last and not full, already holds."""
        outcomes = {**packed, **{str(n): _read(_outcome_path(self.folder, n)) for n in fresh}}
        own = {window["key"] for outcome in packed.values() for window in outcome["windows"]}
        old = [entry for entry in read_tar(self._tar(shard)) if entry[0] in own] if self._tar(shard).is_file() else []
        new = (entry for n in fresh for entry in _samples(self.folder, n))
        if any(not window["reason"] for outcome in outcomes.values() for window in outcome["windows"]):
            write_tar(self._tar(shard), chain(old, new))
        write_json(self._report(shard), outcomes)

    def _packed(self, shard: int) -> dict[str, Any]:
        path = self._report(shard)
        return _read(path) if path.is_file() else {}

    def _clear(self, clips: Sequence[int]) -> None:
        for number in clips:
            _samples_path(self.folder, number).unlink(missing_ok=True)
            _outcome_path(self.folder, number).unlink(missing_ok=True)

    def _shards(self) -> int:
        return -(-len(self.names) // self.shard_clips)

    def _clips(self, shard: int) -> range:
        return range(shard * self.shard_clips, min((shard + 1) * self.shard_clips, len(self.names)))

    def _tar(self, shard: int) -> Path:
        return self.folder / f"shard-{shard:06d}.tar"

    def _report(self, shard: int) -> Path:
        return self.folder / f"shard-{shard:06d}.json"


def save_clip(job: Job, outcome: ClipOutcome, samples: Sequence[tuple[str, Mapping[str, bytes]]]) -> None:
    """A finished clip: its samples first, then its outcome, which makes it count."""
    if samples:
        write_tar(_samples_path(job.folder, job.number), samples)
    write_json(_outcome_path(job.folder, job.number), outcome.to_mapping())


def write_json(path: Path, tree: Any) -> None:
    """JSON that appears whole or not at all. Bytes of file names that are no text are escaped in it."""
    text = json.dumps(tree, indent=1, sort_keys=True, ensure_ascii=False)
    if any("\ud800" <= letter <= "\udfff" for letter in set(text)):
        text = json.dumps(tree, indent=1, sort_keys=True)
    write_whole(path, text.encode())


def write_whole(path: Path, data: bytes) -> None:
    """A file that appears whole or not at all."""
    with replacing(path) as unfinished:
        unfinished.write_bytes(data)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keeps a second run out of the folder; the lock ends with the process, however that ends.

    Raises:
        ValueError: another run is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as file:
        if fcntl is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ValueError(f"another run is preparing clips in '{folder}'; wait for it or stop it") from None
        for place in (folder, folder / "work", folder / "preview"):
            remove_unfinished(place)  # of a run that was killed
        yield


def _samples(folder: Path, number: int) -> Iterator[tuple[str, dict[str, bytes]]]:
    path = _samples_path(folder, number)
    return read_tar(path) if path.is_file() else iter(())


def _samples_path(folder: Path, number: int) -> Path:
    return folder / "work" / f"{number:06d}.tar"


def _outcome_path(folder: Path, number: int) -> Path:
    return folder / "work" / f"{number:06d}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"'{path}' is damaged: {error}; remove it to prepare its clips again") from error


def _check_same(manifest: Mapping[str, Any], settings: Settings, shard_clips: int, folder: Path) -> None:
    if manifest["fingerprint"] == settings.fingerprint() and manifest["shard_clips"] == shard_clips:
        return
    before, now = manifest["settings"] | {"shard_clips": manifest["shard_clips"]}, settings.to_mapping()
    now = {name: value for name, value in now.items() if name in before} | {"shard_clips": shard_clips}
    differ = [f"{name} {before.get(name)}, not {now[name]}" for name in now if before.get(name) != now[name]]
    what = ", ".join(differ) or "another version of trackgo"
    raise ValueError(f"'{folder}' was prepared with other settings ({what}); repeat them or give another --out")
