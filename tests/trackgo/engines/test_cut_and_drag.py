from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.comfy_harness import ROOT
from trackgo import Camera, Drawing, point_trajectories
from trackgo.drawing import Arrow, Component, Hold, Mask, Stroke
from trackgo.engines.cut_and_drag import fill, reference_frames, reference_video, tracked_reference
from trackgo.files import read_picture

FIXTURES = ROOT / "tests" / "fixtures"
GOLDEN = json.loads((FIXTURES / "rough_video.json").read_text(encoding="utf-8"))
WIDTH, HEIGHT, FRAMES = 160, 96, 7
X, Y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
SLOPES = np.stack([X, 2 * Y, (X + Y) // 2], axis=-1).astype(np.uint8)  # a color tells its pixel's place


def box(left: float, top: float, right: float, bottom: float) -> Mask:
    return Mask((Stroke("lasso", [(left, top), (right, top), (right, bottom), (left, bottom)]),))


def moving(mask: Mask, *arrows: list, **more) -> Component:
    return Component("part", mask, tuple(Arrow(points) for points in arrows), **more)


BOAT = moving(box(0.1, 0.2, 0.3, 0.6), [(0.2, 0.4), (0.7, 0.4)])
WHIRL = moving(box(0.4, 0.3, 0.6, 0.7), [(0.45, 0.5), (0.5, 0.35)], [(0.55, 0.5), (0.6, 0.65)])


def test_the_first_frame_is_the_picture() -> None:
    shown, moved = reference_video(SLOPES, Drawing((BOAT, WHIRL)), FRAMES)
    assert shown.shape == (FRAMES, HEIGHT, WIDTH, 3) and shown.dtype == np.uint8
    assert np.array_equal(shown[0], SLOPES)
    assert np.array_equal(moved[0], Drawing((BOAT, WHIRL)).masks(WIDTH, HEIGHT).any(axis=0))


@pytest.mark.parametrize("camera", [None, Camera((0.1, -0.05), 1.2, 10)])
@pytest.mark.parametrize("component", [BOAT, WHIRL])
def test_pixels_go_where_control_points_go(component: Component, camera: Camera | None) -> None:
    """Colors that tell their place: where a control point is at frame t, its own color lies within 0.1 px."""
    drawing = Drawing((component,), camera=camera)
    shown, _ = reference_video(SLOPES, drawing, FRAMES)
    points = point_trajectories(drawing, FRAMES, WIDTH, HEIGHT)
    own = points.component == 0
    mask = drawing.masks(WIDTH, HEIGHT)[0]
    starts = points.tracks[0, own]
    inner = [bool(mask[round(y) - 3 : round(y) + 4, round(x) - 3 : round(x) + 4].all()) for x, y in starts]
    checked = 0
    for i in range(1, FRAMES):
        for (x0, y0), (x, y) in zip(starts[inner], points.tracks[i, own][inner], strict=True):
            if not (2 <= x < WIDTH - 3 and 2 <= y < HEIGHT - 3):
                continue
            column, row = int(x), int(y)
            tx, ty = x - column, y - row
            four = shown[i, row : row + 2, column : column + 2, :2].astype(float)
            found = (four[0] * (1 - ty) + four[1] * ty)[0] * (1 - tx) + (four[0] * (1 - ty) + four[1] * ty)[1] * tx
            # Rounding to whole levels is ±0.5 of a pixel's slope; that of y is 2 levels a pixel.
            assert abs(found[0] - x0) <= 0.6 and abs(found[1] / 2 - y0) <= 0.4
            checked += 1
    assert checked > 30


def test_later_components_cover_earlier_ones_and_still_ones_stay_whole() -> None:
    wall = Component("wall", box(0.45, 0.1, 0.55, 0.9))
    behind, _ = reference_video(SLOPES, Drawing((BOAT, wall)), FRAMES)
    in_front, _ = reference_video(SLOPES, Drawing((wall, BOAT)), FRAMES)
    mask = Drawing((wall,)).masks(WIDTH, HEIGHT)[0]
    middle = (FRAMES - 1) // 2 + 1
    assert np.array_equal(behind[middle][mask], SLOPES[mask]), "what passes behind changes nothing of it"
    assert not np.array_equal(in_front[middle][mask], SLOPES[mask]), "what passes in front covers it"
    assert np.array_equal(in_front[-1][mask], SLOPES[mask]), "and it is whole again afterwards"


def test_no_rim_of_the_background_travels_along() -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    mask = Drawing((BOAT,)).masks(WIDTH, HEIGHT)[0]
    picture[mask] = 0
    half = moving(BOAT.mask, [(0.2, 0.4), (0.7 + 0.5 / WIDTH, 0.4)])
    dark = picture.copy()
    dark[~mask] = (255, 0, 0)  # the object is black on red; elsewhere the hole is filled with red
    shown, moved = reference_video(dark, Drawing((half,)), FRAMES)
    inside = moved[-1]
    assert inside.sum() == pytest.approx(mask.sum(), rel=0.06)
    assert shown[-1][inside][:, 1:].max() <= 1 and shown[-1][inside][:, 0].mean() < 25


def test_hidden_components_take_no_part() -> None:
    hidden = moving(BOAT.mask, [(0.2, 0.4), (0.7, 0.4)], hidden=True)
    shown, moved = reference_video(SLOPES, Drawing((hidden,)), FRAMES)
    assert not moved.any() and all(np.array_equal(frame, SLOPES) for frame in shown)


def test_what_leaves_the_frame_is_cut() -> None:
    gone = moving(BOAT.mask, [(0.2, 0.4), (3.0, 0.4)])
    _, moved = reference_video(SLOPES, Drawing((gone,)), FRAMES)
    assert moved[0].any() and not moved[-1].any()


def test_the_camera_moves_everything_but_the_holes() -> None:
    drawing = Drawing((BOAT,), camera=Camera((0.25, 0), 1, 0))
    shown, moved = reference_video(SLOPES, drawing, FRAMES)
    assert not moved[-1][:, : WIDTH // 4 - 2].any(), "what comes into view is free"
    rows, columns = np.s_[5:15, 60:150]
    assert moved[-1][rows, columns].all()
    assert np.abs(shown[-1][rows, columns].astype(int) - SLOPES[5:15, 20:110]).max() <= 1
    hole = Drawing((BOAT,)).masks(WIDTH, HEIGHT)[0]
    assert not moved[-1][30:50, 60:80].all() and hole[30:50, 20:40].all()


def test_there_and_back_with_a_stay_is_in_the_points_and_in_the_pixels() -> None:
    stay = {"playback": "ping-pong", "holds": (Hold(1.0, 0.5),), "bezier": (0.3, 0.0, 0.6, 1.0)}
    drawing = Drawing((replace(BOAT, **stay), replace(WHIRL, **stay)))
    tracks = point_trajectories(drawing, 13, WIDTH, HEIGHT).tracks
    shown, _ = reference_video(SLOPES, drawing, 13)
    for clip, tolerance in ((tracks, 1e-3), (shown.astype(int), 1)):
        assert np.abs(clip - clip[::-1]).max() <= tolerance
        assert all(np.array_equal(clip[6], clip[i]) for i in range(3, 10))
        assert not np.array_equal(clip[2], clip[3]) and not np.array_equal(clip[0], clip[6])


def test_frame_by_frame_is_the_same() -> None:
    whole = reference_video(SLOPES, Drawing((BOAT, WHIRL)), FRAMES)
    for i, (shown, moved) in enumerate(reference_frames(SLOPES, Drawing((BOAT, WHIRL)), FRAMES)):
        assert np.array_equal(shown, whole[0][i]) and np.array_equal(moved, whole[1][i])


def test_a_hole_is_filled_from_its_surroundings() -> None:
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[20:70, 40:100] = True
    plain = np.full((HEIGHT, WIDTH, 3), (10, 120, 230), np.uint8)
    broken = plain.copy()
    broken[hole] = 0
    assert np.abs(fill(broken, hole).astype(int) - plain).max() <= 1
    assert np.array_equal(fill(SLOPES, hole)[~hole], SLOPES[~hole])
    assert np.array_equal(fill(SLOPES, np.ones_like(hole)), SLOPES), "with nothing known nothing changes"


numbers = st.floats(-2, 3, allow_nan=False)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4), st.integers(1, 5), st.booleans())
@settings(deadline=None, max_examples=40)
def test_any_arrow_gives_whole_frames(points: list, frames: int, turned: bool) -> None:
    arrows = [points, [(x + 0.1, y * 0.5) for x, y in points]] if turned else [points]
    shown, moved = reference_video(SLOPES, Drawing((moving(BOAT.mask, *arrows),)), frames)
    assert shown.shape == (frames, HEIGHT, WIDTH, 3) and moved.shape == (frames, HEIGHT, WIDTH)
    assert np.array_equal(shown[0], SLOPES) or frames == 1


def test_a_picture_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"uint8 \[H, W, 3\], got float64"):
        reference_video(SLOPES / 255, Drawing((BOAT,)), 3)


