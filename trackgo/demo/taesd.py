"""The demo's VAE as ComfyUI's built-in tiny autoencoder; needs nothing but tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

SVD_SCALING_FACTOR = 0.18215
"""Raw latent × this = unit variance; from SVD's vae/config.json."""

COMFY_TAESD_WIDTH = 64
"""Channels of ComfyUI's built-in tiny autoencoder, which cannot be chosen there."""


def to_comfy_taesd(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A `TinyVAE`'s state dict → the state dict that ComfyUI's VAE loader recognises as its own tiny autoencoder.

    Hidden channels are padded with zeros to 64. That changes no number: a padded channel has zero weights and zero
    bias, so it is 0 after every convolution, ReLU and skip, and no other channel reads it. Module numbers are the same
    in the encoder and one higher in the decoder, where the clamp has a number of its own. Tensors keep their dtype.

    Raises:
        ValueError: a key that is no layer of the architecture, or a width above 64.
    """
    padded: dict[str, Tensor] = {}
    for key, value in state_dict.items():
        part, layers, rest = key.partition(".layers.")
        index, _, name = rest.partition(".")
        if not layers or part not in ("encoder", "decoder") or not index.isdigit():
            raise ValueError(f"'{key}' is not a tensor of TinyVAE; expected encoder.layers.N… or decoder.layers.N…")
        number = int(index) + (part == "decoder")
        padded[f"taesd_{part}.{number}.{name}"] = _pad_hidden(key, value)
    padded["vae_scale"] = torch.tensor(SVD_SCALING_FACTOR)
    padded["vae_shift"] = torch.tensor(0.0)
    return padded


def _pad_hidden(key: str, value: Tensor) -> Tensor:
    """Zero-pad the channel axes of one weight [out, in, 3, 3] or bias [out] to 64; 3 and 4 (pixels, latents) stay."""
    sizes = [size if axis > 1 or size in (3, 4) else COMFY_TAESD_WIDTH for axis, size in enumerate(value.shape)]
    if any(old > new for old, new in zip(value.shape, sizes, strict=True)):
        raise ValueError(f"'{key}' has shape {tuple(value.shape)}; ComfyUI holds {COMFY_TAESD_WIDTH} channels at most")
    result = value.new_zeros(sizes)
    result[tuple(slice(size) for size in value.shape)] = value
    return result
