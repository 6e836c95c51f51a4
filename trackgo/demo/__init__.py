"""The demo: a tiny SVD that a CPU runs in seconds, and the procedural world of moving sprites it is trained on."""

from __future__ import annotations

from pathlib import Path

DEMO_SVD = Path(__file__).parent / "weights" / "svd_tiny"
"""The tiny SVD that ships with the package, a folder laid out as diffusers lays out SVD's."""

DEMO_TRACKGO = Path(__file__).parent / "weights" / "trackgo_tiny.safetensors"
"""TrackGo weights for it."""
