"""Benchmarks that know the true video: what they film, what they say of known videos, and that they run whole."""

from __future__ import annotations

import json
import sys

import cv2
import numpy as np
import pytest

from benchmarks import camera, cutouts
from trackgo.demo.cutouts import ONE_THING, cutout_scene
from trackgo.demo.example import example_image
from trackgo.demo.photographs import SKLEARN, TRAINING, photograph
from trackgo.drawing import Camera
from trackgo.trajectories.motion import camera_motion

FRAMES, SIDE = 6, 64
SHIPPED = {name: things for name, things in TRAINING.items() if name[0] == SKLEARN}
"""Photographs that come with what the pack needs anyway."""


@pytest.fixture(scope="module")
def views() -> list[camera.View]:
    return camera.photograph_views(FRAMES, SIDE)


def still(frames: np.ndarray) -> np.ndarray:
    return np.repeat(frames[:1], len(frames), axis=0)


def test_a_camera_films_the_photograph(views) -> None:
    first = views[0].frames[0].astype(float)
    assert np.abs(first - example_image(SIDE, SIDE)).mean() < 2, "the demo's picture"
    motion = camera_motion(Camera(pan=(0.25, 0.125)), FRAMES, SIDE, SIDE)
    film = camera.film(photograph(SKLEARN, "flower.jpg"), (128, 0, 427), motion, SIDE).astype(float)
    assert np.abs(film[-1, 8:, 16:] - film[0, :-8, :-16]).max() < 6, "a pan moves the picture by whole pixels"
    assert camera.in_view(motion, SIDE)[-1].sum() == (SIDE - 8) * (SIDE - 16)
    zoomed = next(view for view in views if view.kind == "zoom").frames
    inner = cv2.resize(zoomed[0, 7:57, 7:57], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).astype(float)
    assert np.abs(zoomed[-1] - inner).mean() < 0.5 * np.abs(zoomed[-1] - first).mean(), "a zoom shows its middle larger"


def test_the_world_gives_every_kind_of_move() -> None:
    found = camera.world_views(4, FRAMES, SIDE)
    assert [view.kind for view in found] == list(camera.KINDS)
    pan, zoom, turn, _ = (view.drawing().components[0] for view in found)
    ends = lambda item: np.array([arrow.points[-1] for arrow in item.arrows]) - 0.5  # noqa: E731
    lengths = [np.linalg.norm(ends(item), axis=1) / np.sqrt(0.5) for item in (zoom, turn)]
    assert np.allclose(lengths[0], lengths[0][0]) and abs(lengths[0][0] - 1) > 0.01
    assert np.allclose(lengths[1], 1)
    assert np.allclose(np.ptp(ends(pan) - [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], axis=0), 0, atol=1e-6)


def test_camera_figures_of_known_videos(views) -> None:
    view = views[0]
    true, none = camera.figures(view.frames, view), camera.figures(still(view.frames), view)
    assert true["error"] == true["holes"] == 0 and true["objmc"] < 0.15 * true["still"]
    assert none["error"] > 500 and none["holes"] > 0.1
    assert none["objmc"] == pytest.approx(none["still"], rel=0.01)
    torn = view.frames.copy()
    torn[:, 20:40, 20:40] = 255 - torn[:, 20:40, 20:40]
    torn[:, :, :3] = 0  # nobody knows what comes into view there
    share = camera.figures(torn, view)["holes"] * view.in_view[1:].sum() / (FRAMES - 1)
    assert 200 < share < 450, "a square of 400 pixels, but for those that look alike"


def test_cutout_figures_of_known_videos() -> None:
    for index in range(3):
        seen = cutout_scene(SHIPPED, index, FRAMES, SIDE, SIDE, ONE_THING)
        assert seen.masks[0, 0].sum() > 100
        true, none = cutouts.figures(seen.frames, seen), cutouts.figures(still(seen.frames), seen)
        assert true["inside"] == true["outside"] == 0 and true["objmc"] < 0.1 * true["still"]
        assert none["inside"] > 300 and none["objmc"] == pytest.approx(none["still"])
        behind = cutouts.figures(seen.clean_plate, seen)
        assert behind["inside"] > 300 and behind["outside"] < 100, "only the cut-out and its soft edge are missing"


@pytest.mark.slow
def test_both_run_whole(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(cutouts.HALVES, "training", SHIPPED)
    monkeypatch.delitem(camera.SQUARES, "china.jpg")
    tiny = ["--scenes", "4", "--frames", "6", "--size", "64", "--systems", "both:2:0.4:0.6", "--sheet", "0"]
    for program, options, count in ((camera, [], 8), (cutouts, ["--photographs", "training"], 4)):
        out = tmp_path / program.__name__
        monkeypatch.setattr(sys, "argv", [program.__name__, *tiny, *options, "--out", str(out)])
        program.main()
        said = capsys.readouterr().out
        assert "| standing still |" in said and "| 1.000 |" in said
        assert (out / "table.md").read_text() == said and (out / "sheet.jpg").is_file()
        figures = json.loads((out / "figures.json").read_text())
        assert len(figures["cases"]) == count
        assert all(len(own) == count for own in figures["systems"].values())
        assert list(figures["systems"])[-1] == "both, 2 steps, start 0.4, release 0.6"
