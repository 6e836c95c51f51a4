"""Run by test_sharding as one of several processes: trains configurations with FSDP2, continuing what is there."""

from __future__ import annotations

import sys

from accelerate import Accelerator, DistributedType
from accelerate.utils import FullyShardedDataParallelPlugin

from tests.trackgo.training.shared_runs import run_here
from trackgo.training import trainer

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
    trainer.Accelerator = with_fsdp
    run_here(configs, lambda training: training.sharded)


if __name__ == "__main__":
    main(*sys.argv[1:])
