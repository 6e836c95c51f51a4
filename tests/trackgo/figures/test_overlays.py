"""Overlays: what is drawn lies where it should, in the right color, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from trackgo import PointTrajectories
from trackgo.drawing import Arrow, Camera, Component, Drawing, Mask, Stroke
from trackgo.figures import overlays
from trackgo.trajectories import COMPONENT_COLORS

HEIGHT, WIDTH = 256, 320
GREY = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)


def near(picture: np.ndarray, x: float, y: float, color: tuple[int, int, int], reach: int = 2) -> bool:
    """Whether some pixel within `reach` of (x, y) has about that color; a one-pixel line is not quite opaque."""
    top, left = max(0, round(y) - reach), max(0, round(x) - reach)
    window = picture[top : round(y) + reach + 1, left : round(x) + reach + 1].astype(int)
    return bool((np.abs(window - color).max(axis=-1) <= 45).any())


def straight_tracks(frames: int = 6) -> PointTrajectories:
    x = np.linspace(40, 280, frames)
    tracks = np.stack([np.stack([x, np.full(frames, 60.0)], -1), np.stack([x, np.full(frames, 200.0)], -1)], axis=1)
    visible = np.ones((frames, 2), bool)
    visible[-1, 1] = False
    return PointTrajectories(tracks, visible, np.array([0, 13]), WIDTH, HEIGHT)


def test_masks_are_tinted_and_outlined() -> None:
    masks = np.zeros((2, HEIGHT, WIDTH), bool)
    masks[0, 50:100, 50:150], masks[1, 150:200, 200:260] = True, True
    picture = overlays.draw_masks(GREY, masks)
    for index, (y, x) in enumerate([(75, 100), (175, 230)]):
        expected = 0.6 * 100 + 0.4 * np.array(COMPONENT_COLORS[index])
        np.testing.assert_allclose(picture[y, x], expected, atol=1)
    assert near(picture, 50, 75, COMPONENT_COLORS[0]) and near(picture, 259, 175, COMPONENT_COLORS[1])
    untouched = np.ones((HEIGHT, WIDTH), bool)
    untouched[44:106, 44:156] = untouched[144:206, 194:266] = False
    np.testing.assert_array_equal(picture[untouched], GREY[untouched])


def test_a_mask_over_the_whole_frame_leaves_the_picture_visible() -> None:
    picture = overlays.draw_masks(GREY, np.ones((1, HEIGHT, WIDTH), bool))
    np.testing.assert_array_equal(picture[10:-10, 10:-10], GREY[10:-10, 10:-10])
    assert near(picture, 2, 100, COMPONENT_COLORS[0], reach=4)


def test_an_arrow_runs_from_its_start_to_its_tip() -> None:
    path = np.array([[50.0, 128.0], [250.0, 128.0]])
    picture = overlays.draw_arrows(GREY, [path], [(255, 48, 48)])
    assert near(picture, 50, 128, (255, 48, 48)) and near(picture, 150, 128, (255, 48, 48))
    changed = np.nonzero((picture != GREY).any(axis=-1))
    assert 245 <= changed[1].max() <= 253, "the head ends at the path's end"
    assert abs(changed[0].mean() - 128) < 1


def test_in_reverse_the_tip_is_drawn_where_the_motion_ends_and_a_camera_shows_its_whole_way() -> None:
    way, turned = Arrow([(0.2, 0.5), (0.8, 0.5)]), Arrow([(0.8, 0.5), (0.2, 0.5)])
    parts = [Component(arrows=(way,), playback="reverse"), Component(arrows=(turned,))]
    pictures = [overlays.draw_drawing(GREY, Drawing((part,))) for part in parts]
    assert np.array_equal(*pictures)
    camera = Camera((0.1, 0.0), 1.5)
    there_and_back = Camera((0.1, 0.0), 1.5, playback="ping-pong", bezier=(0.4, 0, 0.2, 1))
    views = [overlays.camera_view(one, WIDTH, HEIGHT) for one in (camera, there_and_back)]
    np.testing.assert_allclose(*views, atol=1e-9)


@pytest.mark.parametrize("path", [[[60.0, 60.0]], [[60.0, 60.0], [60.0, 60.0]]])
def test_a_still_arrow_shows_its_start(path: list) -> None:
    picture = overlays.draw_arrows(GREY, [np.array(path)], [(48, 224, 64)])
    assert near(picture, 60, 60, (48, 224, 64))
    assert ((picture != GREY).any(axis=-1)).sum() < 200


def test_arrows_far_outside_the_frame_do_not_matter() -> None:
    path = np.array([[1e9, 1e9], [2e9, 2e9]])
    np.testing.assert_array_equal(overlays.draw_arrows(GREY, [path], [(255, 255, 255)]), GREY)


def test_a_smooth_arrow_follows_the_curve_its_component_follows() -> None:
    arrow = Arrow(((0.2, 0.8), (0.5, 0.2), (0.8, 0.8)), "smooth")
    path = overlays.arrow_path(arrow, WIDTH, HEIGHT)
    np.testing.assert_allclose(path[0], [0.2 * WIDTH - 0.5, 0.8 * HEIGHT - 0.5])
    np.testing.assert_allclose(path[-1], [0.8 * WIDTH - 0.5, 0.8 * HEIGHT - 0.5])
    middle = np.array([0.5 * WIDTH - 0.5, 0.2 * HEIGHT - 0.5])
    assert np.linalg.norm(path - middle, axis=1).min() < 1, "it passes through its middle point"


def test_hidden_components_are_not_drawn_and_take_no_color() -> None:
    def component(u: float, hidden: bool) -> Component:
        return Component(mask=Mask((Stroke("brush", ((u, 0.5),), 0.05),)), arrows=(Arrow(((u, 0.5),)),), hidden=hidden)

    picture = overlays.draw_drawing(GREY, Drawing((component(0.25, True), component(0.75, False))))
    np.testing.assert_array_equal(picture[:, : WIDTH // 2], GREY[:, : WIDTH // 2])
    assert near(picture, 0.75 * WIDTH, 0.5 * HEIGHT, COMPONENT_COLORS[0])


def test_trails_show_points_where_they_are_in_their_components_color() -> None:
    tracks = straight_tracks()
    frames = np.repeat(GREY[None], 6, axis=0)
    drawn = overlays.draw_trails(frames, tracks, tail=3)
    for now in range(6):
        x, y = tracks.tracks[now, 0]
        assert near(drawn[now], x, y, COMPONENT_COLORS[0])
    assert near(drawn[2], *tracks.tracks[2, 1], COMPONENT_COLORS[1]), "component 13 has color 1 again"
    x, y = tracks.tracks[-1, 1]
    np.testing.assert_array_equal(drawn[-1, round(y) - 2 : round(y) + 3, round(x) - 2 : round(x) + 3], 100)
    behind = drawn[3, 60, round(tracks.tracks[2, 0, 0]) - 4]
    assert not (behind == 100).all(), "a trail follows the point"
    assert (overlays.draw_trails(frames, tracks, tail=0)[3, 60, :120] == 100).all(), "no trail if tail is 0"
    np.testing.assert_array_equal(frames, GREY[None].repeat(6, 0))


def test_trails_are_carried_over_to_another_size() -> None:
    small = overlays.draw_trails(np.full((6, HEIGHT // 2, WIDTH // 2, 3), 100, np.uint8), straight_tracks(), tail=0)
    x, y = (straight_tracks().tracks[0, 0] + 0.5) / 2 - 0.5
    assert near(small[0], x, y, COMPONENT_COLORS[0])


def test_trails_refuse_another_length() -> None:
    with pytest.raises(ValueError, match="5 frames but 6 positions"):
        overlays.draw_trails(np.repeat(GREY[None], 5, axis=0), straight_tracks())


def test_match_length_keeps_first_and_last() -> None:
    clip = np.arange(7, dtype=np.uint8)[:, None, None, None].repeat(3, axis=-1)
    assert overlays.match_length(clip, 3)[:, 0, 0, 0].tolist() == [0, 3, 6]
    assert overlays.match_length(clip[:1], 4)[:, 0, 0, 0].tolist() == [0, 0, 0, 0]
    with pytest.raises(ValueError, match="no frame"):
        overlays.match_length(clip[:0], 3)


def test_contact_sheet_holds_every_frame_unchanged() -> None:
    generator = np.random.default_rng(0)
    frames = generator.integers(0, 256, (7, 40, 60, 3), dtype=np.uint8)
    sheet = overlays.contact_sheet(frames, columns=3)
    rows, columns = sheet.shape[0] // 3, (sheet.shape[1] - 6) // 3
    for index, frame in enumerate(frames):
        row, column = divmod(index, 3)
        top, left = row * rows, column * columns
        cell = sheet[top : top + rows + 6, left : left + columns + 6]
        found = [
            (y, x)
            for y in range(cell.shape[0] - 39)
            for x in range(cell.shape[1] - 59)
            if (cell[y, x] == frame[0, 0]).all() and np.array_equal(cell[y : y + 40, x : x + 60], frame)
        ]
        assert len(found) == 1, f"frame {index + 1} is on the sheet, once"


def test_contact_sheet_wants_a_label_per_frame() -> None:
    with pytest.raises(ValueError, match="7 frames need as many labels, got 2"):
        overlays.contact_sheet(np.zeros((7, 8, 8, 3), np.uint8), labels=["a", "b"])


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)])
def test_pictures_must_be_rgb_bytes(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        overlays.draw_arrows(bad, [], [])
