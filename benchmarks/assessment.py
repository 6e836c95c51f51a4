"""What the demo's model has to be able to do, measured on held-out scenes with a user's own input.

Every video comes from the pipeline that users run: the scene's masks and arrows as a `Drawing`, its
`point_trajectories`, a seed. What is measured is listed in `Assessment`; where sprites went is found by `following`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from trackgo import PointTrajectories, point_trajectories
from trackgo.demo.world import SINGLE, THREE, Scene, scene
from trackgo.drawing import Arrow, Component, Drawing
from trackgo.tracking.sprites import Followed, followed, mostly_seen, sprite_offsets, still_offset, wanted_offsets
from trackgo.trajectories.motion import component_motion

Generate = Callable[[NDArray, PointTrajectories, int], NDArray]
"""(first frame uint8 [H, W, 3], trajectories, seed) → video uint8 [L, H, W, 3]."""


class Drawn(Protocol):
    """A true video uint8 [L, H, W, 3], and how a user draws it on its first frame; a scene is one."""

    @property
    def frames(self) -> NDArray: ...

    def drawing(self) -> Drawing: ...


MIN_VACATED_PX = 12
_MIN_BEND_PX = 0.04  # of the frame's shorter side: how far a path must leave its chord to count as curved
_MAX_COVERED = 0.1  # of an unselected sprite; where more is hidden its place cannot be told


@dataclass(frozen=True)
class Assessment:
    """Figures over held-out scenes.

    Attributes:
        scenes: how many scenes; half with one moving sprite, half with three.
        one_ratio, several_ratio: ObjMC over that of a video that does not move; 0 is perfect.
        one_cosine: mean direction cosine of single sprites.
        drift_px: how far unselected sprites move, mean over sprites and frames.
        reversed_ratio, reversed_cosine: as above, for the same picture with the arrow turned round.
        other_seed_ratio: as ``one_ratio`` with another seed.
        seed_difference: mean absolute difference of the two seeds' videos, of 255.
        nearer_curve: share of bent paths whose sprite stays nearer to the curve than to its chord.
        bend_ratio: shown over drawn bend of those paths; 1 is right, 0 is straight.
        ghost_ratio: error of the mean color where a sprite was and nothing is any more, in the last frame, over the
            VAE's own error there. ghost_pixels_ratio: the mean error of each pixel's color instead, over the VAE's.
        vae_ghost: the VAE's own error of the mean color there, of 255.
        inpainted_ghost_ratio, inpainted_ghost_pixels_ratio: the same of the first frame with its sprites inpainted
            (OpenCV, Telea): what the surroundings alone tell of a background that no model has seen.
        left_behind: share of a sprite's looks that is still where it was, in the last frame: 1 if nothing was
            removed, 0 if the place differs from the truth in no way that resembles the sprite.
        inpainted_left_behind: the same of the inpainted first frame, which knows nothing of the sprites' looks: not 0,
            for whatever misses the background lies towards the sprite more often than away from it.
    """

    scenes: int
    one_ratio: float
    several_ratio: float
    one_cosine: float
    drift_px: float
    reversed_ratio: float
    reversed_cosine: float
    other_seed_ratio: float
    seed_difference: float
    nearer_curve: float
    bend_ratio: float
    ghost_ratio: float
    ghost_pixels_ratio: float
    vae_ghost: float
    inpainted_ghost_ratio: float
    inpainted_ghost_pixels_ratio: float
    left_behind: float
    inpainted_left_behind: float

    def lines(self) -> list[str]:
        """One line a figure, for people."""
        return [f"{name.replace('_', ' '):20} {value:.3f}" for name, value in asdict(self).items()]


def held_out_scenes(count: int, frames: int, width: int, height: int) -> list[Scene]:
    """``count`` scenes of the test split, the first half with one moving sprite, the rest with three."""
    half = count // 2
    return [scene(i, frames, width, height, "test", SINGLE if i < half else THREE) for i in range(count)]


def assess(
    generate: Generate,
    reconstruct: Callable[[NDArray], NDArray],
    scenes: Sequence[Scene],
    progress: Callable[[Sequence[Scene]], Iterable[Scene]] = iter,
) -> Assessment:
    """Sample every scene (single sprites three times: as drawn, turned round, and with another seed) and measure.

    Args:
        generate: the model.
        reconstruct: uint8 [L, H, W, 3] through the VAE and back.
        progress: wraps the scenes, for a progress bar.
    """
    one, several, turned, again = [], [], [], []
    drifts, differences, bends, ghosts, traces = [], [], [], [], []
    for seen in progress(scenes):
        video = _video(generate, seen, seen.drawing())
        parts = range(seen.masks.shape[1])
        shown = [followed(video, seen, n, wanted_offsets(seen, n), mostly_seen(seen, n)) for n in parts]
        left = vacated(seen)
        if left.sum() >= MIN_VACATED_PX:
            tries = video[-1], without_sprites(seen), reconstruct(seen.frames)[-1]
            ghosts.append(color_errors(np.stack(tries)[:, left], seen.frames[-1][left]))
            traces.append([trace(shown[left], seen.frames[-1][left], seen.frames[0][left]) for shown in tries[:2]])
        if len(shown) > 1:
            several += shown
            drifts += unselected_drift(_video(generate, seen, only_first(seen.drawing())), seen)
            continue
        one += shown
        drifts += still_drift(video, seen)
        bends += _bend(video, seen)
        other = _video(generate, seen, seen.drawing(), seed=1)
        again.append(followed(other, seen, 0, wanted_offsets(seen, 0), mostly_seen(seen, 0)))
        differences.append(float(np.abs(other.astype(float) - video).mean()))
        back = _turned(seen.drawing())
        wanted = _motion_of(back.components[0], seen)
        there = _in_frame(seen.masks[0, 0], wanted)
        turned.append(followed(_video(generate, seen, back), seen, 0, wanted, there))
    ghost = np.array(ghosts).reshape(-1, 2, 3).mean(axis=0)  # [mean color, each pixel] of [model, inpainting, VAE]
    (model, inpainting), vae = (ghost[:, :2] / ghost[:, 2:]).T, float(ghost[0, 2])
    return Assessment(
        len(scenes),
        ratio(one),
        ratio(several),
        mean(f.cosine for f in one),
        mean(drifts),
        ratio(turned),
        mean(f.cosine for f in turned),
        ratio(again),
        mean(differences),
        mean(float(near) for near, _ in bends),
        mean(share for _, share in bends),
        *map(float, model),
        vae,
        *map(float, inpainting),
        *(mean(one_trace[kind] for one_trace in traces) for kind in range(2)),
    )


def user_trajectories(seen: Drawn, drawing: Drawing | None = None) -> PointTrajectories:
    """What a user's drawing of the scene (or another drawing on its picture) gives, unlike the scene's own tracks."""
    frames, height, width, _ = seen.frames.shape
    return point_trajectories(drawing or seen.drawing(), frames, width, height)


def _video(generate: Generate, seen: Scene, drawing: Drawing, seed: int = 0) -> NDArray:
    return generate(seen.frames[0], user_trajectories(seen, drawing), seed)


def ratio(rows: Iterable[Followed]) -> float:
    """Mean error over the mean static error."""
    found = np.array([(f.error, f.still) for f in rows if np.isfinite(f.error)])
    return float(found[:, 0].mean() / found[:, 1].mean()) if len(found) else float("nan")


def mean(values: Iterable[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")


# ---------------------------------------------------------------------------------------------------------------------
# Following
# ---------------------------------------------------------------------------------------------------------------------


def _motion_of(component: Component, seen: Scene) -> NDArray:
    """As `wanted_offsets`, by the arrows of another drawing."""
    frames, height, width, _ = seen.frames.shape
    shift = component_motion(component, frames, width, height).shift
    return np.stack([shift.real, shift.imag], axis=-1)


def _in_frame(mask: NDArray, wanted: NDArray) -> NDArray:
    """Frames after the first at which more than half of a shifted mask is in the frame, bool [L]."""
    y, x = np.nonzero(mask)
    places = np.stack([x, y], axis=-1) + wanted[:, None]
    inside = ((places >= -0.5) & (places < np.array(mask.shape[::-1]) - 0.5)).all(axis=-1).mean(axis=1) > 0.5
    inside[0] = False
    return inside


def _turned(drawing: Drawing) -> Drawing:
    """The first component's arrows point the other way, from where they start."""
    first = drawing.components[0]
    arrows = []
    for arrow in first.arrows:
        start = np.array(arrow.points[0])
        points = 2 * start - np.array(arrow.points)
        arrows.append(Arrow(tuple(map(tuple, points.tolist())), arrow.curve))
    return Drawing((replace(first, arrows=tuple(arrows)),))


