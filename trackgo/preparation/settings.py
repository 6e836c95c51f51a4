"""What a preparation run does: everything that decides its results, and nothing that does not."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from ..drawing.coordinates import check_size
from ..svd.sizes import check_sides
from ..trajectories.motion import check_frames

FORMAT = 1
"""Version of the shards' contents."""


@dataclass(frozen=True)
class Thresholds:
    """What a window must have to be kept. Names are those of the scores they bound: ``least`` below, ``most`` above.

    Attributes:
        most_upscale: how many times the source had to be enlarged.
        least_contrast: standard deviation of the grey levels, of the poorest frame.
        least_sharpness: standard deviation of the Laplacian of 512 px wide frames, grey levels, median over frames.
        least_motion: speed of what moves most (99th percentile) against the camera, % of the width per frame.
        most_camera: speed of the camera, averaged over picture and frames, % of the width per frame.
        most_jump: grey levels that remain, on average over a frame, when motion is undone; of the worst frame.
        most_frozen: share of frames equal to the one before.
        least_area: share of the first frame that the components cover together.
        least_visible: share of a component's points that are seen, over all frames.
        least_agreement: share of its seen points that lie in its mask (or within 1 % of the width).
        least_travel: how far its points go on average, % of the width. Components that fall short of one of these three
            are left out; the window goes when none remains.
    """

    most_upscale: float = 2.0
    least_contrast: float = 12.0
    least_sharpness: float = 2.5
    least_motion: float = 0.1
    most_camera: float = 2.0
    most_jump: float = 16.0
    most_frozen: float = 0.3
    least_area: float = 0.005
    least_visible: float = 0.4
    least_agreement: float = 0.7
    least_travel: float = 1.5

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not isinstance(value, int | float) or not 0 <= value <= 1e6:
                raise ValueError(f"threshold {item.name} is {value!r}; it must be a number from 0 to 1000000")

    def broken(self, scores: dict[str, float]) -> list[str]:
        """Which thresholds the scores break, as ``camera 3.1 > 2``; scores that are missing break none."""
        found = []
        for item in fields(self):
            kind, _, name = item.name.partition("_")
            limit = getattr(self, item.name)
            if name in scores and (scores[name] < limit if kind == "least" else scores[name] > limit):
                found.append(f"{name} {scores[name]:.3g} {'<' if kind == 'least' else '>'} {limit:.3g}")
        return found


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a clip becomes.

    Attributes:
        frames, width, height: of every prepared window, L, W, H.
        fps: frames per second windows are sampled at; 0 for the video's own.
        most_windows: windows taken from one video, from its start; 0 for all.
        segmenter, tracker: names, with what they need behind a colon (``masks:FOLDER``).
        components: most components of a window; the paper's is 6.
        latents: an SVD folder or ``demo``; VAE latents and image embeddings are then stored too.
        seed: of the control points.
        preview: write a contact sheet and a page to look at.
    """

    frames: int = 25
    width: int = 1024
    height: int = 576
    fps: float = 0.0
    most_windows: int = 0
    segmenter: str = "motion"
    tracker: str = "lk"
    components: int = 6
    latents: str = ""
    seed: int = 0
    preview: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        check_frames(self.frames)
        check_size(self.width, self.height)
        if self.frames < 2:
            raise ValueError(f"frames is {self.frames}; a window needs at least 2, for something to move")
        if self.width % 2 or self.height % 2 or min(self.width, self.height) < 64:
            raise ValueError(f"size is {self.width}x{self.height}; both sides must be even and at least 64")
        if self.latents:
            check_sides(self.width, self.height, "with latents both sides")
        if not 0 <= self.fps <= 1_000:
            raise ValueError(f"fps is {self.fps}; it must be a number from 0 to 1000")
        if self.most_windows < 0 or self.components < 1:
            raise ValueError("most_windows must be 0 or more, components at least 1")
        object.__setattr__(self, "fps", float(self.fps))  # 0 and 0.0 are the same settings

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def fingerprint(self) -> str:
        """Changes whenever results may change."""
        decisive = {**self.to_mapping(), "format": FORMAT}
        del decisive["preview"]
        return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
