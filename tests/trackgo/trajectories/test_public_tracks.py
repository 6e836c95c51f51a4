"""Texts out of other packs' published workflows, coordinates only, come in as those packs have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trackgo.trajectories.interchange import import_tracks

FIXTURE = Path(__file__).parents[2] / "fixtures" / "public_tracks.json"
PUBLIC = json.loads(FIXTURE.read_text(encoding="utf-8"))


def given_points(text: str) -> list[np.ndarray]:
    """A list of tracks, or one track, of {x, y} or [x, y] → float64 [P, 2] each."""
    value = json.loads(text)
    tracks = value if isinstance(value[0], list) else [value]
    return [np.array([[p["x"], p["y"]] if isinstance(p, dict) else p for p in track], float) for track in tracks]


def named(case: dict[str, Any]) -> str:
    return f"{case['format']}-{case['source'].split('/')[1].split(':')[0]}"


def test_there_are_enough_of_them() -> None:
    assert len(PUBLIC) >= 13 and len({case["format"] for case in PUBLIC}) == 4


@pytest.mark.parametrize("case", [c for c in PUBLIC if "samples" not in c], ids=named)
def test_coordinates_are_read_as_they_stand(case: dict[str, Any]) -> None:
    """Nothing is said of the format. One point a frame is where the text has it; control points are passed."""
    tracks = given_points(case["text"])
    frames = max(map(len, tracks))
    for text in (case["text"], json.dumps({"tracks": json.loads(case["text"])}), case["text"].replace('"', "'")):
        made = import_tracks(text, case["width"], case["height"], frames)
        assert made.tracks.shape == (frames, len(tracks), 2)
        for number, track in enumerate(tracks):
            if len(track) == frames:
                assert np.abs(made.tracks[:, number] - track).max() < 0.01
            else:
                assert np.abs(made.tracks[[0, -1], number] - track[[0, -1]]).max() < 0.01


@pytest.mark.parametrize("case", [c for c in PUBLIC if "samples" in c], ids=named)
def test_editors_states_give_the_samples_that_the_editor_wrote(case: dict[str, Any]) -> None:
    """From the points that were set by hand to within a pixel of what the pack's own editor made of them."""
    (made,) = [import_tracks(case["text"], case["width"], case["height"])]
    wanted = np.stack(given_points(case["samples"]), axis=1)
    assert made.tracks.shape == wanted.shape
    assert np.abs(made.tracks - wanted).max() < 1
