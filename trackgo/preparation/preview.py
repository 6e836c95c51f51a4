"""Pictures to set thresholds by: a contact sheet per window, and one page with kept and rejected side by side."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from ..figures.overlays import contact_sheet, draw_masks, draw_trails
from ..files import write_picture
from .pipeline import ClipOutcome, Prepared, WindowOutcome
from .settings import Settings
from .store import write_whole

_CELL_PX = 320
_TIMES = 4
_MAX_CARDS = 60
"""Windows of each kind on the page, spread evenly over the run: a page of 200,000 would not open."""


def save_preview(folder: Path, prepared: Prepared) -> None:
    """The window's contact sheet, ``preview/KEY.jpg``: frames, as far as it got with masks and tracks."""
    sheet = preview_sheet(prepared)
    write_picture(folder / "preview" / f"{prepared.outcome.key}.jpg", sheet, quality=82)


def preview_sheet(prepared: Prepared) -> np.ndarray:
    """uint8 [h, w, 3]: a few frames of the window over time; see ``save_preview``."""
    frames = prepared.window.frames
    height, width = frames.shape[1:3]
    scale = min(1.0, _CELL_PX / width)
    size = (round(width * scale), round(height * scale))
    times = np.linspace(0, len(frames) - 1, _TIMES).round().astype(int)
    cells = np.stack([cv2.resize(frames[t], size, interpolation=cv2.INTER_AREA) for t in times])
    sample = prepared.sample
    if sample is not None:
        small = [[_shrunk(mask, size) for mask in sample.masks[t]] for t in times]
        cells = np.stack([draw_masks(cell, np.stack(masks)) for cell, masks in zip(cells, small, strict=True)])
        clip = np.zeros((len(frames), size[1], size[0], 3), np.uint8)
        clip[times] = cells
        cells = draw_trails(clip, sample.trajectories())[times]
    return contact_sheet(cells, _TIMES, [f"frame {prepared.window.numbers[t]}" for t in times])


def _shrunk(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5


def write_page(folder: Path, outcomes: Iterable[ClipOutcome], settings: Settings) -> Path:
    """``preview/index.html``: one file with everything in it, which needs no network."""
    windows = [(outcome.source, window) for outcome in outcomes for window in outcome.windows]
    pictured = [(source, window) for source, window in windows if _picture_path(folder, window).is_file()]
    kept = _spread([item for item in pictured if not item[1].reason])
    rejected = _spread([item for item in pictured if item[1].reason])
    data = {
        "cards": [_card(folder, source, window) for source, window in (*kept, *rejected)],
        "thresholds": asdict(settings.thresholds),
        "total": {"kept": sum(not w.reason for _, w in windows), "rejected": sum(bool(w.reason) for _, w in windows)},
        "size": [settings.width, settings.height, settings.frames],
    }
    template = (Path(__file__).parent / "page" / "preview.html").read_text(encoding="utf-8")
    text = json.dumps(data, ensure_ascii=False).replace("</", "<\\/")  # a file name must not end the script
    path = folder / "preview" / "index.html"
    path.parent.mkdir(exist_ok=True)
    write_whole(path, template.replace("/*DATA*/null", text).encode())
    return path


def _picture_path(folder: Path, window: WindowOutcome) -> Path:
    return folder / "preview" / f"{window.key}.jpg"


def _spread(items: list) -> list:
    if len(items) <= _MAX_CARDS:
        return items
    return [items[int(n)] for n in np.linspace(0, len(items) - 1, _MAX_CARDS)]


def _card(folder: Path, source: str, window: WindowOutcome) -> dict:
    picture = base64.b64encode(_picture_path(folder, window).read_bytes()).decode()
    return {
        "source": source,
        "first": window.first,
        "last": window.last,
        "reason": window.reason,
        "broken": list(window.broken),
        "scores": dict(window.scores),
        "picture": f"data:image/jpeg;base64,{picture}",
    }
