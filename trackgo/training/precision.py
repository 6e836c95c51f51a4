"""Attention in float32 where half precision makes it slower."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode


class Float32AttentionOnCPU(TorchFunctionMode):
    """Inside, scaled dot-product attention on a CPU runs in float32, also under autocast.

    PyTorch's CPU kernels for it are slower in bfloat16, most of all backwards: measured with 64 to 256 tokens of 16
    channels on cores with avx512_bf16, forward and backward together took 1.8 to 6 times as long. Layers that are
    recomputed run their forward in the backward pass, which therefore belongs inside too.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """See ``TorchFunctionMode``."""
        kwargs = kwargs or {}
        if func is not F.scaled_dot_product_attention:
            return func(*args, **kwargs)
        query, *others = args
        if query.device.type != "cpu":
            return func(*args, **kwargs)
        with torch.autocast("cpu", enabled=False):
            whole = (x.float() if isinstance(x, Tensor) and x.is_floating_point() else x for x in (query, *others))
            return func(*whole, **kwargs).to(query.dtype)
