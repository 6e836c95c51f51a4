"""Prepared samples (`python -m trackgo prepare`) as a source of videos to evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..trajectories import PointTrajectories, inside_frame
from .cases import LEAST_OBJECT_PX, Case, Cover, Source, known_case


class Sample(Protocol):
    """What is used of a prepared sample; see ``trackgo.preparation.sample``."""

    key: str
    frames: NDArray[np.uint8]
    tracks: NDArray[np.float32]
    visible: NDArray[np.bool_]
    component: NDArray[np.int64]
    masks: NDArray[np.bool_]


def shards_source(folder: Path, frames: int, width: int, height: int, limit: int | None = None) -> Source:
    """The samples of a folder of shards, or only the first ``limit``. ValueError when there is none."""
    from ..preparation.shards import read_samples

    return samples_source(
        f"prepared samples in {folder.name}", lambda: read_samples(folder), frames, width, height, limit
    )


def samples_source(
    title: str, read: Callable[[], Iterable[Sample]], frames: int, width: int, height: int, limit: int | None = None
) -> Source:
    """Samples that can be read in order, again and again: once for their names, then as they are needed."""
    names = tuple(sample.key for sample in islice(read(), limit))
    if not names:
        raise ValueError(f"{title}: there is no sample")
    rest: Iterator[Sample] = iter(())

    def load(name: str) -> Case:
        nonlocal rest
        for _ in range(2):  # the next ones first, as names come in order; then once more from the beginning
            found = next((sample for sample in rest if sample.key == name), None)
            if found is not None:
                return prepared_case(found, frames, width, height)
            rest = iter(read())
        raise ValueError("it cannot be read a second time")

    return Source(title, names, load, {})


def prepared_case(sample: Sample, frames: int, width: int, height: int) -> Case:
    """The first frames of a sample at another size, with its own tracks.

    Raises:
        ValueError: it is too short, or no object of it can be seen.
    """
    if len(sample.frames) < frames:
        raise ValueError(f"it has {len(sample.frames)} frames; {frames} are evaluated")
    cover = Cover(sample.frames.shape[2], sample.frames.shape[1], width, height)
    masks = cover.masks(sample.masks[0])
    tracks = cover.points(sample.tracks[:frames])
    visible = sample.visible[:frames] & inside_frame(tracks, width, height)
    kept = [
        number
        for number, mask in enumerate(masks)
        if mask.sum() >= LEAST_OBJECT_PX and visible[0, sample.component == number].any()
    ]
    if not kept:
        raise ValueError("none of its objects can be seen in the first frame")
    own = np.isin(sample.component, kept)
    component = np.searchsorted(kept, sample.component[own])
    wanted = PointTrajectories(tracks[:, own], visible[:, own], component, width, height)
    real = cover.frames(sample.frames[:frames])
    return known_case(sample.key, real[0], wanted, masks[kept], real, 1 / cover.scale)
