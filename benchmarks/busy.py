"""Whether anything else ran beside a measurement: on a busy machine its figures mean little."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STAT = Path("/proc/stat")
_ENOUGH = 0.1
"""Share of one processor that others may take before it is said."""


def _seconds() -> tuple[float, float]:
    """(of all processors at work for anybody, of this process and the children it has waited for)."""
    ticks = [int(item) for item in _STAT.read_text().splitlines()[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return (sum(ticks) - idle) / os.sysconf("SC_CLK_TCK"), sum(os.times()[:4])


@contextmanager
def noticed(limit: float = _ENOUGH) -> Iterator[None]:
    """Say on standard error, at the end, how much of the machine others took, where that was more than ``limit`` of a
    processor. Says nothing where it cannot be known: Linux tells."""
    if not _STAT.exists():
        yield
        return
    (all_before, own_before), begun = _seconds(), time.monotonic()
    yield
    (all_after, own_after), took = _seconds(), time.monotonic() - begun
    others = (all_after - all_before - own_after + own_before) / max(took, 1e-3)
    if took > 1 and others > limit:
        print(
            f"THE MACHINE WAS BUSY: others took {others:.1f} of its {os.cpu_count()} processors; read no seconds here, "
            "and ratios only where they lie close together",
            file=sys.stderr,
        )
