"""The wheel: built from this checkout, installed elsewhere, it works without the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.comfy_harness import ROOT

pytestmark = pytest.mark.slow


def run(*command: object, folder: Path, status: int = 0) -> str:
    """What a command says, with nothing of this checkout in its way."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == status, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git would give, because a build leaves files beside what it builds."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "trackgo", folder / "trackgo", ignore=shutil.ignore_patterns("__pycache__"))
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, folder, folder=folder)
    (built,) = folder.glob("trackgo-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts' folder of a fresh environment with the wheel; torch and the rest are the running Python's."""
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    paths = sysconfig.get_paths(vars={"base": str(home), "platbase": str(home)})
    (Path(paths["purelib"]) / "rest.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", scripts / Path(sys.executable).name]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, folder=home)
    return scripts


def test_it_holds_weights_pages_and_configurations(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    data = [path for path in (ROOT / "trackgo").rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert {path.suffix for path in data} >= {".safetensors", ".html", ".yaml"}
    assert {path.relative_to(ROOT).as_posix() for path in data} <= names
    assert not [name for name in names if name.startswith(("tests/", "nodes/", "js/", "benchmarks/"))]


def test_its_command_makes_the_demos_video(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import trackgo; print(trackgo.__file__)", folder=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    assert run(installed / "trackgo", "--help", folder=tmp_path).startswith("usage: trackgo [")
    run(installed / "trackgo", "demo", "--out", "demo", folder=tmp_path)
    assert (tmp_path / "demo" / "demo.mp4").stat().st_size > 1_000


def test_its_command_names_a_mistake(installed: Path, tmp_path: Path) -> None:
    said = run(installed / "trackgo", "convert", "--drawing", "gone.json", "--size", "64x64", folder=tmp_path, status=2)
    assert "gone.json" in said and "Traceback" not in said
