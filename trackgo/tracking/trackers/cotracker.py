"""CoTracker3 offline, by Meta, where it is installed.

Code and weights are not part of this package: their licence, CC-BY-NC 4.0, forbids commercial use.
``pip install git+https://github.com/facebookresearch/co-tracker`` and the file scaled_offline.pth bring them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from einops import rearrange

from ...drawing.coordinates import inside_frame
from ..tracker import Tracked, check_input

_HOW = (
    "tracker 'cotracker' needs Meta's CoTracker3 (CC-BY-NC, no commercial use): "
    "pip install git+https://github.com/facebookresearch/co-tracker, then cotracker:PATH/scaled_offline.pth"
)


class CoTracker:
    """CoTracker3's offline model on the GPU where there is one.

    Raises:
        ValueError: not installed, or no weights at the path given; says what to do.
    """

    def __init__(self, weights: str) -> None:
        try:
            from cotracker.predictor import CoTrackerPredictor
        except ImportError as error:
            raise ValueError(f"{_HOW} ({error})") from error
        if not Path(weights).is_file():
            raise ValueError(f"there are no CoTracker weights at '{weights}': {_HOW}")
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.model = CoTrackerPredictor(checkpoint=weights, offline=True, window_len=60).to(self.device).eval()
        self.version = f"cotracker3 offline ({Path(weights).name})"

    def track(self, frames: np.ndarray, points: np.ndarray) -> Tracked:
        """See ``Tracker``."""
        frames, points = check_input(frames, points)
        if not len(points):
            return Tracked(np.empty((len(frames), 0, 2), np.float32), np.empty((len(frames), 0), bool))
        video = rearrange(torch.from_numpy(frames), "l h w c -> 1 l c h w").float().to(self.device)
        when = torch.zeros(len(points), 1)
        queries = torch.cat([when, torch.from_numpy(points)], dim=1)[None].to(self.device)  # [1, N, (frame, x, y)]
        with torch.inference_mode():
            tracks, visible = self.model(video, queries=queries)
        path = tracks[0].float().cpu().numpy()
        height, width = frames.shape[1:3]
        return Tracked(path, visible[0].cpu().numpy().astype(bool) & inside_frame(path, width, height))
