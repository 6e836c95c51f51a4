"""What each released version left with people: `python -m tests.released 0.3.0` puts the present one on record.

A version's folder holds what it offered to graphs (`nodes.json`, see tests/node_schemas.py), one drawing with
everything that it could draw, one workflow, one small weights file, and what it made of them (`expected.json`). The
tests open and run all of it with the present code. A folder is never edited after its release.
"""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trackgo import Drawing, TrackGo, point_trajectories
from trackgo.model.encoder import points_to_tensor

FOLDER = Path(__file__).parent
FRAMES, WIDTH, HEIGHT = 9, 96, 64
AT = (0, 4, 8)  # the frames at which places are on record


def versions() -> list[str]:
    return sorted(path.name for path in FOLDER.iterdir() if (path / "nodes.json").is_file())


def weights(folder: Path) -> TrackGo:
    """The version's weights file, read as any other; its random weights have two values each, so that it packs well."""
    with tempfile.TemporaryDirectory() as unpacked:
        path = Path(unpacked) / "trackgo.safetensors"
        path.write_bytes(gzip.decompress((folder / "trackgo.safetensors.gz").read_bytes()))
        return TrackGo.load(path).float().eval()


def measured(folder: Path) -> dict[str, Any]:
    """What the present code makes of a version's drawing and weights.

    `components`: each shown one's name and its mask's area in pixels; `paths_px`: where the middle of each component's
    points is, the scene's own behind them; `features`: the mean size of E(P) in each frame.
    """
    drawing = Drawing.from_json((folder / "drawing.json").read_text(encoding="utf-8"))
    shown = [component for component in drawing.components if not component.hidden]
    areas = drawing.masks(WIDTH, HEIGHT).sum(axis=(1, 2))
    made = point_trajectories(drawing, FRAMES, WIDTH, HEIGHT)
    paths = [made.tracks[list(AT)][:, made.component == number].mean(axis=1) for number in np.unique(made.component)]
    with torch.no_grad():
        features = weights(folder).encoder(points_to_tensor(made.render()))
    return {
        "components": {component.name: int(area) for component, area in zip(shown, areas, strict=True)},
        "paths_px": [path.astype(float).round(2).tolist() for path in paths],
        "features": [round(float(frame.abs().mean()), 6) for frame in features],
    }
