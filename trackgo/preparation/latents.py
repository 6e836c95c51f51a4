"""VAE latents and image embeddings, stored so that training never decodes a video; see ``training.shards``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ..base_model import frozen_parts, load_components
from ..svd.frozen import FrozenParts, to_unit


@dataclass(frozen=True, eq=False)
class Encoder:
    """SVD's frozen parts on the best device here."""

    parts: FrozenParts

    def encode(self, frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """uint8 [L, H, W, 3], sides in multiples of 8 → latents float16 [L, 4, H/8, W/8] of unit variance, and the
        first frame's embedding float16 [1, C]."""
        clip = to_unit(torch.from_numpy(frames))[None]
        before = torch.get_num_threads()
        torch.set_num_threads(1)  # clips are prepared side by side
        try:
            latents = self.parts.scaled_latents(clip)[0]
            embedding = self.parts.embedding(clip[:, 0])[0]
        finally:
            torch.set_num_threads(before)
        return latents.half().cpu().numpy(), embedding.half().cpu().numpy()


@lru_cache(maxsize=1)
def encoder(model: str) -> Encoder:
    """The encoder of an SVD folder, a model in the local cache, or ``demo``; loaded once per process.

    Raises:
        OSError: no such model.
    """
    parts = frozen_parts(load_components(model))
    return Encoder(parts.to(torch.device("cuda" if torch.cuda.is_available() else "cpu")))
