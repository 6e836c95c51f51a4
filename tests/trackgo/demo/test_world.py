"""The moving-sprites world: exact, repeatable, and described by its own drawings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackgo import Drawing, point_trajectories
from trackgo.demo import textures
from trackgo.demo.world import LARGE, MIXED, PLAIN, SINGLE, THREE, Recipe, Scene, scene

CAMERA = Recipe(camera=1)
MIXED_WITHOUT_CAMERA = Recipe(camera=0)
LIMB = Recipe(moving=(1, 1), still=(0, 0), camera=0, limb=1)
ALONE = Recipe(moving=(1, 1), still=(0, 0), camera=0, limb=0, turn=0, leave=0)


def grown(masks: np.ndarray, steps: int = 2) -> np.ndarray:
    """bool [..., H, W] with every set pixel's neighbours set too, `steps` times."""
    for _ in range(steps):
        padded = np.pad(masks, [(0, 0)] * (masks.ndim - 2) + [(1, 1), (1, 1)])
        rows, columns = masks.shape[-2:]
        masks = np.any([padded[..., y : y + rows, x : x + columns] for y in range(3) for x in range(3)], axis=0)
    return masks


def bilinear(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """[H, W, 3] at points inside it; (0, 0) is the centre of the top-left pixel."""
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    right, bottom = np.minimum(left + 1, picture.shape[1] - 1), np.minimum(top + 1, picture.shape[0] - 1)
    u, v = (x - left)[:, None], (y - top)[:, None]
    upper = picture[top, left] * (1 - u) + picture[top, right] * u
    return upper * (1 - v) + (picture[bottom, left] * (1 - u) + picture[bottom, right] * u) * v


def color_change(pictures: np.ndarray, track: np.ndarray, seen: np.ndarray) -> float:
    """Median change (0–255) of the color under tracks [L, N, 2] since frame 0, where seen in both; NaN if nowhere."""
    changes = []
    for i in range(1, len(track)):
        both = seen[0] & seen[i] & ((track[i] >= 0) & (track[i] <= np.array(pictures.shape[2:0:-1]) - 1)).all(-1)
        first, now = (bilinear(pictures[j].astype(float), *track[j, both].T) for j in (0, i))
        changes.append(np.abs(now - first).mean(axis=-1))
    changes = np.concatenate(changes)
    return float(np.median(changes)) if len(changes) else float("nan")


@pytest.fixture(scope="module")
def mixed() -> list[Scene]:
    return [scene(i, 6, 96, 64) for i in range(12)]


def test_same_index_same_bytes_and_other_index_other_scene() -> None:
    one, again, other = scene(5, 4, 64, 64), scene(5, 4, 64, 64), scene(6, 4, 64, 64)
    for name in ("frames", "masks", "clean_plate", "still_masks", "tracks", "visibility", "component"):
        assert np.array_equal(getattr(one, name), getattr(again, name)), name
    assert one.drawing().to_json() == again.drawing().to_json()
    assert not np.array_equal(one.frames, other.frames)


def test_splits_share_no_scene() -> None:
    firsts = [scene(5, 1, 64, 64, split).frames for split in ("train", "validation", "test")]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(firsts[a].astype(int) - firsts[b]).mean() > 5


def test_shapes_and_dtypes(mixed: list[Scene]) -> None:
    for one in mixed:
        parts, stills, points = one.masks.shape[1], one.still_masks.shape[1], one.tracks.shape[1]
        assert one.frames.shape == one.clean_plate.shape == (6, 64, 96, 3)
        assert one.frames.dtype == one.clean_plate.dtype == np.uint8
        assert one.masks.shape == (6, parts, 64, 96) and one.still_masks.shape == (6, stills, 64, 96)
        assert one.tracks.dtype == np.float32 and one.visibility.shape == (6, points)
        assert len(one.components) == parts == len(one.arrows)
        assert set(one.component) == set(range(parts))


def test_drawing_gives_the_scene_its_masks_and_tracks(mixed: list[Scene]) -> None:
    for i, one in enumerate(mixed):
        drawing = Drawing.from_json(one.drawing().to_json())
        assert np.array_equal(drawing.masks(96, 64), one.masks[0])
        drawn = point_trajectories(drawing, 6, 96, 64, seed=i)
        assert np.array_equal(drawn.tracks, one.tracks)
        assert np.array_equal(drawn.component, one.component)
        assert not (one.visibility & ~drawn.visibility).any()


def test_visible_points_lie_on_their_component(mixed: list[Scene]) -> None:
    for one in mixed:
        for i, point in np.argwhere(one.visibility):
            x, y = np.floor(one.tracks[i, point] + 0.5).astype(int)
            assert one.masks[i, one.component[point], y, x]


def test_masks_do_not_overlap(mixed: list[Scene]) -> None:
    for one in mixed:
        assert (
            np.concatenate([one.masks, one.still_masks], axis=1)[:, int(one.camera) :].sum(axis=1).max(initial=0) <= 1
        )


def test_only_what_moves_differs_from_the_clean_plate(mixed: list[Scene]) -> None:
    for one in mixed:
        movers = grown(one.masks[:, int(one.camera) :].any(axis=1), 3)
        differs = (one.frames != one.clean_plate).any(axis=-1)
        assert (differs & ~movers).mean() < 3e-3  # tips so thin that no pixel is half covered are in no mask
        inside = one.masks[:, int(one.camera) :].any(axis=1)
        if inside.any():
            assert (one.frames[inside] != one.clean_plate[inside]).any(axis=-1).mean() > 0.9


def test_clean_plate_and_still_sprites_stand_still_without_a_camera() -> None:
    for i in range(6):
        one = scene(i, 6, 64, 64, recipe=Recipe(moving=(1, 2), still=(1, 2), camera=0))
        assert (one.clean_plate == one.clean_plate[0]).all()
        seen = one.still_masks.any(axis=1) & ~grown(one.masks.any(axis=1), 3)
        assert seen.any() and (one.frames[seen] != one.clean_plate[seen]).any(axis=-1).mean() < 0.01


@pytest.mark.parametrize(
    "recipe", [ALONE, THREE, MIXED, CAMERA, LIMB], ids=["plain", "three", "mixed", "camera", "limb"]
)
def test_colors_travel_along_the_tracks(recipe: Recipe) -> None:
    along, standing = [], []
    for i in range(10):
        one = scene(i, 6, 128, 128, recipe=recipe)
        along.append(color_change(one.frames, one.tracks, one.visibility))
        seen = np.ones_like(one.visibility)
        standing.append(color_change(one.frames, one.tracks[:1].repeat(6, axis=0), seen))
    assert np.nanmedian(along) < 4
    assert np.nanmedian(along) < 0.5 * np.nanmedian(standing)


def test_a_sprite_in_full_view_moves_by_its_tracks_to_a_fraction_of_a_pixel() -> None:
    checked = 0
    y, x = np.mgrid[:128, :128]
    for i in range(8):
        one = scene(i, 6, 128, 128, recipe=ALONE)
        mask = one.masks[:, 0]
        border = mask[:, [0, -1]].any() or mask[:, :, [0, -1]].any()
        if border:
            continue
        centre = np.stack([[(m * axis).sum() / m.sum() for axis in (x, y)] for m in mask])
        moved = (one.tracks - one.tracks[:1]).mean(axis=1)
        assert np.abs(centre - centre[0] - moved).max() < 0.5
        checked += 1
    assert checked >= 3


def test_recipes_hold() -> None:
    for i in range(5):
        assert scene(i, 2, 96, 96, recipe=SINGLE).masks.shape[1] == 1
        assert scene(i, 2, 96, 96, recipe=THREE).masks.shape[1] == 3
        limb = scene(i, 2, 96, 96, recipe=LIMB)
        assert limb.masks.shape[1] == limb.still_masks.shape[1] == 1
        assert scene(i, 2, 96, 96, recipe=CAMERA).camera
    kinds = [scene(i, 2, 64, 64).meta for i in range(60)]
    assert len({kind["background"] for kind in kinds}) == 5
    assert {len(kind["shapes"]) for kind in kinds} >= {1, 2, 3, 4}


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(32, 100), st.integers(32, 100))
def test_every_component_can_be_seen_at_first(index: int, frames: int, width: int, height: int) -> None:
    one = scene(index, frames, width, height)
    assert (one.masks[0].sum(axis=(1, 2)) >= 16).all()
    assert np.isfinite(one.tracks).all()
    assert one.trajectories().render().shape == (frames, height, width, 3)