def only_first(drawing: Drawing) -> Drawing:
    return Drawing(drawing.components[:1])


# ---------------------------------------------------------------------------------------------------------------------
# What must not move, bend or stay
# ---------------------------------------------------------------------------------------------------------------------


def still_drift(video: NDArray, seen: Scene) -> list[float]:
    """Drift of still sprites in every frame in which nothing covers them, pixels."""
    masks = seen.still_masks
    return _drift(video, seen.frames[0], [(masks[0, q], masks[:, q]) for q in range(masks.shape[1])])


def unselected_drift(video: NDArray, seen: Scene) -> list[float]:
    """Drift of moving sprites 1, 2 … when only sprite 0 has an arrow; it may pass over them."""
    passing = seen.masks[:, 0]
    places = [seen.masks[0, n] for n in range(1, seen.masks.shape[1])]
    return _drift(video, seen.frames[0], [(place, place & ~passing) for place in places])


def _drift(video: NDArray, first: NDArray, sprites: Sequence[tuple[NDArray, NDArray]]) -> list[float]:
    found = []
    for place, seen_at in sprites:
        if place.sum() < MIN_VACATED_PX:
            continue
        hidden = 1 - seen_at.sum(axis=(1, 2)) / place.sum()
        frames = [i for i in range(1, len(video)) if hidden[i] <= _MAX_COVERED]
        found += [float(np.linalg.norm(still_offset(video[i], first, place))) for i in frames]
    return found


