"""Small clips, good and bad; one thread, as every prepared clip has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.trackgo.preparation.clips import SIZE, known_clip, write_known_clip
from trackgo.video import write_clip


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """OpenCV's dense flow depends on how many threads share the picture."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    yield
    cv2.setNumThreads(before)


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three clips that can be prepared and seven that cannot; ``BAD`` says why not."""
    folder = tmp_path_factory.mktemp("videos")
    for index in (1, 2, 4):
        write_known_clip(folder / f"good{index}.mkv", index, **SIZE)
    whole = (folder / "good1.mkv").read_bytes()
    clip = known_clip(2, 8, 192, 128).frames
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("no video at all")
    (folder / "truncated.mkv").write_bytes(whole[: len(whole) // 2])
    write_clip(folder / "single.mkv", clip[:1])
    write_clip(folder / "short.mkv", clip[:5])
    write_clip(folder / "still.mkv", np.repeat(clip[:1], 8, axis=0))
    write_clip(folder / "black.mkv", np.zeros_like(clip))
    return folder