def test_plain_sprites_have_one_strong_color_each_over_a_smooth_background() -> None:
    for index in range(6):
        seen = scene(index, 2, 96, 96, recipe=PLAIN)
        assert 2 <= seen.masks.shape[1] <= 4 and seen.meta["background"] == "smooth"
        steps = np.abs(np.diff(seen.clean_plate[0][~seen.still_masks[0].any(axis=0)].astype(float), axis=0))
        assert np.median(steps) <= 2
        for mask in seen.masks[0]:
            inner = ~grown(~mask, 3)
            if inner.sum() < 12:
                continue
            colors = seen.frames[0][inner] / 255
            hue = colors / colors.max(axis=-1, keepdims=True)  # shading changes the brightness alone
            assert hue.std(axis=0).max() < 0.1 and np.median(colors.max(-1) - colors.min(-1)) > 0.2


def test_large_sprites_fill_what_no_other_does() -> None:
    largest = lambda recipe: [scene(i, 2, 64, 64, recipe=recipe).masks[0].mean(axis=(1, 2)).max() for i in range(24)]  # noqa: E731
    large, usual = largest(LARGE), largest(MIXED_WITHOUT_CAMERA)
    assert max(large) > 0.3 and np.median(large) > 2 * np.median(usual)


def test_held_out_pieces_of_photographs_are_never_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    marked = np.zeros((427, 640, 3), np.uint8)
    marked[:, 480:] = 255
    monkeypatch.setattr(textures, "_photographs", lambda: (marked, marked))
    for seed in range(20):
        rng = np.random.default_rng(seed)
        assert textures.photographed(rng, 64, 48, held_out=False).max() == 0
        assert textures.photographed(rng, 64, 48, held_out=True).min() > 0.5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"index": -1}, "index is -1"),
        ({"split": "dev"}, "split is 'dev'; it must be one of train, validation, test"),
        ({"width": 16}, "16×64"),
    ],
)
def test_bad_requests_are_named(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        scene(**({"index": 0, "frames": 2, "width": 64, "height": 64} | arguments))


@pytest.mark.parametrize(
    "bad", [{"moving": (3, 1)}, {"still": (0, 9)}, {"camera": 1.5}, {"turn": -0.1}, {"radius": (0.3, 0.1)}]
)
def test_bad_recipes_are_named(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        Recipe(**bad)
