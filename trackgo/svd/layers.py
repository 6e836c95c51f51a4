"""Where SVD's 16 temporal self-attention layers live, in diffusers and in ComfyUI.

Diffusers: ``….attentions.N.temporal_transformer_blocks.0.attn1``. ComfyUI: ``….time_stack.0.attn1``. Neither library is
imported here.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import nn


class Layer(NamedTuple):
    """One temporal self-attention.

    Attributes:
        name: ours, such as ``up_3_2``.
        diffusers, comfy: path of the transformer that holds it.
        level: how often the latent's size has been halved where it stands, 0 to 3; widths go with it.
    """

    name: str
    diffusers: str
    comfy: str
    level: int

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of the layer's hidden states for a latent of (height, width)."""
        return level_sizes(height, width)[self.level]


def _layers() -> tuple[Layer, ...]:
    down = [
        Layer(f"down_{b}_{i}", f"down_blocks.{b}.attentions.{i}", f"input_blocks.{1 + 3 * b + i}.1", b)
        for b in range(3)
        for i in range(2)
    ]
    up = [
        Layer(f"up_{b}_{i}", f"up_blocks.{b}.attentions.{i}", f"output_blocks.{3 * b + i}.1", 3 - b)
        for b in range(1, 4)
        for i in range(3)
    ]
    return (*down, Layer("mid_0", "mid_block.attentions.0", "middle_block.1", 3), *up)


LAYERS = _layers()
"""The 16 layers, in the order of the forward pass."""


def level_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """(height, width) at each of the four levels of SVD's UNet: a strided convolution gives half, rounded up."""
    sizes = [(height, width)]
    for _ in range(max(layer.level for layer in LAYERS)):
        height, width = -(-height // 2), -(-width // 2)
        sizes.append((height, width))
    return sizes


def is_comfy(unet: nn.Module) -> bool:
    """Whether ``unet`` is laid out as in ComfyUI (and in Stability's own checkpoints) rather than as in diffusers."""
    return hasattr(unet, "input_blocks")


def attention_path(layer: Layer, comfy: bool) -> str:
    """Module path of the temporal self-attention of ``layer``."""
    return f"{layer.comfy}.time_stack.0.attn1" if comfy else f"{layer.diffusers}.temporal_transformer_blocks.0.attn1"


def temporal_attentions(unet: nn.Module) -> dict[str, nn.Module]:
    """Name → the 16 temporal self-attention modules of an SVD UNet of either back end, in forward order.

    Raises:
        ValueError: ``unet`` is not Stable Video Diffusion's.
    """
    comfy = is_comfy(unet)
    found = {}
    for layer in LAYERS:
        path = attention_path(layer, comfy)
        try:
            found[layer.name] = unet.get_submodule(path)
        except AttributeError:
            raise ValueError(
                f"this model is not Stable Video Diffusion: it has no temporal self-attention at '{path}'; "
                "use an SVD image-to-video checkpoint (svd or svd_xt)"
            ) from None
    return found


def plain_name(name: str) -> str:
    """A parameter's name without what PEFT (LoRA) and torch.compile put into it."""
    return name.replace(".base_layer.", ".").removeprefix("_orig_mod.")
