"""Attaching and detaching on diffusers' UNet here, and on ComfyUI's in ComfyUI's own process."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import Tensor, nn

from tests.comfy_harness import ComfyInstall
from tests.trackgo.support import (
    ODD,
    WIDTHS,
    black,
    call,
    comfy_facts,
    drawn,
    drawn_odd,
    inputs,
    motion_of,
    snapshot,
    tiny_unet,
    track_model,
)  # fmt: skip
from trackgo.model import TrackGo
from trackgo.model.attach import Attachment, attached, replaced_weights
from trackgo.model.config import AttentionSettings
from trackgo.model.encoded import EncodedTrajectories
from trackgo.svd.layers import LAYERS, attention_path, temporal_attentions

QUERY = "down_blocks.1.attentions.0.temporal_transformer_blocks.0.attn1.to_q.weight"


@pytest.fixture
def unet() -> nn.Module:
    return tiny_unet()


@pytest.fixture(scope="module")
def model() -> TrackGo:
    return track_model(tiny_unet())


@torch.no_grad()
def out_of(unet: nn.Module, **changes: Tensor) -> Tensor:
    return call(unet, inputs() | changes)


# ---------------------------------------------------------------------------------------------------------------------
# The 16 layers
# ---------------------------------------------------------------------------------------------------------------------


def test_the_16_layers_are_all_temporal_self_attentions(unet: nn.Module) -> None:
    ours = {attention_path(layer, comfy=False) for layer in LAYERS}
    theirs = {n for n, m in unet.named_modules() if n.endswith(".attn1") and ".temporal_transformer_blocks." in n}
    assert len(LAYERS) == len(ours) == 16 and ours == theirs
    assert len({layer.name for layer in LAYERS}) == len({layer.comfy for layer in LAYERS}) == 16


def test_layers_stand_in_forward_order(unet: nn.Module) -> None:
    seen = []
    for name, attention in temporal_attentions(unet).items():
        attention.register_forward_hook(lambda *_, name=name: seen.append(name))
    out_of(unet)
    assert seen == [layer.name for layer in LAYERS]


@pytest.mark.parametrize("other", [nn.Linear(2, 2), nn.Sequential(nn.Conv2d(3, 3, 1))])
def test_another_model_is_refused(other: nn.Module, model: TrackGo) -> None:
    with pytest.raises(ValueError, match="not Stable Video Diffusion: it has no temporal self-attention at"):
        temporal_attentions(other)
    with pytest.raises(ValueError, match="use an SVD image-to-video checkpoint"):
        TrackGo.for_unet(other)


# ---------------------------------------------------------------------------------------------------------------------
# In and out again
# ---------------------------------------------------------------------------------------------------------------------


def test_detaching_restores_modules_and_output_bit_for_bit(unet: nn.Module, model: TrackGo) -> None:
    before, bare = snapshot(unet), out_of(unet)
    with model.attached(unet, motion_of(model)):
        assert not torch.allclose(out_of(unet), bare, atol=1e-3)
        assert snapshot(unet)["processors"] != before["processors"]
        assert snapshot(unet)["state"] == before["state"], "attaching changes no name and no weight"
    assert snapshot(unet) == before
    assert torch.equal(out_of(unet), bare)


def test_detaching_after_an_error(unet: nn.Module, model: TrackGo) -> None:
    before, bare = snapshot(unet), out_of(unet)
    model = copy.deepcopy(model)
    model.base_weights = {QUERY: 2 * unet.get_parameter(QUERY).detach()}
    with pytest.raises(KeyboardInterrupt), model.attached(unet, motion_of(model)):
        out_of(unet)
        raise KeyboardInterrupt
    assert snapshot(unet) == before
    assert torch.equal(out_of(unet), bare)


def test_an_error_inside_the_unet_leaves_nothing_behind(unet: nn.Module, model: TrackGo) -> None:
    before = snapshot(unet)
    with pytest.raises(RuntimeError), model.attached(unet, motion_of(model)):
        out_of(unet, encoder_hidden_states=torch.zeros(2, 1, 5))
    assert snapshot(unet) == before


def test_attaching_twice_gives_the_same_numbers(unet: nn.Module, model: TrackGo) -> None:
    motion, results = motion_of(model), []
    for _ in range(2):
        with model.attached(unet, motion, tau=-20.0):
            results.append(out_of(unet))
    assert torch.equal(*results)


def test_the_inner_of_two_attachments_acts(unet: nn.Module, model: TrackGo) -> None:
    before, outer, inner = snapshot(unet), motion_of(model), EncodedTrajectories(model, black())
    bare = out_of(unet)
    with model.attached(unet, outer):
        alone = out_of(unet)
        with model.attached(unet, inner):
            assert torch.equal(out_of(unet), bare)
        assert torch.equal(out_of(unet), alone)
    assert snapshot(unet) == before


def test_a_second_thread_is_refused_and_leaves_the_first_alone(unet: nn.Module, model: TrackGo) -> None:
    before, motion = snapshot(unet), motion_of(model)
    with ThreadPoolExecutor(1) as other:

        def attach() -> None:
            with model.attached(unet, motion):
                pass

        with model.attached(unet, motion):
            followed = out_of(unet)
            with pytest.raises(RuntimeError, match="another thread has attached trajectories to this UNet"):
                other.submit(attach).result()
            assert torch.equal(out_of(unet), followed)
        other.submit(attach).result()
    assert snapshot(unet) == before


def test_two_models_in_two_threads_may_follow_the_same_trajectories(model: TrackGo) -> None:
    unets = [tiny_unet(), tiny_unet(seed=1)]

    def run(unet: nn.Module, motion: EncodedTrajectories) -> Tensor:
        with model.attached(unet, motion):
            return out_of(unet)

    expected = [run(unet, motion_of(model)) for unet in unets]
    motion = motion_of(model)
    with ThreadPoolExecutor(2) as pool:
        assert all(map(torch.equal, pool.map(run, unets, [motion] * 2), expected))


def test_one_attachment_may_serve_two_models(model: TrackGo) -> None:
    first, second = tiny_unet(), tiny_unet(seed=1)
    live = Attachment(motion_of(model), AttentionSettings())
    with attached(first, live), attached(second, live):
        both = out_of(first), out_of(second)
    with attached(first, live):
        assert torch.equal(out_of(first), both[0])
    assert not torch.equal(*both)


def test_switched_off_it_is_the_base(unet: nn.Module, model: TrackGo) -> None:
    bare = out_of(unet)
    with model.attached(unet, motion_of(model)) as live:
        live.enabled = False
        assert torch.equal(out_of(unet), bare)
        live.enabled = True
        assert not torch.equal(out_of(unet), bare)


def test_arguments_by_position_work_too(unet: nn.Module, model: TrackGo) -> None:
    given = inputs()
    with torch.no_grad(), model.attached(unet, motion_of(model)):
        assert torch.equal(unet(*given.values()).sample, call(unet, given))


def test_a_processor_that_is_a_module_is_put_back(unet: nn.Module, model: TrackGo) -> None:
    attention = temporal_attentions(unet)["mid_0"]
    plain = attention.processor

    class Processor(nn.Module):
        def forward(self, *args: object, **kwargs: object) -> Tensor:
            return plain(*args, **kwargs)

    attention.set_processor(Processor())
    before, names = attention.processor, [name for name, _ in unet.named_modules()]
    with model.attached(unet, motion_of(model)):
        out_of(unet)
    assert attention.processor is before and "processor" in attention._modules
    assert sorted(name for name, _ in unet.named_modules()) == sorted(names)


def test_lora_on_the_temporal_attention_still_acts(unet: nn.Module, model: TrackGo) -> None:
    with model.attached(unet, motion_of(model)):
        without = out_of(unet)
    paths = [attention_path(layer, comfy=False) for layer in LAYERS]
    targets = [f"{path}.{part}" for path in paths for part in ("to_q", "to_v", "to_out.0")]
    torch.manual_seed(0)
    inject_adapter_in_model(LoraConfig(r=2, target_modules=targets, init_lora_weights=False), unet)
    bare = out_of(unet)
    weights = {QUERY: 1.5 * temporal_attentions(unet)["down_1_0"].to_q.weight.detach()}
    with model.attached(unet, motion_of(model)):
        with_lora = out_of(unet)
        with replaced_weights(unet, weights):
            assert not torch.allclose(out_of(unet), with_lora, atol=1e-5), "base weights reach a layer under a LoRA"
    assert not torch.allclose(with_lora, without, atol=1e-3)
    assert torch.equal(out_of(unet), bare)
    assert TrackGo.for_unet(unet).config == model.config


# ---------------------------------------------------------------------------------------------------------------------
# What does not fit
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"frames": 9}, "the trajectories have 8 frames but the video being sampled has 9"),
        ({"height": 16}, "made for 128×64 px but the video being sampled has 128×128 px"),
        ({"height": 16, "width": 8}, "made for 128×64 px but the video being sampled has 64×128 px"),
    ],
)
def test_another_length_or_size_is_refused(unet: nn.Module, model: TrackGo, given: dict[str, int], words: str) -> None:
    before = snapshot(unet)
    with torch.no_grad(), pytest.raises(ValueError, match=words), model.attached(unet, motion_of(model)):
        call(unet, inputs(**given))
    assert snapshot(unet) == before


def test_more_trajectories_than_the_batch_has_videos(unet: nn.Module, model: TrackGo) -> None:
    with torch.no_grad(), pytest.raises(ValueError, match="as many as there are videos in the batch"):  # noqa: SIM117
        with model.attached(unet, motion_of(model, videos=3)):
            call(unet, inputs(batch=2))


def test_too_few_frames_for_alpha_are_refused_before_anything_changes(unet: nn.Module, model: TrackGo) -> None:
    before = snapshot(unet)
    with pytest.raises(ValueError, match="use at least 6 frames"), model.attached(unet, motion_of(model, frames=5)):
        pass
    assert snapshot(unet) == before


@pytest.mark.parametrize(
    ("sigma", "acts"), [(800.0, False), (700.0, True), (5.0, True), (0.5, True), (0.4, False), (None, True)]
)
def test_sigma_range(model: TrackGo, sigma: float | None, acts: bool) -> None:
    live = Attachment(motion_of(model), AttentionSettings(), sigma_range=(700.0, 0.5))
    given = None if sigma is None else torch.tensor([sigma, sigma])
    assert live.active_at(given) is acts
    live.enabled = False
    assert live.active_at(given) is False


# ---------------------------------------------------------------------------------------------------------------------
# Changed base weights
# ---------------------------------------------------------------------------------------------------------------------


def test_base_weights_act_while_attached_and_give_back_the_same_tensors(unet: nn.Module, model: TrackGo) -> None:
    other = copy.deepcopy(unet)
    changed = {QUERY: 3 * unet.get_parameter(QUERY).detach(), "conv_out.bias": torch.ones(4)}
    with torch.no_grad():
        for key, value in changed.items():
            other.get_parameter(key).copy_(value)
    model = copy.deepcopy(model)
    before, bare = snapshot(unet), out_of(unet)
    motion = motion_of(model)
    with model.attached(other, motion):
        expected = out_of(other)
    model.base_weights = changed
    with model.attached(unet, motion):
        assert torch.equal(out_of(unet), expected)
        assert snapshot(unet)["parameters"] == before["parameters"]
    assert snapshot(unet) == before
    assert torch.equal(out_of(unet), bare)


def test_base_weights_take_the_models_precision() -> None:
    unet = tiny_unet().bfloat16()
    with replaced_weights(unet, {"conv_out.bias": torch.ones(4)}):
        assert unet.conv_out.bias.dtype == torch.bfloat16 and unet.conv_out.bias.sum() == 4


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"conv_out.bias": torch.ones(5)}, r"'conv_out.bias' to shape \(5,\) but the model has shape \(4,\)"),
        ({"conv_out.bias": torch.ones(4), "nowhere": torch.ones(1)}, "'nowhere' to shape .* but the model has nothing"),
    ],
)
def test_base_weights_that_do_not_fit_change_nothing(unet: nn.Module, weights: dict[str, Tensor], words: str) -> None:
    before = snapshot(unet)
    with pytest.raises(ValueError, match=words), replaced_weights(unet, weights):
        pass
    assert snapshot(unet) == before


def test_base_weights_offloaded_layer_by_layer_are_refused(unet: nn.Module) -> None:
    unet.conv_out.to("meta")
    with (
        pytest.raises(ValueError, match="use enable_model_cpu_offload"),
        replaced_weights(unet, {"conv_out.bias": torch.ones(4)}),
    ):
        pass


# ---------------------------------------------------------------------------------------------------------------------
# The real ComfyUI's UNetModel, with the same weights
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def comfy(comfy_install: ComfyInstall) -> tuple[dict, dict[str, Tensor]]:
    return comfy_facts(comfy_install)


def test_comfyui_has_the_same_16_layers(comfy: tuple[dict, dict[str, Tensor]]) -> None:
    widths = [WIDTHS[0]] * 2 + [WIDTHS[1]] * 11 + [WIDTHS[0]] * 3
    assert comfy[0]["layers"] == dict(zip((layer.name for layer in LAYERS), widths, strict=True))
    paths = {attention_path(layer, comfy=True) for layer in LAYERS}
    queries = {name for name in comfy[0]["shapes"] if name.endswith("time_stack.0.attn1.to_q.weight")}
    assert queries == {f"{path}.to_q.weight" for path in paths}


def test_comfyui_is_restored_bit_for_bit(comfy: tuple[dict, dict[str, Tensor]]) -> None:
    facts, out = comfy
    assert facts["changed_inside"] and facts["keys_kept"]
    assert facts["restored"] and facts["restored_after_error"] and facts["restored_after_nesting"]
    assert facts["raised"] == "raised by the body" and facts["nested"] == [True, True]
    assert torch.equal(out["bare"], out["after"]) and torch.equal(out["bare"], out["after_all"])
    assert not torch.allclose(out["bare"], out["attached"], atol=1e-2)


def test_comfyui_refuses_another_length(comfy: tuple[dict, dict[str, Tensor]]) -> None:
    assert "have 8 frames but the video being sampled has 7" in comfy[0]["refused"]


@pytest.mark.parametrize("size", ["", "odd_"])
def test_both_back_ends_give_the_same_numbers(comfy: tuple[dict, dict[str, Tensor]], size: str) -> None:
    """One checkpoint with changed base weights. diffusers builds some norms with eps 1e-6 where SVD and ComfyUI have
    1e-5; with these weights that alone is 2e-4, so it is levelled here."""
    unet = tiny_unet()
    for name, module in unet.named_modules():
        if isinstance(module, nn.GroupNorm) and ".resnets." in name:
            module.eps = 1e-5
    model = track_model(unet, "literal")
    model.base_weights = {QUERY: unet.get_parameter(QUERY).detach() * 1.5}
    sample, points = (inputs(**ODD)["sample"], drawn_odd()) if size else (inputs()["sample"], drawn())
    bare, followed = comfy[1][f"{size}bare"], comfy[1][f"{size}attached"]
    scale = bare.abs().max()
    assert (out_of(unet, sample=sample) - bare).abs().max() < 1e-4 * scale
    assert (bare - followed).abs().max() > 1e-2
    with model.attached(unet, EncodedTrajectories(model, points), tau=-50.0):
        assert (out_of(unet, sample=sample) - followed).abs().max() < 1e-4 * scale
