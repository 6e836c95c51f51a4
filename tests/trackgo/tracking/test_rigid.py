"""The similarity of tracked points, against Umeyama's own formula and against motions that are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trackgo.tracking.clips import carried, matrices
from trackgo.tracking.rigid import fit_path, made_rigid, smoothed
from trackgo.trajectories import PointTrajectories

POINTS = np.random.default_rng(3).uniform((40, 30), (140, 120), (24, 2))
MIDDLE = tuple(POINTS.mean(axis=0))


def umeyama(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Umeyama 1991, eq. 40 to 42: [N, 2] → [N, 2] as a matrix [2, 3], by singular values."""
    mean, aim = source.mean(axis=0), target.mean(axis=0)
    covariance = (target - aim).T @ (source - mean) / len(source)
    u, d, vt = np.linalg.svd(covariance)
    sign = np.diag([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    turn = u @ sign @ vt * np.trace(np.diag(d) @ sign) / ((source - mean) ** 2).sum(axis=1).mean()
    return np.column_stack([turn, aim - turn @ mean])


@settings(max_examples=20, deadline=None)
@given(st.floats(-170, 170), st.floats(0.3, 3), st.floats(-80, 80), st.integers(0, 99))
def test_the_fit_is_umeyamas(degrees: float, scale: float, shift: float, seed: int) -> None:
    """A little noise, so that no fit is exact; nothing astray, so that every point counts nearly the same."""
    way = matrices(MIDDLE, (shift, -shift / 2), degrees, scale, 8)
    tracks = carried(POINTS, way)
    tracks[1:] += np.random.default_rng(seed).uniform(-0.02, 0.02, tracks[1:].shape)
    path = fit_path(tracks, np.ones(tracks.shape[:2], bool))
    for frame in range(1, 8):
        expected = carried(POINTS, umeyama(POINTS, tracks[frame])[None])[0]
        assert np.abs(path.apply(POINTS)[frame] - expected).max() < 0.02
    assert path.growth[-1].real == pytest.approx(np.log(scale), abs=2e-3)
    assert np.degrees(path.growth[-1].imag) == pytest.approx(degrees, abs=0.1)


def test_more_than_a_whole_turn_is_counted() -> None:
    path = fit_path(carried(POINTS, matrices(MIDDLE, (0, 0), 800, 1, 30)), np.ones((30, 24), bool))
    assert np.degrees(path.growth[-1].imag) == pytest.approx(800)


@pytest.mark.parametrize("share", [0.2, 0.4])
def test_points_that_go_astray_do_not_pull(share: float) -> None:
    tracks = carried(POINTS, matrices(MIDDLE, (40, 10), 50, 1.4, 10))
    wanted, astray = tracks.copy(), int(share * len(POINTS))
    tracks[1:, :astray] = POINTS[:astray] + np.array([0, 3])  # they stay with the ground
    found = fit_path(tracks, np.ones((10, 24), bool)).apply(POINTS)
    assert np.abs(found - wanted).max() < 0.05
    plain = carried(POINTS, umeyama(POINTS, tracks[-1])[None])[0]
    assert np.abs(plain - wanted[-1]).max() > 5, "a plain fit is pulled"


def test_a_gap_is_bridged_evenly_and_hidden() -> None:
    way = matrices(MIDDLE, (60, 0), 90, 2, 21)
    visible = np.ones((21, 24), bool)
    visible[8:13] = False
    tracks = carried(POINTS, way)
    given = np.where(visible[..., None], tracks, 7.0)
    path = fit_path(given, visible)
    assert np.abs(path.apply(POINTS) - tracks).max() < 1e-6, "shift, turn and logarithm of the scale go on evenly"
    assert (path.seen == visible[:, 0]).all()


def test_what_is_lost_for_good_stays_where_it_was_last() -> None:
    tracks = carried(POINTS, matrices(MIDDLE, (60, 0), 0, 1, 10))
    visible = np.repeat(np.arange(10)[:, None] < 6, 24, axis=1)
    found = fit_path(tracks, visible).apply(POINTS)
    assert np.allclose(found[6:], tracks[5])


def test_a_single_point_and_coincident_points_only_shift() -> None:
    for points in (POINTS[:1], np.repeat(POINTS[:1], 4, axis=0)):
        tracks = points + np.arange(5)[:, None, None] * (3.0, -1.0)
        path = fit_path(tracks, np.ones(tracks.shape[:2], bool))
        assert np.allclose(path.apply(points), tracks) and not path.growth.any()


def test_position_only_takes_the_middles_way() -> None:
    way = matrices(MIDDLE, (30, 12), 120, 1.5, 9)
    visible = np.ones((9, 24), bool)
    visible[4:, 12:] = False  # half of the points hidden: the mean of the rest goes elsewhere
    tracked = PointTrajectories(carried(POINTS, way), visible, np.zeros(24, np.int64), 400, 400)
    moved = made_rigid(tracked, False, 0).tracks
    expected = POINTS + np.linspace(0, 1, 9)[:, None, None] * (30, 12)
    assert np.abs(moved - expected).max() < 1e-3


def test_components_do_not_touch_each_other() -> None:
    parts = [
        carried(POINTS[:12], matrices(MIDDLE, (30, 0), 0, 1, 6)),
        carried(POINTS[12:], matrices(MIDDLE, (0, 0), 40, 1, 6)),
    ]
    tracked = PointTrajectories(np.concatenate(parts, axis=1), np.ones((6, 24), bool), np.repeat([0, 4], 12), 400, 400)
    made = made_rigid(tracked, True, 0)
    assert np.abs(made.tracks - tracked.tracks).max() < 1e-3 and (made.component == tracked.component).all()


def test_smoothing_keeps_ends_and_even_motion_and_takes_jitter() -> None:
    even = np.linspace((0, 5), (50, -20), 30)
    assert np.allclose(smoothed(even, 3), even)
    shaken = even + np.random.default_rng(0).normal(0, 1, even.shape)
    calm = smoothed(shaken, 3)
    assert np.allclose(calm[[0, -1]], shaken[[0, -1]])
    assert np.abs(np.diff(calm, 2, axis=0)).mean() < 0.1 * np.abs(np.diff(shaken, 2, axis=0)).mean()
    assert smoothed(shaken, 0) is shaken
    for length in (2, 3):
        assert smoothed(shaken[:length], 100).shape == (length, 2)


def test_smoothing_does_not_shrink_what_turns() -> None:
    path = fit_path(carried(POINTS, matrices(MIDDLE, (0, 0), 500, 1, 20)), np.ones((20, 24), bool)).smoothed(4)
    assert np.allclose(np.exp(path.growth.real), 1)
