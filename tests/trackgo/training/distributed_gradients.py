"""Run by test_distributed: writes the gradients of one step, as one of several processes or alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from trackgo.training.config import from_mapping
from trackgo.training.trainer import Trainer


def main(config: Path, out: Path) -> None:
    torch.set_num_threads(1)
    trainer = Trainer(from_mapping(json.loads(config.read_text(encoding="utf-8"))))
    with trainer.model.attached():
        figures = trainer.gradients(next(trainer._steps()))
    if trainer.accelerator.is_main_process:
        gradients = {name: p.grad for name, p in trainer.parameters.items()}
        save_file(gradients | {"mse": torch.tensor(figures["mse"])}, out)
    trainer.accelerator.end_training()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
