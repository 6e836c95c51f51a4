"""A clip's motion for another picture: what is followed, how exactly, and where it is put."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trackgo.tracking.clips import HEIGHT, WIDTH, carried, disc, filmed, matrices
from trackgo.tracking.clip_motion import (
    EACH_POINT,
    POSITION,
    TURN_AND_SCALE,
    Box,
    follow,
    lost,
    mask_starts,
    moved_as,
    placed,
)
from trackgo.tracking.trackers import build_tracker
from trackgo.trajectories import PointTrajectories

LK = build_tracker("lk")
MIDDLE, MASK = (80.0, 75.0), disc((80, 75), 30)
FRAMES = 16
WAYS = {
    "shift": ((45.0, 20.0), 0.0, 1.0),
    "turn": ((0.0, 0.0), 60.0, 1.0),
    "scale": ((0.0, 0.0), 0.0, 1.6),
    "all": ((35.0, -12.0), -50.0, 0.75),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_known_motion_is_found_to_a_fraction_of_a_pixel(name: str) -> None:
    shift, degrees, scale = WAYS[name]
    way = matrices(MIDDLE, shift, degrees, scale, FRAMES)
    tracked = follow(filmed([(MASK, way)]), mask_starts(MASK[None]), LK)
    assert lost(tracked) is None
    moved = moved_as(tracked, TURN_AND_SCALE)
    off = np.linalg.norm(moved.tracks - carried(tracked.tracks[0].astype(float), way), axis=-1)
    assert off.max() < 0.5 and off.mean() < 0.2
    only = moved_as(tracked, POSITION)
    middle = tracked.tracks[0].mean(axis=0, dtype=float)[None]
    expected = tracked.tracks[0] + carried(middle, way) - middle
    assert np.linalg.norm(only.tracks - expected, axis=-1).max() < 0.5
    assert moved.visibility.all() and only.visibility.all()


def test_two_things_that_cross_each_keep_their_own_way() -> None:
    masks = np.stack([disc((55, 80), 24), disc((140, 80), 24)])
    ways = [matrices((55, 80), (80, 0), 0, 1, 20), matrices((140, 80), (-80, 0), 0, 1, 20)]
    tracked = follow(filmed([*zip(masks, ways, strict=True)]), mask_starts(masks), LK)
    moved = moved_as(tracked, TURN_AND_SCALE)
    for number, way in enumerate(ways):
        own = moved.component == number
        seen = moved.visibility[:, own]
        off = np.linalg.norm(moved.tracks[:, own] - carried(tracked.tracks[0, own].astype(float), way), axis=-1)
        assert off[seen].max() < 1.5 and off[-1].max() < 1, f"component {number}"


def test_clicks_are_followed() -> None:
    way = matrices(MIDDLE, (40, 10), 0, 1, FRAMES)
    starts = [np.array([[80.0, 75.0]]), np.array([[62.0, 70.0], [96.0, 80.0], [75.0, 92.0]])]
    tracked = follow(filmed([(MASK, way)]), starts, LK)
    assert tracked.tracks.shape == (FRAMES, 4, 2) and tracked.component.tolist() == [0, 1, 1, 1]
    off = np.linalg.norm(tracked.tracks - carried(np.concatenate(starts), way), axis=-1)
    assert off.max() < 0.5


def test_a_click_on_what_shows_nothing_goes_with_what_is_around_it() -> None:
    clip = filmed([(MASK, way := matrices(MIDDLE, (40, 10), 30, 1, FRAMES))])
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    for frame, matrix in zip(clip, way, strict=True):
        place = matrix[:, :2] @ MIDDLE + matrix[:, 2]
        frame[np.hypot(x - place[0], y - place[1]) <= 14] = 200  # wider than what the tracker looks at
    tracked = follow(clip, [np.array([MIDDLE])], LK)
    assert np.linalg.norm(tracked.tracks - carried(np.array([MIDDLE]), way), axis=-1).max() < 1
    assert tracked.visibility.all()
    alone = LK.track(clip, np.array([MIDDLE]))
    assert np.abs(alone.tracks[-1] - MIDDLE).max() < 20 and not alone.visible[-1], "by itself it is left behind"


def test_the_same_clip_gives_the_same_tracks() -> None:
    clip = filmed([(MASK, matrices(MIDDLE, (20, 5), 10, 1, 6))])
    one, two = (moved_as(follow(clip, mask_starts(MASK[None], 7), LK), TURN_AND_SCALE, 1) for _ in range(2))
    assert np.array_equal(one.tracks, two.tracks) and np.array_equal(one.visibility, two.visibility)
    other = mask_starts(MASK[None], 8)[0]
    assert not np.array_equal(other, one.tracks[0])


def test_what_leaves_the_clip_is_hidden_and_named() -> None:
    way = matrices(MIDDLE, (170, 0), 0, 1, 20)
    tracked = follow(filmed([(MASK, way)]), mask_starts(MASK[None]), LK)
    assert "component 1 is not seen after frame" in lost(tracked)
    for kind in (TURN_AND_SCALE, EACH_POINT):
        assert not moved_as(tracked, kind).visibility[-1].any()


def one_point(*places: tuple[float, float]) -> PointTrajectories:
    path = np.array(places)[:, None]
    return PointTrajectories(path, np.ones((len(places), 1), bool), np.zeros(1, np.int64), 100, 50)


def test_without_a_box_fractions_stay() -> None:
    made = placed(one_point((9.5, 9.5), (49.5, 24.5)), 200, 200)
    assert made.tracks[:, 0].tolist() == [[19.5, 39.5], [99.5, 99.5]] and (made.width, made.height) == (200, 200)


def test_the_source_goes_into_the_middle_of_the_box_in_its_own_shape() -> None:
    """A source of 20×10 px into 80×80 px: 4 times as large, the box's middle is its middle."""
    source, target = Box(0.1, 0.2, 0.2, 0.2), Box(0.5, 0.2, 0.2, 0.4)
    made = placed(one_point((19.5, 14.5), (24.5, 15.5)), 400, 200, source, target)
    assert made.tracks[:, 0].tolist() == [[239.5, 79.5], [259.5, 83.5]]


