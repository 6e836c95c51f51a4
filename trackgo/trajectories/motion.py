"""Arrows → motion: where a component's points are at every frame.

All geometry happens in pixels, because a curve or a turn drawn in fractions would be squeezed by the frame's aspect.
A point (x, y) is the complex number x + iy here: a similarity (turn, scale, shift) is then z' = a·z + b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..drawing import Arrow, Camera, Component
from ..drawing.budget import check_positions
from ..drawing.coordinates import check_size, to_pixels

MAX_FRAMES = 1_024  # of tracks that are made or converted; ComfyUI's GenerateTracks has the same
CURVE_STEPS = 32  # pieces per segment of a smooth curve
_HALVINGS = 54  # of 0…1 in search of a place on a Bézier: as far as float64 tells apart
_COINCIDENT_PX = 1e-6  # arrows that start closer together than this cannot tell a turn from a shift


@dataclass(frozen=True)
class Similarity:
    """A similarity per frame: the point z of the first frame is at scale_turn[i]·z + shift[i] at frame i.

    scale_turn, shift: complex128 [L], in pixels.
    """

    scale_turn: np.ndarray
    shift: np.ndarray

    def apply(self, points_px: np.ndarray) -> np.ndarray:
        """float [N, 2] at the first frame → float64 [L, N, 2]."""
        points = np.asarray(points_px, dtype=np.float64)
        moved = self.scale_turn[:, None] * (points[:, 0] + 1j * points[:, 1]) + self.shift[:, None]
        return np.stack([moved.real, moved.imag], axis=-1)

    def then(self, after: Similarity) -> Similarity:
        """This motion and, frame by frame, another one on top of it: z ↦ after(self(z))."""
        return Similarity(after.scale_turn * self.scale_turn, after.scale_turn * self.shift + after.shift)

    @classmethod
    def still(cls, frames: int) -> Similarity:
        """Nothing moves."""
        return cls(np.ones(frames, dtype=np.complex128), np.zeros(frames, dtype=np.complex128))


def check_frames(frames: int) -> None:
    """Raise ValueError unless `frames` is a whole number from 1 to 1,024."""
    if isinstance(frames, bool) or not isinstance(frames, int | np.integer) or not 1 <= frames <= MAX_FRAMES:
        raise ValueError(f"frames is {frames!r}; it must be a whole number from 1 to {MAX_FRAMES}")


def progress(frames: int, start: float, end: float) -> np.ndarray:
    """Share of the way done at each frame, before easing: float64 [L] in 0…1.

    Frame i of L is at u = i/(L−1) of the clip (0 when L = 1); p = clamp((u − start)/(end − start), 0, 1), a step at
    `end` when start = end.
    """
    check_frames(frames)
    time = np.arange(frames) / max(frames - 1, 1)
    if start == end:
        return (time >= end).astype(np.float64)
    with np.errstate(over="ignore"):  # a hair's breadth between start and end: infinite, then clipped to 1
        return ((time - start) / (end - start)).clip(0, 1)


def ease(p: np.ndarray, easing: str) -> np.ndarray:
    """Share of the time → share of the way, both 0…1. ValueError on an unknown easing."""
    if easing == "linear":
        return p
    if easing == "ease-in":
        return p**2
    if easing == "ease-out":
        return 1 - (1 - p) ** 2
    if easing == "ease-in-out":
        return np.where(p < 0.5, 2 * p**2, 1 - 2 * (1 - p) ** 2)
    raise ValueError(f"easing is {easing!r}; it must be linear, ease-in, ease-out or ease-in-out")


def _cubic(t: np.ndarray, a: float, b: float) -> np.ndarray:
    """One coordinate of the cubic Bézier 0, a, b, 1."""
    s = 1 - t
    return 3 * s * s * t * a + 3 * s * t * t * b + t * t * t


def ease_bezier(p: np.ndarray, curve: tuple[float, float, float, float]) -> np.ndarray:
    """Share of the time → share of the way on the cubic (0, 0), (x1, y1), (x2, y2), (1, 1), all in 0…1; never falling.

    The place with x = p is found by halving, with additions and products alone and as often as in the editor
    (`motion.js`): both arrive at the same number, bit by bit.
    """
    x1, y1, x2, y2 = curve
    low, high = np.zeros_like(p), np.ones_like(p)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        early = _cubic(middle, x1, x2) < p
        low, high = np.where(early, middle, low), np.where(early, high, middle)
    share = np.minimum(_cubic((low + high) / 2, y1, y2), 1)
    return np.where((p <= 0) | (p >= 1), p, share)


def _eased(p: np.ndarray, item: Component | Camera) -> np.ndarray:
    return ease(p, item.easing) if item.bezier is None else ease_bezier(p, item.bezier)


def _time_of(share: np.ndarray, item: Component | Camera) -> np.ndarray:
    """The inverse of `_eased`: share of the way → share of the time."""
    if item.bezier is not None:
        x1, y1, x2, y2 = item.bezier
        return ease_bezier(share, (y1, x1, y2, x2))
    if item.easing == "linear":
        return share
    if item.easing == "ease-in":
        return np.sqrt(share)
    if item.easing == "ease-out":
        return 1 - np.sqrt(1 - share)
    return np.where(share < 0.5, np.sqrt(share / 2), 1 - np.sqrt((1 - share) / 2))


def _way(p: np.ndarray, item: Component | Camera) -> np.ndarray:
    """Share of the way at shares 0…1 of one run's time. A hold stops the clock at its place; what moves between the
    holds is the eased way, in the time that they leave."""
    if not item.holds:
        return _eased(p, item)
    holds = sorted(item.holds, key=lambda hold: hold.place)
    ends = [0.0]
    for hold in holds:
        ends.append(ends[-1] + hold.span)
    free = 1 - ends[-1]
    begins = _time_of(np.array([hold.place for hold in holds]), item) * free
    waited, stay = np.zeros_like(p), np.full_like(p, np.nan)
    for hold, moving, before, after in zip(holds, begins, ends, ends[1:], strict=False):
        begin = moving + before
        end = begin + hold.span
        stay = np.where((p >= begin) & (p <= end), hold.place, stay)
        waited = np.where(p > end, after, waited)
    moved = _eased(((p - waited) / free).clip(0, 1), item)
    return np.where(np.isnan(stay), moved, stay)


def _run(p: np.ndarray, playback: str, times: int) -> np.ndarray:
    """Share of the whole time → share of the time of the run that it falls in; a run back counts down."""
    if playback == "once":
        return p
    if playback == "reverse":
        return 1 - p
    number = np.minimum(np.floor(p * times), times - 1)
    within = p * times - number
    return np.where((number % 2 == 1) & (playback == "ping-pong"), 1 - within, within)


def shares(item: Component | Camera, frames: int) -> np.ndarray:
    """Share of the way, of every arrow's length, that a component or the camera is at in each frame: float64 [L], 0…1.

    The one place where timing becomes motion: start and end, playback, holds, and easing or curve, in this order.
    """
    return _way(_run(progress(frames, item.start, item.end), item.playback, item.times), item)


def smooth_curve(points: np.ndarray) -> np.ndarray:
    """Centripetal Catmull–Rom (α = ½) through complex [P], no two neighbours equal → complex [32·(P−1) + 1].

    Phantom neighbours 2·P0 − P1 and 2·Pn − Pn−1 give the end tangents. Each segment is evaluated as a Hermite cubic
    with the Barry–Goldman tangents: the same curve, but stable where one segment is much shorter than the next.
    """
    extended = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    chords = np.diff(extended)
    knots = np.sqrt(np.abs(chords))
    speeds = chords / knots
    before, inside, after = knots[:-2], knots[1:-1], knots[2:]
    wide_before = (extended[2:-1] - extended[:-3]) / (before + inside)
    wide_after = (extended[3:] - extended[1:-2]) / (inside + after)
    tangent_in = inside * (speeds[:-2] - wide_before + speeds[1:-1])
    tangent_out = inside * (speeds[1:-1] - wide_after + speeds[2:])
    t = (np.arange(CURVE_STEPS) / CURVE_STEPS)[:, None]
    pieces = (
        (2 * t**3 - 3 * t**2 + 1) * points[:-1]
        + (t**3 - 2 * t**2 + t) * tangent_in
        + (3 * t**2 - 2 * t**3) * points[1:]
        + (t**3 - t**2) * tangent_out
    )
    return np.append(pieces.T.reshape(-1), points[-1])


def along(points: np.ndarray, share: np.ndarray, curve: str = "straight") -> np.ndarray:
    """Positions at shares 0…1 of the length of a line through complex [P] → complex, shaped as `share`.

    Repeated points are dropped first; a single place stays where it is.
    """
    points = points[np.append(True, np.diff(points) != 0)]
    if len(points) == 1:
        return np.full(share.shape, points[0])
    line = smooth_curve(points) if curve == "smooth" else points
    length = np.append(0, np.abs(np.diff(line)).cumsum())
    wanted = share * length[-1]
    return np.interp(wanted, length, line.real) + 1j * np.interp(wanted, length, line.imag)


def arrow_positions(arrow: Arrow, share: np.ndarray, width: int, height: int) -> np.ndarray:
    """Where the arrow's tip is in pixels at shares [L] of its length → complex [L]."""
    points_px = to_pixels(arrow.points, width, height)
    return along(points_px[:, 0] + 1j * points_px[:, 1], share, arrow.curve)


