"""Scenes with exact ground truth, like the world's, in which parts of photographs move over other photographs.

What people move is a part of a photograph. Things are cut by hand-drawn lines, surfaces by the world's outlines, and
pasted with a soft edge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..drawing import Drawing
from . import paths, shapes
from .photographs import Name, photograph
from .world import Layer, Scene, Script, film

_BACKGROUND = 0.6, 1.0  # of the largest piece of a photograph: what of it lies behind
_EDGE_SAMPLES = 0.6  # softness, as the world's sprites have it
_CROWDED = 0.75  # of a radius, where several things share the frame


@dataclass(frozen=True)
class CutOutRecipe:
    """What scenes hold. Pairs are the least and the most; single numbers are probabilities, 0 to 1.

    moving: things. radius: half of a thing's longer side, as a share of the frame's shorter one. surfaces: a piece in
    one of the world's outlines is cut out where a thing could be. mirrored: a thing is. turn: it turns and grows as it
    goes. leave: its path ends outside the frame.
    """

    moving: tuple[int, int] = (1, 3)
    radius: tuple[float, float] = (0.12, 0.28)
    surfaces: float = 0.4
    mirrored: float = 0.5
    turn: float = 0.15
    leave: float = 0.05


VARIED = CutOutRecipe()
ONE_THING = CutOutRecipe((1, 1), (0.14, 0.26), surfaces=0, mirrored=0, turn=0, leave=0)


def cutout_scene(
    things: Mapping[Name, Sequence[Mapping[str, Any]]],
    index: int,
    frames: int,
    width: int,
    height: int,
    recipe: CutOutRecipe = VARIED,
) -> Scene:
    """Scene ``index`` ≥ 0: parts of photographs move over another one; a pure function, as ``world.scene``.

    Args:
        things: the photographs, two or more, and the lines round their things (``photographs.TRAINING``).

    Raises:
        FileNotFoundError: a photograph's package is not installed.
    """
    field, attempt = paths.Field(width, height), 0
    while True:
        script = _script(things, np.random.default_rng([index, attempt]), field, recipe)
        found = film(script, frames, field, {"index": index, "split": "cutouts"})
        if found is not None:
            return found
        attempt += 1


def _script(
    things: Mapping[Name, Sequence[Mapping[str, Any]]],
    rng: np.random.Generator,
    field: paths.Field,
    recipe: CutOutRecipe,
) -> Script:
    """Everything decided about a scene."""
    order = [list(things)[i] for i in rng.permutation(len(things))]
    fronts, back = [order[0], *order[2:]], order[1]
    low, high = recipe.moving
    count = low + int(rng.integers(high - low + 1)) if high > low else low
    layers, components = [], []
    for number in range(count):
        front = fronts[number % len(fronts)]
        radius = field.unit * rng.uniform(*recipe.radius) * (_CROWDED if count > 1 else 1)
        x, y = rng.uniform(radius, (field.width - 1 - radius, field.height - 1 - radius))
        lines = () if _chance(rng, recipe.surfaces) else things[front]
        cut = _cut_out(photograph(*front), lines, radius, rng)
        if _chance(rng, recipe.mirrored):
            cut = np.ascontiguousarray(cut[:, ::-1])
        middle = (np.array(cut.shape[1::-1]) - 1) / 2 / shapes.OVERSAMPLE
        layers.append(Layer(cut, complex(x - middle[0], y - middle[1]), True, number))
        path, _ = paths.random_path(rng, field, complex(x, y), radius, curved=0.5, leave=recipe.leave)
        when, turn, growth = paths.timing(rng, late=0.3), 0.0, 1.0
        if _chance(rng, recipe.turn):
            turn, growth = float(rng.uniform(-1, 1)), float(rng.uniform(0.75, 1.3))
        components.append(paths.travelling(field, path, _short(front), when, turn, growth, radius))
    names = ", ".join(item.name for item in components)
    meta = {"background": f"{names} over {_short(back)}", "camera": False, "shapes": tuple(names.split(", "))}
    return Script(_behind(photograph(*back), field, rng), 0j, None, tuple(layers), tuple(components), meta)


def _chance(rng: np.random.Generator, probability: float) -> bool:
    """Whether it happens; what never happens costs no random number, so that recipes do not disturb each other."""
    return probability > 0 and bool(rng.random() < probability)


def _short(name: Name) -> str:
    return name[1].rpartition("/")[2].partition(".")[0]


def _behind(picture: NDArray, field: paths.Field, rng: np.random.Generator) -> NDArray[np.float32]:
    """A piece of a picture, mirrored or not, as large as the frame: float32 [H, W, 3], 0 to 1."""
    share = rng.uniform(*_BACKGROUND)
    height = int(min(picture.shape[0], picture.shape[1] * field.height / field.width) * share)
    width = int(min(picture.shape[1], picture.shape[0] * field.width / field.height) * share)
    top, left = rng.integers(picture.shape[0] - height + 1), rng.integers(picture.shape[1] - width + 1)
    piece = picture[top : top + height, left : left + width].astype(np.float32) / 255
    piece = cv2.resize(piece, (field.width, field.height), interpolation=cv2.INTER_AREA)
    return piece[:, ::-1] if rng.random() < 0.5 else piece


def _cut_out(
    picture: NDArray, lines: Sequence[Mapping[str, Any]], radius: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """One of a picture's things, or a piece of it in one of the world's outlines, its longer side twice ``radius``
    pixels: color × coverage and coverage, float32 [h, w, 4], OVERSAMPLE samples to a pixel, with a clear border."""
    if lines:
        line = lines[rng.integers(len(lines))]
        drawing = Drawing.from_dict({"version": 1, "components": [line]})
        share = drawing.masks(picture.shape[1], picture.shape[0])[0].astype(np.float32)
        left, top, width, height = cv2.boundingRect(share.astype(np.uint8))
        colors = picture[top : top + height, left : left + width].astype(np.float32) / 255
        share = share[top : top + height, left : left + width]
        scale = 2 * radius * shapes.OVERSAMPLE / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        lifted = cv2.resize(np.dstack([colors * share[..., None], share]), size, interpolation=interpolation)
        lifted = cv2.copyMakeBorder(lifted, *[3] * 4, cv2.BORDER_CONSTANT)
    else:
        share, _ = shapes.coverage(shapes.outline(rng)[0], radius)
        colors = _behind(picture, paths.Field(len(share), len(share)), rng)
        lifted = np.dstack([colors * share[..., None], share])
    return cv2.GaussianBlur(lifted, (0, 0), _EDGE_SAMPLES)
