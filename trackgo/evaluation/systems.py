"""What is compared: our pipeline, the same without trajectories, other systems' videos, and two yardsticks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..center_crop import CenterCrop
from ..engines.cut_and_drag import tracked_reference
from ..engines.hold import RELEASE, START
from ..pipeline import Engine, TrackGoPipeline
from .cases import Case
from .results import REAL, STILL
from .sources import read_video

_ASPECT = 0.01  # by how much a video's shape may differ, relative, and still be only scaled


class System(Protocol):
    """Something that makes videos."""

    name: str

    def video(self, case: Case) -> NDArray[np.uint8]:
        """uint8 [L, H, W, 3], of any length and size. ValueError or OSError when it has none or a broken one."""
        ...


@dataclass(frozen=True)
class Sampling:
    """Settings of the sampler, as in ``TrackGoPipeline``."""

    steps: int = 25
    guidance: float = 2.5
    seed: int = 0
    fps: int = 7
    start: float = START
    release: float = RELEASE

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; at least one is needed")
        if self.release < self.start:
            raise ValueError(
                f"cut and drag lets go at {self.release:g}, before it begins at {self.start:g}: give --release a share "
                f"of the sampling that is not below --start"
            )


@dataclass(frozen=True, eq=False)
class Generated:
    """A pipeline's own videos, by one of its engines or none (plain SVD)."""

    name: str
    pipeline: TrackGoPipeline
    sampling: Sampling
    engine: Engine | None

    def video(self, case: Case) -> NDArray[np.uint8]:
        """See ``System``."""
        s = self.sampling
        held = {}
        if self.engine in ("cut-and-drag", "both"):
            reference = tracked_reference(case.picture, case.masks, case.wanted)
            held = {"reference": reference, "start": s.start, "release": s.release}
        return self.pipeline(
            case.picture, None if self.engine is None else case.wanted, frames=case.frames, engine=self.engine,
            steps=s.steps, guidance=s.guidance, seed=s.seed, fps=s.fps, **held,
        )  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """Another system's videos, each under its case's name: a clip or a folder of frames."""

    name: str
    path: Path

    def __post_init__(self) -> None:
        if not self.path.is_dir():
            raise ValueError(f"system {self.name}: there is no folder '{self.path}'")

    def video(self, case: Case) -> NDArray[np.uint8]:
        """See ``System``."""
        return read_video(self.path, case.name, case.frames)


@dataclass(frozen=True)
class Still:
    """The first frame, held: what no method may do worse than."""

    name: str = STILL

    def video(self, case: Case) -> NDArray[np.uint8]:
        """See ``System``."""
        return np.repeat(case.picture[None], case.frames, axis=0)


@dataclass(frozen=True)
class Real:
    """The true video: what looking for known sprites gets wrong; 0 with a tracker, whose tracks are what is wanted."""

    name: str = REAL

    def video(self, case: Case) -> NDArray[np.uint8]:
        """See ``System``."""
        if case.real is None:
            raise ValueError("it has no true video")
        return case.real


def fitted(video: NDArray[np.uint8], case: Case) -> tuple[NDArray[np.uint8], str | None]:
    """A system's video at the length and size of the case, and what had to be done to it.

    Raises:
        ValueError: no frames, too few, or of another shape.
    """
    if video.ndim != 4 or video.shape[-1] != 3 or not len(video):
        raise ValueError(f"it is no video: {list(video.shape)}")
    if len(video) < case.frames:
        raise ValueError(f"it has {len(video)} frames; {case.frames} are evaluated")
    video = video[: case.frames]
    height, width = video.shape[1:3]
    if (width, height) == case.size:
        return video, None
    if abs(width / height / (case.size[0] / case.size[1]) - 1) > _ASPECT:
        raise ValueError(f"it is {width}×{height} pixels, another shape than {case.size[0]}×{case.size[1]}")
    scaled = CenterCrop(width, height, *case.size).frames(video)
    return scaled, f"scaled from {width}×{height} to {case.size[0]}×{case.size[1]} pixels"
