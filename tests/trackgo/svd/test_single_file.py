"""Single-file SVD checkpoints: written here by a table of names of its own, read back, and read by the real ComfyUI."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLTemporalDecoder, EulerDiscreteScheduler, UNetSpatioTemporalConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from tests.comfy_harness import ComfyInstall
from trackgo.svd.single_file import load_single_file

pytestmark = pytest.mark.slow

VISUAL = "conditioner.embedders.0.open_clip.model.visual."
CONDITIONING = "conditioner.embedders.3.encoder."
FIRST_STAGE = "first_stage_model."
UNET = "model.diffusion_model."
CLIP_CONFIG = {
    "hidden_size": 64, "intermediate_size": 128, "projection_dim": 64, "num_hidden_layers": 3,
    "num_attention_heads": 4, "image_size": 224, "patch_size": 56, "hidden_act": "gelu",
}  # fmt: skip
METADATA = {"trackgo.clip_heads": "4"}

# ---------------------------------------------------------------------------------------------------------------------
# The file, written down: diffusers' modules in the order of the file's blocks
# ---------------------------------------------------------------------------------------------------------------------

UNET_MODULES = """
conv_in input_blocks.0.0
down_blocks.0.resnets.0 input_blocks.1.0        down_blocks.0.attentions.0 input_blocks.1.1
down_blocks.0.resnets.1 input_blocks.2.0        down_blocks.0.attentions.1 input_blocks.2.1
down_blocks.0.downsamplers.0.conv input_blocks.3.0.op
down_blocks.1.resnets.0 input_blocks.4.0        down_blocks.1.attentions.0 input_blocks.4.1
down_blocks.1.resnets.1 input_blocks.5.0        down_blocks.1.attentions.1 input_blocks.5.1
down_blocks.1.downsamplers.0.conv input_blocks.6.0.op
down_blocks.2.resnets.0 input_blocks.7.0        down_blocks.2.attentions.0 input_blocks.7.1
down_blocks.2.resnets.1 input_blocks.8.0        down_blocks.2.attentions.1 input_blocks.8.1
down_blocks.2.downsamplers.0.conv input_blocks.9.0.op
down_blocks.3.resnets.0 input_blocks.10.0       down_blocks.3.resnets.1 input_blocks.11.0
mid_block.resnets.0 middle_block.0  mid_block.attentions.0 middle_block.1  mid_block.resnets.1 middle_block.2
up_blocks.0.resnets.0 output_blocks.0.0
up_blocks.0.resnets.1 output_blocks.1.0
up_blocks.0.resnets.2 output_blocks.2.0         up_blocks.0.upsamplers.0.conv output_blocks.2.1.conv
up_blocks.1.resnets.0 output_blocks.3.0         up_blocks.1.attentions.0 output_blocks.3.1
up_blocks.1.resnets.1 output_blocks.4.0         up_blocks.1.attentions.1 output_blocks.4.1
up_blocks.1.resnets.2 output_blocks.5.0         up_blocks.1.attentions.2 output_blocks.5.1
up_blocks.1.upsamplers.0.conv output_blocks.5.2.conv
up_blocks.2.resnets.0 output_blocks.6.0         up_blocks.2.attentions.0 output_blocks.6.1
up_blocks.2.resnets.1 output_blocks.7.0         up_blocks.2.attentions.1 output_blocks.7.1
up_blocks.2.resnets.2 output_blocks.8.0         up_blocks.2.attentions.2 output_blocks.8.1
up_blocks.2.upsamplers.0.conv output_blocks.8.2.conv
up_blocks.3.resnets.0 output_blocks.9.0         up_blocks.3.attentions.0 output_blocks.9.1
up_blocks.3.resnets.1 output_blocks.10.0        up_blocks.3.attentions.1 output_blocks.10.1
up_blocks.3.resnets.2 output_blocks.11.0        up_blocks.3.attentions.2 output_blocks.11.1
conv_norm_out out.0  conv_out out.2
time_embedding.linear_1 time_embed.0            time_embedding.linear_2 time_embed.2
add_embedding.linear_1 label_emb.0.0            add_embedding.linear_2 label_emb.0.2
"""
RESNET_PARTS = {
    ".spatial_res_block.": ".", ".temporal_res_block.": ".time_stack.",
    ".norm1.": ".in_layers.0.", ".conv1.": ".in_layers.2.", ".time_emb_proj.": ".emb_layers.1.",
    ".norm2.": ".out_layers.0.", ".conv2.": ".out_layers.3.", ".conv_shortcut.": ".skip_connection.",
}  # fmt: skip
ATTENTION_PARTS = {
    ".temporal_transformer_blocks.": ".time_stack.",
    ".time_pos_embed.linear_1.": ".time_pos_embed.0.", ".time_pos_embed.linear_2.": ".time_pos_embed.2.",
}  # fmt: skip


def replaced(name: str, parts: Mapping[str, str]) -> str:
    for old, new in parts.items():
        name = name.replace(old, new)
    return name


def written_unet(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    words = UNET_MODULES.split()
    modules = dict(zip(words[::2], words[1::2], strict=True))
    written = {}
    for name, value in state.items():
        (module,) = (module for module in modules if name.startswith(f"{module}."))
        parts = RESNET_PARTS if ".resnets." in name else ATTENTION_PARTS if ".attentions." in name else {}
        written[UNET + modules[module] + replaced(name.removeprefix(module), parts)] = value
    return written


def written_vae_half(state: Mapping[str, Tensor], half: str, levels: int) -> dict[str, Tensor]:
    """Encoder or decoder without prefix, every attention matrix as a 1×1 convolution."""
    written = {}
    for name, value in state.items():
        if not name.startswith(f"{half}."):
            continue
        if ".attentions." in name and value.ndim == 2:
            value = value[:, :, None, None]
        video = {
            ".temporal_res_block.norm1.": ".time_stack.in_layers.0.",
            ".temporal_res_block.conv1.": ".time_stack.in_layers.2.",
            ".temporal_res_block.norm2.": ".time_stack.out_layers.0.",
            ".temporal_res_block.conv2.": ".time_stack.out_layers.3.",
            ".spatial_res_block.": ".", ".time_mixer.": ".", ".time_conv_out.": ".conv_out.time_mix_conv.",
        }  # fmt: skip
        name = replaced(name, video)
        name = replaced(name, {".mid_block.resnets.0.": ".mid.block_1.", ".mid_block.resnets.1.": ".mid.block_2."})
        name = replaced(name, {".mid_block.attentions.0.": ".mid.attn_1.", ".conv_norm_out.": ".norm_out."})
        name = replaced(name, {".group_norm.": ".norm.", ".to_q.": ".q.", ".to_k.": ".k.", ".to_v.": ".v."})
        name = replaced(name, {".to_out.0.": ".proj_out.", ".conv_shortcut.": ".nin_shortcut."})
        name = replaced(name, {".downsamplers.0.": ".downsample.", ".upsamplers.0.": ".upsample."})
        name = name.replace(".resnets.", ".block.")
        for level in range(levels):
            name = name.replace(f".down_blocks.{level}.", f".down.{level}.")
            name = name.replace(f".up_blocks.{level}.", f".up.{levels - 1 - level}.")
        written[name] = value
    return written


def written_vae(state: Mapping[str, Tensor], levels: int, conditioning: bool) -> dict[str, Tensor]:
    """As Stability lays it out: ``quant_conv`` beside the conditioning encoder, and folded into the other's last layer.

    Without ``conditioning`` only the latter is written, as ComfyUI saves it.
    """
    encoder, decoder = (written_vae_half(state, half, levels) for half in ("encoder", "decoder"))
    quant, bias = state["quant_conv.weight"][:, :, 0, 0], state["quant_conv.bias"]
    folded = dict(encoder)
    if not quant.is_meta:
        folded["encoder.conv_out.weight"] = torch.einsum("oi,ichw->ochw", quant, encoder["encoder.conv_out.weight"])
        folded["encoder.conv_out.bias"] = quant @ encoder["encoder.conv_out.bias"] + bias
    written = {FIRST_STAGE + key: value for key, value in (folded | decoder).items()}
    if conditioning:
        written |= {CONDITIONING + key: value.clone() for key, value in encoder.items()}
        written |= {CONDITIONING + key: state[key] for key in ("quant_conv.weight", "quant_conv.bias")}
        written[f"{CONDITIONING}post_quant_conv.weight"] = torch.zeros(4, 4, 1, 1)
    return written


def written_clip(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    embeddings = {"class_embedding": "class_embedding"}
    embeddings |= {"patch_embedding.weight": "conv1.weight", "position_embedding.weight": "positional_embedding"}
    written = {new: state[f"vision_model.embeddings.{old}"] for old, new in embeddings.items()}
    written["proj"] = state["visual_projection.weight"].T
    for kind in ("weight", "bias"):
        written[f"ln_pre.{kind}"] = state[f"vision_model.pre_layrnorm.{kind}"]
        written[f"ln_post.{kind}"] = state[f"vision_model.post_layernorm.{kind}"]
        for layer in range(sum(key.endswith("layer_norm1.weight") for key in state)):
            old, new = f"vision_model.encoder.layers.{layer}", f"transformer.resblocks.{layer}"
            written[f"{new}.attn.in_proj_{kind}"] = torch.cat(
                [state[f"{old}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            )
            names = {"self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2"}
            for theirs, ours in (names | {"mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}).items():
                written[f"{new}.{ours}.{kind}"] = state[f"{old}.{theirs}.{kind}"]
    return {VISUAL + key: value for key, value in written.items()}


# ---------------------------------------------------------------------------------------------------------------------
# The models
# ---------------------------------------------------------------------------------------------------------------------


def unet_of(widths: tuple[int, ...], context: int) -> UNetSpatioTemporalConditionModel:
    return UNetSpatioTemporalConditionModel(
        block_out_channels=widths,
        num_attention_heads=tuple(width // 64 for width in widths),
        cross_attention_dim=context,
        num_frames=14,
    )


def vae_of(widths: tuple[int, ...]) -> AutoencoderKLTemporalDecoder:
    return AutoencoderKLTemporalDecoder(
        block_out_channels=widths, down_block_types=("DownEncoderBlock2D",) * 4, layers_per_block=2
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Models this small spend their time waiting when several threads share a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def originals() -> dict[str, nn.Module]:
    """A tiny random SVD whose every parameter is its own, norms and mixing factors too."""
    torch.manual_seed(0)
    models = {
        "unet": unet_of((64, 64, 128, 128), 64),
        "vae": vae_of((32, 32, 64, 64)),
        "image_encoder": CLIPVisionModelWithProjection(CLIPVisionConfig(**CLIP_CONFIG)),
    }
    with torch.no_grad():
        for model in models.values():
            for parameter in model.eval().parameters():
                parameter.add_(0.03 * torch.randn_like(parameter))
    return models


@pytest.fixture(scope="module")
def inputs() -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {
        "sample": torch.randn(2, 8, 8, 8),
        "time": torch.tensor([1.3]),
        "ids": torch.tensor([6.0, 127.0, 0.02]),
        "context": torch.randn(1, 1, 64),
        "picture": torch.rand(1, 3, 32, 32) * 2 - 1,
        "latent": torch.randn(2, 4, 4, 4),
        "pixels": torch.randn(1, 3, 224, 224),
    }


def outputs_of(models: Mapping[str, nn.Module], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    with torch.no_grad():
        sample = models["unet"](inputs["sample"][None], inputs["time"], inputs["context"], inputs["ids"][None]).sample
        latent = models["vae"].encode(inputs["picture"]).latent_dist
        return {
            "unet": sample[0],
            "moments": torch.cat([latent.mean, latent.logvar], 1),
            "decoded": models["vae"].decode(inputs["latent"], num_frames=2).sample,
            "embedding": models["image_encoder"](pixel_values=inputs["pixels"]).image_embeds,
        }


@pytest.fixture(scope="module")
def expected(originals: dict[str, nn.Module], inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    return outputs_of(originals, inputs)


def written(models: Mapping[str, nn.Module], conditioning: bool = True) -> dict[str, Tensor]:
    states = {name: model.state_dict() for name, model in models.items()}
    tensors = written_unet(states["unet"]) | written_vae(states["vae"], 4, conditioning)
    tensors |= written_clip(states["image_encoder"])
    if conditioning:
        tensors |= {"denoiser.sigmas": torch.zeros(3), f"{VISUAL[:-7]}logit_scale": torch.tensor(2.0)}
    return {key: value.detach().contiguous() for key, value in tensors.items()}


@pytest.fixture(scope="module")
def tensors(originals: dict[str, nn.Module]) -> dict[str, Tensor]:
    return written(originals)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def write(tensors: Mapping[str, Tensor], metadata: Mapping[str, str] = METADATA) -> Path:
        save_file(dict(tensors), tmp_path / "svd.safetensors", metadata=dict(metadata))
        return tmp_path / "svd.safetensors"

    return write


def assert_same(ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], relative: float = 1e-5) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        assert (ours[name] - value).norm() <= relative * value.norm(), name


# ---------------------------------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("conditioning", [True, False], ids=["as Stability", "as ComfyUI, one encoder"])
def test_components_compute_what_the_originals_do(originals, inputs, expected, save, conditioning):
    components = load_single_file(save(written(originals, conditioning)))
    assert_same(outputs_of(vars(components), inputs), expected)


def test_the_first_frame_is_encoded_by_the_conditioning_encoder(originals, inputs, expected, tensors, save):
    """Where both are there, as in diffusers' SVD; the other encoder may then be another or not be there."""
    other = {key: value for key, value in tensors.items() if not key.startswith(f"{FIRST_STAGE}encoder.")}
    key = f"{FIRST_STAGE}encoder.conv_out.weight"
    for file in (other, tensors | {key: torch.zeros_like(tensors[key])}):
        models = vars(load_single_file(save(file)))
        assert_same(outputs_of(models, inputs), expected)


