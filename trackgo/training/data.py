"""Where triples come from, and which clip stands at which place of which step."""

from __future__ import annotations

import signal
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from ..demo.cutouts import cutout_scene
from ..demo.photographs import TRAINING, photograph
from ..demo.world import LARGE, MIXED, PLAIN, Recipe, Scene, scene
from ..drawing.coordinates import inside_frame
from ..trajectories import PointTrajectories
from .aids.correspondence import origins
from .batch import Batch, ClipKey, Triple, collate, numbered
from .config import DataConfig, TrainingConfig
from .shards import Encoders, ShardSource


class TripleSource(Protocol):
    """A set of training clips."""

    def __len__(self) -> int:
        """How many there are; 0 for no end."""
        ...

    def triple(self, key: ClipKey, rng: np.random.Generator) -> Triple:
        """Clip ``key.number`` at the key's size; ``rng`` for whatever the source leaves to chance."""
        ...


@dataclass(frozen=True)
class WorldSource:
    """The moving-sprites world.

    Attributes:
        scenes: how many scenes, 0 for no end.
        split: ``train``, ``validation`` or ``test``.
        covered: probability that points are hidden where something covers them, as a tracker would; otherwise they
            show wherever they are in the frame, as a user's drawing has them.
        plain, large: probability of a scene of plain sprites (``world.PLAIN``) and of one or two large ones
            (``world.LARGE``), instead of one by ``recipe``.
        photographs: probability of a scene of cut-outs (``cutouts``), whatever the split.
    """

    scenes: int = 0
    split: str = "train"
    covered: float = 0.3
    recipe: Recipe = MIXED
    plain: float = 0.0
    large: float = 0.0
    photographs: float = 0.0

    def __len__(self) -> int:
        return self.scenes

    def triple(self, key: ClipKey, rng: np.random.Generator) -> Triple:
        """See ``TripleSource``."""
        hidden, kind = rng.random(2).tolist()
        if kind >= 1 - self.photographs:
            seen = cutout_scene(TRAINING, key.number, key.frames, key.width, key.height)
        else:
            recipe = PLAIN if kind < self.plain else LARGE if kind < self.plain + self.large else self.recipe
            seen = scene(key.number, key.frames, key.width, key.height, self.split, recipe)
        return world_triple(seen, hidden < self.covered)


def world_triple(seen: Scene, covered: bool = False) -> Triple:
    """A scene → Triple; ``covered``: points are hidden where something covers them."""
    tracks = seen.trajectories()
    if not covered:
        visible = inside_frame(tracks.tracks, tracks.width, tracks.height)
        tracks = PointTrajectories(tracks.tracks, visible, tracks.component, tracks.width, tracks.height)
    components = numbered(seen.masks)
    return Triple(seen.frames, tracks.render(), components, origins(tracks, components))


def build_source(config: DataConfig, encoders: Encoders) -> TripleSource:
    """The source that the configuration names; ``encoders`` are those of the model to train.

    Raises:
        FileNotFoundError, ValueError: shards are asked for, and there are none or they are no shards; or photographs,
            and a package that brings some is not installed.
    """
    if config.source == "shards":
        return ShardSource.of(config.path, encoders if config.latents == "use" else None)
    if config.photographs:
        for name in TRAINING:
            photograph(*name)  # what is missing is said now, not in a worker
    return WorldSource(config.scenes, plain=config.plain, large=config.large, photographs=config.photographs)


@dataclass(frozen=True)
class BadClip:
    """What a worker hands over instead of a clip that cannot be prepared: one sentence."""

    message: str


