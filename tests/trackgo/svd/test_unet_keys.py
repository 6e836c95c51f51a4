"""diffusers' parameter names → ComfyUI's: against the real UNetModel where there is one, by examples everywhere."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from tests.comfy_harness import ComfyInstall
from tests.trackgo.support import call, comfy_facts, inputs, svd_unet_on_meta, tiny_unet
from trackgo.svd.unet_keys import comfy_key

SHAPES = {name: list(p.shape) for name, p in svd_unet_on_meta().named_parameters()}
NAMES = list(SHAPES)

EXAMPLES = {
    "conv_in.weight": "input_blocks.0.0.weight",
    "time_embedding.linear_2.bias": "time_embed.2.bias",
    "add_embedding.linear_1.weight": "label_emb.0.0.weight",
    "conv_norm_out.weight": "out.0.weight",
    "conv_out.bias": "out.2.bias",
    "down_blocks.0.downsamplers.0.conv.weight": "input_blocks.3.0.op.weight",
    "down_blocks.1.resnets.0.spatial_res_block.conv_shortcut.weight": "input_blocks.4.0.skip_connection.weight",
    "down_blocks.3.resnets.1.temporal_res_block.time_emb_proj.bias": "input_blocks.11.0.time_stack.emb_layers.1.bias",
    "mid_block.resnets.1.time_mixer.mix_factor": "middle_block.2.time_mixer.mix_factor",
    "mid_block.attentions.0.time_pos_embed.linear_1.weight": "middle_block.1.time_pos_embed.0.weight",
    "up_blocks.0.upsamplers.0.conv.weight": "output_blocks.2.1.conv.weight",
    "up_blocks.1.upsamplers.0.conv.bias": "output_blocks.5.2.conv.bias",
    "up_blocks.3.attentions.2.temporal_transformer_blocks.0.attn1.to_q.weight":
        "output_blocks.11.1.time_stack.0.attn1.to_q.weight",
    "up_blocks.2.attentions.1.transformer_blocks.0.ff.net.0.proj.weight":
        "output_blocks.7.1.transformer_blocks.0.ff.net.0.proj.weight",
    "up_blocks.3.resnets.2.spatial_res_block.norm2.weight": "output_blocks.11.0.out_layers.0.weight",
}  # fmt: skip


def test_all_1428_parameters_of_svd_get_names_of_their_own() -> None:
    assert len(NAMES) == 1428
    assert len({comfy_key(name) for name in NAMES}) == 1428


def test_known_examples() -> None:
    assert {name: comfy_key(name) for name in EXAMPLES} == EXAMPLES


def test_no_word_of_diffusers_remains() -> None:
    left = re.compile(r"(down|up|mid)_blocks?|resnets|attentions|samplers|res_block|linear_[12]|temporal|conv_(in|out)")
    assert not [name for name in NAMES if left.search(comfy_key(name))]


@pytest.mark.slow
def test_comfyuis_unet_has_exactly_these_parameters_with_these_shapes(comfy_install: ComfyInstall) -> None:
    facts, _ = comfy_facts(comfy_install)
    assert {comfy_key(name): shape for name, shape in SHAPES.items()} == facts["svd_shapes"]
    tiny = {comfy_key(name): list(p.shape) for name, p in tiny_unet().named_parameters()}
    assert tiny == facts["shapes"] and len(tiny) == 1426  # one level less changes its width: no shortcut there


def test_every_weight_means_the_same_to_comfyui(comfy_install: ComfyInstall) -> None:
    """Shapes alone would not notice two exchanged weights; the output does."""
    out: dict[str, Tensor] = comfy_facts(comfy_install)[1]
    assert out["bare"].isfinite().all() and out["bare"].std() > 0.1
    with torch.no_grad():
        assert (call(tiny_unet(), inputs()) - out["bare"]).abs().max() < 1e-3 * out["bare"].abs().max()


@pytest.mark.parametrize(
    "key",
    [
        "",
        "weight",
        "conv_in",
        "encoder.fc.weight",
        "input_blocks.0.0.weight",
        "down_blocks.4.resnets.0.spatial_res_block.conv1.weight",
        "down_blocks.0.resnets.0.spatial_res_block.conv9.weight",
        "down_blocks.0.resnets.7.spatial_res_block.conv1.weight",
        "mid_block.attentions.4.proj_in.weight",
        "mid_block.resnets.0.weight",
    ],
)
def test_other_names_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match="is not a parameter of"):
        comfy_key(key)


@given(st.text(max_size=30) | st.tuples(st.sampled_from(NAMES), st.integers(0, 60), st.text(max_size=3)))
@settings(deadline=None)
def test_damaged_names_never_raise_anything_else(key: str | tuple[str, int, str]) -> None:
    if isinstance(key, tuple):
        name, at, inserted = key
        key = name[:at] + inserted + name[at + 1 :]
    try:
        assert isinstance(comfy_key(key), str)
    except ValueError as error:
        assert "is not a parameter of" in str(error)
