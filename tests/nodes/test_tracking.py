"""TrackGo Track Video: over the stand-in, and in a real ComfyUI on a clip that the graph itself makes."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest
import torch

from tests.comfy_harness import ComfyServer
from tests.nodes.support import node
from tests.nodes.test_real_server import photo  # noqa: F401
from tests.trackgo.tracking.clips import HEIGHT, WIDTH, carried, disc, filmed, matrices
from trackgo.tracking.clip_motion import POSITION, TURN_AND_SCALE

MIDDLE, FRAMES = (80.0, 75.0), 10
WAY = matrices(MIDDLE, (40, 10), 40, 1.3, FRAMES)
"""To the right, turning and growing."""


ASKED = "throw_exception_if_processing_interrupted"


@pytest.fixture(autouse=True)
def asked(nodes, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry per time that ComfyUI, over the stand-in, is asked whether Cancel was pressed: it never was."""
    found: list[int] = []
    monkeypatch.setattr(sys.modules["comfy.model_management"], ASKED, lambda: found.append(1), raising=False)
    return found


@pytest.fixture(scope="module")
def mask() -> torch.Tensor:
    return torch.from_numpy(disc(MIDDLE, 30)[None]).float()


@pytest.fixture(scope="module")
def clip(mask: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(filmed([(mask[0].numpy() > 0, WAY)])).float() / 255


def track(nodes: Any, image: torch.Tensor, **given: object) -> dict:
    return nodes.run("TrackGoTrackVideo", image=image, **given).args[0]


def test_the_tracks_are_the_clips_motion(nodes, clip: torch.Tensor, mask: torch.Tensor) -> None:
    tracks = track(nodes, clip, masks=mask, smoothing=0.0)
    path = tracks["track_path"].numpy()
    assert (tracks["width"], tracks["height"]) == (WIDTH, HEIGHT) and tracks["track_visibility"].all()
    assert np.abs(path - carried(path[0].astype(float), WAY)).max() < 0.5
    again = track(nodes, clip, masks=mask, smoothing=0.0)
    assert torch.equal(again["track_path"], tracks["track_path"])
    only = track(nodes, clip, masks=mask, smoothing=0.0, motion=POSITION)["track_path"].numpy()
    assert np.abs(only - only[0] - (only - only[0])[:, :1]).max() < 1e-3, "all points shift alike"


def test_cancel_acts_at_the_next_frame(
    nodes, clip: torch.Tensor, mask: torch.Tensor, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    track(nodes, clip, masks=mask)
    assert len(asked) == FRAMES - 1

    def cancelled() -> None:
        raise InterruptedError

    monkeypatch.setattr(sys.modules["comfy.model_management"], ASKED, cancelled)
    with pytest.raises(InterruptedError):
        track(nodes, clip, masks=mask)


def test_masks_and_points_are_components_one_after_the_other(nodes, clip: torch.Tensor, mask: torch.Tensor) -> None:
    points = '[{"x": 70, "y": 70}, {"x": 95, "y": 80}]'
    tracks = track(nodes, clip, masks=mask, points=points)
    assert tracks["track_component"].unique().tolist() == [0, 1, 2]
    assert tracks["track_path"][0, -2:].tolist() == [[70, 70], [95, 80]]
    fractions = json.dumps([[70.5 / WIDTH, 70.5 / HEIGHT]])
    alone = track(nodes, clip, points=fractions, units="fraction")
    assert alone["track_path"][0].tolist() == [[pytest.approx(70), pytest.approx(70)]]
    assert np.abs(alone["track_path"][-1, 0].numpy() - carried(np.array([[70.0, 70.0]]), WAY)[-1, 0]).max() < 1


def test_another_size_and_length(nodes, clip: torch.Tensor, mask: torch.Tensor) -> None:
    own = track(nodes, clip, masks=mask)["track_path"]
    tracks = track(nodes, clip, masks=mask, width=2 * WIDTH, height=2 * HEIGHT, frames=19)
    assert (tracks["width"], tracks["height"]) == (2 * WIDTH, 2 * HEIGHT) and len(tracks["track_path"]) == 19
    torch.testing.assert_close(tracks["track_path"][::2], 2 * own + 0.5, atol=1e-3, rtol=0)


@pytest.mark.parametrize("by", ["box", "target_mask"])
def test_the_motion_begins_in_the_target_box(nodes, clip: torch.Tensor, mask: torch.Tensor, by: str) -> None:
    aim = torch.zeros(1, 300, 400)
    aim[:, 100:220, 40:160] = 1  # 120×120 px, for a disc of 61
    given = {"target_mask": aim} if by == "target_mask" else {"box": "40, 100, 120, 120", "width": 400, "height": 300}
    tracks = track(nodes, clip, masks=mask, smoothing=0.0, **given)
    assert (tracks["width"], tracks["height"]) == (400, 300)
    path = tracks["track_path"].numpy().astype(float)
    low, high = path[0].min(axis=0), path[0].max(axis=0)
    assert (low >= (39.5, 99.5)).all() and (high <= (159.5, 219.5)).all() and (high - low > 80).all()
    scale = 120 / 61
    source = (path - (99.5, 159.5)) / scale + MIDDLE
    assert np.abs(source - carried(source[0], WAY)).max() < 0.5, "the same turn and scale, shifted by so much more"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "one frame": ({"image": torch.zeros(1, HEIGHT, WIDTH, 3)}, "the clip has 1 frame; motion takes at least 2"),
    "nothing": ({"masks": None}, "there is nothing to follow: connect masks"),
    "empty mask": ({"masks": torch.zeros(1, HEIGHT, WIDTH)}, "mask 1 of masks covers no pixel"),
    "other size": ({"masks": torch.ones(1, 8, 9)}, "masks is 9×8 px and the clip 200×160 px"),
    "NaN in the clip": ({"image": torch.full((2, HEIGHT, WIDTH, 3), torch.nan)}, "image 1 holds numbers that are not"),
    "NaN in a mask": ({"masks": torch.full((1, HEIGHT, WIDTH), torch.nan)}, "masks 1 holds numbers that are not"),
    "NaN in points": ({"points": "[[1, NaN]]"}, "points: .*NaN"),
    "point outside": ({"points": "[[500, 20]]"}, "points: 500, 20 px lies outside the clip of 200×160 px"),
    "empty target": ({"target_mask": torch.zeros(1, 4, 4)}, "target_mask covers no pixel"),
    "bad box": ({"box": "1, 2"}, "box: .*must be four numbers"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_one_sentence_that_names_it(nodes, mask: torch.Tensor, what: str) -> None:
    given, says = BAD[what]
    sound = {"image": torch.zeros(2, HEIGHT, WIDTH, 3), "masks": mask}
    with pytest.raises(ValueError, match=f"TrackGo Track Video: {says}") as caught:
        track(nodes, **{**sound, **given})
    assert "\n" not in str(caught.value)


def test_what_is_lost_is_said_on_the_node_and_stops_nothing(nodes, mask: torch.Tensor) -> None:
    way = matrices(MIDDLE, (170, 0), 0, 1, FRAMES)
    clip = torch.from_numpy(filmed([(mask[0].numpy() > 0, way)])).float() / 255
    output = nodes.run("TrackGoTrackVideo", image=clip, masks=mask)
    (said,) = output.ui["text"]
    assert said.startswith("TrackGo Track Video: component 1 is not seen after frame")
    assert nodes.run("TrackGoTrackVideo", image=clip[:4], masks=mask).ui["text"] == ()


def test_a_real_server_follows_its_own_clip(comfy: ComfyServer, photo: np.ndarray) -> None:  # noqa: F811
    """A part of a picture is cut out and dragged by a known arrow; its motion comes back as tracks."""
    lasso = {"tool": "lasso", "points": [[0.2, 0.2], [0.6, 0.2], [0.6, 0.8], [0.2, 0.8]]}
    arrow = {"points": [[0.4, 0.5], [0.65, 0.5]], "curve": "straight"}
    document = {"version": 1, "components": [{"mask": {"strokes": [lasso]}, "arrows": [arrow]}]}
    graph = {
        "1": node("LoadImage", image="photo.png"),
        "2": node("ImageScale", image=["1", 0], upscale_method="bicubic", width=288, height=192, crop="center"),
        "3": node("TrackGoCanvas", image=["2", 0], frames=8, editor=json.dumps(document)),
        "4": node("TrackGoCutAndDrag", image=["2", 0], drawing=["3", 0], frames=8, width=0, height=0),
        "5": node(
            "TrackGoTrackVideo", image=["4", 0], masks=["3", 1], points="", units="auto", motion=TURN_AND_SCALE,
            smoothing=1.0, frames=0, width=0, height=0, box="", seed=0,
        ),
        "6": node("TrackGoExportTracks", tracks=["5", 0], format="kj", width=288, height=192, fit="as they are"),
        "7": node("PreviewAny", source=["6", 0]),
    }  # fmt: skip
    run = comfy.run(graph)
    assert run.error is None, run.error
    found = json.loads(run.outputs["7"]["text"][0])
    path = np.array([[(point["x"], point["y"]) for point in track] for track in found]).swapaxes(0, 1)
    moved = path - path[0]
    assert len(path) == 8 and np.abs(moved[-1] - (72, 0)).max() <= 2
    graph["5"]["inputs"]["image"] = ["2", 0]
    failed = comfy.run(graph)
    assert "TrackGo Track Video: the clip has 1 frame" in str(failed.error)
