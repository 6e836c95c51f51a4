"""The moving-sprites world: short videos drawn by rule, with exact ground truth, as many as one likes.

`scene(index, …)` is a pure function: the same index, size and recipe give the same bytes (with the same versions of
NumPy and OpenCV). Pixels: (0, 0) is the centre of the top-left pixel, x runs right, y down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from ..drawing import Component, Drawing
from ..drawing.coordinates import inside_frame
from ..trajectories import PointTrajectories
from ..trajectories.control_points import control_points
from ..trajectories.motion import Similarity, component_motion
from . import paths, shapes, textures
from .paths import Field
from .shapes import OVERSAMPLE

SPLITS = {"train": 1, "validation": 2, "test": 3}
"""Part of every scene's seed: splits never share a scene, and the last two take other parts of the photographs."""

_MIN_VISIBLE_PX = 20  # of a component in the first frame; a scene with less is drawn again
_CAMERA_MARGIN = 0.5  # of the frame, on each side of a background that a camera moves over


@dataclass(frozen=True)
class Recipe:
    """What scenes hold. Pairs are the least and the most; single numbers are probabilities, 0 to 1.

    moving, still: sprites. camera: the whole frame moves (then at most two sprites move over it). limb: a sprite is a
    still body with a moving limb. turn: a sprite turns or grows as it goes. curved, late, leave: its path bends, does
    not fill the clip's time, ends outside the frame. plain: sprites of one strong color each over a smooth background.
    radius: least and most of a sprite, as a share of the frame's shorter side.
    """

    moving: tuple[int, int] = (1, 4)
    still: tuple[int, int] = (0, 2)
    camera: float = 0.12
    limb: float = 0.12
    turn: float = 0.12
    curved: float = 0.5
    late: float = 0.3
    leave: float = 0.1
    plain: bool = False
    radius: tuple[float, float] = (0.09, 0.22)

    def __post_init__(self) -> None:
        for name in ("moving", "still"):
            low, high = getattr(self, name)
            if not 0 <= low <= high <= 6:
                raise ValueError(f"{name} is {low, high}; give the least and the most, between 0 and 6")
        if not 0.05 <= self.radius[0] <= self.radius[1] <= 0.5:
            raise ValueError(f"radius is {self.radius}; give the least and the most, between 0.05 and 0.5")
        for name in ("camera", "limb", "turn", "curved", "late", "leave"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it is a probability, 0 to 1")


MIXED = Recipe()
SINGLE = Recipe(moving=(1, 1), camera=0, limb=0, turn=0)
THREE = Recipe(moving=(3, 3), camera=0, limb=0, turn=0)
PLAIN = Recipe(moving=(2, 4), still=(0, 1), camera=0, limb=0, turn=0, late=0.2, leave=0.05, plain=True)
"""For learning which thing goes where: without texture, painting the wrong one costs far more than a wrong detail."""
LARGE = Recipe(moving=(1, 2), still=(0, 1), camera=0, radius=(0.2, 0.42))
"""Things that fill much of the frame, as people's pictures have them: their control points lie further apart."""


@dataclass(frozen=True, eq=False)
class Scene:
    """One video of L frames of H × W pixels with S moving components and Q still sprites.

    frames: uint8 [L, H, W, 3].
    masks: bool [L, S, H, W], where each moving component is seen; what covers it is left out.
    clean_plate: uint8 [L, H, W, 3], the video without its moving sprites (under a moving camera it changes too).
    still_masks: bool [L, Q, H, W], where each still sprite (or still body of a moving limb) is seen.
    tracks, visibility, component: float32 [L, N, 2] pixels, bool [L, N], int64 [N]; control points by eq. 10 and where
        they go. Visible means in the frame and not covered, which is more than a user's drawing knows.
    components: the motions as a user would draw them, without masks; `drawing()` adds those.
    meta: index, split, background, and the shapes and paths by component.
    """

    frames: np.ndarray
    masks: np.ndarray
    clean_plate: np.ndarray
    still_masks: np.ndarray
    tracks: np.ndarray
    visibility: np.ndarray
    component: np.ndarray
    components: tuple[Component, ...]
    meta: Mapping[str, Any]

    @property
    def arrows(self) -> tuple[tuple[np.ndarray, ...], ...]:
        """Per component its arrows, each float64 [P, 2] in fractions of the frame."""
        return tuple(tuple(np.array(arrow.points) for arrow in item.arrows) for item in self.components)

    @property
    def camera(self) -> bool:
        """Whether component 0 is the camera: it holds all that no sprite of its own motion covers."""
        return bool(self.meta["camera"])

    def drawing(self) -> Drawing:
        """The scene as a user's drawing: each component's visible pixels in the first frame, and its arrows."""
        first = self.masks[0]
        whole = self.camera and len(self.components) == 1  # a camera alone keeps its `fill` stroke
        masked = [
            item if whole else replace(item, mask=Component.from_mask(mask).mask)
            for item, mask in zip(self.components, first, strict=True)
        ]
        return Drawing(tuple(masked))

    def trajectories(self) -> PointTrajectories:
        """The true tracks, hidden where something covers them (`point_trajectories(scene.drawing(), …)` would not)."""
        height, width = self.frames.shape[1:3]
        return PointTrajectories(self.tracks, self.visibility, self.component, width, height)


@dataclass(frozen=True, eq=False)
class Layer:
    """One drawn thing: its picture float32 [D, D, 4] (color × coverage, coverage), OVERSAMPLE samples to a pixel.

    origin: complex, where the picture's sample (0, 0) lies on the first frame. number: which moving component or which
    still sprite it is.
    """

    picture: np.ndarray
    origin: complex
    moves: bool
    number: int


@dataclass(frozen=True, eq=False)
class Script:
    """Everything decided about a scene before a frame is drawn.

    plate: the background float32 [H, W, 3], 0 to 1, a sample to a pixel, its (0, 0) at plate_origin of the first frame.
    camera: the first of the components where the whole frame moves, else None. layers: from back to front. meta: see
    `Scene`.
    """

    plate: np.ndarray
    plate_origin: complex
    camera: Component | None
    layers: tuple[Layer, ...]
    components: tuple[Component, ...]
    meta: Mapping[str, Any]


def scene(index: int, frames: int, width: int, height: int, split: str = "train", recipe: Recipe = MIXED) -> Scene:
    """Scene `index` ≥ 0 of a split: `frames` frames of width × height pixels.

    Raises:
        ValueError: a negative index, an unknown split, or a frame smaller than 32 pixels.
    """
    if index < 0:
        raise ValueError(f"index is {index}; scenes are numbered from 0")
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be one of {', '.join(SPLITS)}")
    if min(width, height) < 32:
        raise ValueError(f"A frame of {width}×{height} is too small for sprites; both sides need 32 pixels or more")
    attempt = 0
    while True:
        rng = np.random.default_rng([SPLITS[split], index, attempt])
        script = _Writer(rng, Field(width, height), recipe, split != "train").write()
        result = film(script, frames, Field(width, height), {"index": index, "split": split})
        if result is not None:
            return result
        attempt += 1


class _Writer:
    """Decides a scene's contents; holds the generator and what has been placed so far."""

    def __init__(self, rng: np.random.Generator, field: Field, recipe: Recipe, held_out: bool) -> None:
        self.rng, self.field, self.recipe, self.held_out = rng, field, recipe, held_out
        self.plate, self.plate_origin = np.zeros((1, 1, 3), np.float32), 0j
        self.placed: list[tuple[complex, float]] = []
        self.layers: list[Layer] = []
        self.components: list[Component] = []
        self.stills = 0
        self.names: list[str] = []

    def write(self) -> Script:
        rng, field, recipe = self.rng, self.field, self.recipe
        camera = paths.random_camera(rng, field) if rng.random() < recipe.camera else None
        margin = round(_CAMERA_MARGIN * field.unit) if camera else 0
        self.plate_origin = complex(-margin, -margin)
        size = field.height + 2 * margin, field.width + 2 * margin
        if recipe.plain:
            self.plate, kind = textures.smooth(rng, *size), "smooth"
        else:
            self.plate, kind = textures.background(rng, *size, self.held_out)
        moving = int(rng.integers(recipe.moving[0], recipe.moving[1] + 1))
        if camera:
            self.components.append(camera)
            self.names.append("camera")
            moving = int(rng.choice([0, 0, 1, 2]))
        for _ in range(moving):
            (self._add_limb if rng.random() < recipe.limb else self._add_traveller)()
        for _ in range(int(rng.integers(recipe.still[0], recipe.still[1] + 1))):
            self._add_still(*self._place())
        order = rng.permutation(len(self.layers))
        meta = {"background": kind, "camera": camera is not None, "shapes": tuple(self.names)}
        layers = tuple(self.layers[place] for place in order)
        return Script(self.plate, self.plate_origin, camera, layers, tuple(self.components), meta)

    def _place(self) -> tuple[complex, float]:
        """A centre in the frame and a radius, pixels, clear of what was placed before if there is room."""
        rng, field = self.rng, self.field
        radius = field.unit * float(np.exp(rng.uniform(*np.log(self.recipe.radius))))
        for _ in range(60):
            x, y = rng.uniform(0.5, 1, 2) * radius  # how near to the border it may start
            centre = complex(rng.uniform(x, field.width - 1 - x), rng.uniform(y, field.height - 1 - y))
            if all(abs(centre - other) > 0.8 * (radius + size) for other, size in self.placed):
                break
            radius = max(radius * 0.97, 0.075 * field.unit)
        self.placed.append((centre, radius))
        return centre, radius

    def _layer(self, outline: shapes.Outline, centre: complex, radius: float, moves: bool, number: int) -> None:
        share, middle = shapes.coverage(outline, radius)
        color = shapes.shaded(self.rng, self._surface(len(share), centre, radius), share)
        picture = np.concatenate([color * share[..., None], share[..., None]], axis=-1)
        picture = cv2.GaussianBlur(picture, (0, 0), 0.6)  # what half the samples can hold, so that nothing shimmers
        self.layers.append(Layer(picture, centre - complex(middle, middle) / OVERSAMPLE, moves, number))

    def _surface(self, side: int, centre: complex, radius: float) -> np.ndarray:
        """A texture [side, side, 3] that stands out from the background where the sprite starts: the best of a few."""
        at, reach = centre - self.plate_origin, round(radius)
        top, left = max(0, round(at.imag) - reach), max(0, round(at.real) - reach)
        behind = self.plate[top : top + 2 * reach + 1, left : left + 2 * reach + 1].mean(axis=(0, 1))
        best, contrast = None, -1.0
        for _ in range(4):
            if self.recipe.plain:
                picture = textures.strong_color(self.rng, side)
            else:
                picture = textures.surface(self.rng, side, self.held_out)
            found = float(np.abs(picture.mean(axis=(0, 1)) - behind).sum())
            if found > contrast:
                best, contrast = picture, found
            if contrast > 0.5:  # of 3, the sum over red, green and blue
                break
        return best

    def _add_traveller(self) -> None:
        rng, recipe = self.rng, self.recipe
        centre, radius = self._place()
        outline, name = shapes.outline(rng)
        path, kind = paths.random_path(rng, self.field, centre, radius, recipe.curved, recipe.leave)
        turn, growth = 0.0, 1.0
        if rng.random() < recipe.turn:
            turn, growth = float(rng.uniform(-1.5, 1.5)), float(np.exp(rng.uniform(-0.4, 0.4)))
        when = paths.timing(rng, recipe.late)
        self.components.append(paths.travelling(self.field, path, name, when, turn, growth, radius))
        self.names.append(f"{name}, {kind}")
        self._layer(outline, centre, radius, True, len(self.components) - 1)

    def _add_limb(self) -> None:
        rng = self.rng
        centre, radius = self._place()
        limb = shapes.limb(rng)
        joint, tip = (centre + radius * complex(*point) for point in (limb.joint, limb.tip))
        turn = float(rng.choice([-1, 1]) * rng.uniform(0.5, 1.6))
        when = paths.timing(rng, self.recipe.late)
        self.components.append(paths.swinging(self.field, joint, tip, "limb", when, turn))
        self.names.append("limb")
        self._layer(limb.outline, centre, radius, True, len(self.components) - 1)
        self._add_still(centre, radius, body=True)

    def _add_still(self, centre: complex, radius: float, body: bool = False) -> None:
        self._layer(shapes.outline(self.rng, body)[0], centre, radius, False, self.stills)
        self.stills += 1


def film(script: Script, frames: int, field: Field, meta: Mapping[str, Any]) -> Scene | None:
    """Draw every frame; None when some component can hardly be seen in the first one.

    `meta` is the scene's own, its index among it, which seeds the control points.
    """
    size = (field.width, field.height)
    motions = [component_motion(item, frames, *size) for item in script.components]
    rest = motions[0] if script.camera else component_motion(Component(), frames, *size)
    stills = sum(not layer.moves for layer in script.layers)
    masks = np.zeros((frames, len(motions), field.height, field.width), dtype=bool)
    still_masks = np.zeros((frames, stills, field.height, field.width), dtype=bool)
    pictures = np.empty((2, frames, field.height, field.width, 3), np.uint8)  # with and without what moves
    for i in range(frames):
        with_all, without = _draw_frame(script, motions, rest, i, field, masks[i], still_masks[i])
        pictures[0, i], pictures[1, i] = _to_bytes(with_all), _to_bytes(without)
        if i == 0 and (masks[0].sum(axis=(1, 2)) < _MIN_VISIBLE_PX).any():
            return None
    tracks, visibility, component = _follow(script, motions, masks, meta["index"])
    return Scene(
        pictures[0],
        masks,
        pictures[1],
        still_masks,
        tracks,
        visibility,
        component,
        script.components,
        {**meta, **script.meta},
    )


def _to_bytes(picture: np.ndarray) -> np.ndarray:
    return (picture.clip(0, 1) * 255 + 0.5).astype(np.uint8)


def _draw_frame(
    script: Script,
    motions: list[Similarity],
    rest: Similarity,
    i: int,
    field: Field,
    masks: np.ndarray,
    still_masks: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Frame i with and without what moves, float32 [H, W, 3]; fills its masks [S, H, W] and still masks [Q, H, W]."""
    matrix = _placement(rest, i, script.plate_origin, 1)
    if script.camera is None:
        picture = script.plate.astype(np.float32)
    else:
        picture = cv2.warpAffine(
            script.plate, matrix, (field.width, field.height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
    without = picture.copy()
    seen = masks[1:] if script.camera else masks
    for layer in script.layers:
        motion = motions[layer.number] if layer.moves else rest
        box, part = _warped(layer, motion, i, field)
        if part is None:
            continue
        covered = part[..., 3] >= 0.5
        for others in (masks, still_masks):
            others[(slice(None), *box)] &= ~covered
        (masks if layer.moves else still_masks)[layer.number][box] |= covered
        for canvas in (picture,) if layer.moves else (picture, without):
            canvas[box] = part[..., :3] + canvas[box] * (1 - part[..., 3:])
    if script.camera:
        masks[0] = ~seen.any(axis=0)
    return picture, without


def _placement(motion: Similarity, i: int, origin: complex, samples: int) -> np.ndarray:
    """The 2 × 3 matrix from a picture's samples to pixels of frame i."""
    a, b = motion.scale_turn[i], motion.shift[i]
    step, start = a / samples, a * origin + b
    return np.array([[step.real, -step.imag, start.real], [step.imag, step.real, start.imag]])


def _warped(layer: Layer, motion: Similarity, i: int, field: Field) -> tuple[tuple[slice, slice], np.ndarray | None]:
    """The part of frame i that a layer may touch, as (rows, columns), and its picture there; None when outside."""
    matrix = _placement(motion, i, layer.origin, OVERSAMPLE)
    side = len(layer.picture) - 1
    corners = matrix @ np.array([[0, side, side, 0], [0, 0, side, side], [1, 1, 1, 1]])
    left, top = np.floor(corners.min(axis=1)).clip(0).astype(int)
    right, bottom = np.minimum(np.ceil(corners.max(axis=1)).astype(int) + 1, (field.width, field.height))
    box = (slice(top, bottom), slice(left, right))
    if right <= left or bottom <= top:
        return box, None
    matrix[:, 2] -= (left, top)
    return box, cv2.warpAffine(layer.picture, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)


def _follow(
    script: Script, motions: list[Similarity], masks: np.ndarray, index: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """tracks, visibility and component of the scene; the points `point_trajectories(drawing, …, seed=index)` has."""
    length, _, height, width = masks.shape
    tracks, visible, counts = [np.empty((length, 0, 2))], [np.empty((length, 0), bool)], []
    for number, motion in enumerate(motions):
        track = motion.apply(control_points(masks[0, number], np.random.default_rng([index, number])))
        inside = inside_frame(track, width, height)
        columns, rows = np.where(inside[..., None], np.floor(track + 0.5), 0).astype(int).transpose(2, 0, 1)
        tracks.append(track)
        visible.append(inside & masks[np.arange(length)[:, None], number, rows, columns])
        counts.append(track.shape[1])
    return (
        np.concatenate(tracks, axis=1).astype(np.float32),
        np.concatenate(visible, axis=1),
        np.repeat(np.arange(len(counts)), counts),
    )
