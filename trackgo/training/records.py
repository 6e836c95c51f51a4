"""What a run writes for people: a log line, ``metrics.jsonl`` and TensorBoard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

from ..files import write_text


class Records:
    """Collects figures of single steps and writes their means; a context manager. Silent on all but the main process.

    Args:
        folder: the run's folder.
        step: where the run continues; what a killed run wrote beyond is removed.
        active: whether this process writes.
    """

    def __init__(self, folder: Path, step: int, active: bool) -> None:
        self.folder, self.step, self.active = folder, step, active
        self._sums: dict[str, list[float]] = {}
        self._board: Any = None

    def __enter__(self) -> Records:
        if self.active:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._truncate()
            self._board = _tensorboard(self.folder / "tensorboard", self.step)
        return self

    def __exit__(self, *_: object) -> None:
        if self._board:
            self._board.close()

    @property
    def path(self) -> Path:
        """``metrics.jsonl``: one JSON object a line, each with its ``step``."""
        return self.folder / "metrics.jsonl"

    def collect(self, figures: dict[str, float]) -> None:
        """Figures of one step."""
        for name, value in figures.items():
            self._sums.setdefault(name, []).append(value)

    def line(self, step: int, figures: dict[str, float]) -> None:
        """Write the means since the last line, and ``figures`` as they are."""
        means = {name: float(np.mean(values)) for name, values in self._sums.items()}
        self._sums.clear()
        self._write(step, means | figures)
        shown = {name: value for name, value in (means | figures).items() if "/" not in name or "gradient" in name}
        self._say(step, shown)

    def evaluation(self, step: int, figures: dict[str, float], sheet: Path) -> None:
        """Write the figures of an evaluation, its contact sheet (.png) and the moving one beside it (.gif)."""
        named = {f"held_out/{name}": value for name, value in figures.items()}
        self._write(step, named)
        self._say(step, named)
        for name, path in (("sheet", sheet), ("videos", sheet.with_suffix(".gif"))):
            if self._board and path.is_file():
                self._add_picture(f"held_out/{name}", path, step)

    def _add_picture(self, tag: str, path: Path, step: int) -> None:
        """A picture file as it is: TensorBoard plays GIFs, but its writer would need moviepy to make one."""
        from tensorboard.compat.proto.summary_pb2 import Summary

        with Image.open(path) as picture:
            width, height = picture.size
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=path.read_bytes())
        self._board._get_file_writer().add_summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step)

    def _say(self, step: int, figures: dict[str, float]) -> None:
        if self.active:
            tqdm.write(f"step {step}  " + "  ".join(f"{name} {value:.4g}" for name, value in figures.items()))

    def _write(self, step: int, figures: dict[str, float]) -> None:
        if not self.active:
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **figures}) + "\n")
        if self._board:
            for name, value in figures.items():
                self._board.add_scalar(name, value, step)

    def _truncate(self) -> None:
        """Drop lines after ``step``."""
        if self.path.is_file():
            lines = self.path.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= self.step]
            write_text(self.path, "".join(f"{line}\n" for line in kept))


def _tensorboard(folder: Path, step: int) -> Any:
    """A SummaryWriter, or None when TensorBoard is not installed: ``metrics.jsonl`` has the same figures."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step)