def similarity(starts: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares z' = a·z + b from starts complex [A] to positions complex [L, A] → a, b complex [L].

    With w = starts − their mean: a = Σ w̄·z' / Σ |w|². One arrow, or starts that coincide: the mean translation.
    """
    centre = starts.mean()
    offsets = starts - centre
    spread = (np.abs(offsets) ** 2).sum()
    if spread <= _COINCIDENT_PX**2 * len(starts):
        return np.ones(len(positions), dtype=np.complex128), (positions - starts).mean(axis=1)
    scale_turn = (positions @ offsets.conj()) / spread
    return scale_turn, positions.mean(axis=1) - scale_turn * centre


def component_motion(component: Component, frames: int, width: int, height: int) -> Similarity:
    """A component's arrows and timing → its similarity at each frame, in width × height pixels.

    In reverse the arrows run from their tips to their starts, and the mask is what is at the tips.
    """
    check_size(width, height)
    check_positions(len(component.arrows), frames)
    share = shares(component, frames)
    if not component.arrows:
        return Similarity.still(frames)
    positions = np.stack([arrow_positions(arrow, share, width, height) for arrow in component.arrows], axis=1)
    begun = -1 if component.playback == "reverse" else 0
    first_px = to_pixels([arrow.points[begun] for arrow in component.arrows], width, height)
    starts = first_px[:, 0] + 1j * first_px[:, 1]
    return Similarity(*similarity(starts, positions))


def camera_motion(camera: Camera | None, frames: int, width: int, height: int) -> Similarity:
    """What the camera does to the scene at each frame, in width × height pixels; the formula is `Camera`'s."""
    check_size(width, height)
    check_frames(frames)
    if camera is None:
        return Similarity.still(frames)
    share = shares(camera, frames)
    growth = np.log(camera.zoom)
    scale_turn = np.exp((growth + 1j * np.radians(camera.turn)) * share)
    panned = np.expm1(growth * share) / np.expm1(growth) if growth else share
    centre = complex(width / 2 - 0.5, height / 2 - 0.5)
    pan = complex(camera.pan[0] * width, camera.pan[1] * height)
    return Similarity(scale_turn, centre - scale_turn * centre + pan * panned)