class Clips(Dataset[tuple[Triple | BadClip, ClipKey]]):
    """Source → prepared clips by ``ClipKey``, with a small memory of the last ones."""

    def __init__(self, source: TripleSource, config: DataConfig, seed: int) -> None:
        self.source, self.config, self.seed = source, config, seed
        self._kept: OrderedDict[ClipKey, Triple] = OrderedDict()

    def __getitem__(self, key: ClipKey) -> tuple[Triple | BadClip, ClipKey]:
        try:
            return self._triple(key), key
        except (ValueError, OSError) as error:  # an exception would cross processes as a page of traceback
            return BadClip(f"clip {key.number} of the training data: {error}"), key

    def _triple(self, key: ClipKey) -> Triple:
        rng = np.random.default_rng((self.seed, key.number))
        which = key._replace(place=0)
        triple = self._kept.get(which) or self.source.triple(key, rng)
        if self.config.cache:
            self._kept[which] = triple
            if len(self._kept) > self.config.cache:
                self._kept.popitem(last=False)
        return triple


class StepSampler(Sampler[list[ClipKey]]):
    """The keys of every forward pass of one process, from optimiser step ``first`` to the end.

    Clip g of the run (counted over all steps and places) is number g of an endless source; of a source with n clips,
    it is number g mod n of a new permutation for every pass.
    """

    def __init__(self, config: TrainingConfig, length: int, first: int = 0, rank: int = 0, processes: int = 1) -> None:
        self.config, self.length, self.first, self.rank, self.processes = config, length, first, rank, processes

    def __iter__(self) -> Iterator[list[ClipKey]]:
        for step in range(self.first, self.config.steps):
            keys = self.keys(step)
            mine = keys[self.rank :: self.processes]
            size = micro_batch(self.config, step, self.processes)
            yield from (mine[at : at + size] for at in range(0, len(mine), size))

    def keys(self, step: int) -> list[ClipKey]:
        """The global batch of a step."""
        stage = self.config.stage_at(step)
        before = self._before(step)
        numbers = [self._number(before + place) for place in range(stage.batch_size)]
        return [ClipKey(n, stage.frames, stage.width, stage.height, place) for place, n in enumerate(numbers)]

    def _before(self, step: int) -> int:
        """Clips used by earlier steps."""
        count = 0
        for stage in self.config.stages:
            count += min(step, stage.steps) * stage.batch_size
            step = max(0, step - stage.steps)
        return count

    def _number(self, position: int) -> int:
        if not self.length:
            return position
        turn, at = divmod(position, self.length)
        return int(_permutation(self.length, self.config.run.seed, turn)[at])


@lru_cache(maxsize=2)
def _permutation(length: int, seed: int, turn: int) -> np.ndarray:
    return np.random.default_rng((seed, turn)).permutation(length)


def micro_batch(config: TrainingConfig, step: int, processes: int) -> int:
    """Clips per process and forward pass at a step.

    Raises:
        ValueError: the batch does not divide into processes and micro-batches.
    """
    batch = config.stage_at(step).batch_size
    size = config.run.micro_batch or max(1, batch // processes)
    if batch % (processes * size):
        raise ValueError(
            f"a batch of {batch} does not divide into {processes} processes with micro-batches of {size}: "
            "change stages.batch_size or run.micro_batch"
        )
    return size


def _collate(samples: list[tuple[Triple | BadClip, ClipKey]]) -> Batch | BadClip:
    triples, keys = zip(*samples, strict=True)
    bad = [triple for triple in triples if isinstance(triple, BadClip)]
    return bad[0] if bad else collate(triples, [key.place for key in keys], [key.number for key in keys])


def _quiet_worker(_number: int) -> None:
    """One thread per worker, because the training process needs the cores; and a signal to the whole group (Ctrl-C, a
    cluster's SIGTERM) is answered by the training process, which first writes a checkpoint and then ends its workers.
    """
    import cv2

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def build_loader(
    config: TrainingConfig, first: int, rank: int, processes: int, digests: Mapping[str, str]
) -> DataLoader:
    """Batches of one process from optimiser step ``first`` on, in order; ``digests``: see ``FrozenParts``."""
    source = build_source(config.data, Encoders(config.model.base, digests))
    workers = config.data.workers
    return DataLoader(
        Clips(source, config.data, config.run.seed),
        batch_sampler=StepSampler(config, len(source), first, rank, processes),
        collate_fn=_collate,
        num_workers=workers,
        worker_init_fn=_quiet_worker,
        prefetch_factor=4 if workers else None,
    )