def test_a_turn_stays_a_turn_in_a_box_of_another_shape() -> None:
    points = np.random.default_rng(0).uniform(30, 60, (9, 2))
    way = matrices((45.0, 45.0), (5, 0), 90, 1, 2)
    tracked = PointTrajectories(carried(points, way), np.ones((2, 9), bool), np.zeros(9, np.int64), 200, 160)
    made = placed(tracked, 500, 100, None, Box(0.2, 0.1, 0.6, 0.8)).tracks.astype(float)
    first, last = made[0] - made[0].mean(axis=0), made[1] - made[1].mean(axis=0)
    assert np.allclose(last, first @ [[0, 1], [-1, 0]], atol=1e-3)
    low, high = made[0].min(axis=0) + 0.5, made[0].max(axis=0) + 0.5
    assert np.allclose((low + high) / 2, (250, 50), atol=1e-3)
    assert ((high - low) <= (300.01, 80.01)).all() and np.isclose((high - low) / (300, 80), 1).any()


def test_a_single_point_keeps_the_frames_scale() -> None:
    made = placed(one_point((9.5, 9.5), (19.5, 9.5)), 200, 100, None, Box(0.4, 0.4, 0.2, 0.2))
    assert made.tracks[:, 0].tolist() == [[99.5, 49.5], [119.5, 49.5]]


def test_what_the_target_does_not_hold_is_not_visible() -> None:
    made = placed(one_point((9.5, 9.5), (90.5, 9.5)), 100, 50, None, Box(0.8, 0.4, 0.2, 0.2))
    assert made.visibility[:, 0].tolist() == [True, False]


def test_a_box_holds_all_masks_to_the_pixels_edges() -> None:
    masks = np.zeros((2, 10, 20), bool)
    masks[0, 2, 4] = masks[1, 7, 13] = True
    assert Box.around(masks) == (4 / 20, 2 / 10, 10 / 20, 6 / 10)
    assert Box.around(masks & False) is None


CLIP = np.zeros((4, HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize(
    ("frames", "starts", "says"),
    [
        (CLIP[:1], [np.array([[5.0, 5.0]])], "the clip has 1 frame; motion takes at least 2"),
        (CLIP, [], "there is nothing to follow"),
        (CLIP, [np.array([[5.0, 5.0], [200.0, 3.0]])], "point 200, 3 lies outside the clip of 200×160 px"),
    ],
)
def test_what_cannot_be_followed_is_said(frames: np.ndarray, starts: list, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        follow(frames, starts, LK)


def test_bad_masks_ways_and_smoothing_are_named() -> None:
    with pytest.raises(ValueError, match="mask 2 of masks covers no pixel"):
        mask_starts(np.stack([MASK, MASK & False]))
    with pytest.raises(ValueError, match=r"masks holds 1001 masks; at most 1000"):
        mask_starts(np.ones((1001, 1, 1), bool))
    tracked = one_point((0, 0), (1, 1))
    with pytest.raises(ValueError, match="motion is 'bend'; it must be one of with turn and scale"):
        moved_as(tracked, "bend")
    for smoothing in (-1.0, float("nan"), 101.0):
        with pytest.raises(ValueError, match="smoothing is"):
            moved_as(tracked, POSITION, smoothing)


def test_a_clip_without_any_texture_stands_still() -> None:
    tracked = follow(CLIP, mask_starts(MASK[None]), LK)
    moved = moved_as(tracked, TURN_AND_SCALE, 1)
    assert np.allclose(moved.tracks, tracked.tracks[0])


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (16, 16)])
def test_tiny_clips_are_taken(size: tuple[int, int]) -> None:
    clip = np.random.default_rng(0).integers(0, 256, (3, *size, 3), dtype=np.uint8)
    tracked = follow(clip, mask_starts(np.ones((1, *size), bool)), LK)
    assert moved_as(tracked, TURN_AND_SCALE).frames == 3
