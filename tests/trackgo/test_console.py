"""What commands print on terminals of every encoding, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from trackgo.demo.example import example_drawing, example_image

ROOT = Path(__file__).parents[2]
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
PRINTS = """import sys
from trackgo.console import speak_plainly
speak_plainly()
for stream in (sys.stdout, sys.stderr):
    print("136\\u00d7104 \\u2192 \\u03c4 \\u2265 \\u221210000 \\u2026 caf\\u00e9 \\u2082 \\u96ea \\udcff", file=stream)
"""


def output(*words: str, **environment: str) -> tuple[bytes, bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG", "PYTHON"))}
    done = subprocess.run([sys.executable, *words], env=kept | environment, cwd=ROOT, capture_output=True, check=False)
    return done.stdout, done.stderr


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (C_LOCALE, b"136x104 -> tau >= -10000 ... cafe 2 \\u96ea \xff\n"),
        ({"PYTHONIOENCODING": "ascii"}, b"136x104 -> tau >= -10000 ... cafe 2 \\u96ea \xff\n"),
        ({"PYTHONIOENCODING": "latin-1"}, b"136\xd7104 -> tau >= -10000 ... caf\xe9 2 \\u96ea \xff\n"),
        ({"PYTHONIOENCODING": "cp1252:strict"}, b"136\xd7104 -> tau >= -10000 \x85 caf\xe9 2 \\u96ea \xff\n"),
        ({"PYTHONUTF8": "1"}, "136×104 → τ ≥ −10000 … café ₂ 雪 ".encode() + b"\xff\n"),
    ],
    ids=["C", "ascii", "latin-1", "cp1252", "utf-8"],
)
def test_what_an_encoding_lacks_is_spelled_out(environment: dict[str, str], expected: bytes) -> None:
    assert [text.replace(b"\r", b"") for text in output("-c", PRINTS, **environment)] == [expected] * 2


@pytest.mark.slow
def test_a_command_speaks_plainly_in_the_c_locale(tmp_path: Path) -> None:
    Image.fromarray(example_image(96, 64)).save(tmp_path / "picture.png")
    (tmp_path / "drawing.json").write_text(example_drawing().to_json(), encoding="utf-8")
    words = [
        "generate", "--image", str(tmp_path / "picture.png"), "--drawing", str(tmp_path / "drawing.json"),
        "--out", str(tmp_path / "out.mp4"), "--width", "100", "--height", "64",
    ]  # fmt: skip
    error = output("-m", "trackgo", *words, **C_LOCALE)[1].decode("ascii")
    assert error.splitlines()[-1] == "trackgo generate: width and height must be multiples of 8, got 100x64"
    help_text = output("-m", "trackgo", "attention", "--help", **C_LOCALE)[0].decode("ascii")
    assert "\\" not in help_text


def test_whatever_stands_for_standard_output_is_left_alone() -> None:
    code = "import sys, io; from trackgo.console import speak_plainly; sys.stdout = None; speak_plainly()"
    assert output("-c", code) == (b"", b"")
