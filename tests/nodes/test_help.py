"""Every node has a help page in every language, and it speaks of every input."""

from __future__ import annotations

import json

import pytest

from tests.comfy_harness import ROOT

DOCS = ROOT / "js" / "docs"
NODES = json.loads((ROOT / "locales" / "en" / "nodeDefs.json").read_text(encoding="utf-8"))
HEADINGS = {"en": "## Common mistakes", "zh": "## 常见错误", "ja": "## よくある間違い"}


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("language", HEADINGS)
def test_help_pages(node: str, language: str) -> None:
    path = DOCS / f"{node}.md" if language == "en" else DOCS / node / f"{language}.md"
    page = path.read_text(encoding="utf-8")
    names = json.loads((ROOT / "locales" / language / "nodeDefs.json").read_text(encoding="utf-8"))
    assert page.startswith(f"# {names[node]['display_name']}\n")
    if node == "TrackGoCanvas":  # the editor's page speaks of tools; its inputs are told in it
        return
    unsaid = [name for name in NODES[node].get("inputs", {}) if f"`{name}`" not in page and f"**{name}**" not in page]
    assert not unsaid, f"{path.name} says nothing of {unsaid}"
    assert HEADINGS[language] in page
