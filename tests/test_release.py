"""What is published: the registry's metadata, its pictures, and what users download."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
MAX_DOWNLOAD_BYTES = 25_000_000
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
LIBRARY = (ROOT / "trackgo/__init__.py").read_text(encoding="utf-8")

if not (ROOT / ".git").exists() or not shutil.which("git"):
    pytest.skip("NO GIT CHECKOUT: what users download cannot be told", allow_module_level=True)


@pytest.fixture(scope="module")
def registry() -> ModuleType:
    spec = importlib.util.spec_from_file_location("registry", ROOT / ".ci/registry.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _listed(*options: str) -> set[str]:
    command = ["git", "ls-files", "-z", *options]
    return set(filter(None, subprocess.check_output(command, cwd=ROOT, text=True, encoding="utf-8").split("\0")))


def shipped() -> list[str]:
    """The files of the registry's archive: those that git tracks, without what .comfyignore names."""
    return sorted(_listed() - _listed("-ci", "--exclude-from=.comfyignore"))


def test_only_the_owner_is_missing(registry: ModuleType) -> None:
    """A published pyproject.toml says who the owner is and the changelog the day; then nothing is missing."""
    mine, dated = PYPROJECT.replace(registry.OWNER, "somebody"), CHANGELOG.replace("– unreleased", "– 2026-12-31")
    assert registry.problems(mine, dated, LIBRARY) == []


def test_the_placeholder_keeps_it_from_being_published(registry: ModuleType) -> None:
    placeholders = '[project.urls]\nRepository = "https://x.y/OWNER/z"\n[tool.comfy]\nPublisherId = "OWNER"\n'
    found = registry.problems('version = "1.2"\n' + placeholders, "# Changelog\n", '__version__ = "1.1.0"')
    assert [sentence.split(";")[0] for sentence in found] == [
        "pyproject.toml: Repository still says OWNER",
        "pyproject.toml: PublisherId still says OWNER",
        "pyproject.toml: version is '1.2'",
        "trackgo/__init__.py: __version__ is '1.1.0' and pyproject.toml's version '1.2'",
        "CHANGELOG.md: there is no heading '## 1.2 – 2026-01-31'",
    ]


def test_the_placeholder_stands_in_one_file(registry: ModuleType) -> None:
    texts = (".md", ".toml", ".cff", ".yml", ".json", ".txt", ".js")
    files = {name: (ROOT / name).read_text(encoding="utf-8") for name in _listed() if name.endswith(texts)}
    assert [name for name, text in files.items() if f"/{registry.OWNER}/" in text] == ["pyproject.toml"]


def test_the_registry_reads_license_and_front_end(registry: ModuleType) -> None:
    text = registry.stamped(PYPROJECT)
    assert 'license = { text = "Apache-2.0" }\n' in text and "license-files" not in text
    assert text.index(registry.FRONT_END) < text.index('"torch>=')
    with pytest.raises(ValueError, match="no license"):
        registry.stamped("[project]\n")


@pytest.mark.parametrize(("name", "width", "height"), [("icon", 400, 400), ("banner", 1260, 540)])
def test_the_registrys_pictures_have_its_shapes(name: str, width: int, height: int) -> None:
    """An icon is square and at most 400 px wide, a banner 21:9; both draw themselves, with nothing from elsewhere."""
    path = ROOT / f"docs/registry/{name}.svg"
    picture = ElementTree.parse(path).getroot()
    assert (picture.get("width"), picture.get("height")) == (str(width), str(height))
    assert picture.get("viewBox") == f"0 0 {width} {height}"
    assert f"docs/registry/{name}.svg" in PYPROJECT and len(path.read_bytes()) < 10_000


def test_users_download_at_most_25_mb() -> None:
    files = shipped()
    size = sum((ROOT / name).stat().st_size for name in files)
    assert size <= MAX_DOWNLOAD_BYTES, f"{size / 1e6:.1f} MB; .comfyignore must name more"
    rooms = {name.partition("/")[0] for name in files}
    assert {"trackgo", "nodes", "js", "locales", "workflows", "README.md", "LICENSE", "pyproject.toml"} <= rooms
    assert not {"tests", "benchmarks", "docs", ".github", ".ci"} & rooms


@pytest.mark.slow
def test_what_users_download_is_whole(tmp_path: Path) -> None:
    """Without what .comfyignore names the pack still loads with all its nodes; the training says where it is."""
    for name in shipped():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    code = (
        "import asyncio, sys; from pathlib import Path; sys.path.append(sys.argv[2])\n"
        "from tests.comfy_standin import load_pack, standin_comfyui\n"
        "with standin_comfyui():\n"
        "    extension = asyncio.run(load_pack(Path(sys.argv[1])).comfy_entrypoint())\n"
        "    print(len(asyncio.run(extension.get_node_list())))\n"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code, str(tmp_path), str(ROOT)], text=True, cwd=tmp_path)
    assert int(loaded) >= 12
    convert = ["convert", "--help"]
    for words, status, said in ((["train", "tiny"], 2, "clone of its repository"), (convert, 0, "wan_move")):
        run = subprocess.run(
            [sys.executable, "-m", "trackgo", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert run.returncode == status, run.stderr
        assert said in run.stderr + run.stdout
