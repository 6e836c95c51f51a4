"""How well the demo's engines film a moving camera: ``python -m benchmarks.camera``.

Two kinds of pictures, filmed by exact transforms, so that the true video is known: scenes of the demo's world in which
nothing but the camera moves (test split, as many each of pan, zoom, turn and all three together), and scikit-learn's
two sample photographs, which ComfyUI's templates begin with, under four cameras each. Of what stays in view from the
first frame on: the squared error, and how much of it are holes, pixels that show something else. And ObjMC of the
control points: a camera moves the picture as one thing, so their places are those of the similarity on which the points
that Lucas-Kanade follows agree. Pictures too plain to tell whether they move are left out of it. ``--run`` measures
other weights than those that ship.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.assessment import user_trajectories
from benchmarks.true_videos import average, following, holes, measured, parser, report, squared_error, table
from trackgo.demo.example import CROP_PX, example_drawing
from trackgo.demo.world import Recipe, scene
from trackgo.drawing import Camera, Drawing
from trackgo.drawing.coordinates import inside_frame
from trackgo.evaluation.adherence import measure_adherence
from trackgo.tracking.rigid import fit_path
from trackgo.tracking.tracker import Tracked
from trackgo.tracking.trackers.lk import LucasKanade
from trackgo.trajectories.motion import Similarity, camera_motion, component_motion

KINDS = ("pan", "zoom", "turn", "together")
CAMERAS = {
    "pan": Camera(pan=(0.2, 0.1)),
    "zoom": Camera(zoom=1.3),
    "turn": Camera(turn=12),
    "together": Camera(pan=(0.15, 0), zoom=1.15),  # the template trackgo_camera's
}
"""Of the photographs."""

SQUARES = {"flower.jpg": CROP_PX, "china.jpg": (0, 0, 427)}
"""Left, top and side of what the first frame shows of a photograph, pixels."""

_RECIPE = Recipe(camera=1)
_SAMPLES = 4  # to a pixel and axis of a filmed photograph, averaged
_STILL = 1e-6
_PLAIN = 100  # squared error of a video that stands still, of 255², below which nobody sees that it does not move


@dataclass(frozen=True, eq=False)
class View:
    """What a camera films.

    Attributes:
        kind: one of ``KINDS``.
        name: of what is filmed, for people.
        frames: the true video, uint8 [L, H, W, 3].
        drawn: what a user draws for it.
        in_view: bool [L, H, W], where a frame shows what the first one showed.
    """

    kind: str
    name: str
    frames: NDArray
    drawn: Drawing
    in_view: NDArray

    def drawing(self) -> Drawing:
        return self.drawn

    @property
    def plain(self) -> bool:
        """Whether hardly anything in it tells that it moves."""
        return squared_error(np.repeat(self.frames[:1], len(self.frames), axis=0), self.frames, self.in_view) < _PLAIN


def main() -> None:
    args = parser(__doc__, "output/camera").parse_args()
    photographs = photograph_views(args.frames, args.size)
    views = [*photographs, *world_views(args.scenes, args.frames, args.size)]
    rows = measured(args, views, [view.name for view in views], figures)
    parts = {"Photographs": slice(len(photographs)), "Scenes of the world": slice(len(photographs), None)}
    tables = {}
    for title, part in parts.items():
        tables[title] = _table(views[part], {name: own[part] for name, own in rows.items()})
    report(tables, args.out)


# ---------------------------------------------------------------------------------------------------------------------
# What is filmed
# ---------------------------------------------------------------------------------------------------------------------


def world_views(number: int, frames: int, side: int) -> list[View]:
    """The first scenes of the test split in which nothing but the camera moves, a quarter of ``number`` (rounded up) of
    each kind, kind by kind."""
    most = -(-number // len(KINDS))
    found: dict[str, list[View]] = {kind: [] for kind in KINDS}
    for index in count():
        if all(len(views) == most for views in found.values()):
            break
        seen = scene(index, frames, side, side, "test", _RECIPE)
        if len(seen.components) > 1:
            continue
        motion = component_motion(seen.components[0], frames, side, side)
        kind = _kind(motion, side)
        if len(found[kind]) < most:
            found[kind].append(View(kind, f"scene {index}", seen.frames, seen.drawing(), in_view(motion, side)))
    return [view for views in found.values() for view in views]


def _kind(motion: Similarity, side: int) -> str:
    """What a whole move of the camera does."""
    scale_turn, centre = motion.scale_turn[-1], complex(side - 1, side - 1) / 2
    pans = abs(scale_turn * centre + motion.shift[-1] - centre) > _STILL * side
    zooms, turns = abs(abs(scale_turn) - 1) > _STILL, abs(np.angle(scale_turn)) > _STILL
    alone = {(True, False, False): "pan", (False, True, False): "zoom", (False, False, True): "turn"}
    return alone.get((bool(pans), bool(zooms), bool(turns)), "together")


def photograph_views(frames: int, side: int) -> list[View]:
    """Both photographs under each of ``CAMERAS``; with the template's the flower is a still thing of the drawing, as it
    is there."""
    from sklearn.datasets import load_sample_image

    found = []
    for name, square in SQUARES.items():
        for kind, camera in CAMERAS.items():
            motion = camera_motion(camera, frames, side, side)
            flower = name == "flower.jpg" and kind == "together"
            things = Drawing((replace(example_drawing().components[0], arrows=()),)) if flower else Drawing.empty()
            filmed = film(load_sample_image(name), square, motion, side)
            found.append(View(kind, f"{name}, {kind}", filmed, things.with_camera(camera), in_view(motion, side)))
    return found


def film(photograph: NDArray, square: tuple[int, int, int], motion: Similarity, side: int) -> NDArray:
    """A photograph uint8 [h, w, 3] under a moving camera whose first frame shows a square of it: uint8 [L, H, W, 3].

    Every frame comes from the photograph itself, so that a zoom shows what the first frame is too coarse for.
    """
    left, top, reach = square
    frames, grow = len(motion.shift), side / reach
    into_frame = _even(frames, grow, grow * complex(0.5 - left, 0.5 - top) - (0.5 + 0.5j))
    to_samples = _even(frames, _SAMPLES, (_SAMPLES - 1) * (0.5 + 0.5j))
    whole = into_frame.then(motion).then(to_samples)
    shown = []
    for a, b in zip(whole.scale_turn, whole.shift, strict=True):
        matrix = np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
        fine = (side * _SAMPLES, side * _SAMPLES)
        warped = cv2.warpAffine(photograph, matrix, fine, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        shown.append(cv2.resize(warped, (side, side), interpolation=cv2.INTER_AREA))
    return np.stack(shown)


def _even(frames: int, scale: float, shift: complex) -> Similarity:
    return Similarity(np.full(frames, complex(scale)), np.full(frames, shift))


def in_view(motion: Similarity, side: int) -> NDArray:
    """Where a frame shows what the first frame showed, bool [L, H, W]."""
    y, x = np.mgrid[:side, :side]
    before = (x + 1j * y - motion.shift[:, None, None]) / motion.scale_turn[:, None, None]
    return inside_frame(np.stack([before.real, before.imag], axis=-1), side, side)


# ---------------------------------------------------------------------------------------------------------------------
# What is measured
# ---------------------------------------------------------------------------------------------------------------------


def figures(video: NDArray, view: View) -> dict[str, float]:
    """error: squared, of 255². holes: a share. objmc, still: pixels, the second of a video that does not move; NaN for
    plain views."""
    found = measure_adherence(video, user_trajectories(view), _AsOne())
    return {
        "error": squared_error(video, view.frames, view.in_view),
        "holes": holes(video, view.frames, view.in_view),
        "objmc": float("nan") if view.plain else found.mean.mean,
        "still": found.mean.static.mean,
    }


class _AsOne:
    """A tracker: where points are if the picture moves as most of those do that Lucas-Kanade follows."""

    version = f"{LucasKanade().version}, as one"

    def track(self, frames: NDArray, points: NDArray) -> Tracked:
        found = LucasKanade().track(frames, points)
        path = fit_path(found.tracks, found.visible)
        return Tracked(path.apply(points).astype(np.float32), found.visible)


def _table(views: Sequence[View], rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    columns = [f"error, {kind}" for kind in KINDS] + ["all", "holes", "ObjMC over standing still"]
    lines = {}
    for name, own in rows.items():
        kinds = [[row for view, row in zip(views, own, strict=True) if view.kind == kind] for kind in KINDS]
        errors = [f"{average(part, 'error'):.0f}" for part in (*kinds, own)]
        lines[name] = [*errors, f"{average(own, 'holes'):.1%}", f"{following(own):.3f}"]
    return table(columns, lines)


if __name__ == "__main__":
    main()