def test_tracks_move_masks_as_the_drawing_does() -> None:
    drawing = Drawing((BOAT, WHIRL))
    tracks = point_trajectories(drawing, FRAMES, WIDTH, HEIGHT)
    found = tracked_reference(SLOPES, drawing.masks(WIDTH, HEIGHT), tracks)
    shown, moved = reference_video(SLOPES, drawing, FRAMES)
    assert (np.abs(found.frames.astype(int) - shown) > 2).mean() < 0.002
    assert (found.moved != moved).mean() < 0.002 and moved[-1].any()


def test_what_is_out_of_sight_stays_where_it_was() -> None:
    tracks = point_trajectories(Drawing((BOAT,)), FRAMES, WIDTH, HEIGHT)
    hidden = tracks.visibility.copy()
    hidden[3:] = False
    found = tracked_reference(SLOPES, Drawing((BOAT,)).masks(WIDTH, HEIGHT), replace(tracks, visibility=hidden))
    assert all(np.array_equal(frame, found.frames[2]) for frame in found.frames[3:])
    assert not np.array_equal(found.frames[1], found.frames[2])


@pytest.mark.parametrize("name", GOLDEN["documents"])
def test_the_golden_frames(name: str) -> None:
    """tests/browser/test_rough_video.py holds the editor's preview to the same."""
    strip = read_picture(FIXTURES / f"rough_video_{name}.png")
    golden = strip.reshape(GOLDEN["frames"], -1, *strip.shape[1:])
    document = Drawing.from_json(json.dumps(GOLDEN["documents"][name]))
    shown, _ = reference_video(golden[0], document, GOLDEN["frames"])
    assert (np.abs(shown.astype(int) - golden) > 1).mean() < 1e-3