def test_quant_conv_in_the_first_stage_itself_is_used(originals, inputs, expected, save):
    tensors = written(originals, conditioning=False)
    state = originals["vae"].state_dict()
    tensors |= {FIRST_STAGE + key: value for key, value in written_vae_half(state, "encoder", 4).items()}
    tensors |= {FIRST_STAGE + key: state[key] for key in ("quant_conv.weight", "quant_conv.bias")}
    components = load_single_file(save(tensors))
    assert_same(outputs_of(vars(components), inputs), expected)


def test_configurations_are_those_of_the_originals(originals, tensors, save):
    components = load_single_file(save(tensors))
    for name in ("block_out_channels", "num_attention_heads", "cross_attention_dim", "addition_time_embed_dim"):
        assert tuple_of(components.unet.config[name]) == tuple_of(originals["unet"].config[name])
    assert components.vae.config.block_out_channels == (32, 32, 64, 64)
    assert components.vae.config.scaling_factor == 0.18215
    for name, value in CLIP_CONFIG.items():
        assert getattr(components.image_encoder.config, name) == value
    assert not any(model.training for model in (components.unet, components.vae, components.image_encoder))
    assert isinstance(components.scheduler, EulerDiscreteScheduler)
    assert components.scheduler.config.prediction_type == "v_prediction"
    assert components.feature_extractor.image_mean == pytest.approx([0.48145466, 0.4578275, 0.40821073])