def _bend(video: NDArray, seen: Scene) -> list[tuple[bool, float]]:
    """For a bent path: whether the sprite kept nearer to it than to its chord, and shown over wanted bend."""
    wanted = wanted_offsets(seen, 0)
    chord = wanted[-1]
    length = np.linalg.norm(chord)
    if length == 0:
        return []
    across = np.array([-chord[1], chord[0]]) / length
    bend = wanted @ across
    if np.abs(bend).max() < _MIN_BEND_PX * min(video.shape[1:3]):
        return []
    there = mostly_seen(seen, 0)
    if there.sum() < 2:
        return []
    last = int(np.flatnonzero(there)[-1])
    shown = sprite_offsets(video, seen.clean_plate, seen.frames[0], seen.masks[0, 0], last) @ across
    near = np.abs(shown - bend)[there].mean() < np.abs(shown)[there].mean()
    return [(bool(near), float((shown * bend)[there].sum() / (bend**2)[there].sum()))]


def vacated(seen: Scene) -> NDArray:
    """Where a moving sprite was in the first frame and none is in the last, bool [H, W]."""
    taken = cv2.dilate(seen.masks[-1].any(axis=0).astype(np.uint8), np.ones((3, 3)))
    return seen.masks[0].any(axis=0) & (taken == 0)


def hidden_place(seen: Scene) -> NDArray:
    """The moving sprites in the first frame with a rim of two pixels, uint8 [H, W]."""
    return cv2.dilate(seen.masks[0].any(axis=0).astype(np.uint8), np.ones((5, 5)))


def without_sprites(seen: Scene, method: int = cv2.INPAINT_TELEA) -> NDArray:
    """The first frame without its moving sprites, inpainted by one of OpenCV's methods: uint8 [H, W, 3]."""
    return cv2.inpaint(np.ascontiguousarray(seen.frames[0]), hidden_place(seen), 3, method)


def color_errors(tries: NDArray, truth: NDArray) -> NDArray:
    """Color errors [2, T] of T tries, uint8 [T, N, 3], at pixels uint8 [N, 3]: of their mean, and their mean."""
    off = tries - truth.astype(float)
    return np.stack([np.abs(off.mean(axis=1)).mean(axis=-1), np.abs(off).mean(axis=(1, 2))])


def trace(shown: NDArray, truth: NDArray, before: NDArray) -> float:
    """Least-squares share of (before − truth) in (shown − truth) of pixels uint8 [N, 3]; NaN where nothing changed."""
    went = before - truth.astype(float)
    return float(((shown - truth.astype(float)) * went).sum() / (went**2).sum()) if went.any() else float("nan")
