"""The sheet of a setting at several values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trackgo.cli import main
from trackgo.figures.settings_sheet import Row, difference, motion_inside_outside, path_area, settings_sheet
from trackgo.figures.settings_sheet_command import settings_of
from trackgo.model.config import AttentionSettings
from trackgo.trajectories import PointTrajectories

SAMPLING = {"alpha": 0.2, "tau": 0.0, "tau_mode": "freeze"}


def clip(level: int = 0, frames: int = 5) -> np.ndarray:
    """A ramp that brightens by ``level`` per frame in its left half."""
    made = np.full((frames, 16, 32, 3), 60, np.uint8)
    made[:, :, :16] += (level * np.arange(frames, dtype=np.uint8))[:, None, None, None]
    return made


def test_motion_and_difference_are_mean_levels() -> None:
    left = np.zeros((16, 32), bool)
    left[:, :16] = True
    assert motion_inside_outside(clip(4), left) == (10.0, 0.0)  # 4, 8, 12, 16
    assert np.isnan(motion_inside_outside(clip(4), np.ones((16, 32), bool))[1])
    assert difference(clip(4), clip(0)).mean(axis=(1, 2)).tolist() == [0, 2, 4, 6, 8]


def test_path_area_holds_the_way_of_each_component() -> None:
    tracks = np.zeros((3, 4, 2), np.float32)
    tracks[:, :, 0] = [[10, 20, 10, 20], [30, 40, 30, 40], [50, 60, 50, 60]]
    tracks[:, :, 1] = [20, 20, 30, 30]
    area = path_area(PointTrajectories(tracks, np.ones((3, 4), bool), np.zeros(4, np.int64), 96, 64))
    for x, y in tracks.reshape(-1, 2).astype(int):
        assert area[y, x]
    assert area[25, 15] and not area[25, 90] and not area[60, 30]
    nothing = PointTrajectories(tracks, np.zeros((3, 4), bool), np.zeros(4, np.int64), 96, 64)
    assert not path_area(nothing).any()


def test_first_row_is_what_the_others_are_compared_with() -> None:
    area = np.zeros((16, 32), bool)
    area[:, :16] = True
    same = settings_sheet("t", [Row("a", "", clip(4)), Row("b", "", clip(4))], [0, 4], area)
    other = settings_sheet("t", [Row("a", "", clip(4)), Row("b", "note", clip(9))], [0, 4], area)
    assert same.shape == other.shape and same.dtype == np.uint8
    right = same.shape[1] * 2 // 3
    bottom = same.shape[0] * 2 // 3
    assert other[bottom:, right:].astype(int).sum() > same[bottom:, right:].astype(int).sum()


def test_sheet_mistakes() -> None:
    area = np.ones((16, 32), bool)
    with pytest.raises(ValueError, match="at least one row"):
        settings_sheet("t", [], [0], area)
    with pytest.raises(ValueError, match="one size and length"):
        settings_sheet("t", [Row("a", "", clip()), Row("b", "", clip(frames=4))], [0], area)
    with pytest.raises(ValueError, match="between 0 and 4"):
        settings_sheet("t", [Row("a", "", clip())], [5], area)
    with pytest.raises(ValueError, match="the clip of 'a' must be uint8"):
        Row("a", "", clip()[0])


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_tau_for_a_share_freezes_that_share(share: float) -> None:
    assert AttentionSettings(tau=AttentionSettings.tau_for(share)).freeze == pytest.approx(share, abs=1e-4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        AttentionSettings.tau_for(share + 1.1)


def test_values() -> None:
    assert [(label, note) for label, note, _ in settings_of("tau", None, SAMPLING)] == [
        ("tau 0", "freeze 0 %"), ("tau -100", "freeze 50 %"), ("tau -10000", "freeze 100 %"),
    ]  # fmt: skip
    assert settings_of("tau", "-5", SAMPLING | {"tau_mode": "halfadd"})[0][1] == "halfadd"
    assert settings_of("freeze", "1", SAMPLING) == [("freeze 1", "tau -10000", {"tau": -1e4, "tau_mode": "freeze"})]
    assert settings_of("alpha", "0.3", SAMPLING) == [("alpha 0.3", "", {"alpha": 0.3})]
    for kind, values, expected in (("tau", "1", "tau must lie"), ("alpha", "x", "'x' is not a number"),
                               ("freeze", "2", "between 0 and 1"), ("tau", "0," * 12 + "0", "12 at most")):  # fmt: skip
        with pytest.raises(ValueError, match=expected):
            settings_of(kind, values, SAMPLING)


def test_command(tmp_path: Path, capfd: pytest.CaptureFixture) -> None:
    out = tmp_path / "new" / "sheet.png"
    small = ["--steps", "1", "--frames", "6", "--width", "64", "--height", "64", "--columns", "first,last"]
    assert main(["sheet", "--of", "freeze", "--values", "0,1", "--out", str(out), *small]) == 0
    assert f"wrote {out}" in capfd.readouterr().out
    with Image.open(out) as picture:
        assert picture.format == "PNG" and picture.width > 800
    assert main(["sheet", "--out", str(tmp_path / "x.mp4")]) == 2
    assert "use a name ending in .png" in capfd.readouterr().err
