"""python -m trackgo: what a person types, and what they read when it is wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trackgo import Drawing
from trackgo.cli import main
from trackgo.demo import DEMO_SVD
from trackgo.demo.example import example_drawing, example_image
from trackgo.engines.cut_and_drag import fit_reference
from trackgo.files import read_picture
from trackgo.video import read_clip


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A picture and a drawing on disk."""
    Image.fromarray(example_image(96, 64)).save(tmp_path / "picture.png")
    (tmp_path / "drawing.json").write_text(example_drawing().to_json())
    return {"--image": str(tmp_path / "picture.png"), "--drawing": str(tmp_path / "drawing.json")}


def _words(options: dict[str, str]) -> list[str]:
    return [word for pair in options.items() for word in pair]


def test_draw_writes_a_preview_and_p(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out, points = tmp_path / "preview.mkv", tmp_path / "points.mkv"
    assert main(["draw", *_words(files), "--out", str(out), "--points", str(points), "--frames", "7"]) == 0
    assert str(out) in capsys.readouterr().out
    preview, p = read_clip(out)[0], read_clip(points)[0]
    assert preview.shape == p.shape == (7, 64, 96, 3)
    assert (p.reshape(-1, 3).any(axis=1)).mean() < 0.3  # squares on black
    assert not np.array_equal(p[0], p[-1])


def test_generate_with_the_demo_model(files: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "video.mkv"
    small = ["--steps", "1", "--frames", "6", "--width", "64", "--height", "64", "--guidance", "1", "--freeze", "0.5"]
    assert main(["generate", "--model", "demo", *_words(files), "--out", str(out), *small]) == 0
    assert read_clip(out)[0].shape == (6, 64, 64, 3)


def test_the_demo_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """The line that it prints works as it stands, with a picture in PICTURE.jpg's place."""
    out, own = tmp_path / "out", tmp_path / "own.png"
    assert main(["demo", "--out", str(out), "--steps", "1"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "PICTURE.jpg" in line)
    Image.fromarray(example_image(150, 100)).save(own)
    words = line[line.index("generate") :].replace("PICTURE.jpg", str(own)).split()
    assert main([*words, "--steps", "1"]) == 0
    assert read_clip(out / "mine.mp4")[0].shape[0] == 14


def test_generate_by_cut_and_drag(files: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    bare = tmp_path / "svd"
    shutil.copytree(DEMO_SVD, bare)
    small = ["--steps", "4", "--frames", "6", "--width", "64", "--height", "64", "--guidance", "1"]
    videos = []
    for name, more in {"default": [], "named": ["--engine", "cut-and-drag"], "held": ["--release", "0.6"]}.items():
        out = tmp_path / f"{name}.mkv"
        assert main(["generate", "--model", str(bare), *_words(files), "--out", str(out), *small, *more]) == 0
        videos.append(read_clip(out)[0])
        assert ("no TrackGo weights: engine cut-and-drag" in capsys.readouterr().out) == (name != "named")
    assert np.array_equal(videos[0], videos[1]) and not np.array_equal(videos[0], videos[2])


def test_draw_writes_the_rough_video_and_where_it_moves(files: dict[str, str], tmp_path: Path) -> None:
    rough, mask = tmp_path / "rough.mkv", tmp_path / "mask.mkv"
    more = ["--reference", str(rough), "--motion-mask", str(mask), "--frames", "6", "--width", "64", "--height", "64"]
    assert main(["draw", *_words(files), "--out", str(tmp_path / "preview.mkv"), *more]) == 0
    drawing, picture = Drawing.from_json(Path(files["--drawing"]).read_text()), read_picture(files["--image"])
    frames, moved = fit_reference(picture, drawing, 6, 64, 64)
    assert np.array_equal(read_clip(rough)[0], frames)
    assert np.array_equal(read_clip(mask)[0][..., 0] > 0, moved) and moved.any()


def test_generate_takes_the_models_own_number_of_steps(files: dict[str, str], tmp_path: Path) -> None:
    small = [*_words(files), "--frames", "6", "--width", "64", "--height", "64"]
    clips = []
    for name, more in (("own", []), ("named", ["--steps", "4", "--guidance", "1"]), ("other", ["--steps", "3"])):
        assert main(["generate", *small, "--out", str(tmp_path / f"{name}.mkv"), *more]) == 0
        clips.append(read_clip(tmp_path / f"{name}.mkv")[0])
    assert np.array_equal(clips[0], clips[1])
    assert not np.array_equal(clips[0], clips[2])


def test_convert_prints_one_point_per_frame(files: dict[str, str], capsys: pytest.CaptureFixture) -> None:
    assert main(["convert", "--drawing", files["--drawing"], "--size", "640x360", "--frames", "9", "--to", "kj"]) == 0
    tracks = json.loads(capsys.readouterr().out)
    assert {len(track) for track in tracks} == {9}
    assert set(tracks[0][0]) == {"x", "y"}


def _convert(capfd: pytest.CaptureFixture, *words: str) -> tuple[str, str]:
    assert main(["convert", *words]) == 0
    return capfd.readouterr()


def test_convert_says_what_fits_and_fits(files: dict[str, str], capfd: pytest.CaptureFixture) -> None:
    drawn = ["--drawing", files["--drawing"], "--size", "100x60", "--frames", "24", "--to", "ltx"]
    out, said = _convert(capfd, *drawn)
    assert {len(track) for track in json.loads(out)} == {24}
    assert "24 frames of 100×60 do not fit, the nearest are 25 frames of 96×64; --fit ltx takes them" in said
    out, said = _convert(capfd, *drawn, "--fit", "ltx")
    assert {len(track) for track in json.loads(out)} == {25}
    assert "24 frames of 100×60 became 25 frames of 96×64" in said
    assert _convert(capfd, *drawn[:-1], "kj")[1] == ""


def test_convert_writes_and_reads_wan_moves_pair(
    files: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    given = ["--size", "96x64", "--to"]
    drawn = ["--drawing", files["--drawing"], "--frames", "9", *given]
    out, _ = _convert(capfd, *drawn, "wan_move", "--out", str(tmp_path / "boat"))
    pair = [str(tmp_path / f"boat_{name}.npy") for name in ("tracks", "visibility")]
    assert out.split() == ["wrote", pair[0], "wrote", pair[1]]
    assert np.load(pair[0]).shape[:2] == (1, 9)
    again, _ = _convert(capfd, "--tracks", pair[0], "--visibility", pair[1], *given, "kj")
    assert again == _convert(capfd, *drawn, "kj")[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_convert_reads_what_notepad_writes(
    files: dict[str, str], tmp_path: Path, encoding: str, capfd: pytest.CaptureFixture
) -> None:
    tracks, drawing = tmp_path / "tracks.txt", tmp_path / "again.json"
    tracks.write_text("[[{'x': 10, \"y\": 20}, {'x': 30, 'y': 40}]]", encoding=encoding)
    drawing.write_text(Path(files["--drawing"]).read_text(encoding="utf-8"), encoding=encoding)
    out, _ = _convert(capfd, "--tracks", str(tracks), "--size", "64x64", "--frames", "3")
    assert json.loads(out) == [[{"x": 10, "y": 20}, {"x": 20, "y": 30}, {"x": 30, "y": 40}]]
    assert json.loads(_convert(capfd, "--drawing", str(drawing), "--size", "64x64")[0])


def _wrong(tmp_path: Path, files: dict[str, str]) -> dict[str, tuple[list[str], str]]:
    given, out = _words(files), ["--out", str(tmp_path / "x.mp4")]
    broken = tmp_path / "broken.json"
    broken.write_text('{"version": 1, "components": [{"mask": {"strokes": [{"tool": "pencil", "points": []}]}}]}')
    return {
        "missing drawing": (["draw", "--image", files["--image"], "--drawing", "no.json", *out], "no.json"),
        "broken drawing": (["draw", "--image", files["--image"], "--drawing", str(broken), *out], "pencil"),
        "not a picture": (["draw", "--image", files["--drawing"], "--drawing", files["--drawing"], *out], "picture"),
        "unknown ending": (["draw", *given, "--out", "x.docx"], ".mp4"),
        "missing model": (["generate", "--model", "no-model", *given, *out], "no-model"),
        "bad size": (["generate", *given, *out, "--width", "100", "--height", "64"], "multiples of 8"),
        "bad frames": (["generate", *given, *out, "--width", "64", "--height", "64", "--frames", "4"], "6"),
        "bad freeze": (["generate", *given, *out, "--freeze", "2"], "from 0 to 1"),
        "bad convert size": (["convert", "--drawing", files["--drawing"], "--size", "big"], "1024x576"),
        "bad format": (["convert", "--drawing", files["--drawing"], "--size", "64x64", "--to", "exe"], "exe"),
        "bad model": (["convert", "--drawing", files["--drawing"], "--size", "64x64", "--fit", "flux"], "wan, ltx"),
        "pair without a place": (
            ["convert", "--drawing", files["--drawing"], "--size", "64x64", "--to", "wan_move"],
            "--out",
        ),
        "no frames": (
            ["convert", "--drawing", files["--drawing"], "--size", "64x64", "--frames", "0", "--fit", "wan"],
            "frames is 0",
        ),
        "not tracks": (["convert", "--tracks", files["--drawing"], "--size", "64x64"], "no known format"),
        "not text": (["convert", "--tracks", files["--image"], "--size", "64x64"], "UTF-8"),
    }


@pytest.mark.parametrize(
    "case",
    [
        "missing drawing", "broken drawing", "not a picture", "unknown ending", "missing model", "bad size",
        "bad frames", "bad freeze", "bad convert size", "bad format", "bad model", "pair without a place",
        "no frames", "not tracks", "not text",
    ],
)  # fmt: skip
def test_mistakes_exit_2_with_one_sentence(
    case: str, files: dict[str, str], tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    words, expected = _wrong(tmp_path, files)[case]
    assert main(words) == 2
    message = capfd.readouterr().err.strip().splitlines()[-1]
    assert message.startswith(f"trackgo {words[0]}: ")
    assert expected in message
    assert not (tmp_path / "x.mp4").exists()


@pytest.mark.parametrize("words", [[], ["paint"], ["draw"], ["generate", "--image"]])
def test_usage_is_shown(words: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage: python -m trackgo" in capsys.readouterr().err


COMMANDS = ["demo", "draw", "generate", "convert", "attention", "sheet", "prepare", "train", "export", "evaluate"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"python -m trackgo {command}" in capsys.readouterr().out.partition("example")[2]
