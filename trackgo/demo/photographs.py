"""Photographs that Python packages bring along under free licences, and the lines round their things.

docs/experiments.md names their sources and licences. scikit-learn's two are there wherever this pack is; the others
need ``pip install scikit-image matplotlib``. Scenes to learn from show things cut out of ``TRAINING`` (``cutouts``);
nothing is ever trained on ``HELD_OUT``.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import read_picture

SKIMAGE, SKLEARN, MATPLOTLIB = "skimage.data", "sklearn.datasets.images", "matplotlib"


def lasso(points: list[list[float]], *arrows: list[list[float]], curve: str = "smooth") -> dict[str, Any]:
    """A thing round which a line was drawn, and its arrows, as a drawing's component."""
    stroke = {"tool": "lasso", "points": points}
    return {"mask": {"strokes": [stroke]}, "arrows": [{"points": one, "curve": curve} for one in arrows]}


def disc(at: list[float], radius: float, *path: list[float]) -> dict[str, Any]:
    """A thing dabbed with one round brush, and an arrow from its middle, as a drawing's component."""
    stroke = {"tool": "brush", "points": [at], "radius": radius}
    return {"mask": {"strokes": [stroke]}, "arrows": [{"points": [at, *path], "curve": "smooth"}]}


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


@cache
def photograph(package: str, name: str) -> NDArray[np.uint8]:
    """A picture that a package brings along, uint8 [h, w, 3], not to be written to.

    Raises:
        FileNotFoundError: the package is not installed, or has no such picture.
    """
    try:
        with resources.as_file(resources.files(package) / name) as path:
            picture = read_picture(path)
    except ModuleNotFoundError as error:
        raise FileNotFoundError(
            f"the photograph '{name}' comes with '{error.name}', which is not installed; "
            "pip install scikit-image matplotlib"
        ) from error
    picture.flags.writeable = False
    return picture
