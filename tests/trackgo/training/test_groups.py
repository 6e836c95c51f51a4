from __future__ import annotations

import pytest
import torch
from diffusers import UNetSpatioTemporalConditionModel

from trackgo.model import TrackGo, TrackGoConfig
from trackgo.training.config import TRAINABLE_SETS, ModelConfig, OptimizerConfig
from trackgo.training.groups import parameter_groups, prepare_trainable_
from trackgo.training.identity import PROBE_RATE
from trackgo.training.setup import build_model, load_base


def trained(module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


@pytest.mark.parametrize(
    ("name", "base"),
    [("adapter", 0), ("adapter+attn1", 49_574_080), ("everything", 1_524_623_082)],
)
def test_sizes_on_the_real_svd(name, base):
    with torch.device("meta"):
        unet = UNetSpatioTemporalConditionModel()
        trackgo = TrackGo(TrackGoConfig.for_unet(unet))
    prepare_trainable_(unet, trackgo, ModelConfig(trainable=name))
    assert trained(trackgo) == 29_358_320
    assert trained(unet) == base


def test_all_temporal_layers_are_those_that_see_several_frames():
    with torch.device("meta"):
        unet = UNetSpatioTemporalConditionModel()
        trackgo = TrackGo(TrackGoConfig.for_unet(unet))
    prepare_trainable_(unet, trackgo, ModelConfig(trainable="adapter+temporal"))
    names = [name for name, p in unet.named_parameters() if p.requires_grad]
    assert not [name for name in names if ".spatial_res_block." in name or ".transformer_blocks." in name]
    blocks = {n for n, _ in unet.named_modules() if n.endswith(("temporal_res_block", "temporal_transformer_blocks.0"))}
    assert len(blocks) == 16 + 22  # SVD has 16 transformers and 22 residual blocks
    assert all(p.requires_grad for block in blocks for p in unet.get_submodule(block).parameters())


@pytest.mark.parametrize("name", TRAINABLE_SETS)
def test_groups_hold_every_trained_parameter_once(name, base_folder, make_config):
    config = make_config(model={"trainable": name, "lora_rank": 4}, loss={"identity": 0.1})
    unet, _ = load_base(config.model, 0)
    model = build_model(config, unet)
    rates = OptimizerConfig(learning_rate=1e-3, encoder_rate=1e-5, base_rate=1e-4, weight_decay=0.1)
    groups = parameter_groups(model, rates)
    held = [p for group in groups for p in group["params"]]
    assert {id(p) for p in held} == {id(p) for p in model.parameters() if p.requires_grad}
    assert len(held) == len({id(p) for p in held})
    expected = {"encoder": 1e-5, "adapter": 1e-3, "base": 1e-4, "probe": PROBE_RATE}
    encoder = [name for group in groups if group["name"].startswith("encoder") for name in group["names"]]
    assert sorted(encoder) == sorted(f"trackgo.encoder.{n}" for n, _ in model.trackgo.encoder.named_parameters())
    for group in groups:
        assert group["lr"] == expected[group["name"].removesuffix("_plain")]
        assert (group["weight_decay"] == 0) == group["name"].endswith("_plain")
    names = {group["name"] for group in groups}
    assert ("base" in names) == (name != "adapter")


def test_lora_starts_as_the_base_itself(base_folder, make_config):
    config = make_config(model={"trainable": "adapter+lora", "lora_rank": 4})
    unet, _ = load_base(config.model, 0)
    sample, told = torch.randn(1, 6, 8, 8, 8), torch.randn(1, 1, 32)
    call = lambda: unet(sample, 0.5, told, torch.zeros(1, 3)).sample  # noqa: E731
    with torch.no_grad():
        before = call()
        model = build_model(config, unet)
        torch.testing.assert_close(call(), before)
    assert all(".lora_" in n for n, p in model.unet.named_parameters() if p.requires_grad)
