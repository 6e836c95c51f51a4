"""Prepared samples (`python -m trackgo prepare`) as a source of videos to evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..center_crop import CenterCrop
from ..drawing.coordinates import inside_frame
from ..trajectories import PointTrajectories
from .cases import MIN_OBJECT_PX, Case, Source, known_case


class Sample(Protocol):
    """What is used of a prepared sample; see ``trackgo.preparation.sample``."""

    key: str
    frames: NDArray[np.uint8]
    tracks: NDArray[np.float32]
    visible: NDArray[np.bool_]
    component: NDArray[np.int64]
    masks: NDArray[np.bool_]


def shards_source(folder: Path, frames: int, width: int, height: int) -> Source:
    """The samples of a folder of shards. ValueError or OSError when there is none."""
    from ..preparation.shards import ShardIndex

    index = ShardIndex.of(folder)
    places = {key: number for number, (_, key, _) in enumerate(index.entries)}
    if not places:
        raise ValueError(f"'{folder}' holds no sample")

    def load(name: str) -> Case:
        return prepared_case(index[places[name]], frames, width, height)

    return Source(f"prepared samples in {folder.name}", tuple(places), load, {})


def prepared_case(sample: Sample, frames: int, width: int, height: int) -> Case:
    """The first frames of a sample at another size, with its own tracks.

    Raises:
        ValueError: it is too short, or no object of it can be seen.
    """
    if len(sample.frames) < frames:
        raise ValueError(f"it has {len(sample.frames)} frames; {frames} are evaluated")
    crop = CenterCrop(sample.frames.shape[2], sample.frames.shape[1], width, height)
    masks = crop.masks(sample.masks[0])
    tracks = crop.points(sample.tracks[:frames])
    visible = sample.visible[:frames] & inside_frame(tracks, width, height)
    kept = [
        number
        for number, mask in enumerate(masks)
        if mask.sum() >= MIN_OBJECT_PX and visible[0, sample.component == number].any()
    ]
    if not kept:
        raise ValueError("none of its objects can be seen in the first frame")
    own = np.isin(sample.component, kept)
    component = np.searchsorted(kept, sample.component[own])
    wanted = PointTrajectories(tracks[:, own], visible[:, own], component, width, height)
    real = crop.frames(sample.frames[:frames])
    return known_case(sample.key, real[0], wanted, masks[kept], real, 1 / crop.scale)
