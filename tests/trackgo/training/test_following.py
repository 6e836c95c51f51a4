from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo.demo.world import SINGLE, THREE, scene
from trackgo.training.evaluation import contact_sheet, following_figures
from trackgo.training.following import correlate, sprite_offset

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
    found = sprite_offset(with_sprite(x, y), PLATE, with_sprite(0, 0), mask)
    np.testing.assert_array_equal(found, (x, y))


def test_true_videos_score_well_and_still_ones_score_as_the_static_baseline():
    scenes = [scene(i, 8, 64, 64, "validation", SINGLE) for i in range(4)]
    true = following_figures(np.stack([s.frames for s in scenes]), scenes)
    still = following_figures(np.stack([np.repeat(s.frames[:1], 8, axis=0) for s in scenes]), scenes)
    assert true["one/ratio"] < 0.2 and true["one/cosine"] > 0.98
    assert still["one/ratio"] == pytest.approx(1, abs=1e-6)
    reversed_time = following_figures(np.stack([s.frames[::-1] for s in scenes]), scenes)
    assert reversed_time["one/ratio"] > 0.5
    assert contact_sheet(np.stack([s.frames for s in scenes]), scenes, 2).dtype == np.uint8


def recoloured(seen, of) -> np.ndarray:
    """The true video with every moving sprite in one plain colour: ``of(colours, number)`` of the mean colours."""
    video = seen.frames.copy()
    colours = [seen.frames[0][seen.masks[0, n]].mean(axis=0) for n in range(seen.masks.shape[1])]
    for number in range(len(colours)):
        video[seen.masks[:, number]] = of(colours, number)
    return video


def test_softness_is_forgiven_and_a_wrong_colour_is_not():
    scenes = [scene(i, 6, 128, 128, "validation", THREE) for i in range(5)]
    ratio = lambda videos: following_figures(np.stack(videos), scenes)["several/ratio"]  # noqa: E731
    true = ratio([s.frames for s in scenes])
    soft = ratio([np.stack([cv2.GaussianBlur(f, (0, 0), 2) for f in s.frames]) for s in scenes])
    own = ratio([recoloured(s, lambda colours, n: colours[n]) for s in scenes])
    blended = ratio([recoloured(s, lambda colours, _: np.mean(colours, axis=0)) for s in scenes])
    exchanged = ratio([recoloured(s, lambda colours, n: colours[n - 1]) for s in scenes])
    assert true < 0.1 and soft < 0.25 and own < 0.3, (true, soft, own)
    assert blended > 0.7 and exchanged > 1, (blended, exchanged)
