"""Run by test_sharding as one of several processes: trains configurations with FSDP2, continuing what is there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedType
from accelerate.utils import FullyShardedDataParallelPlugin

from trackgo.training import state, trainer
from trackgo.training.config import from_mapping

BLOCKS = ["TemporalBasicTransformerBlock", "SpatioTemporalResBlock"]


def with_fsdp(**settings) -> Accelerator:
    """Accelerate chooses FSDP2 on GPUs only; its code for it runs on a CPU as well."""
    accelerator = Accelerator(**settings)
    plugin = FullyShardedDataParallelPlugin(
        fsdp_version=2,
        auto_wrap_policy="transformer_based_wrap",
        transformer_cls_names_to_wrap=BLOCKS,
    )
    plugin.set_mixed_precision("bf16")  # as Accelerate would with run.precision bf16; the trainer takes the casts out
    accelerator.state.distributed_type, accelerator.state.fsdp_plugin = DistributedType.FSDP, plugin
    return accelerator


def main(*configs: str) -> None:
    torch.set_num_threads(1)
    trainer.Accelerator = with_fsdp
    for path in configs:
        config = from_mapping(json.loads(Path(path).read_text(encoding="utf-8")))
        training = trainer.Trainer(config)
        assert training.sharded
        for latest in state.checkpoints(Path(config.run.folder) / "checkpoints")[-1:]:
            training.restore_(state.load(latest), str(latest))
        training.run()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
