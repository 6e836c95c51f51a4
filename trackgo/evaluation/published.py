"""Figures printed in the TrackGo paper, to be shown beside measured ones and never mixed with them."""

from __future__ import annotations

from dataclasses import dataclass

CAVEAT = (
    "Quoted from the paper, not measured here. Published ObjMC figures are not comparable with each other, nor with "
    "those above: DragAnything on VIPSeg is 305.7 in its own paper, 236 in TrackGo's, and 91.1, 32.4 and 13.6 "
    "elsewhere, and a video that does not move at all scores 211 on its published trajectories."
)
SOURCE = "TrackGo, Table 1"


@dataclass(frozen=True)
class Quoted:
    """One system on one test set, as printed."""

    system: str
    data: str
    fvd: float
    fid: float
    objmc: float


TABLE_1 = (
    Quoted("DragNUWA", "VIPSeg", 321.31, 30.15, 298.98),
    Quoted("DragAnything", "VIPSeg", 294.91, 28.16, 236.02),
    Quoted("TrackGo", "VIPSeg", 248.27, 25.60, 191.15),
    Quoted("DragNUWA", "internal", 178.37, 38.07, 129.80),
    Quoted("DragAnything", "internal", 169.73, 32.85, 133.89),
    Quoted("TrackGo", "internal", 136.11, 29.19, 79.52),
)
