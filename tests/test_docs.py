"""The pages lead somewhere: every relative link and #anchor, and the training commands that they show."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import unquote

import pytest

from trackgo.training.command import config_path
from trackgo.training.config import load_config

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [*ROOT.glob("*.md"), ROOT / "trackgo/demo/weights/README.md"]
    + [page for folder in ("docs", "js/docs", "workflows") for page in (ROOT / folder).rglob("*.md")]
)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"""\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)|(?:src|href)="([^"]+)\"""")
_ELSEWHERE = re.compile(r"^[a-z][a-z0-9+.-]*:|^//")


def prose(page: Path) -> str:
    """A page without its code, in which brackets are no links and # begins a comment."""
    return re.sub(r"`[^`\n]*`", lambda code: code[0].replace("](", ""), _FENCE.sub("", page.read_text("utf-8")))


def anchors(page: Path) -> set[str]:
    """What GitHub calls a page's headings: lower case, punctuation left out, hyphens for spaces, numbered repeats."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*$", prose(page), re.MULTILINE):
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        names.add(f"{slug}-{found[slug]}" if slug in found else slug)
        found[slug] = found.get(slug, 0) + 1
    return names


def dead_links(page: Path) -> list[str]:
    """The relative links of a page that lead to no file of the repository, or to no heading of a page."""
    help_pages = ROOT / "js/docs"  # ComfyUI shows translations, one folder deeper, with the same base address
    folder = help_pages if help_pages in page.parents else page.parent
    dead = []
    for link in ("".join(found) for found in _LINK.findall(prose(page))):
        if _ELSEWHERE.match(link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (folder / name).resolve() if name else page
        inside = target == ROOT or ROOT in target.parents
        if not inside or not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    return dead


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    assert dead_links(page) == []


def test_dead_links_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    other, page = tmp_path / "other.md", tmp_path / "page.md"
    other.write_text("# One: `a`, b\n## One\n## One\n```sh\n# no heading\n```\n", "utf-8")
    page.write_text(
        "[a](other.md) [b](other.md#one-a-b) [c](other.md#one-1) [d](https://x.y/z) `[e](code)`\n"
        "[f](gone.md) ![g](gone.png) [h](other.md#no-heading) [i](#here) [j](../outside.md)\n",
        "utf-8",
    )
    assert dead_links(page) == ["gone.md", "gone.png", "other.md#no-heading", "#here", "../outside.md"]


def training_commands() -> list[list[str]]:
    """Words behind ``trackgo train`` of every command line on a page."""
    found = []
    for page in PAGES:
        for language, code in _FENCE.findall(page.read_text("utf-8")):
            lines = code.replace("\\\n", " ").splitlines() if language == "sh" else []
            words = (shlex.split(line, comments=True) for line in lines if "trackgo train" in line)
            found += [line[line.index("train") + 1 :] for line in words]
    return found


@pytest.mark.parametrize("words", training_commands(), ids=" ".join)
def test_training_commands_are_accepted(words: list[str]) -> None:
    name, *overrides = words
    resume = overrides[-1:] == ["--resume"]
    load_config(config_path(name), overrides[: len(overrides) - resume])


def test_the_readme_names_the_commands_for_the_demo_and_the_tests() -> None:
    readme, makefile = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "Makefile"))
    for target in ("demo", "test", "test-all"):
        assert f"make {target}" in readme and f"\n{target}:" in makefile, target
    assert "make test-all" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
