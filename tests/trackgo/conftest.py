"""A tiny SVD folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackgo.demo.tiny import TinyConfig, build_components, save_components

TINY = TinyConfig(widths=(32, 32, 32, 32), head_dim=16, context_dim=32, vae_width=8, clip_hidden=16, clip_layers=2)


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded SVD of the smallest width, laid out as diffusers lays it out."""
    folder = tmp_path_factory.mktemp("base") / "svd"
    save_components(build_components(TINY, seed=1), folder, TINY, "nothing")
    return folder