def tuple_of(value: object) -> object:
    return tuple(value) if isinstance(value, list | tuple) else value


def precisions(components: object) -> set[torch.dtype]:
    models = (components.unet, components.vae, components.image_encoder)
    return {parameter.dtype for model in models for parameter in model.parameters()}


@pytest.mark.parametrize("stored", [torch.float32, torch.float16, torch.bfloat16])
def test_precision_of_the_file_stays(tensors, save, stored):
    path = save({key: value.to(stored) for key, value in tensors.items()})
    components = load_single_file(path)
    assert precisions(components) == {stored}
    assert torch.equal(components.unet.conv_in.weight, tensors[f"{UNET}input_blocks.0.0.weight"].to(stored))


def test_parts_of_different_precision_become_one(tensors, save):
    path = save({key: value.half() if key.startswith(UNET) else value for key, value in tensors.items()})
    assert precisions(load_single_file(path)) == {torch.float16}
    assert precisions(load_single_file(path, torch.bfloat16)) == {torch.bfloat16}


def test_eight_bit_floats_need_a_dtype(tensors, save):
    path = save({key: value.to(torch.float8_e4m3fn) for key, value in tensors.items()})
    with pytest.raises(ValueError, match=r"stored as F8_E4M3.*say in which dtype"):
        load_single_file(path)
    assert precisions(load_single_file(path, torch.float16)) == {torch.float16}


