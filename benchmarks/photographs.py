"""A user's drawings on a user's pictures, moved by the demo model: ``python -m benchmarks.photographs SHEET.jpg``.

Twelve photographs that scikit-image, scikit-learn and matplotlib bring along (`pip install scikit-image scikit-learn
matplotlib`), none of which the model has seen moving, with one drawing each as one makes it by hand: parts of things,
several at once, bent arrows, a camera. Sampled like ``trackgo demo``, seed 0; nothing is picked or left out. Each row:
the drawing, then frames 1, 5, 10 and 14.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from trackgo import Drawing
from trackgo.demo.photographs import MATPLOTLIB, SKIMAGE, SKLEARN, disc, lasso, photograph
from trackgo.engines.cut_and_drag import fit_reference
from trackgo.figures.overlays import contact_sheet, draw_drawing
from trackgo.files import write_picture
from trackgo.pipeline import TrackGoPipeline, fit_picture, fit_size

AREA_PX = 128 * 128
CELL_PX = 160
SHOWN = (0, 4, 9, 13)

DRAWINGS: dict[tuple[str, str], dict[str, Any]] = {
    (SKIMAGE, "astronaut.png"): {"components": [lasso(
        [[0.8, 0.01], [0.86, 0.05], [0.87, 0.33], [0.89, 0.42], [0.84, 0.45], [0.75, 0.45], [0.7, 0.42], [0.74, 0.2],
         [0.76, 0.05]], [[0.8, 0.3], [0.8, 0.1]],
    )]},
    (SKIMAGE, "chelsea.png"): {"components": [
        disc([0.385, 0.39], 0.075, [0.34, 0.39]), disc([0.705, 0.45], 0.065, [0.66, 0.45]),
    ]},
    (SKIMAGE, "coffee.png"): {"components": [lasso(
        [[0.29, 0.2], [0.3, 0.1], [0.4, 0.05], [0.55, 0.03], [0.66, 0.08], [0.69, 0.2], [0.66, 0.45], [0.6, 0.58],
         [0.5, 0.62], [0.37, 0.56], [0.31, 0.4]], [[0.48, 0.3], [0.56, 0.27], [0.62, 0.16]],
    )]},
    (SKIMAGE, "rocket.jpg"): {"components": [lasso(
        [[0.48, 0.96], [0.485, 0.4], [0.505, 0.3], [0.525, 0.4], [0.53, 0.96]], [[0.505, 0.6], [0.505, 0.35]],
    )]},
    (SKIMAGE, "motorcycle_left.png"): {"components": [lasso(
        [[0.13, 0.6], [0.15, 0.5], [0.2, 0.42], [0.35, 0.42], [0.5, 0.37], [0.6, 0.3], [0.68, 0.2], [0.76, 0.3],
         [0.78, 0.42], [0.86, 0.58], [0.92, 0.7], [0.9, 0.88], [0.8, 0.9], [0.72, 0.82], [0.65, 0.72], [0.5, 0.78],
         [0.45, 0.86], [0.42, 0.86], [0.35, 0.8], [0.25, 0.79], [0.17, 0.72]], [[0.5, 0.6], [0.58, 0.62]],
    )]},
    (SKIMAGE, "hubble_deep_field.jpg"): {"components": [], "camera": {"zoom": 1.3, "turn": 15}},
    (SKIMAGE, "coins.png"): {"components": [
        disc([0.905, 0.62], 0.085, [0.8, 0.75], [0.75, 0.62]), disc([0.875, 0.145], 0.075, [0.75, 0.2]),
        disc([0.7, 0.4], 0.07, [0.7, 0.5]),
    ]},
    (SKIMAGE, "camera.png"): {"components": [lasso(
        [[0.29, 0.25], [0.33, 0.15], [0.42, 0.12], [0.53, 0.17], [0.5, 0.3], [0.48, 0.4], [0.4, 0.42], [0.33, 0.35]],
        [[0.36, 0.38], [0.36, 0.38]], [[0.42, 0.16], [0.37, 0.17]],
    )]},
    (SKLEARN, "china.jpg"): {"components": [lasso(
        [[0.15, 0.28], [0.3, 0.11], [0.32, 0.06], [0.35, 0.12], [0.42, 0.22], [0.5, 0.27], [0.5, 0.31], [0.16, 0.32]],
        [[0.33, 0.2], [0.33, 0.08]],
    )]},
    (SKLEARN, "flower.jpg"): {"components": [
        disc([0.48, 0.5], 0.21, [0.42, 0.36], [0.52, 0.3]), disc([0.59, 0.98], 0.14, [0.72, 0.95]),
    ]},
    (MATPLOTLIB, "mpl-data/sample_data/grace_hopper.jpg"): {"components": [lasso(
        [[0.31, 0.22], [0.34, 0.1], [0.42, 0.05], [0.52, 0.03], [0.63, 0.06], [0.72, 0.15], [0.73, 0.29], [0.62, 0.25],
         [0.45, 0.25], [0.33, 0.31]], [[0.5, 0.18], [0.5, 0.08]],
    )]},
    (SKIMAGE, "moon.png"): {
        "components": [disc([0.235, 0.17], 0.065, [0.35, 0.35], [0.5, 0.4])], "camera": {"pan": [0.05, 0.1]},
    },
}  # fmt: skip


def row(pipeline: TrackGoPipeline, picture: np.ndarray, drawing: Drawing) -> list[np.ndarray]:
    """The drawing and a few frames, uint8 [h, w, 3] each."""
    width, height = fit_size(picture.shape[1], picture.shape[0], AREA_PX, 8)
    frames = pipeline.unet.config.num_frames
    first, trajectories = fit_picture(picture, drawing, frames, width, height)
    reference = fit_reference(picture, drawing, frames, width, height)
    clip = pipeline(first, trajectories, engine="both", reference=reference, seed=0)
    return [draw_drawing(picture, drawing), *(clip[i] for i in SHOWN)]


def cell(picture: np.ndarray) -> np.ndarray:
    """As large as fits a square, on its middle."""
    scale = CELL_PX / max(picture.shape[:2])
    height, width = (round(side * scale) for side in picture.shape[:2])
    out = np.full((CELL_PX, CELL_PX, 3), 24, np.uint8)
    top, left = (CELL_PX - height) // 2, (CELL_PX - width) // 2
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    out[top : top + height, left : left + width] = cv2.resize(picture, (width, height), interpolation=interpolation)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sheet", type=Path)
    args = parser.parse_args()
    pipeline = TrackGoPipeline.from_pretrained("demo")
    rows, labels = [], []
    for (package, name), document in DRAWINGS.items():
        picture = photograph(package, name)
        rows.append([cell(one) for one in row(pipeline, picture, Drawing.from_dict({"version": 1, **document}))])
        labels.append([Path(name).stem, *(f"frame {i + 1}" for i in SHOWN)])
    half = len(rows) // 2
    cells = [one for pair in zip(rows[:half], rows[half:], strict=True) for side in pair for one in side]
    names = [one for pair in zip(labels[:half], labels[half:], strict=True) for side in pair for one in side]
    write_picture(args.sheet, contact_sheet(np.stack(cells), columns=2 * len(rows[0]), labels=names))


if __name__ == "__main__":
    main()
