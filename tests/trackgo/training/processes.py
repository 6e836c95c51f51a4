"""Runs a script as several processes that find each other over gloo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


def launch(script: str, *arguments: Path | str, processes: int) -> None:
    """Run ``script`` of this folder to its end in every process; fails with their output."""
    shared = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "true",
    }
    port, started, outputs = str(free_port()), [], []
    for rank in range(processes):
        place = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
        place |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        own = shared | (place if processes > 1 else {})
        command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
        outputs.append(tempfile.TemporaryFile("w+"))  # noqa: SIM115 — read when all have ended
        started.append(subprocess.Popen(command, env=own, stdout=outputs[-1], stderr=subprocess.STDOUT))
    ended = _wait(started)
    for output in outputs:
        output.seek(0)
    assert ended, "\n".join(output.read() for output in outputs)


def _wait(started: list[subprocess.Popen], seconds: float = 600) -> bool:
    """Whether all ended well; when one fails, or time is over, the others, which wait for it, are killed."""
    end = time.monotonic() + seconds
    while any(process.poll() is None for process in started):
        if any(process.poll() for process in started) or time.monotonic() > end:
            for process in started:
                process.kill()
            return False
        time.sleep(0.05)
    return not any(process.returncode for process in started)
