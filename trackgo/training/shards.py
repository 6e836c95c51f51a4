"""Training clips from the shards of ``python -m trackgo prepare``, by number: a run can be resumed and shuffled."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ..preparation.sample import Sample
from ..preparation.shards import ShardIndex
from .batch import Triple

if TYPE_CHECKING:
    from .data import ClipKey


@dataclass(frozen=True, eq=False)
class ShardSource:
    """Prepared samples as a ``TripleSource``; P is drawn when a sample is read, at the size asked for.

    Frames are scaled to the key's size; of a longer sample the first frames are taken, for the points belong to the
    first one. Stored latents are not used: the trainer adds noise to the first frame before the VAE sees it, and scales
    clips to each stage's size, so it encodes for itself.
    """

    index: ShardIndex

    @classmethod
    def of(cls, path: str) -> ShardSource:
        """The shards at ``path``, a folder or one tar file.

        Raises:
            FileNotFoundError, ValueError: there are none, or they hold no sample.
        """
        index = ShardIndex.of(path)
        if not len(index):
            raise ValueError(f"the shards at '{path}' hold no sample")
        return cls(index)

    def __len__(self) -> int:
        return len(self.index)

    def triple(self, key: ClipKey, rng: np.random.Generator) -> Triple:
        """See ``TripleSource``."""
        return sample_triple(self.index[key.number], key.frames, key.width, key.height)


def sample_triple(sample: Sample, frames: int, width: int, height: int) -> Triple:
    """A sample's first ``frames`` frames at width × height.

    Raises:
        ValueError: the sample is shorter.
    """
    if len(sample.frames) < frames:
        raise ValueError(f"sample '{sample.key}' has {len(sample.frames)} frames; the stage wants {frames}")
    moving = sample.masks[:frames].any(axis=1)
    points = sample.trajectories()
    points = replace(points, tracks=points.tracks[:frames], visibility=points.visibility[:frames])
    same = sample.frames.shape[1:3] == (height, width)
    video = sample.frames[:frames] if same else np.stack([_scaled(f, width, height) for f in sample.frames[:frames]])
    cover = moving if same else np.stack([_scaled(m.astype(np.float32), width, height) >= 0.5 for m in moving])
    return Triple(video, points.resized(width, height).render(), cover)


def _scaled(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    smaller = width < picture.shape[1] or height < picture.shape[0]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
