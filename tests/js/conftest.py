"""The tests of the editor's modules: Node's own runner runs them all in one go, and each is an item of pytest's."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
TIMEOUT_S = 300


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> NodeTestFile | None:
    return NodeTestFile.from_parent(parent, path=file_path) if file_path.name.endswith(".test.js") else None


@cache
def events() -> list[dict[str, Any]]:
    """What reporter.js says of every test in this folder, in Node's order; RuntimeError where Node says nothing."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("NO NODE FOUND: the editor's modules are not tested; install Node 18.17 or newer")
    files = sorted(map(str, FOLDER.glob("*.test.js")))
    command = [node, "--test", f"--test-reporter={FOLDER / 'reporter.js'}", *files]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=TIMEOUT_S, check=False)
    if not done.stdout:
        raise RuntimeError(f"node --test said nothing of the editor's tests:\n{done.stderr[-4000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


class NodeTestFile(pytest.File):
    def collect(self) -> Iterator[NodeTest]:
        own = [event for event in events() if str(self.path) in (event.get("file"), event.get("name"))]
        printed = "".join(event["printed"] for event in own if "printed" in event)
        names: Counter[str] = Counter()
        for event in own:
            if "name" not in event:
                continue
            name, error = event["name"], event["error"]
            if name == str(self.path):  # the file itself
                if error is None:
                    continue
                name, error = "load", printed or error
            names[name] += 1
            if names[name] > 1:
                name = f"{name} ({names[name]})"
            yield NodeTest.from_parent(self, name=name, error=error, skip=event.get("skip"))
        if not names:
            raise self.CollectError(f"{self.path.name} holds no tests.")


class NodeTest(pytest.Item):
    """One test of Node's, which has already run: passes, fails with Node's message, or is skipped as it was there."""

    def __init__(self, *, error: str | None, skip: str | bool | None, **more: Any) -> None:
        super().__init__(**more)
        self.error, self.skip = error, skip

    def runtest(self) -> None:
        if self.skip:
            pytest.skip(self.skip if isinstance(self.skip, str) else "skipped by its file")
        if self.error is not None:
            raise NodeTestFailure(self.error)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NodeTestFailure):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


class NodeTestFailure(Exception):
    """What Node said of a failing test."""
