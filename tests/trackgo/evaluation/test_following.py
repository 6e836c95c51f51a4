"""Where a video took the points, and the figures that follow from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.trackgo.evaluation.clips import FRAMES, STEP, moving_square
from trackgo.evaluation.cases import known_case, tracked_case
from trackgo.evaluation.following import follow, scores
from trackgo.evaluation.sources import world_source
from trackgo.tracking.trackers import build_tracker
from trackgo.trajectories import PointTrajectories

LK = build_tracker("lk")
STEP_PX = float(np.hypot(*STEP))
MEAN_STATIC = STEP_PX * np.arange(FRAMES).mean()


def test_real_videos() -> None:
    video, masks = moving_square()
    case = tracked_case("square", video, masks[:1], LK)
    true = scores(case, follow(case, video, LK))
    still = scores(case, follow(case, np.repeat(video[:1], FRAMES, axis=0), LK))
    assert true["mean"].value == true["draganything"].value == 0
    assert still["draganything"].value == pytest.approx(MEAN_STATIC, abs=0.1)
    assert still["mean"].value == pytest.approx(still["mean"].static.value, abs=0.05)
    assert still["mean"].objects == 1
    half = scores(case, follow(case, video[[0, 0, 1, 1, 2, 2]], LK))
    expected = STEP_PX * np.abs(np.arange(6) - np.array([0, 0, 1, 1, 2, 2])).mean()
    assert half["draganything"].value == pytest.approx(expected, abs=0.1)


def test_draganything_is_in_pixels_of_the_original() -> None:
    video, masks = moving_square()
    case = replace(tracked_case("square", video, masks[:1], LK), scale=3.0)
    still = scores(case, follow(case, np.repeat(video[:1], FRAMES, axis=0), LK))
    assert still["draganything"].value == pytest.approx(3 * MEAN_STATIC, abs=0.3)
    assert still["mean"].value < 1.3 * MEAN_STATIC


def test_scenes_of_the_world() -> None:
    source = world_source(3, 8, 64, 64)
    for name in source.names:
        case = source.load(name)
        true = scores(case, follow(case, case.real, LK))
        still = scores(case, follow(case, np.repeat(case.picture[None], 8, axis=0), LK))
        assert true["mean"].value < 0.35 * still["mean"].value
        assert still["mean"].value == pytest.approx(still["mean"].static.value, rel=0.15)


def test_a_drawing_without_objects() -> None:
    picture = np.zeros((64, 64, 3), np.uint8)
    nothing = PointTrajectories(np.zeros((4, 0, 2)), np.zeros((4, 0), bool), np.zeros(0, np.int64), 64, 64)
    case = known_case("empty", picture, nothing, np.zeros((0, 64, 64), bool))
    found = scores(case, follow(case, np.repeat(picture[None], 4, axis=0), LK))
    assert np.isnan(found["mean"].value) and found["mean"].objects == 0
