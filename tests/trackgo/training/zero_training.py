"""Run by test_zero as one of several processes: trains configurations with DeepSpeed, continuing what is there."""

from __future__ import annotations

import sys
from functools import partial

from accelerate import Accelerator, DistributedType
from accelerate.utils import DeepSpeedPlugin

from tests.trackgo.training.shared_runs import run_here
from trackgo.training import trainer


def with_deepspeed(stage: int, **settings) -> Accelerator:
    """Accelerate starts DeepSpeed on accelerators only; its code for it runs on a CPU as well."""
    accelerator = Accelerator(**settings)
    plugin = DeepSpeedPlugin(zero_stage=stage)
    plugin.select(_from_accelerator_state=True)
    accelerator.state.distributed_type, accelerator.state.deepspeed_plugins = DistributedType.DEEPSPEED, plugin
    accelerator.deepspeed_engine_wrapped = None
    return accelerator


def main(stage: str, *configs: str) -> None:
    trainer.Accelerator = partial(with_deepspeed, int(stage))
    run_here(configs, lambda training: training.zero)


if __name__ == "__main__":
    main(*sys.argv[1:])
