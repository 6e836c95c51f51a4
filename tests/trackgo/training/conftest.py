"""A short configuration on the tiny SVD of ``base_folder``."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.trackgo.training.support import configuration


@pytest.fixture
def make_config(base_folder: Path, tmp_path: Path):
    """``configuration`` that writes to ``tmp_path/run``."""
    return lambda **sections: configuration(base_folder, tmp_path / "run", **sections)


@pytest.fixture(autouse=True)
def one_thread():
    """The machines that run these tests have few cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
