"""SVD by name and offline: the demo's tiny one, a diffusers folder, or a model in the local cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from diffusers import StableVideoDiffusionPipeline

    from .svd.components import SVDComponents
    from .svd.frozen import FrozenParts


def demo_folder(name: str) -> Path | None:
    """The folder of a demo SVD, in the package (``demo``) or elsewhere; None where ``name`` is something else."""
    from .demo import DEMO_SVD

    folder = DEMO_SVD if name == "demo" else Path(name)
    return folder if (folder / "trackgo_demo.json").is_file() else None


def load_components(name: str) -> SVDComponents | StableVideoDiffusionPipeline:
    """SVD's five parts as attributes, float32, on the CPU; nothing is downloaded.

    Raises:
        FileNotFoundError: no such model in the package, on disk or in the local cache.
    """
    from diffusers import StableVideoDiffusionPipeline

    from .demo.tiny import load_demo_components

    if folder := demo_folder(name):
        return load_demo_components(folder)
    try:
        return StableVideoDiffusionPipeline.from_pretrained(name, torch_dtype=torch.float32, local_files_only=True)
    except OSError as error:
        raise FileNotFoundError(
            f"the base model '{name}' is neither 'demo', a diffusers folder, nor a model in the local cache: {error}"
        ) from error


def frozen_parts(components: SVDComponents | StableVideoDiffusionPipeline) -> FrozenParts:
    """VAE and image encoder, switched to evaluation without gradients, with their fingerprints."""
    from .svd.frozen import FrozenParts, fingerprint

    vae, image_encoder = (part.eval().requires_grad_(False) for part in (components.vae, components.image_encoder))
    digests = {"vae": fingerprint(vae), "image_encoder": fingerprint(image_encoder)}
    normal = components.feature_extractor
    return FrozenParts(vae, image_encoder, tuple(normal.image_mean), tuple(normal.image_std), digests)
