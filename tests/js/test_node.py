"""The editor's pure modules, tested by Node's own runner."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def test_editor_modules() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("NO NODE FOUND: the editor's modules are not tested; install Node 18 or newer")
    folder = Path(__file__).parent
    files = sorted(str(path) for path in folder.glob("*.test.js"))
    done = subprocess.run([node, "--test", *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert "# tests 0\n" not in done.stdout