def test_diffusers_moves_and_saves_the_parts(tensors, save, tmp_path):
    components = load_single_file(save(tensors))
    components.vae.half().save_pretrained(tmp_path / "vae")
    components.image_encoder.save_pretrained(tmp_path / "clip")
    again = CLIPVisionModelWithProjection.from_pretrained(tmp_path / "clip", local_files_only=True)
    assert torch.equal(again.state_dict()["visual_projection.weight"], tensors[f"{VISUAL}proj"].T)
    assert load_file(tmp_path / "vae" / "diffusion_pytorch_model.safetensors")["encoder.conv_in.bias"].numel() == 32


# ---------------------------------------------------------------------------------------------------------------------
# Refusing
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        f"{UNET}input_blocks.4.1.time_stack.0.attn2.to_v.weight",
        f"{UNET}input_blocks.7.0.out_layers.3.weight",
        f"{UNET}label_emb.0.0.weight",
        f"{FIRST_STAGE}decoder.up.1.block.2.mix_factor",
        f"{FIRST_STAGE}decoder.conv_in.weight",
        f"{CONDITIONING}encoder.mid.attn_1.q.bias",
        f"{VISUAL}transformer.resblocks.1.attn.in_proj_bias",
        f"{VISUAL}conv1.weight",
    ],
)
def test_a_missing_tensor_is_named(tensors, save, key):
    path = save({name: value for name, value in tensors.items() if name != key})
    with pytest.raises(ValueError, match=f"svd.safetensors.*lacks the tensor '{re.escape(key)}'"):
        load_single_file(path)


