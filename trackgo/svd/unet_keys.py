"""Names of SVD's UNet parameters: diffusers' ↔ those of ComfyUI and of Stability's single-file checkpoints."""

from __future__ import annotations

import re

_TOP = {
    "conv_in": "input_blocks.0.0",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
_ATTENTION = {
    "temporal_transformer_blocks.": "time_stack.",
    "time_pos_embed.linear_1.": "time_pos_embed.0.",
    "time_pos_embed.linear_2.": "time_pos_embed.2.",
}
_BLOCK = re.compile(r"(down|up)_blocks\.([0-3])\.(resnets|attentions|downsamplers|upsamplers)\.([0-2])\.(.+)")
_MIDDLE = re.compile(r"mid_block\.(resnets|attentions)\.([01])\.(.+)")
_LEVELS = 4
_ATTENTION_LEVELS = 3


def comfy_key(key: str) -> str:
    """Diffusers' name of a parameter of ``UNetSpatioTemporalConditionModel`` → its name in ComfyUI's ``UNetModel``.

    Raises:
        ValueError: ``key`` is not a parameter of that model.
    """
    if match := _MIDDLE.fullmatch(key):
        kind, index, rest = match.groups()
        if kind == "attentions":
            return f"middle_block.1.{_attention(rest)}"
        return f"middle_block.{2 * int(index)}.{_resnet(rest)}"
    if match := _BLOCK.fullmatch(key):
        side, level, kind, index, rest = match.groups()
        return _down(int(level), kind, int(index), rest) if side == "down" else _up(int(level), kind, int(index), rest)
    module, _, parameter = key.rpartition(".")
    if module not in _TOP:
        raise ValueError(f"'{key}' is not a parameter of SVD's UNet")
    return f"{_TOP[module]}.{parameter}"


def _down(level: int, kind: str, index: int, rest: str) -> str:
    if kind == "downsamplers":
        return f"input_blocks.{3 * level + 3}.0.op.{rest.removeprefix('conv.')}"
    block = f"input_blocks.{3 * level + 1 + index}"
    return f"{block}.0.{_resnet(rest)}" if kind == "resnets" else f"{block}.1.{_attention(rest)}"


def _up(level: int, kind: str, index: int, rest: str) -> str:
    if kind == "upsamplers":  # after the resnet, and after the attention where the level has one
        has_attention = level >= _LEVELS - _ATTENTION_LEVELS
        return f"output_blocks.{3 * level + 2}.{1 + has_attention}.{rest}"
    block = f"output_blocks.{3 * level + index}"
    return f"{block}.0.{_resnet(rest)}" if kind == "resnets" else f"{block}.1.{_attention(rest)}"


def _resnet(rest: str) -> str:
    if rest.startswith("time_mixer."):
        return rest
    stack, _, rest = rest.partition(".")
    module, _, parameter = rest.rpartition(".")
    if module not in _RESNET:
        raise ValueError(f"'{stack}.{rest}' is not a parameter of a residual block of SVD's UNet")
    return f"{'time_stack.' if stack == 'temporal_res_block' else ''}{_RESNET[module]}.{parameter}"


def _attention(rest: str) -> str:
    for ours, theirs in _ATTENTION.items():
        rest = rest.replace(ours, theirs)
    return rest
