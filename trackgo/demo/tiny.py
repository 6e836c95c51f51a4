"""The tiny demo SVD: Stable Video Diffusion's own classes at a width that a CPU runs in seconds.

Everything that makes SVD what it is stays: 8 input channels (noise and the first frame's latent), 16 temporal
self-attentions, v-prediction with σ from 700 to 0.002, CLIP image embedding, fps / motion bucket / noise augmentation.
Only widths shrink.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from diffusers import EulerDiscreteScheduler, UNetSpatioTemporalConditionModel
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from ..files import replacing
from ..svd.components import SVDComponents, build_feature_extractor, build_scheduler, image_processor_class
from ..svd.sizes import check_sides
from . import DEMO_SVD
from .vae import TinyVAE, build_vae

ADDED_ID_DIM = 256
"""Sinusoidal width of each of fps, motion bucket and augmentation; SVD's value, and ComfyUI knows no other."""


@dataclass(frozen=True)
class TinyConfig:
    """Sizes of the demo SVD.

    widths: UNet channels of the four levels; multiples of 32 (GroupNorm has 32 groups) and of the first (ComfyUI's
    channel_mult). At 32 every group is a single channel, whose mean the normalisation would erase; hence 64.
    head_dim: channels of one attention head, the same at every level (ComfyUI's num_head_channels).
    context_dim: width of the image embedding, which is also the cross-attention's.
    frames, width, height: what the model is trained at; pixels.
    """

    widths: tuple[int, int, int, int] = (64, 64, 64, 64)
    head_dim: int = 16
    context_dim: int = 64
    vae_width: int = 32
    clip_hidden: int = 64
    clip_layers: int = 4
    clip_patch: int = 32
    frames: int = 14
    width: int = 128
    height: int = 128

    def __post_init__(self) -> None:
        first = self.widths[0]
        for level, channels in enumerate(self.widths):
            if channels % 32 or channels % first:
                raise ValueError(
                    f"widths[{level}] is {channels}; it must be a multiple of 32 and of the first width, {first}"
                )
            if channels % self.head_dim:
                raise ValueError(f"head_dim {self.head_dim} does not divide widths[{level}], which is {channels}")
        if self.vae_width > 64:
            raise ValueError(f"vae_width is {self.vae_width}; ComfyUI's tiny autoencoder holds at most 64 channels")
        if self.clip_layers < 2:
            raise ValueError(f"clip_layers is {self.clip_layers}; ComfyUI reads the second-last layer, so at least 2")
        check_sides(self.width, self.height)

    @classmethod
    def of(cls, folder: Path) -> TinyConfig:
        """What a demo SVD's folder was built from."""
        fields = json.loads((folder / "trackgo_demo.json").read_text(encoding="utf-8"))["config"]
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()})


