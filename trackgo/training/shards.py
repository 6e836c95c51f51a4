"""Training clips from the shards of ``python -m trackgo prepare``, by number: a run can be resumed and shuffled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..preparation.sample import Annotated, EncodedSample, Sample
from ..preparation.shards import ShardIndex
from .aids.correspondence import origins
from .batch import ClipKey, EncodedClip, Triple, numbered


@dataclass(frozen=True)
class Encoders:
    """What stored latents must have been made with: the VAE and the image encoder of a model.

    Attributes:
        model: its name, as ``model.base`` has it.
        digests: see ``FrozenParts``.
    """

    model: str
    digests: Mapping[str, str]

    def check_made(self, sample: EncodedSample) -> None:
        """ValueError when the sample's latents or embedding are another model's, or nobody knows whose."""
        remedy = f"prepare again with --latents {self.model}, or set data.latents to ignore"
        made_by = sample.meta.get("encoders")
        if made_by is None:
            raise ValueError(
                f"sample '{sample.key}' does not say which VAE made its latents, as it comes from an older release: "
                f"{remedy}"
            )
        for part, digest in self.digests.items():
            if made_by.get(part) != digest:
                model = sample.meta.get("latents")
                raise ValueError(
                    f"sample '{sample.key}' was encoded with the {part} of '{model}' ({made_by.get(part)}), which is "
                    f"not that of model.base '{self.model}' ({digest}): {remedy}"
                )


@dataclass(frozen=True, eq=False)
class ShardSource:
    """Prepared samples as a ``TripleSource``; P is drawn when a sample is read, at the size asked for.

    Of a longer sample the first frames are taken, for the points belong to the first one. A sample that stores latents
    of the key's size gives those, and its video is left alone; every other one gives frames, scaled to the key's size,
    as latents cannot be scaled. Each sample decides for itself, so a batch may hold both kinds, and a clip's numbers
    depend on no other clip.

    Attributes:
        encoders: what stored latents must have been made with; None to use no stored latents.
    """

    index: ShardIndex
    encoders: Encoders | None

    @classmethod
    def of(cls, path: str, encoders: Encoders | None = None) -> ShardSource:
        """The shards at ``path``, a folder or one tar file.

        Raises:
            FileNotFoundError, ValueError: there are none, or they hold no sample.
        """
        index = ShardIndex.of(path)
        if not len(index):
            raise ValueError(f"the shards at '{path}' hold no sample")
        return cls(index, encoders)

    def __len__(self) -> int:
        return len(self.index)

    def triple(self, key: ClipKey, rng: np.random.Generator) -> Triple:
        """See ``TripleSource``.

        Raises:
            ValueError: the sample is damaged or too short, or other encoders made its latents.
        """
        size = key.frames, key.width, key.height
        encoded = self.index.encoded(key.number) if self.encoders else None
        if encoded is None or encoded.first.shape[:2] != (key.height, key.width):
            return sample_triple(self.index[key.number], *size)
        self.encoders.check_made(encoded)
        return encoded_triple(encoded, key.frames)


def sample_triple(sample: Sample, frames: int, width: int, height: int) -> Triple:
    """A sample's first ``frames`` frames at width × height.

    Raises:
        ValueError: the sample is shorter.
    """
    drawn = _drawn(sample, frames, width, height)
    video = sample.frames[:frames]
    if video.shape[1:3] != (height, width):
        video = np.stack([_scaled(frame, width, height) for frame in video])
    return Triple(video, *drawn)


def encoded_triple(sample: EncodedSample, frames: int) -> Triple:
    """The latents of a sample's first ``frames`` frames, at its own size: SVD's VAE encodes every frame by itself.

    Raises:
        ValueError: the sample is shorter.
    """
    height, width = sample.first.shape[:2]
    drawn = _drawn(sample, frames, width, height)
    return Triple(EncodedClip(sample.latents[:frames], sample.embedding, sample.first), *drawn)


def _drawn(sample: Annotated, frames: int, width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """P uint8 [L, H, W, 3] of a sample's first frames at width × height, which component is where, and where that lay
    in the first one (``Triple``)."""
    if len(sample.masks) < frames:
        raise ValueError(f"sample '{sample.key}' has {len(sample.masks)} frames; the stage wants {frames}")
    points = sample.trajectories()
    points = replace(points, tracks=points.tracks[:frames], visibility=points.visibility[:frames])
    masks = sample.masks[:frames]
    if masks.shape[2:] != (height, width):
        small = [[_scaled(mask.astype(np.float32), width, height) for mask in frame] for frame in masks]
        masks = np.array(small) >= 0.5
    points, components = points.resized(width, height), numbered(masks)
    return points.render(), components, origins(points, components)


def _scaled(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    smaller = width < picture.shape[1] or height < picture.shape[0]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
