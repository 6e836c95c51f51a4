"""One thread, as every prepared clip has it."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import pytest


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """OpenCV's dense flow depends on how many threads share the picture."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)
