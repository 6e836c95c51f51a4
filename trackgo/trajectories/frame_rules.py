"""What lengths and sizes the models take that trajectories are made for, and trajectories fitted to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..drawing.coordinates import MAX_SIDE_PX
from .motion import MAX_FRAMES
from .points import PointTrajectories


@dataclass(frozen=True)
class FrameRule:
    """A model's rule: `every`·n + 1 frames, sides in multiples of `multiple` pixels. `name` is the model's."""

    name: str
    every: int
    multiple: int

    def __str__(self) -> str:
        frames = f"{self.every}n+1 frames and " if self.every > 1 else ""
        return f"{self.name} wants {frames}sides in multiples of {self.multiple}"

    def nearest(self, frames: int, width: int, height: int) -> tuple[int, int, int]:
        """The nearest frames, width and height that the rule allows; of two equally near ones the larger."""
        steps = max((2 * (frames - 1) + self.every) // (2 * self.every), 1 if frames > 1 else 0)
        steps = min(steps, (MAX_FRAMES - 1) // self.every)
        return steps * self.every + 1, self._side(width), self._side(height)

    def _side(self, side: int) -> int:
        whole = max((2 * side + self.multiple) // (2 * self.multiple), 1)
        return min(whole, MAX_SIDE_PX // self.multiple) * self.multiple

    def advice(self, frames: int, width: int, height: int) -> str:
        """One sentence: whether a length and size fit, and which would."""
        given = (frames, width, height)
        nearest = self.nearest(*given)
        if nearest == given:
            return f"{self}: {_said(given)} fit."
        return f"{self}: {_said(given)} do not fit, the nearest are {_said(nearest)}."

    def done(self, frames: int, width: int, height: int) -> str:
        """One sentence: what a length and size became."""
        given = (frames, width, height)
        nearest = self.nearest(*given)
        return self.advice(*given) if nearest == given else f"{self}: {_said(given)} became {_said(nearest)}."

    def fitted(self, trajectories: PointTrajectories) -> PointTrajectories:
        """The same motion in the nearest length and size: positions are resampled, fractions of the frame stay."""
        frames, width, height = self.nearest(trajectories.frames, trajectories.width, trajectories.height)
        return trajectories.resampled(frames).resized(width, height)


def _said(given: tuple[int, int, int]) -> str:
    frames, width, height = given
    return f"{frames} {'frame' if frames == 1 else 'frames'} of {width}×{height}"


FRAME_RULES: Mapping[str, FrameRule] = {
    "wan": FrameRule("Wan", 4, 16),
    "ltx": FrameRule("LTX", 8, 32),
    "cogvideox": FrameRule("CogVideoX", 4, 16),
    "svd": FrameRule("SVD", 1, 64),
}
RULE_OF_FORMAT: Mapping[str, str] = {
    "ati121": "wan",
    "wan_move": "wan",
    "ltx": "ltx",
    "tora": "cogvideox",
    "dragnuwa": "svd",
}  # export formats that only one model reads