def test_a_missing_part_is_named_with_its_size(originals, tensors, save):
    path = save({name: value for name, value in tensors.items() if "encoder.down" not in name})
    count = sum("encoder.down" in name for name in tensors) // 2
    with pytest.raises(ValueError, match=rf"'{CONDITIONING}encoder.down.0.*' and {count - 1} more"):
        load_single_file(path)


@pytest.mark.parametrize(
    ("key", "shape", "expected"),
    [
        (f"{UNET}middle_block.1.time_stack.0.attn1.to_q.weight", (128, 64), r"\(128, 64\).*\(128, 128\)"),
        (f"{FIRST_STAGE}decoder.mid.attn_1.q.weight", (64, 64), r"\(64, 64\).*\(64, 64, 1, 1\)"),
        (f"{VISUAL}transformer.resblocks.0.attn.in_proj_weight", (64, 64), r"\(64, 64\).*\(192, 64\)"),
        (f"{VISUAL}positional_embedding", (18, 64), r"\(18, 64\).*\(17, 64\)"),
        (f"{FIRST_STAGE}decoder.up.1.block.0.conv1.weight", (40, 64, 3, 3), "40 channels.*multiples of 32"),
        (f"{FIRST_STAGE}decoder.conv_in.weight", (4,), "must have 4 axes"),
        (f"{VISUAL}conv1.weight", (64, 3, 0, 0), "none of them 0"),
        (f"{UNET}label_emb.0.0.weight", (256, 256), "relative of Stable Video Diffusion.*256 values"),
        (f"{UNET}input_blocks.0.0.weight", (64, 4, 3, 3), "relative of Stable Video Diffusion.*4 channels"),
    ],
)
def test_a_wrong_shape_is_named(tensors, save, key, shape, expected):
    with pytest.raises(ValueError, match=expected) as error:
        load_single_file(save(tensors | {key: torch.zeros(shape)}))
    assert key in str(error.value) or "relative" in expected


