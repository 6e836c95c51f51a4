from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from trackgo.files import PICTURE_ENDINGS, read_picture, remove_unfinished, replacing, write_picture


def test_a_file_appears_whole_and_nobody_meets_it_before(tmp_path: Path) -> None:
    target = tmp_path / "new" / "shard.tar"
    with replacing(target) as unfinished:
        unfinished.write_bytes(b"half")
        assert not list(target.parent.glob("*.tar"))  # pathlib's * matches hidden names too
    assert target.read_bytes() == b"half"
    assert list(target.parent.iterdir()) == [target]


def test_what_raises_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "kept.json"
    target.write_text("old")
    with pytest.raises(RuntimeError), replacing(target) as unfinished:
        unfinished.write_text("new")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_weights_can_be_read_by_whoever_may_read_other_files(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    with replacing(tmp_path / "a.safetensors") as unfinished:
        save_file({"a": torch.zeros(1)}, unfinished)
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    try:
        with replacing(tmp_path / "a.json") as unfinished:
            left = unfinished
            unfinished.write_text("half")
            unfinished.rename(tmp_path / "aside")  # as if nobody had come to clear it away
    except FileNotFoundError:
        (tmp_path / "aside").rename(left)
    (tmp_path / ".hidden.json").touch()
    remove_unfinished(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".hidden.json"]


@pytest.mark.parametrize("ending", [*PICTURE_ENDINGS, ".PNG"])
def test_pictures_follow_their_names(tmp_path: Path, ending: str) -> None:
    picture = np.full((8, 12, 3), (200, 40, 90), np.uint8)
    write_picture(tmp_path / f"a{ending}", picture)
    assert np.abs(read_picture(tmp_path / f"a{ending}").astype(int) - picture).max() <= 8


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot write a picture to '.*a\.xyz': use a name ending in \.png"):
        write_picture(tmp_path / "a.xyz", np.zeros((8, 8, 3), np.uint8))
