from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo.demo.world import SINGLE, THREE, scene
from trackgo.tracking.sprites import correlate, followed, mostly_seen, sprite_offsets, wanted_offsets
from trackgo.training.evaluation import contact_sheet, following_figures

RNG = np.random.default_rng(0)
PLATE = RNG.integers(0, 256, (40, 48, 3), dtype=np.uint8)
SPRITE = RNG.integers(0, 256, (40, 48, 3), dtype=np.uint8)


def with_sprite(x: int, y: int) -> np.ndarray:
    frame = PLATE.copy()
    frame[12 + y : 22 + y, 16 + x : 28 + x] = SPRITE[12:22, 16:28]
    return frame


def test_correlation_against_sums():
    image, kernel = RNG.random((5, 6)), RNG.random((5, 6))
    result = correlate(image, kernel)
    for oy, ox in ((0, 0), (2, -3), (-4, 5)):
        total = sum(
            image[y + oy, x + ox] * kernel[y, x]
            for y in range(5)
            for x in range(6)
            if 0 <= y + oy < 5 and 0 <= x + ox < 6
        )
        assert result[oy + 4, ox + 5] == pytest.approx(total)


@given(st.integers(-16, 20), st.integers(-12, 18))
@settings(deadline=None, max_examples=30)
def test_a_shifted_sprite_is_found(x, y):
    mask = np.zeros((40, 48), bool)
    mask[12:22, 16:28] = True
    frames = np.stack([with_sprite(0, 0), with_sprite(x, y)])
    found = sprite_offsets(frames, np.stack([PLATE, PLATE]), frames[0], mask)
    np.testing.assert_array_equal(found, [(0, 0), (x, y)])


def test_a_sprite_does_not_leap_to_its_double():
    """A better copy far away for one frame is not the sprite; seen in the places between, it is."""
    mask = np.zeros((32, 128), bool)
    mask[10:20, 10:22] = True
    rng = np.random.default_rng(1)
    plate = rng.integers(0, 80, (32, 128, 3), dtype=np.uint8)
    own = rng.integers(120, 256, (10, 12, 3), dtype=np.uint8)

    def frame(x: int, copy: np.ndarray, double: int | None = None) -> np.ndarray:
        picture = plate.copy()
        picture[10:20, x : x + 12] = copy
        if double is not None:
            picture[10:20, double : double + 12] = own
        return picture

    faded = (0.8 * own).astype(np.uint8)
    at = [10 + 2 * i for i in range(14)]
    leap = np.stack([frame(x, own if i == 0 else faded, 100 if i == 7 else None) for i, x in enumerate(at)])
    plates = np.repeat(plate[None], 14, axis=0)
    found = sprite_offsets(leap, plates, leap[0], mask)
    np.testing.assert_array_equal(found, [(2 * i, 0) for i in range(14)])
    fast = np.stack([frame(min(10 + 20 * i, 110), own) for i in range(14)])
    found = sprite_offsets(fast, plates, fast[0], mask)
    np.testing.assert_array_equal(found[:, 0], [min(20 * i, 100) for i in range(14)])


def test_a_sprite_drawn_too_light_is_not_looked_for_in_a_dark_corner():
    """Half as dark as it should be it still differs clearly from a bright wall, and the corner is always dark."""
    y, x = np.mgrid[:64, :64]
    wall = (235 - 215 * np.exp(-(x**2 + y**2) / 500)).astype(np.uint8)
    plate = np.repeat(wall[..., None], 3, axis=-1)
    mask = np.zeros((64, 64), bool)
    mask[16:26, 44:54] = True
    frames = []
    for i in range(8):
        left, top = 44 - 3 * i, 16 + 4 * i
        frame = plate.copy()
        dark = 1.0 if i == 0 else 0.5
        frame[top : top + 10, left : left + 10] = (1 - dark) * frame[top : top + 10, left : left + 10] + dark * 20
        frames.append(frame)
    found = sprite_offsets(np.stack(frames), np.repeat(plate[None], 8, axis=0), frames[0], mask)
    np.testing.assert_array_equal(found, [(-3 * i, 4 * i) for i in range(8)])
    gone = np.stack([frames[0], *[plate] * 7])
    at = sprite_offsets(gone, np.repeat(plate[None], 8, axis=0), frames[0], mask)
    assert np.abs(at[-1] - (-21, 28)).max() > 10  # what is not there is not found


def test_a_sprite_that_leaves_is_followed_to_where_it_left():
    """What resembles it after it has left, in the other direction, does not pull its path there."""
    true = scene(50, 14, 128, 128, "test", SINGLE)
    wanted, there = wanted_offsets(true, 0), mostly_seen(true, 0)
    last = int(np.flatnonzero(there)[-1])
    assert last < 13
    found = followed(true.frames, true, 0, wanted, there)
    assert found.error < 0.05 * found.still and found.cosine > 0.99
    mask = true.masks[0, 0]
    offsets = sprite_offsets(true.frames, true.clean_plate, true.frames[0], mask, last)
    np.testing.assert_array_equal(offsets[last:], np.repeat(offsets[last : last + 1], 14 - last, axis=0))
    at_once = sprite_offsets(true.frames, true.clean_plate, true.frames[0], mask, 0)
    np.testing.assert_array_equal(at_once, np.zeros((14, 2)))


def test_true_videos_score_well_and_still_ones_score_as_the_static_baseline():
    scenes = [scene(i, 8, 64, 64, "validation", SINGLE) for i in range(4)]
    true = following_figures(np.stack([s.frames for s in scenes]), scenes)
    still = following_figures(np.stack([np.repeat(s.frames[:1], 8, axis=0) for s in scenes]), scenes)
    assert true["one/ratio"] < 0.2 and true["one/cosine"] > 0.98
    assert still["one/ratio"] == pytest.approx(1, abs=1e-6)
    reversed_time = following_figures(np.stack([s.frames[::-1] for s in scenes]), scenes)
    assert reversed_time["one/ratio"] > 0.5
    assert contact_sheet(np.stack([s.frames for s in scenes]), scenes, 2).dtype == np.uint8


def recolored(seen, of) -> np.ndarray:
    """The true video with every moving sprite in one plain color: ``of(colors, number)`` of the mean colors."""
    video = seen.frames.copy()
    colors = [seen.frames[0][seen.masks[0, n]].mean(axis=0) for n in range(seen.masks.shape[1])]
    for number in range(len(colors)):
        video[seen.masks[:, number]] = of(colors, number)
    return video


@pytest.mark.slow
def test_softness_is_forgiven_and_a_wrong_color_is_not():
    scenes = [scene(i, 6, 128, 128, "validation", THREE) for i in range(5)]
    ratio = lambda videos: following_figures(np.stack(videos), scenes)["several/ratio"]  # noqa: E731
    true = ratio([s.frames for s in scenes])
    soft = ratio([np.stack([cv2.GaussianBlur(f, (0, 0), 2) for f in s.frames]) for s in scenes])
    own = ratio([recolored(s, lambda colors, n: colors[n]) for s in scenes])
    blended = ratio([recolored(s, lambda colors, _: np.mean(colors, axis=0)) for s in scenes])
    exchanged = ratio([recolored(s, lambda colors, n: colors[n - 1]) for s in scenes])
    assert true < 0.1 and soft < 0.25 and own < 0.3, (true, soft, own)
    assert blended > 0.7 and exchanged > 1, (blended, exchanged)
