"""Parameters that FSDP2 spreads over processes: whole tensors out of shards, and shards out of whole tensors.

A sharded parameter is a ``DTensor``; gradients, AdamW's moments and the running average are sharded as it is. For plain
tensors every function here changes nothing, so the trainer has one path for one process, DistributedDataParallel and
FSDP2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from accelerate.utils import FullyShardedDataParallelPlugin


def is_sharded(tensor: Tensor) -> bool:
    """Whether other processes hold parts of it (older torch has no public DTensor to ask for)."""
    return hasattr(tensor, "full_tensor")


def whole(tensor: Tensor) -> Tensor:
    """The full tensor. Collective for a sharded one: every process must call it, in the same order."""
    return tensor.full_tensor() if is_sharded(tensor) else tensor


def own_part(tensor: Tensor) -> Tensor:
    """What this process holds, as a plain tensor that shares its memory."""
    return tensor.to_local() if is_sharded(tensor) else tensor


def shard_like(tensor: Tensor, like: Tensor) -> Tensor:
    """A full plain tensor with dtype and device of ``like``, and sharded as it is; nothing is sent."""
    tensor = tensor.to(like.device, like.dtype)
    if not is_sharded(like):
        return tensor
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(tensor, like.device_mesh, like.placements, src_data_rank=None)


@contextmanager
def callable_parts(model: nn.Module) -> Iterator[None]:
    """Submodules may be called by themselves inside, by every process at once. Parameters must not change inside.

    FSDP2 gathers parameters in the forward pass of the modules it was applied to. What belongs to none of the inner
    ones is gathered by ``model`` itself, and is kept gathered here.
    """
    sharded = [module for module in model.modules() if hasattr(module, "unshard")]
    try:
        if model in sharded:
            model.unshard()
        yield
    finally:
        for module in sharded:  # a forward pass without a backward one may leave a gathered copy, soon out of date
            module.reshard()


def check_launch() -> None:
    """Refuse what ``accelerate launch`` offers and the trainer cannot do.

    Raises:
        ValueError: Megatron-LM or DeepSpeed.
    """
    for variable, engine in (("ACCELERATE_USE_MEGATRON_LM", "Megatron-LM"), ("ACCELERATE_USE_DEEPSPEED", "DeepSpeed")):
        if os.environ.get(variable, "false").lower() == "true":
            raise ValueError(
                f"Accelerate's configuration asks for {engine}, which the trainer does not support: shard parameters "
                "with FSDP2 instead (distributed_type FSDP and fsdp_version 2, see docs/training.md)"
            )


def check_processes(connected: int) -> None:
    """Refuse processes that were started together and would all write one run, each as if it were alone.

    Args:
        connected: how many of them know of each other.

    Raises:
        ValueError: the launcher started more; Accelerate leaves them alone on a CPU where nobody says so.
    """
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started != connected:
        raise ValueError(
            f"{started} processes were started but only {connected} work together: set ACCELERATE_USE_CPU=true before "
            "accelerate launch to train on CPUs (see docs/training.md)"
        )


def configure_(plugin: FullyShardedDataParallelPlugin, optimizer: str) -> None:
    """Check Accelerate's FSDP configuration against the optimiser's name, and take its casts out.

    Accelerate's default for bf16 casts the inputs of the whole model, the noisy latents with σ up to 700 among them,
    its losses and the gradients between processes. Autocast alone does what it does without sharding.

    Raises:
        ValueError: FSDP1, an option that checkpoints do not know, an optimiser that cannot be sharded.
    """
    from torch.distributed.fsdp import CPUOffloadPolicy, MixedPrecisionPolicy

    if plugin.fsdp_version != 2:
        raise ValueError("Accelerate's configuration asks for FSDP1, which flattens parameters: set fsdp_version to 2")
    if plugin.activation_checkpointing:
        raise ValueError("fsdp_activation_checkpointing is not supported: set model.gradient_checkpointing instead")
    if plugin.cpu_ram_efficient_loading:
        raise ValueError(
            "fsdp_cpu_ram_efficient_loading leaves all processes but one with an empty image encoder: set it to false"
        )
    if isinstance(plugin.cpu_offload, CPUOffloadPolicy):
        raise ValueError("fsdp_offload_params is not supported: set it to false")
    if optimizer == "muon":
        raise ValueError("optimizer.kind 'muon' needs whole matrices, which FSDP2 shards: use 'adamw'")
    plugin.mixed_precision_policy = MixedPrecisionPolicy()


@torch.no_grad()
def swap_(one: Tensor, other: Tensor) -> None:
    """Exchange the values of two tensors that are alike, in place, because FSDP2 owns a parameter's memory."""
    kept = one.detach().clone()
    one.copy_(other)
    other.copy_(kept)
