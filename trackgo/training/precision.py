"""Attention in float32 where half precision makes it slower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@contextmanager
def float32_attention_on_cpu() -> Iterator[None]:
    """Inside, scaled dot-product attention on a CPU runs in float32, also under autocast.

    PyTorch's CPU kernels for it are slower in bfloat16, most of all backwards: measured with 64 to 256 tokens of 16
    channels on cores with avx512_bf16, forward and backward together took 1.8 to 6 times as long. Layers that are
    recomputed run their forward in the backward pass, which therefore belongs inside too. That is also why the function
    itself is replaced: a ``TorchFunctionMode`` is off while ``backward`` runs.
    """
    attend = F.scaled_dot_product_attention

    def attend_in_float32(query: Tensor, *others: Any, **options: Any) -> Tensor:
        if query.device.type != "cpu":
            return attend(query, *others, **options)
        with torch.autocast("cpu", enabled=False):
            named = {name: _whole(value) for name, value in options.items()}
            return attend(*map(_whole, (query, *others)), **named).to(query.dtype)

    F.scaled_dot_product_attention = attend_in_float32
    try:
        yield
    finally:
        F.scaled_dot_product_attention = attend


def _whole(value: Any) -> Any:
    return value.float() if isinstance(value, Tensor) and value.is_floating_point() else value
