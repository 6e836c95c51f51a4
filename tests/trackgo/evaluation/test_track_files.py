"""ObjMC of track files: against a plain loop, with files and objects missing, and through the command line."""

from __future__ import annotations

import json
import math
import zipfile
from pathlib import Path

import numpy as np
import pytest

from trackgo.cli import main
from trackgo.evaluation.track_files import compare_track_files

VIDEOS = {
    "boat": {"3": [[10, 10], [13, 14], [16, 18]], "4900": [[5, 5], [5, 5], [5, 65], [5, 95]]},
    "train": {"0": [[100, 40], [100, 30]]},
}


def folder(path: Path, videos: dict) -> Path:
    path.mkdir()
    for name, tracks in videos.items():
        (path / f"{name}.json").write_text(json.dumps(tracks))
    return path


def zipped(path: Path, videos: dict) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, tracks in videos.items():
            archive.writestr(f"deep/down/{name}.json", json.dumps(tracks))
        archive.writestr("__MACOSX/._boat.json", "?")
        archive.writestr("deep/readme.txt", "?")
    return path


def shifted(videos: dict, dx: float, dy: float) -> dict:
    return {v: {k: [[x + dx, y + dy] for x, y in t] for k, t in tracks.items()} for v, tracks in videos.items()}


def test_draganything_is_one_flat_mean(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    make = lambda: {  # noqa: E731
        f"v{i}": {str(k): rng.integers(-50, 500, (rng.integers(1, 9), 2)).tolist() for k in range(rng.integers(1, 5))}
        for i in range(6)
    }
    wanted, went = make(), make()
    for video in wanted:
        went[video] = {k: went[video].get(k, [[1, 2]]) for k in wanted[video]}
    distances = [
        math.dist(a, b) for v in wanted for k in wanted[v] for a, b in zip(wanted[v][k], went[v][k], strict=False)
    ]
    scores = compare_track_files(folder(tmp_path / "p", went), zipped(tmp_path / "r.zip", wanted))
    assert scores.total.value == pytest.approx(sum(distances) / len(distances))
    assert scores.total.frames == len(distances)
    assert not scores.problems


def test_static_and_modes(tmp_path: Path) -> None:
    reference = folder(tmp_path / "r", VIDEOS)  # standing still is off by 0 5 10, 0 0 60 90, 0 10
    assert compare_track_files("static", reference).total.value == pytest.approx(175 / 9)
    assert compare_track_files("static", reference, frames=2).total.value == pytest.approx(15 / 6)
    assert compare_track_files("static", reference, "sum").total.value == pytest.approx(175 / 3)
    in_frame = compare_track_files("static", reference, "mean", sizes=(110, 60))  # leaves out (5, 65) and (5, 95)
    assert in_frame.total.value == pytest.approx(25 / 7)
    half = compare_track_files("static", reference, "mean", sizes=(110, 60), evaluated=(55, 30))
    assert half.total.value == pytest.approx(in_frame.total.value / 2)
    by_video = compare_track_files("static", reference, "mean", sizes={"boat": (110, 60)})
    assert by_video.total.value == pytest.approx(15 / 5)
    assert [p.video for p in by_video.problems] == ["train"]


def test_longer_tracks_are_cut(tmp_path: Path) -> None:
    reference = folder(tmp_path / "r", {"a": {"1": [[0, 0]] * 30}})
    predicted = folder(tmp_path / "p", {"a": {"1": [[3, 4]] * 20}})
    scores = compare_track_files(predicted, reference)
    assert (scores.total.value, scores.total.frames, scores.total.cut) == (5, 20, 10)
    assert compare_track_files("static", reference).total.frames == 14


def test_what_is_wrong_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    went = shifted(VIDEOS, 3, 4) | {"broken": {}, "empty": {"1": []}, "own": {"1": [[0, 0]]}}
    del went["boat"]["3"]
    predicted = folder(tmp_path / "p", went)
    (predicted / "broken.json").write_text('{"1": [[1, 2], [3]]}')
    wanted = VIDEOS | {"broken": {"1": [[1, 2]]}, "empty": {"1": [[1, 2]]}, "far": {"1": [[1, 2]]}}
    scores = compare_track_files(predicted, folder(tmp_path / "r", wanted))
    assert scores.total.value == 5
    assert scores.total.objects == 2
    found = {problem.video: problem.what for problem in scores.problems}
    assert set(found) == {"boat", "broken", "empty", "own", "far"}
    assert "object 3 is missing" in found["boat"]
    assert "object 1" in found["broken"] and "[x, y]" in found["broken"]


@pytest.mark.parametrize(
    "content", ["", "[1, 2]", '{"1": 5}', '{"1": [[1, 2, 3]]}', '{"1": [[1, NaN]]}', '{"1": [["a", "b"]]}', "{" * 20000]
)
def test_hostile_files(content: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    reference = folder(tmp_path / "r", {})
    (reference / "bad.json").write_text(content)
    assert main(["evaluate", "tracks", "static", str(reference)]) == 2
    message = capsys.readouterr().err
    assert message.startswith("trackgo evaluate: ") and "bad" in message


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    reference, predicted = folder(tmp_path / "r", VIDEOS), zipped(tmp_path / "p.zip", shifted(VIDEOS, 3, 4))
    out = tmp_path / "deep" / "objmc.json"
    words = ["evaluate", "tracks", str(predicted), str(reference), "--mode", "mean", "--json", str(out)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "5.00 px" in printed and "2 videos, 3 objects, 9 pairs" in printed and "does not move" in printed
    written = json.loads(out.read_text())
    assert written["objmc"] == 5
    assert written["per_video"]["boat"]["objects"] == {"3": 5, "4900": 5}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["nowhere", "REF"], "nowhere"),
        (["static", "EMPTY"], "no .json"),
        (["static", "REF", "--frames", "0"], "--frames is 0; it must be a whole number from 1 to 1024"),
        (["static", "REF", "--size", "10x10", "--sizes", "REF/boat.json"], "not both"),
        (["static", "REF", "--sizes", "REF/boat.json"], "must be JSON"),
        (["static", "REF", "--evaluated-size", "10x10"], "size of the frame"),
        (["EMPTY/x.zip", "REF"], "neither a folder nor a zip"),
    ],
)
def test_mistakes(words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    reference, empty = folder(tmp_path / "r", VIDEOS), folder(tmp_path / "e", {})
    (empty / "x.zip").write_text("no zip")
    words = [word.replace("REF", str(reference)).replace("EMPTY", str(empty)) for word in words]
    assert main(["evaluate", "tracks", *words]) == 2
    assert expected in capsys.readouterr().err
