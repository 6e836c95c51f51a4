"""Which file imports which, in Python and JavaScript, and circles in such a graph."""

from __future__ import annotations

import ast
import re
from collections.abc import Hashable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)
_JS_IMPORT = re.compile(r"""^\s*(?:import|export)\s[^'"]*?['"](\.[^'"]+)['"]""", re.MULTILINE)


def import_graph(root: Path, folders: Iterable[str]) -> dict[Path, set[Path]]:
    """File → the files of ``folders`` that it imports, those for type checkers alone included."""
    files = {path for folder in folders for ending in ("py", "js") for path in (root / folder).rglob(f"*.{ending}")}
    return {path: (_of_javascript if path.suffix == ".js" else _of_python)(path, root, files) for path in files}


def _of_javascript(path: Path, _root: Path, files: set[Path]) -> set[Path]:
    sources = _JS_IMPORT.findall(path.read_text(encoding="utf-8"))
    return {target for source in sources if (target := (path.parent / source).resolve()) in files}


def _of_python(path: Path, root: Path, files: set[Path]) -> set[Path]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = path.parents[node.level - 1] if node.level else root
        home = base.joinpath(*(node.module or "").split("."))
        for alias in node.names:
            places = (home / alias.name, home)  # a module of the package, else a name in it
            candidates = (file for at in places for file in (at.with_suffix(".py"), at / "__init__.py"))
            target = next((file for file in candidates if file in files), path)
            found |= {target} - {path}
    return found


def circle(graph: Mapping[Node, Iterable[Node]]) -> list[Node]:
    """One circle of a graph, its first node once more at the end; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def rooms(graph: Mapping[Path, Iterable[Path]]) -> dict[Path, set[Path]]:
    """The same between folders; what a folder imports from one that it lies in does not count."""
    found: dict[Path, set[Path]] = {}
    for path, targets in graph.items():
        others = {target.parent for target in targets} - {path.parent, *path.parent.parents}
        found.setdefault(path.parent, set()).update(others)
    return found
