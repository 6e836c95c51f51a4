"""How well the demo's engines move cut-outs of photographs: ``python -m benchmarks.cutouts``.

What people move is a part of a photograph. Here it is cut out of one, pasted with a soft edge on another, and moved
along a path as the demo's world moves its sprites: so the true video is known. Things are cut by hand-drawn lines,
surfaces by the world's outlines. Half of the photographs are held out and measured; the others are there to be learnt
from (``--photographs training``). docs/experiments.md names their sources and licences; scikit-image and matplotlib
must be installed. ``--run`` measures other weights than those that ship.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.photographs import MATPLOTLIB, SKIMAGE, SKLEARN, disc, lasso, photograph
from benchmarks.true_videos import average, following, measured, parser, report, squared_error, table
from trackgo.demo import paths, shapes
from trackgo.demo.world import Layer, Scene, Script, film
from trackgo.drawing import Drawing
from trackgo.tracking.sprites import followed, mostly_seen, wanted_offsets

Name = tuple[str, str]
"""A package, and the file in it."""

HELD_OUT: dict[Name, list[dict[str, Any]]] = {
    (SKIMAGE, "camera.png"): [lasso(
        [[0.45, 0.14], [0.38, 0.13], [0.31, 0.2], [0.21, 0.25], [0.15, 0.28], [0.04, 0.45], [0.04, 1], [0.29, 1],
         [0.29, 0.83], [0.27, 0.74], [0.4, 0.57], [0.49, 0.61], [0.56, 0.56], [0.54, 0.49], [0.59, 0.44], [0.59, 0.36],
         [0.54, 0.37], [0.51, 0.34], [0.5, 0.25], [0.53, 0.24]],
    )],
    (SKIMAGE, "chelsea.png"): [lasso(
        [[0.1, 0], [0.88, 0], [0.8, 0.23], [0.81, 0.45], [0.77, 0.62], [0.66, 0.86], [0.58, 0.92], [0.48, 0.88],
         [0.28, 0.8], [0.14, 0.62], [0.08, 0.4], [0.07, 0.15]],
    )],
    (SKIMAGE, "coffee.png"): [
        lasso([[0.45, 0.04], [0.36, 0.09], [0.3, 0.19], [0.19, 0.29], [0.13, 0.45], [0.13, 0.61], [0.18, 0.76],
               [0.26, 0.88], [0.39, 0.96], [0.53, 0.97], [0.65, 0.9], [0.74, 0.79], [0.79, 0.66], [0.8, 0.52],
               [0.76, 0.38], [0.69, 0.27], [0.66, 0.18], [0.61, 0.1], [0.54, 0.05]]),
        lasso([[0.29, 0.2], [0.31, 0.12], [0.36, 0.07], [0.44, 0.04], [0.55, 0.04], [0.62, 0.08], [0.67, 0.15],
               [0.69, 0.25], [0.67, 0.38], [0.63, 0.49], [0.57, 0.55], [0.48, 0.58], [0.38, 0.54], [0.32, 0.42]]),
    ],
    (SKIMAGE, "coins.png"): [
        disc([0.905, 0.62], 0.085), disc([0.875, 0.145], 0.075), disc([0.7, 0.4], 0.07), disc([0.405, 0.17], 0.062),
    ],
    (SKIMAGE, "gravel.png"): [],
    (SKIMAGE, "ihc.png"): [],
    (SKIMAGE, "rocket.jpg"): [lasso([[0.48, 0.96], [0.485, 0.4], [0.505, 0.3], [0.525, 0.4], [0.53, 0.96]])],
    (MATPLOTLIB, "mpl-data/sample_data/grace_hopper.jpg"): [
        lasso([[0.31, 0.2], [0.35, 0.1], [0.42, 0.05], [0.52, 0.03], [0.63, 0.06], [0.71, 0.15], [0.73, 0.34],
               [0.71, 0.43], [0.66, 0.46], [0.63, 0.52], [0.59, 0.56], [0.43, 0.55], [0.39, 0.47], [0.33, 0.44],
               [0.31, 0.36]]),
        lasso([[0.31, 0.2], [0.35, 0.1], [0.42, 0.05], [0.52, 0.03], [0.63, 0.06], [0.71, 0.15], [0.73, 0.36],
               [0.66, 0.46], [0.64, 0.52], [0.71, 0.57], [0.91, 0.63], [0.96, 0.66], [1, 0.74], [1, 1], [0.04, 1],
               [0.05, 0.7], [0.11, 0.63], [0.26, 0.59], [0.38, 0.52], [0.33, 0.44]]),
    ],
}  # fmt: skip
"""Photographs that nothing is to be trained on, with the lines round their things; a surface has none."""

TRAINING: dict[Name, list[dict[str, Any]]] = {
    (SKIMAGE, "astronaut.png"): [
        lasso([[0.44, 0.03], [0.39, 0.04], [0.3, 0.11], [0.31, 0.2], [0.36, 0.26], [0.37, 0.35], [0.47, 0.37],
               [0.49, 0.36], [0.52, 0.27], [0.57, 0.22], [0.59, 0.16], [0.58, 0.11], [0.55, 0.07], [0.49, 0.04]]),
        lasso([[0.8, 0.01], [0.86, 0.05], [0.87, 0.33], [0.89, 0.42], [0.84, 0.45], [0.75, 0.45], [0.7, 0.42],
               [0.74, 0.2], [0.76, 0.05]]),
    ],
    (SKIMAGE, "brick.png"): [],
    (SKIMAGE, "cell.png"): [disc([0.785, 0.56], 0.13)],
    (SKIMAGE, "clock_motion.png"): [disc([0.5, 0.46], 0.15)],
    (SKIMAGE, "grass.png"): [],
    (SKIMAGE, "hubble_deep_field.jpg"): [],
    (SKIMAGE, "retina.jpg"): [disc([0.5, 0.5], 0.47)],
    (SKLEARN, "china.jpg"): [lasso(
        [[0.15, 0.28], [0.18, 0.38], [0.13, 0.42], [0.15, 0.55], [0.44, 0.54], [0.5, 0.53], [0.51, 0.4], [0.46, 0.37],
         [0.46, 0.32], [0.5, 0.28], [0.38, 0.21], [0.34, 0.13], [0.32, 0.06], [0.3, 0.15], [0.25, 0.21], [0.18, 0.25]],
    )],
    (SKLEARN, "flower.jpg"): [lasso(
        [[0.51, 0.2], [0.39, 0.23], [0.34, 0.27], [0.29, 0.34], [0.27, 0.47], [0.27, 0.61], [0.31, 0.73], [0.38, 0.82],
         [0.45, 0.84], [0.52, 0.84], [0.62, 0.77], [0.67, 0.66], [0.69, 0.49], [0.67, 0.34], [0.61, 0.26]],
    )],
}  # fmt: skip
"""As ``HELD_OUT``, of those that may be learnt from. The demo's world shows pieces of scikit-learn's two already."""

HALVES = {"held-out": HELD_OUT, "training": TRAINING}

_RADIUS = 0.14, 0.26  # of the frame's side: half of a cut-out's longer side
_BACKGROUND = 0.6, 1.0  # of a photograph's shorter side: what of it lies behind
_EDGE_SAMPLES = 0.6  # softness, as the world's sprites have it


def main() -> None:
    options = parser(__doc__, "output/cutouts")
    options.add_argument("--photographs", choices=HALVES, default="held-out")
    args = options.parse_args()
    half = HALVES[args.photographs]
    pictures = {name: photograph(*name) for name in half}
    scenes = [cutout_scene(pictures, half, i, args.frames, args.size) for i in range(args.scenes)]
    rows = measured(args, scenes, [seen.meta["background"] for seen in scenes], figures)
    report({f"{args.photographs} photographs": _table(rows)}, args.out)


# ---------------------------------------------------------------------------------------------------------------------
# What moves
# ---------------------------------------------------------------------------------------------------------------------


def cutout_scene(
    pictures: Mapping[Name, NDArray],
    things: Mapping[Name, Sequence[dict[str, Any]]],
    index: int,
    frames: int,
    side: int,
) -> Scene:
    """Scene ``index``: a part of one picture, cut out, moves over another; all else is as in scenes of the world."""
    field, attempt = paths.Field(side, side), 0
    while True:
        rng = np.random.default_rng([index, attempt])
        front, back = (list(pictures)[i] for i in rng.permutation(len(pictures))[:2])
        radius = side * rng.uniform(*_RADIUS)
        x, y = rng.uniform(radius, side - 1 - radius, 2)
        cut = _cut_out(pictures[front], things[front], radius, rng)
        middle = (np.array(cut.shape[1::-1]) - 1) / 2 / shapes.OVERSAMPLE
        layer = Layer(cut, complex(x - middle[0], y - middle[1]), True, 0)
        path, kind = paths.random_path(rng, field, complex(x, y), radius, curved=0.5, leave=0.0)
        moves = paths.travelling(field, path, front[1], paths.timing(rng, late=0.3), 0.0, 1.0, radius)
        meta = {"background": f"{_short(front)} over {_short(back)}", "camera": False, "shapes": (kind,)}
        script = Script(_behind(pictures[back], side, rng), 0j, None, (layer,), (moves,), meta)
        found = film(script, frames, field, {"index": index, "split": "cutouts"})
        if found is not None:
            return found
        attempt += 1


def _short(name: Name) -> str:
    return name[1].rpartition("/")[2].partition(".")[0]


def _behind(picture: NDArray, side: int, rng: np.random.Generator) -> NDArray:
    """A square of a picture, mirrored or not, float32 [side, side, 3] in 0…1."""
    height, width = picture.shape[:2]
    reach = int(min(height, width) * rng.uniform(*_BACKGROUND))
    top, left = rng.integers(height - reach + 1), rng.integers(width - reach + 1)
    square = picture[top : top + reach, left : left + reach].astype(np.float32) / 255
    square = cv2.resize(square, (side, side), interpolation=cv2.INTER_AREA)
    return square[:, ::-1] if rng.random() < 0.5 else square


def _cut_out(
    picture: NDArray, things: Sequence[dict[str, Any]], radius: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """One of a picture's things, or a piece of it in one of the world's outlines, its longer side twice ``radius``
    pixels: color × coverage and coverage, float32 [h, w, 4], OVERSAMPLE samples to a pixel, with a clear border."""
    colors = picture.astype(np.float32) / 255
    if things:
        thing = things[rng.integers(len(things))]
        drawing = Drawing.from_dict({"version": 1, "components": [thing]})
        share = drawing.masks(picture.shape[1], picture.shape[0])[0].astype(np.float32)
        left, top, width, height = cv2.boundingRect(share.astype(np.uint8))
        colors, share = (part[top : top + height, left : left + width] for part in (colors, share))
        scale = 2 * radius * shapes.OVERSAMPLE / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        lifted = cv2.resize(np.dstack([colors * share[..., None], share]), size, interpolation=interpolation)
        lifted = cv2.copyMakeBorder(lifted, *[3] * 4, cv2.BORDER_CONSTANT)
    else:
        share, _ = shapes.coverage(shapes.outline(rng)[0], radius)
        colors = _behind(picture, len(share), rng)
        lifted = np.dstack([colors * share[..., None], share])
    return cv2.GaussianBlur(lifted, (0, 0), _EDGE_SAMPLES)


# ---------------------------------------------------------------------------------------------------------------------
# What is measured
# ---------------------------------------------------------------------------------------------------------------------


def figures(video: NDArray, seen: Scene) -> dict[str, float]:
    """inside, outside: squared error where the cut-out should be seen and elsewhere, of 255². objmc, still: pixels, the
    second of a video that does not move."""
    moving = seen.masks[:, 0]
    found = followed(video, seen, 0, wanted_offsets(seen, 0), mostly_seen(seen, 0))
    return {
        "inside": squared_error(video, seen.frames, moving),
        "outside": squared_error(video, seen.frames, ~moving),
        "objmc": found.error,
        "still": found.still,
    }


def _table(rows: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    columns = ("error inside the cut-out", "outside", "ObjMC over standing still")
    lines = {}
    for name, own in rows.items():
        lines[name] = [f"{average(own, 'inside'):.0f}", f"{average(own, 'outside'):.0f}", f"{following(own):.3f}"]
    return table(columns, lines)


if __name__ == "__main__":
    main()
