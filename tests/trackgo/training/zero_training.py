"""Run by test_zero as one of several processes: trains configurations with DeepSpeed, continuing what is there."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedType
from accelerate.utils import DeepSpeedPlugin

from trackgo.training import state, trainer
from trackgo.training.config import from_mapping


def with_deepspeed(stage: int, **settings) -> Accelerator:
    """Accelerate starts DeepSpeed on accelerators only; its code for it runs on a CPU as well."""
    accelerator = Accelerator(**settings)
    plugin = DeepSpeedPlugin(zero_stage=stage)
    plugin.select(_from_accelerator_state=True)
    accelerator.state.distributed_type, accelerator.state.deepspeed_plugins = DistributedType.DEEPSPEED, plugin
    accelerator.deepspeed_engine_wrapped = None
    return accelerator


def main(stage: str, *configs: str) -> None:
    torch.set_num_threads(1)
    trainer.Accelerator = partial(with_deepspeed, int(stage))
    for path in configs:
        config = from_mapping(json.loads(Path(path).read_text(encoding="utf-8")))
        training = trainer.Trainer(config)
        assert training.zero
        for latest in state.checkpoints(Path(config.run.folder) / "checkpoints")[-1:]:
            training.restore_(state.load(latest), str(latest))
        training.run()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
