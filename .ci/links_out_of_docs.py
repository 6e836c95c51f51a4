"""For mkdocs: links from docs/ to the repository's other files lead to the repository's own page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_OUT = re.compile(r"\]\(\.\./([^)\s]+)\)")
_PYPROJECT = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
_REPOSITORY = re.search(r'^Repository = "([^"]+)"', _PYPROJECT, re.MULTILINE)[1]


def on_page_markdown(markdown: str, **_: Any) -> str:
    return _OUT.sub(rf"]({_REPOSITORY}/blob/main/\1)", markdown)