def build_unet(config: TinyConfig) -> UNetSpatioTemporalConditionModel:
    """SVD's UNet at the demo's widths, initialised for training from nothing."""
    unet = UNetSpatioTemporalConditionModel(
        sample_size=config.width // 8,
        block_out_channels=config.widths,
        num_attention_heads=tuple(channels // config.head_dim for channels in config.widths),
        cross_attention_dim=config.context_dim,
        addition_time_embed_dim=ADDED_ID_DIM,
        projection_class_embeddings_input_dim=3 * ADDED_ID_DIM,
        layers_per_block=2,
        num_frames=config.frames,
    )
    _quieten_residual_branches_(unet)
    return unet.eval()


@torch.no_grad()
def _quieten_residual_branches_(unet: nn.Module, gain: float = 0.2) -> None:
    """Scale down what every residual branch adds, and the output, so that an untrained UNet is near the identity.

    Diffusion UNets trained from nothing start these at zero; a small gain has the same effect on the loss and
    still lets gradients (and tests that compare back ends) reach every weight from the first step.
    """
    ends = (".conv2", ".proj_out", ".to_out.0", ".net.2")
    for name, module in unet.named_modules():
        if name == "conv_out" or name.endswith(ends):
            module.weight.mul_(gain)
            module.bias.mul_(gain)


def build_image_encoder(config: TinyConfig) -> CLIPVisionModelWithProjection:
    """A CLIP vision tower over 224-px pictures whose projection is the UNet's cross-attention context."""
    return CLIPVisionModelWithProjection(
        CLIPVisionConfig(
            hidden_size=config.clip_hidden,
            intermediate_size=4 * config.clip_hidden,
            projection_dim=config.context_dim,
            num_hidden_layers=config.clip_layers,
            num_attention_heads=max(1, config.clip_hidden // 16),
            image_size=224,
            patch_size=config.clip_patch,
            hidden_act="gelu",
        )
    ).eval()


def build_components(config: TinyConfig, seed: int = 0) -> SVDComponents:
    """All five parts, untrained, the same for the same seed; PyTorch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return SVDComponents(
            unet=build_unet(config),
            vae=build_vae(config.vae_width),
            image_encoder=build_image_encoder(config),
            scheduler=build_scheduler(),
            feature_extractor=build_feature_extractor(),
        )


_MODELS = {
    "image_encoder": ("transformers", CLIPVisionModelWithProjection, "model.safetensors"),
    "unet": ("diffusers", UNetSpatioTemporalConditionModel, "diffusion_pytorch_model.safetensors"),
    "vae": ("trackgo.demo.vae", TinyVAE, "diffusion_pytorch_model.safetensors"),
}
_OTHERS = {
    "feature_extractor": ("transformers", "CLIPImageProcessor"),
    "scheduler": ("diffusers", "EulerDiscreteScheduler"),
}


def save_components(components: SVDComponents, folder: Path, config: TinyConfig, trained: str) -> None:
    """Write a diffusers folder with half-precision safetensors; `trained` says in words which parts were trained.

    The components stay as they are. `trackgo_demo.json` beside model_index.json records `config` and `trained`; who has
    measured how the model is best sampled adds `sampling`, {"steps": …, "guidance": …}.
    """
    for name in _MODELS:
        save_model(name, getattr(components, name), folder)
    components.scheduler.save_pretrained(folder / "scheduler")
    components.feature_extractor.save_pretrained(folder / "feature_extractor")
    index: dict[str, object] = {"_class_name": "StableVideoDiffusionPipeline"}
    index |= {name: [library, cls.__name__] for name, (library, cls, _) in _MODELS.items()}
    index |= {name: list(kind) for name, kind in _OTHERS.items()}
    _write_json(folder / "model_index.json", index)
    _write_json(folder / "trackgo_demo.json", {"config": asdict(config), "trained": trained})


def save_model(name: str, model: nn.Module, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write unet, vae or image_encoder into its place in a diffusers folder; the weights are renamed when complete."""
    home = folder / name
    home.mkdir(parents=True, exist_ok=True)
    config = json.loads(model.config.to_json_string() if name == "image_encoder" else model.to_json_string())
    if name == "vae":
        del config["block_out_channels"]  # AutoencoderTiny derives it and warns when it is given
    _write_json(home / "config.json", config)
    tensors = {key: value.detach().to("cpu", dtype).contiguous() for key, value in model.state_dict().items()}
    with replacing(home / _MODELS[name][2]) as unfinished:
        save_file(tensors, unfinished, metadata={"format": "pt"})


def load_model(name: str, folder: Path = DEMO_SVD, dtype: torch.dtype = torch.float32) -> nn.Module:
    """Read unet, vae or image_encoder from a diffusers folder, on the CPU, in evaluation mode, every key checked."""
    _, cls, file = _MODELS[name]
    config = json.loads((folder / name / "config.json").read_text(encoding="utf-8"))
    model = cls(CLIPVisionConfig.from_dict(config)) if name == "image_encoder" else cls.from_config(config)
    model.load_state_dict(load_file(folder / name / file))
    return nn.Module.to(model, dtype=dtype).eval()  # diffusers' own .to warns about layers that none of ours has


def load_demo_components(folder: Path = DEMO_SVD, dtype: torch.dtype = torch.float32) -> SVDComponents:
    """The demo SVD from `folder` (default: the weights in the package), in evaluation mode, on the CPU, offline.

    Raises:
        FileNotFoundError: the folder or one of its parts is missing.
    """
    for name in ("model_index.json", *_MODELS, *_OTHERS):
        if not (folder / name).exists():
            raise FileNotFoundError(f"The demo SVD in '{folder}' has no '{name}'; reinstall the package to restore it.")
    return SVDComponents(
        **{name: load_model(name, folder, dtype) for name in _MODELS},
        scheduler=EulerDiscreteScheduler.from_pretrained(folder / "scheduler", local_files_only=True),
        feature_extractor=image_processor_class().from_pretrained(folder / "feature_extractor", local_files_only=True),
    )


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
