"""Control points, their tracks, the picture P and the TRACKS dictionary."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trackgo import Drawing, PointTrajectories, point_trajectories
from trackgo.drawing import Arrow, Component, Mask, Stroke, camera_component
from trackgo.drawing.coordinates import inside_frame
from trackgo.trajectories import COMPONENT_COLORS
from trackgo.trajectories.control_points import control_points, onto_mask, points_per_component

ARROW = Arrow([(0.3, 0.5), (0.6, 0.4)])


def disc(height: int, width: int, y: float, x: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[0:height, 0:width]
    return np.hypot(rows - y, columns - x) <= radius


def drawing_of(*masks: np.ndarray, arrows=(ARROW,)) -> Drawing:
    return Drawing(tuple(Component.from_mask(mask, f"part {i}", arrows) for i, mask in enumerate(masks)))


def on_mask(points: np.ndarray, mask: np.ndarray) -> np.ndarray:
    columns, rows = np.floor(points + 0.5).astype(int).T
    return mask[rows, columns]


@pytest.mark.parametrize(
    ("share", "count"),
    [(0.0, 16), (0.05, 16), (0.1, 16), (0.15, 24), (0.25, 40), (0.3, 48), (0.4, 64), (0.7, 64), (1.0, 64), (0.2, 32)],
)
def test_equation_10(share, count):
    assert points_per_component(share) == count


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_larger_mask_never_gets_fewer_points(one, other):
    low, high = sorted((one, other))
    assert 16 <= points_per_component(low) <= points_per_component(high) <= 64


SHAPES = {
    "disc": disc(90, 160, 40, 70, 25),
    "ring": disc(90, 160, 45, 80, 40) & ~disc(90, 160, 45, 80, 37),
    "crescent": disc(90, 160, 45, 80, 40) & ~disc(90, 160, 45, 92, 38),
    "two specks": disc(90, 160, 5, 5, 3) | disc(90, 160, 85, 155, 3),
    "everything": np.ones((90, 160), bool),
    "one row": np.eye(90, 160, dtype=bool),
    "checkerboard": np.indices((90, 160)).sum(0) % 2 == 0,
}


@pytest.mark.parametrize("name", SHAPES)
def test_control_points_are_distinct_and_on_the_mask(name):
    mask = SHAPES[name]
    for seed in range(5):
        points = control_points(mask, np.random.default_rng(seed))
        assert len(points) == points_per_component(mask.mean())
        assert on_mask(points, mask).all()
        assert len(np.unique(points, axis=0)) == len(points)


def test_control_points_spread_over_the_mask():
    """No mask pixel is much further from a point than an even spread would leave it."""
    mask = SHAPES["disc"]
    points = control_points(mask, np.random.default_rng(0))
    pixels = np.argwhere(mask)[:, ::-1]
    nearest = np.linalg.norm(pixels[:, None] - points, axis=-1).min(axis=1)
    even = np.sqrt(mask.sum() / len(points) / np.pi)
    assert nearest.max() < 2.5 * even


def brute_onto_mask(centres: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """One centre after another, every free pixel of the mask compared."""
    pixels = [(x, y) for y, x in np.argwhere(mask)]
    inside = on_mask(centres, mask)
    taken = {tuple(map(int, np.floor(point + 0.5))) for point in centres[inside]}
    result = centres.copy()
    for index in np.flatnonzero(~inside):
        free = [pixel for pixel in pixels if pixel not in taken]
        result[index] = min(free, key=lambda pixel: np.hypot(*(np.array(pixel) - result[index])))
        taken.add((int(result[index, 0]), int(result[index, 1])))
    return result


@pytest.mark.parametrize("seed", range(8))
def test_a_centre_outside_goes_to_the_nearest_free_pixel(seed):
    """Far corners, a hole crowded with centres, and a mask with hardly more pixels than centres."""
    rng = np.random.default_rng(seed)
    crowd = rng.normal((80, 45), 2, (12, 2))
    for mask in (
        SHAPES["ring"],
        SHAPES["crescent"],
        SHAPES["two specks"],
        rng.permutation(14_400).reshape(90, 160) < 19,
    ):
        centres = np.concatenate([crowd, rng.uniform(0, (159, 89), (6, 2))])
        found = onto_mask(centres, mask)
        expected = brute_onto_mask(centres, mask)
        distance = [np.linalg.norm(points - centres, axis=1) for points in (found, expected)]
        assert np.allclose(*distance)
        assert on_mask(found, mask).all()
        assert (
            len({tuple(np.floor(point + 0.5)) for point in found[~on_mask(centres, mask)]})
            == (~on_mask(centres, mask)).sum()
        )


def test_more_centres_than_pixels_are_refused():
    with pytest.raises(ValueError, match="the mask has 1 pixels; 2 centres"):
        onto_mask(np.zeros((2, 2)), np.eye(1, 5, dtype=bool))


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 18, 30, 47, 48, 49])
def test_small_masks(count):
    mask = np.zeros((60, 60), bool)
    mask[20:30, 30:40].flat[:count] = True
    points = control_points(mask, np.random.default_rng(3))
    assert len(points) == min(count, 16)
    assert on_mask(points, mask).all()
    assert len(np.unique(points, axis=0)) == len(points)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.floats(0.0005, 1), st.integers(1, 40), st.integers(1, 40))
def test_any_mask_works(seed, share, height, width):
    rng = np.random.default_rng(seed)
    mask = rng.random((height, width)) < share
    mask.flat[rng.integers(mask.size)] = True
    points = control_points(mask, rng)
    assert len(points) == min(mask.sum(), points_per_component(mask.mean()))
    assert on_mask(points, mask).all()
    assert len(np.unique(points, axis=0)) == len(points)


def test_same_seed_same_points_other_seed_others():
    drawing = drawing_of(SHAPES["disc"], SHAPES["ring"])
    one, again, other = (point_trajectories(drawing, 6, 160, 90, seed) for seed in (7, 7, 8))
    assert np.array_equal(one.tracks, again.tracks)
    assert not np.array_equal(one.tracks, other.tracks)


def test_a_component_keeps_its_points_whatever_the_others_do():
    first, second = drawing_of(SHAPES["disc"], SHAPES["ring"]).components
    both = point_trajectories(Drawing((first, second)), 6, 160, 90)
    small = Component.from_mask(SHAPES["two specks"], arrows=first.arrows)
    hidden = Component("gone", first.mask, hidden=True)
    for drawing in (Drawing((small, second)), Drawing((hidden, second))):
        result = point_trajectories(drawing, 6, 160, 90)
        number = len(drawing.active) - 1
        assert np.array_equal(result.tracks[:, result.component == number], both.tracks[:, both.component == 1])


def test_tracks_follow_the_arrow():
    result = point_trajectories(drawing_of(SHAPES["disc"]), 11, 160, 90)
    assert result.tracks.dtype == np.float32
    assert result.tracks.shape == (11, 22, 2)  # the disc covers 13.6 % of the frame
    assert result.visibility.shape == (11, 22)
    assert result.component.dtype == np.int64
    step = np.array([0.3 * 160, -0.1 * 90]) / 10
    expected = result.tracks[0] + np.arange(11)[:, None, None] * step
    assert np.allclose(result.tracks, expected, atol=1e-4)
    assert on_mask(result.tracks[0], SHAPES["disc"]).all()


@pytest.mark.parametrize("frames", [1, 2, 6, 14, 25, 121])
def test_any_frame_count(frames):
    result = point_trajectories(drawing_of(SHAPES["disc"]), frames, 160, 90)
    assert result.frames == frames
    assert result.render().shape == (frames, 90, 160, 3)


def test_points_that_leave_stay_in_the_data_but_not_in_the_picture():
    away = Arrow([(0.5, 0.5), (40.0, -30.0)])
    result = point_trajectories(drawing_of(SHAPES["disc"], arrows=(away,)), 8, 160, 90)
    assert result.visibility[0].all()
    assert not result.visibility[-1].any()
    assert np.isfinite(result.tracks).all()
    assert result.render()[0].any()
    assert not result.render()[-1].any()


def test_a_resolution_change_keeps_fractions():
    small = point_trajectories(drawing_of(SHAPES["disc"]), 7, 160, 90)
    large = small.resized(320, 360)
    assert (large.width, large.height) == (320, 360)
    assert np.allclose((large.tracks + 0.5) / (320, 360), (small.tracks + 0.5) / (160, 90), atol=1e-6)
    assert np.allclose(large.resized(160, 90).tracks, small.tracks, atol=1e-4)


def test_an_empty_mask_is_refused_by_name():
    drawing = Drawing((camera_component(), Component("kite", Mask((Stroke("brush", [(7.0, 7.0)], 0.01),)))))
    with pytest.raises(ValueError, match=r'component 2 \("kite"\): its mask covers no pixel at 64×36'):
        point_trajectories(drawing, 6, 64, 36)


def test_no_components():
    result = point_trajectories(Drawing.empty(), 6, 32, 24)
    assert result.tracks.shape == (6, 0, 2)
    assert not result.render().any()
    assert PointTrajectories.from_tracks(result.to_tracks()).tracks.shape == (6, 0, 2)
    assert result.resized(8, 8).resampled(9).tracks.shape == (9, 0, 2)


# --- P ---


def trajectories(points, visible=None, component=None, width=20, height=12) -> PointTrajectories:
    tracks = np.array(points, dtype=np.float32).reshape(len(points), -1, 2)
    visible = np.ones(tracks.shape[:2], bool) if visible is None else np.array(visible)
    component = np.zeros(tracks.shape[1], int) if component is None else np.array(component)
    return PointTrajectories(tracks, visible, component, width, height)


@pytest.mark.parametrize(
    ("x", "columns"),
    [
        (9.5, [8, 9, 10, 11]),
        (9.0, [7, 8, 9, 10]),
        (9.01, [8, 9, 10, 11]),
        (9.49, [8, 9, 10, 11]),
        (10.0, [8, 9, 10, 11]),
    ],
)
def test_a_square_covers_exactly_four_columns_and_rows(x, columns):
    picture = trajectories([[[x, 5.5]]]).render()[0].any(axis=-1)
    assert np.flatnonzero(picture.any(axis=0)).tolist() == columns
    assert np.flatnonzero(picture.any(axis=1)).tolist() == [4, 5, 6, 7]
    assert picture.sum() == 16


def brute_render(t: PointTrajectories) -> np.ndarray:
    picture = np.zeros((t.frames, t.height, t.width, 3), np.uint8)
    for component in sorted(set(t.component.tolist())):
        for frame in range(t.frames):
            for point in np.flatnonzero(t.component == component):
                if not t.visibility[frame, point]:
                    continue
                x, y = map(float, t.tracks[frame, point])
                for row in range(t.height):
                    for column in range(t.width):
                        if x - 2 <= column < x + 2 and y - 2 <= row < y + 2:
                            picture[frame, row, column] = COMPONENT_COLORS[component % 12]
    return picture


def test_the_picture_equals_a_loop_over_pixels():
    rng = np.random.default_rng(4)
    t = trajectories(
        rng.uniform(-6, 22, (3, 15, 2)), rng.random((3, 15)) < 0.7, rng.integers(0, 15, 15), width=17, height=13
    )
    picture = t.render()
    assert picture.dtype == np.uint8
    assert picture.any()
    assert np.array_equal(picture, brute_render(t))
    assert np.array_equal(picture, np.stack(list(t.each_rendered()))), "frame by frame as well"


def test_later_components_cover_earlier_ones_whatever_the_order_of_points():
    t = trajectories([[[5, 5], [6, 5]]], component=[1, 0])
    assert tuple(t.render()[0, 5, 5]) == COMPONENT_COLORS[1]
    assert tuple(t.render()[0, 5, 7]) == COMPONENT_COLORS[0]


def test_colors_are_distinct_and_start_again():
    assert len(set(COMPONENT_COLORS)) == 12
    assert tuple(trajectories([[[5, 5]]], component=[14]).render()[0, 5, 5]) == COMPONENT_COLORS[2]


@example(0.0, 3.6)
@example(7.6, 0.0)
@example(-0.5, -0.5)
@example(-0.6, 0.0)
@example(0.0, -0.6)
@given(st.floats(-3, 10), st.floats(-3, 10))
def test_inside_means_the_frames_full_area(x, y):
    assert inside_frame(np.array([x, y]), 8, 4) == (0 <= (x + 0.5) / 8 < 1 and 0 <= (y + 0.5) / 4 < 1)


# --- TRACKS ---


def test_tracks_round_trip_as_tensors():
    t = point_trajectories(drawing_of(SHAPES["disc"], SHAPES["ring"]), 6, 160, 90)
    tracks = t.to_tracks()
    assert tracks["track_path"].dtype == torch.float32
    assert tracks["track_visibility"].dtype == torch.bool
    assert tracks["track_component"].dtype == torch.int64
    assert (tracks["width"], tracks["height"]) == (160, 90)
    again = PointTrajectories.from_tracks(tracks)
    for field in ("tracks", "visibility", "component", "width", "height"):
        assert np.array_equal(getattr(again, field), getattr(t, field))
    tracks["track_path"].zero_()
    assert t.tracks.any()  # the dictionary owns its memory


def test_tracks_from_elsewhere():
    path = torch.full((5, 3, 2), 4.0, dtype=torch.bfloat16, requires_grad=True)
    bare = PointTrajectories.from_tracks({"track_path": path}, 16, 9)
    assert bare.component.tolist() == [0, 0, 0]
    assert bare.visibility.all()
    assert (bare.tracks == 4).all()
    per_frame = torch.tensor([[True], [True], [False], [True], [False]])
    masked = PointTrajectories.from_tracks({"track_path": path, "track_visibility": per_frame}, 16, 9)
    assert masked.visibility.tolist() == [[value] * 3 for value in (True, True, False, True, False)]
    outside = {"track_path": [[[0.0, 0.0], [99.0, 0.0]]]}
    assert PointTrajectories.from_tracks(outside, 16, 9).visibility.tolist() == [[True, False]]


def test_the_dictionarys_own_size_comes_first():
    tracks = trajectories([[[1, 1]]]).to_tracks()
    assert PointTrajectories.from_tracks(tracks, 500, 500).width == 20


PATH = np.zeros((4, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ({}, "must be a dictionary that holds track_path"),
        ([1], "must be a dictionary that holds track_path"),
        ({"track_path": np.zeros((4, 2))}, r"track_path has shape \[4, 2\]; it must be \[L, N, 2\]"),
        ({"track_path": np.zeros((4, 2, 3))}, r"track_path has shape \[4, 2, 3\]"),
        ({"track_path": np.zeros((0, 2, 2))}, "at least one frame"),
        ({"track_path": "abc"}, "track_path"),
        ({"track_path": [[[1, 2], [3]]]}, "track_path cannot be read as an array"),
        ({"track_path": PATH, "track_visibility": np.ones((4, 3))}, r"track_visibility has shape \[4, 3\]"),
        ({"track_path": PATH, "track_visibility": np.ones((3, 1))}, r"track_visibility has shape \[3, 1\]"),
        ({"track_path": PATH, "track_component": np.zeros(3, int)}, r"component has shape \[3\]"),
        ({"track_path": PATH, "track_component": np.zeros(2)}, "dtype float64"),
        ({"track_path": PATH, "track_component": np.array([0, -1])}, "component holds -1"),
        ({"track_path": np.where(np.arange(16).reshape(4, 2, 2) == 7, np.nan, 0)}, "y of point 2 at frame 2 is nan"),
        ({"track_path": np.where(np.arange(16).reshape(4, 2, 2) == 8, np.inf, 0)}, "x of point 1 at frame 3 is inf"),
        ({"track_path": PATH, "width": 0}, "width is 0"),
    ],
)
def test_bad_tracks_are_refused_by_name(tracks, message):
    with pytest.raises(ValueError, match=message):
        PointTrajectories.from_tracks(tracks, 16, 9)


def test_tracks_without_a_size_are_refused():
    with pytest.raises(ValueError, match="width and height"):
        PointTrajectories.from_tracks({"track_path": PATH})


# --- time ---


def test_resampling_is_linear_in_time():
    t = trajectories([[[0, 0]], [[10, 4]], [[10, 8]]])
    assert np.allclose(t.resampled(5).tracks[:, 0], [[0, 0], [5, 2], [10, 4], [10, 6], [10, 8]])
    assert np.allclose(t.resampled(1).tracks[:, 0], [[0, 0]])
    assert np.array_equal(t.resampled(3).tracks, t.tracks)
    assert np.allclose(t.resampled(1).resampled(4).tracks, np.zeros((4, 1, 2)))


def test_between_frames_a_point_is_visible_when_it_is_in_both():
    t = trajectories([[[0, 0]], [[1, 1]], [[2, 2]]], visible=[[True], [False], [True]])
    assert t.resampled(5).visibility[:, 0].tolist() == [True, False, False, False, True]


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(1, 200))
def test_resampling_keeps_the_ends(frames, wanted):
    t = trajectories(np.random.default_rng(frames).uniform(0, 10, (frames, 2, 2)))
    result = t.resampled(wanted)
    assert result.frames == wanted
    assert np.allclose(result.tracks[0], t.tracks[0])
    if wanted > 1:
        assert np.allclose(result.tracks[-1], t.tracks[-1], atol=1e-5)


def test_points_over_frames_are_counted_before_they_are_computed() -> None:
    whole = {"mask": {"strokes": [{"tool": "fill"}]}}
    drawing = Drawing.from_dict({"version": 1, "components": [whole] * 400})
    with pytest.raises(
        ValueError, match="25600 control points over 1024 frames are 26214400 positions; at most 20000000"
    ):
        point_trajectories(drawing, 1024, 64, 48)
    assert point_trajectories(drawing, 4, 64, 48).tracks.shape == (4, 25600, 2)
