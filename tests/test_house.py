"""The house: who may import whom, and that what version 0.1 offered is still found."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.imports import circle, import_graph, rooms

ROOT = Path(__file__).parents[1]
GRAPH = import_graph(ROOT, ("trackgo", "nodes", "js", "benchmarks"))
FORMER = json.loads((ROOT / "tests" / "fixtures" / "public_names_0.1.json").read_text(encoding="utf-8"))


def shown(found: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in found]


def test_no_circle_of_files() -> None:
    assert not shown(circle(GRAPH))


def test_no_circle_of_rooms() -> None:
    assert not shown(circle(rooms(GRAPH)))


def test_circles_would_be_found() -> None:
    assert len(set(circle({1: [2], 2: [3], 3: [1], 4: [1]}))) == 3


def test_the_library_knows_neither_comfyui_nor_the_nodes() -> None:
    forbidden = re.compile(r"^\s*(?:from|import)\s+(?:comfy\w*|folder_paths|server|nodes)\b", re.MULTILINE)
    library = (ROOT / "trackgo").rglob("*.py")
    assert not [path.name for path in library if forbidden.search(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("module", FORMER)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_names_of_0_1_are_still_found(module: str) -> None:
    found = importlib.import_module(module)
    assert not [name for name in FORMER[module] if getattr(found, name, None) is None]


def test_a_name_that_moved_says_where_it_is() -> None:
    import trackgo.interchange as former

    with pytest.warns(DeprecationWarning, match=r"import export_tracks from trackgo\.trajectories\.interchange"):
        assert former.export_tracks is importlib.import_module("trackgo.trajectories.interchange").export_tracks
    with pytest.raises(AttributeError, match=r"trackgo\.interchange.*nothing_like_that"):
        former.nothing_like_that  # noqa: B018


def test_importing_the_library_loads_nothing_heavy() -> None:
    code = "import sys, trackgo; from trackgo import Drawing; print({'torch', 'diffusers'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT).strip() == "set()"


def test_the_map_names_the_file_of_every_equation() -> None:
    """docs/library.md says where equation N is; the file it names has "eq. N" in it."""
    page = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
    named = dict(re.findall(r"^\| eq\. (\d+)[^|]*\| `([^`]+)`", page, re.MULTILINE))
    assert set(named) == {"1", "2", "3", "4", "8", "10", "11"}
    for number, file in named.items():
        text = (ROOT / file.partition(":")[0]).read_text(encoding="utf-8")
        assert re.search(rf"\b[Ee]q\. {number}\b", text), f"{file} does not name eq. {number}"