@pytest.mark.parametrize(
    "key",
    [
        f"{UNET}scaled_fp8",
        f"{UNET}motion_adapter.weight",
        f"{FIRST_STAGE}post_quant_conv.weight",
        f"{VISUAL}transformer.resblocks.0.lora.weight",
        "cond_stage_model.weight",
    ],
)
def test_an_unknown_tensor_is_named(tensors, save, key):
    with pytest.raises(ValueError, match=f"holds the tensor '{re.escape(key)}'"):
        load_single_file(save(tensors | {key: torch.zeros(2)}))


@pytest.mark.parametrize(
    "key",
    ["model_ema.decay", "conditioner.embedders.4.open_clip.model.visual.proj", "v_pred", f"{FIRST_STAGE}loss.logvar"],
)
def test_what_training_and_comfyui_leave_behind_is_no_obstacle(tensors, save, key):
    load_single_file(save(tensors | {key: torch.zeros(0)}))


def test_whole_numbers_are_no_weights(tensors, save):
    key = f"{UNET}out.0.bias"
    with pytest.raises(ValueError, match=f"'{re.escape(key)}' is stored as I8"):
        load_single_file(save(tensors | {key: torch.zeros(64, dtype=torch.int8)}))


def test_metadata_is_checked(tensors, save):
    with pytest.raises(ValueError, match=r"heads of 48.*trackgo.head_dim"):
        load_single_file(save(tensors, METADATA | {"trackgo.head_dim": "48"}))
    with pytest.raises(ValueError, match=r"'trackgo.clip_heads'.*'many'.*whole number"):
        load_single_file(save(tensors, {"trackgo.clip_heads": "many"}))
    with pytest.raises(ValueError, match=r"7 heads do not divide.*trackgo.clip_heads"):
        load_single_file(save(tensors, {"trackgo.clip_heads": "7"}))
    assert load_single_file(save(tensors, {})).image_encoder.config.num_attention_heads == 16
    head_dim = METADATA | {"trackgo.head_dim": "32"}
    assert tuple(load_single_file(save(tensors, head_dim)).unet.config.num_attention_heads) == (2, 2, 4, 4)


def test_another_model_is_told_apart(save):
    sd15 = {f"{UNET}input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight": torch.zeros(320, 320)}
    sd15 |= {"cond_stage_model.transformer.text_model.final_layer_norm.weight": torch.zeros(768)}
    for tensors in (sd15, {}):
        with pytest.raises(ValueError, match=r"not a Stable Video Diffusion checkpoint.*svd_xt.safetensors"):
            load_single_file(save(tensors))


def test_broken_files(tensors, save, tmp_path):
    path = save(tensors)
    data = path.read_bytes()
    for name, content in {
        "cut.safetensors": data[: len(data) // 2],
        "header.safetensors": data[:300],
        "empty.safetensors": b"",
        "pickle.ckpt": b"PK\x03\x04" + bytes(400),
    }.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"'{name}' is not a whole .safetensors file"):
            load_single_file(tmp_path / name)
    for missing in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FileNotFoundError, match="no checkpoint file at"):
            load_single_file(missing)
    with pytest.raises(ValueError, match=r"dtype is torch.int8"):
        load_single_file(path, torch.int8)


