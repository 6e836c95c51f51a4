"""Which ComfyUIs the tests run against, and with which Python."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import comfy_harness
from tests.comfy_harness import find_comfyui, which_run

find = find_comfyui.__wrapped__  # without the cache


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with nothing in it, and nothing named in the environment."""
    for name in ("COMFYUI_PATHS", "COMFYUI_PATH", "COMFYUI_PYTHON", "TRACKGO_ALL_COMFYUIS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(comfy_harness, "_running_python_serves", lambda: False)
    monkeypatch.setattr(comfy_harness, "ROOT", tmp_path / "elsewhere" / "pack")
    return tmp_path


def comfyui(path: Path, version: str, venv: bool = True) -> Path:
    files = {"main.py": "", "comfy/sd.py": "", "comfyui_version.py": f'__version__ = "{version}"\n'}
    for name in (*files, *(["venv/bin/python"] if venv else [])):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(files.get(name, ""))
    return path


def test_nothing_is_found_where_nothing_is(home: Path) -> None:
    assert find() == ()
    comfyui(home / "comfy" / "ComfyUI", "1.0", venv=False)
    assert find() == ()


def test_one_by_default_and_all_when_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, version in (("ComfyUI-new", "3.0"), ("ComfyUI", "1.0"), ("other", "9.0")):
        comfyui(home / "comfy" / name, version)
    assert [install.version for install in find()] == ["1.0"]
    monkeypatch.setattr(comfy_harness, "find_comfyui", find)
    assert which_run() == "ComfyUI 1.0; NOT 3.0: TRACKGO_ALL_COMFYUIS=1 runs them all"
    monkeypatch.setenv("TRACKGO_ALL_COMFYUIS", "1")
    assert [install.version for install in find()] == ["1.0", "3.0"]
    assert which_run() == "ComfyUI 1.0, 3.0"
    around = comfyui(home / "around", "2.0")
    monkeypatch.setattr(comfy_harness, "ROOT", around / "custom_nodes" / "pack")
    assert [install.version for install in find()] == ["2.0", "1.0", "3.0"]


def test_several_can_be_named_each_with_its_python(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = comfyui(home / "one", "1.0"), comfyui(home / "two", "2.0", venv=False)
    python = home / "python"
    python.touch()
    monkeypatch.setenv("COMFYUI_PATHS", os.pathsep.join([str(one), f"{two}={python}"]))
    monkeypatch.setenv("COMFYUI_PATH", "what is not looked at then")
    assert [(i.path, i.python) for i in find()] == [(one, one / "venv" / "bin" / "python"), (two, python)]
    monkeypatch.setenv("COMFYUI_PYTHON", str(python))
    monkeypatch.setenv("COMFYUI_PATHS", str(two))
    assert [(i.path, i.python) for i in find()] == [(two, python)]


def test_what_is_named_and_not_there_is_an_error(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = comfyui(home / "bare", "1.0", venv=False)
    for named, says in (
        (f"{home}", "COMFYUI_PATHS names .*, which holds no ComfyUI"),
        (f"{bare}", "for which no Python is found"),
        (f"{bare}={home}/python", "the Python named for .*bare.*, is not there"),
    ):
        monkeypatch.setenv("COMFYUI_PATHS", named)
        with pytest.raises(FileNotFoundError, match=says):
            find()
