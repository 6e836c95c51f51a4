"""The tiny demo SVD: built, saved and loaded as SVD's own parts, with SVD's own settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import StableVideoDiffusionPipeline
from PIL import Image

from trackgo.demo import DEMO_SVD
from trackgo.demo.tiny import TinyConfig, build_components, build_unet, load_demo_components, save_components

SMALL = TinyConfig(widths=(32, 32, 32, 32), context_dim=32, vae_width=8, clip_hidden=32, clip_layers=2, frames=4)
PARTS = ("unet", "vae", "image_encoder")


def test_the_unet_is_svds_in_everything_but_width() -> None:
    unet = build_unet(TinyConfig())
    temporal = [name for name, _ in unet.named_modules() if name.endswith("temporal_transformer_blocks.0.attn1")]
    assert len(temporal) == 16
    assert unet.config.in_channels == 8 and unet.config.out_channels == 4
    assert unet.config.addition_time_embed_dim == 256  # ComfyUI has no other
    assert unet.add_embedding.linear_1.in_features == 3 * 256
    head_dims = {unet.get_submodule(name).inner_dim // unet.get_submodule(name).heads for name in temporal}
    assert head_dims == {TinyConfig().head_dim}


def test_same_seed_same_weights_and_the_global_generator_untouched() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one, again, other = build_components(SMALL, 1), build_components(SMALL, 1), build_components(SMALL, 2)
    assert torch.equal(torch.get_rng_state(), before)
    for part in PARTS:
        a, b, c = (getattr(components, part).state_dict() for components in (one, again, other))
        assert all(torch.equal(a[key], b[key]) for key in a)
        assert any(not torch.equal(a[key], c[key]) for key in a)


def test_save_and_load_keep_half_precision_and_the_originals(tmp_path: Path) -> None:
    components = build_components(SMALL)
    save_components(components, tmp_path, SMALL, "nothing")
    loaded = load_demo_components(tmp_path)
    for part in PARTS:
        saved, found = getattr(components, part).state_dict(), getattr(loaded, part).state_dict()
        assert saved.keys() == found.keys()
        for key, value in saved.items():
            assert value.dtype == found[key].dtype == torch.float32
            torch.testing.assert_close(found[key], value.half().float(), rtol=0, atol=0)
        assert not getattr(loaded, part).training
    assert load_demo_components(tmp_path, torch.bfloat16).unet.dtype == torch.bfloat16
    assert loaded.vae.config.scaling_factor == 0.18215
    assert not list(tmp_path.rglob("*.partial"))


def test_missing_part_is_named(tmp_path: Path) -> None:
    save_components(build_components(SMALL), tmp_path, SMALL, "nothing")
    (tmp_path / "model_index.json").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no 'model_index\.json'"):
        load_demo_components(tmp_path)


def test_shipped_weights_fit_their_configuration_and_the_size_limit() -> None:
    components = load_demo_components()
    fresh = build_components(TinyConfig())
    for part in PARTS:
        shapes = {key: value.shape for key, value in getattr(fresh, part).state_dict().items()}
        assert {key: value.shape for key, value in getattr(components, part).state_dict().items()} == shapes
        assert all(torch.isfinite(value).all() for value in getattr(components, part).state_dict().values())
    size = sum(file.stat().st_size for file in DEMO_SVD.parent.rglob("*.safetensors"))
    assert size <= 30e6


def test_schedule_is_svds() -> None:
    scheduler = build_components(SMALL).scheduler
    scheduler.set_timesteps(25)
    ramp = np.linspace(0, 1, 25)  # Karras et al. 2022, eq. 5, ρ = 7
    karras = (700 ** (1 / 7) + ramp * (0.002 ** (1 / 7) - 700 ** (1 / 7))) ** 7
    np.testing.assert_allclose(scheduler.sigmas[:-1], karras, rtol=1e-4)
    np.testing.assert_allclose(scheduler.timesteps, 0.25 * np.log(karras), atol=1e-4)
    assert scheduler.config.prediction_type == "v_prediction"


def test_diffusers_own_pipeline_runs_on_it(tmp_path: Path) -> None:
    save_components(build_components(SMALL), tmp_path, SMALL, "nothing")
    pipeline = StableVideoDiffusionPipeline(**vars(load_demo_components(tmp_path)))
    pipeline.set_progress_bar_config(disable=True)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    clip = pipeline(
        picture, height=64, width=64, num_frames=4, num_inference_steps=2, output_type="np",
        generator=torch.Generator().manual_seed(0),
    ).frames  # fmt: skip
    assert clip.shape == (1, 4, 64, 64, 3)
    assert np.isfinite(clip).all()


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"widths": (64, 96, 64, 64)}, r"widths\[1\] is 96"),
        ({"widths": (48, 48, 48, 48)}, r"widths\[0\] is 48"),
        ({"head_dim": 24}, "head_dim 24 does not divide"),
        ({"vae_width": 80}, "vae_width is 80"),
        ({"clip_layers": 1}, "clip_layers is 1"),
        ({"width": 100}, "multiples of 8, got 100×128"),
    ],
)
def test_bad_sizes_are_named(bad: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TinyConfig(**bad)