# ---------------------------------------------------------------------------------------------------------------------
# SVD at its real size
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full_size() -> dict[str, Tensor]:
    """Every tensor of Stability's file at its real size, on the meta device."""
    clip = {"hidden_size": 1280, "intermediate_size": 5120, "projection_dim": 1024, "num_hidden_layers": 32}
    with torch.device("meta"):
        models = {
            "unet": unet_of((320, 640, 1280, 1280), 1024),
            "vae": vae_of((128, 256, 512, 512)),
            "image_encoder": CLIPVisionModelWithProjection(
                CLIPVisionConfig(**clip, num_attention_heads=16, image_size=224, patch_size=14, hidden_act="gelu")
            ),
        }
        return written(models)


def test_the_real_size_is_read_from_shapes_alone(full_size, tmp_path):
    """The file is sparse: nearly 5 GB of zeros that take no room and, mapped, are never read."""
    header, end = {}, 0
    for key, value in full_size.items():
        start, end = end, end + 2 * value.numel()
        header[key] = {"dtype": "F16", "shape": list(value.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    path = tmp_path / "svd.safetensors"
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + end)
    components = load_single_file(path)
    assert precisions(components) == {torch.float16}
    assert sum(parameter.numel() for parameter in components.unet.parameters()) == 1_524_623_082
    assert tuple(components.unet.config.num_attention_heads) == (5, 10, 20, 20)
    assert components.unet.config.cross_attention_dim == 1024
    assert tuple(components.vae.config.block_out_channels) == (128, 256, 512, 512)
    config = components.image_encoder.config
    assert (config.num_hidden_layers, config.num_attention_heads) == (32, 16)
    assert (config.patch_size, config.image_size) == (14, 224)


# ---------------------------------------------------------------------------------------------------------------------
# The real ComfyUI
# ---------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def comfy(comfy_install: ComfyInstall, originals, inputs, tmp_path_factory) -> Path:
    """Folder in which ComfyUI has read the tiny file, run it and saved it again."""
    folder = tmp_path_factory.mktemp("comfy")
    save_file(written(originals), folder / "svd.safetensors", metadata=METADATA)
    save_file(inputs, folder / "inputs.safetensors")
    extra = {"num_channels": 3, "model_type": "clip_vision_model"}
    (folder / "clip_config.json").write_text(json.dumps(CLIP_CONFIG | extra))
    script = Path(__file__).with_name("comfy_reads_single_file.py")
    run = subprocess.run(
        [comfy_install.python, script, folder],
        cwd=comfy_install.path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    return folder


def test_comfyui_reads_the_file_whole(comfy):
    report = json.loads((comfy / "report.json").read_text())
    assert report["unet"] == ["SVD_img2vid", [], []]
    assert report["clip"] == [[], []]


def test_comfyui_computes_the_same_from_it(comfy, inputs):
    ours = outputs_of(vars(load_single_file(comfy / "svd.safetensors")), inputs)
    assert_same(ours, load_file(comfy / "outputs.safetensors"), relative=1e-4)


def test_what_comfyui_saves_is_read(comfy, inputs):
    """Names of transformers' in the image encoder, and an autoencoder in half precision."""
    assert f"{VISUAL}visual_projection.weight" in load_file(comfy / "saved.safetensors")
    ours = outputs_of(vars(load_single_file(comfy / "saved.safetensors")), inputs)
    theirs = load_file(comfy / "outputs.safetensors")
    for name, value in theirs.items():
        relative = 1e-4 if name in ("unet", "embedding") else 0.05
        assert (ours[name] - value).norm() <= relative * value.norm(), name


def test_names_and_shapes_at_the_real_size_are_comfyuis(comfy, full_size):
    theirs = json.loads((comfy / "report.json").read_text())["full_size"]
    ours = {key: list(value.shape) for key, value in full_size.items() if key.startswith((UNET, FIRST_STAGE))}
    assert ours == theirs
