"""Scenes of cut-outs: repeatable, as varied as their recipe says, and never of what is held out."""

from __future__ import annotations

import numpy as np
import pytest

from trackgo.demo.cutouts import ONE_THING, VARIED, CutOutRecipe, cutout_scene
from trackgo.demo.photographs import HELD_OUT, SKLEARN, TRAINING, photograph
from trackgo.drawing import Drawing

SHIPPED = {name: things for name, things in TRAINING.items() if name[0] == SKLEARN}


def test_a_scene_is_a_function_of_its_number() -> None:
    first, second = (cutout_scene(SHIPPED, 3, 4, 96, 64) for _ in range(2))
    assert first.frames.shape == (4, 64, 96, 3)
    np.testing.assert_array_equal(first.frames, second.frames)
    np.testing.assert_array_equal(first.tracks, second.tracks)
    assert not np.array_equal(first.frames, cutout_scene(SHIPPED, 4, 4, 96, 64).frames)


def test_a_scene_holds_as_many_things_as_its_recipe_says() -> None:
    counts = [len(cutout_scene(SHIPPED, number, 2, 64, 64, VARIED).components) for number in range(12)]
    assert set(counts) == {1, 2, 3}
    two = cutout_scene(SHIPPED, 0, 2, 64, 64, CutOutRecipe(moving=(2, 2)))
    assert two.masks.shape[1] == len(two.meta["shapes"]) == 2


def test_the_thing_itself_is_cut_out_and_moves_along_the_drawing() -> None:
    """The flower over china: its mask is orange there, and in the last frame too, where the drawing says."""
    scenes = (cutout_scene(SHIPPED, number, 5, 128, 128, ONE_THING) for number in range(20))
    seen = next(scene for scene in scenes if scene.meta["background"] == "flower over china")
    red, _, blue = (seen.frames[..., channel].astype(float) for channel in range(3))
    for shown in (0, -1):
        mask = seen.masks[shown, 0]
        assert (red - blue)[shown][mask].mean() > 80 and (red - blue)[shown][~mask].mean() < 40
    middles = [np.argwhere(seen.masks[i, 0]).mean(axis=0)[::-1] for i in (0, -1)]
    path = seen.components[0].arrows[0].points
    drawn = (np.array(path[-1]) - path[0]) * 128
    np.testing.assert_allclose(np.subtract(*middles[::-1]), drawn, atol=1.5)


def test_nothing_is_learnt_from_what_is_held_out() -> None:
    assert not HELD_OUT.keys() & TRAINING.keys()


@pytest.mark.parametrize("things", [HELD_OUT, TRAINING])
def test_every_line_is_a_drawing(things) -> None:
    for lines in things.values():
        masks = Drawing.from_dict({"version": 1, "components": lines}).masks(200, 200)
        assert all(60 < mask.sum() < 32000 for mask in masks)


def test_a_photograph_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        photograph(SKLEARN, "flower.jpg")[0] = 0
