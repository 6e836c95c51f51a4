"""What a person types by mistake: numbers out of range, a reader that has gone, memory that is not there, Ctrl+C."""

from __future__ import annotations

import json
import math
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from trackgo import cli
from trackgo.cli import main
from trackgo.demo.example import example_drawing, example_image
from trackgo.options import RANGES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("files")
    Image.fromarray(example_image(96, 64)).save(folder / "picture.png")
    (folder / "drawing.json").write_text(example_drawing().to_json())
    return ["--image", str(folder / "picture.png"), "--drawing", str(folder / "drawing.json")]


def options() -> list[tuple[str, str, type]]:
    """Every number option of every command: command, option, int or float."""
    found = []

    def walk(parser, words):
        for action in parser._actions:
            for name, sub in (getattr(action, "choices", None) or {}).items() if action.nargs == "A..." else ():
                walk(sub, [*words, name])
            if action.type in (int, float):
                found.append((" ".join(words), action.option_strings[0], action.type))

    walk(cli._parser(), [])
    return found


OPTIONS = options()
REQUIRED = {"draw": ["--image", "p.png", "--drawing", "d.json", "--out", "o.mp4"],
            "generate": ["--image", "p.png", "--drawing", "d.json", "--out", "o.mp4"],
            "convert": ["--drawing", "d.json", "--size", "64x64"], "prepare": ["videos", "--out", "out"],
            "evaluate tracks": ["static", "reference"]}  # fmt: skip


def words(command: str) -> list[str]:
    needs_folder = command.startswith("evaluate ") and "world" not in command
    return [*command.split(), *REQUIRED.get(command, ["folder"] if needs_folder else [])]


def test_every_number_option_has_a_range() -> None:
    assert len(OPTIONS) > 40
    assert {option.lstrip("-").replace("-", "_") for _, option, _ in OPTIONS} == set(RANGES)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(OPTIONS), st.floats() | st.integers(-(10**30), 10**30) | st.sampled_from([-1, 0, 10**9]))
def test_a_number_out_of_range_is_refused_by_its_name(
    capsys: pytest.CaptureFixture, option: tuple[str, str, type], value: float
) -> None:
    command, name, kind = option
    low, high = RANGES[name.lstrip("-").replace("-", "_")]
    low = 0 if (command, name) == ("prepare", "--fps") else low
    value = value if kind is float else int(value) if abs(value) < math.inf else -7
    if low <= value <= high:
        return
    assert main([*words(command), f"{name}={value}"]) == 2
    said = capsys.readouterr().err
    expected = rf"trackgo {command.split()[0]}: {name} is [^\n]+; it must be a (whole )?number from .*\n"
    assert re.fullmatch(expected, said), said


@pytest.mark.parametrize("text", ["0x64", "64x-1", "99999999999x2", "64", "x", "1e3x2", "9" * 5000 + "x2"])
def test_a_size_is_refused_by_its_name(text: str, capsys: pytest.CaptureFixture) -> None:
    for command in ("convert --drawing d.json", "prepare videos --out out"):
        assert main([*command.split(), f"--size={text}"]) == 2
        assert "--size is '" in (said := capsys.readouterr().err) and len(said) < 200


def test_a_clip_beyond_memory_is_refused_with_what_would_fit(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    large = ["--frames", "1000", "--width", "8192", "--height", "4320"]
    assert main(["draw", *files, "--out", str(tmp_path / "clip.mp4"), *large]) == 2
    assert "1000 frames of 8192×4320 pixels are 98.9 GiB; at most 60 frames of this size fit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (MemoryError(), "there is not enough memory; fewer --frames"),
        (np.exceptions.AxisError(3, 2), "axis 3"),
        (RuntimeError("CUDA out of memory. Tried to allocate 9 GiB.\nLong advice"), "there is not enough memory (CUDA"),
        (RuntimeError("The size of tensor a (3) must\nmatch"), "the model could not be run: The size of tensor a (3)"),
        (RuntimeError(), "the model could not be run: RuntimeError"),
    ],
)
def test_what_a_model_runs_into_is_one_sentence(
    error: Exception, says: str, files: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def fails(args):
        raise error

    monkeypatch.setattr(cli, "_generate", fails)
    assert main(["generate", *files, "--out", "x.mp4"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("trackgo generate: ") and says in said and said.count("\n") == 1


def run(*arguments: str, **more) -> subprocess.Popen:
    command = [sys.executable, "-m", "trackgo", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **more)


def test_a_reader_that_has_had_enough_hears_nothing(tmp_path: Path) -> None:
    (tmp_path / "drawing.json").write_text(json.dumps(json.loads(example_drawing().to_json())))
    drawn = ["--drawing", str(tmp_path / "drawing.json"), "--size", "640x360", "--frames", "1024"]
    process = run("convert", *drawn)
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait() == 141


def catches_ctrl_c(process: subprocess.Popen) -> bool:
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())[1]
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's list of the signals that a process catches")
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.5, 1.5])
def test_ctrl_c_in_the_first_moments_is_one_sentence(delay: float) -> None:
    """From the first line of ours on: what comes before is Python's own start."""
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # what runs in a shell's background ignores it
    process = run("demo", "--out", "/dev/null/nowhere", preexec_fn=heard)
    for wanted in (True, False):  # Python's handler is there, then it is gone
        while process.poll() is None and catches_ctrl_c(process) != wanted:
            time.sleep(0.001)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert "Traceback" not in said and said.count("\n") <= 1, said
