"""The demo model's figures, checked with videos whose quality is known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.assessment import assess, held_out_scenes
from trackgo.demo.world import Scene
from trackgo.tracking.sprites import still_offset

FRAMES, SIZE = 8, 64


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return held_out_scenes(24, FRAMES, SIZE, SIZE)[7:16]  # three paths that bend among them


def cut_out(scenes, picture, trajectories, factor=1.0, straight=False):
    """A perfect video but for whole pixels: each selected sprite's first picture moved over the empty scene."""
    seen = next(s for s in scenes if (s.frames[0] == picture).all())
    video = np.repeat(picture[None], FRAMES, axis=0)
    chosen = range(int(trajectories.component.max()) + 1)
    empty = np.where(seen.masks[0][list(chosen)].any(axis=0)[..., None], seen.clean_plate[0], picture)
    for i in range(1, FRAMES):
        video[i] = empty
        for n in chosen:
            track = trajectories.tracks[:, trajectories.component == n]
            shift = (track - track[0]).mean(axis=1) * factor
            x, y = np.rint(shift[-1] * i / (FRAMES - 1) if straight else shift[i]).astype(int)
            ys, xs = np.nonzero(seen.masks[0, n])
            inside = (ys + y >= 0) & (ys + y < SIZE) & (xs + x >= 0) & (xs + x < SIZE)
            video[i, ys[inside] + y, xs[inside] + x] = picture[ys[inside], xs[inside]]
    return video


@pytest.mark.slow
def test_sprites_that_are_moved_as_drawn_reach_the_goals(scenes):
    found = assess(lambda *a: cut_out(scenes, a[0], a[1]), lambda frames: frames // 8 * 8 + 4, scenes)
    assert found.scenes == 9
    assert found.one_ratio < 0.1 and found.several_ratio < 0.15 and found.one_cosine > 0.98
    assert found.reversed_ratio < 0.1 and found.reversed_cosine > 0.98
    assert found.drift_px < 0.05
    assert found.seed_difference == 0
    assert found.nearer_curve == 1 and found.bend_ratio == pytest.approx(1, abs=0.15)
    assert found.ghost_ratio < 1.5 and found.ghost_pixels_ratio < 1.5 and abs(found.left_behind) < 0.02


@pytest.mark.slow
def test_a_still_video_scores_as_the_static_baseline(scenes):
    still = lambda picture, *_: np.repeat(picture[None], FRAMES, axis=0)  # noqa: E731
    found = assess(still, lambda frames: frames // 8 * 8 + 4, scenes)
    assert found.one_ratio == pytest.approx(1) and found.several_ratio == pytest.approx(1)
    assert found.one_cosine == 0 and found.drift_px == 0 and found.bend_ratio == 0
    assert found.ghost_ratio > 3 and found.left_behind == pytest.approx(1)  # everything is still where it was
    assert 0 < found.inpainted_left_behind < 0.3  # what surrounds a sprite resembles its background, not the sprite
    assert 0 < found.vae_ghost < 4  # the stand-in's error is at most 4
    assert 1 < found.inpainted_ghost_ratio < 0.5 * found.ghost_ratio
    assert 1 < found.inpainted_ghost_pixels_ratio < 0.5 * found.ghost_pixels_ratio


@pytest.mark.slow
def test_wrong_ways_are_seen(scenes):
    stay = [scenes[0], scenes[2], scenes[4]]  # the others leave the frame that way, and could be anywhere
    wrong = assess(lambda *a: cut_out(scenes, a[0], a[1], -1), lambda f: f // 8 * 8 + 4, stay)
    assert wrong.one_cosine < -0.95 and wrong.one_ratio > 1.5 and wrong.reversed_cosine < -0.95
    chord = assess(lambda *a: cut_out(scenes, a[0], a[1], 1, True), lambda f: f // 8 * 8 + 4, scenes[:5])
    assert chord.nearer_curve == 0 and abs(chord.bend_ratio) < 0.3


def test_drift_is_measured_in_pixels():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 255, (40, 40, 3), dtype=np.uint8)
    mask = np.zeros((40, 40), bool)
    mask[10:20, 12:24] = True
    assert still_offset(np.roll(first, (3, -2), (0, 1)), first, mask).tolist() == [-2, 3]
