"""Whatever is in a document, a picture or a request: done within its memory, or refused with one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("hostile_inputs.py")
KINDS = ("masks", "motions", "pictures", "texts", "tracks", "requests")
EXAMPLES = int(os.environ.get("TRACKGO_EXAMPLES", 5))  # of each kind; make test-all asks for 2,000
MEGABYTES = 600  # above what the process has when it begins: a mask of 4096×2160 and what painting it takes, twice


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's here")
@pytest.mark.parametrize("kind", KINDS)
def test_done_within_its_memory_or_refused(kind: str) -> None:
    command = [sys.executable, str(SCRIPT), kind, str(EXAMPLES), str(MEGABYTES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-3_000:]
    assert done.stdout.startswith(f"{kind}: "), done.stdout
