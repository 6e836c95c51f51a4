"""The VAE's trainer: exact resume, exact normalisation of latents, and figures that mean what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from trackgo.demo import train_vae
from trackgo.demo.tiny import (
    TinyConfig,
    build_components,
    load_demo_components,
    load_model,
    save_components,
    save_model,
)
from trackgo.demo.train_vae import NormalisedVAE, VAERun, VAETraining, crops, folded, psnr
from trackgo.demo.vae import build_vae

SMALL = TinyConfig(widths=(32, 32, 32, 32), context_dim=32, vae_width=8, clip_hidden=32, clip_layers=2, frames=4)
SHORT = VAETraining(steps=6, batch=4, crop=32, warmup=2, width=8, final_share=0.34)


@pytest.fixture(autouse=True)
def few_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_vae, "EVALUATED", 2)


@pytest.fixture
def some() -> Tensor:
    return torch.rand(6, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.mark.slow
def test_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    straight = VAERun(tmp_path / "straight", SHORT)
    start = {key: value.clone() for key, value in straight.model.state_dict().items()}
    straight.train(save_every=2, evaluate_every=3)
    assert any(not torch.equal(value, start[key]) for key, value in straight.model.state_dict().items())

    def killed_at_4(run: VAERun, step: int, batch: Tensor) -> float:
        if step == 3:
            raise KeyboardInterrupt
        return update(run, step, batch)

    update = VAERun._update
    with monkeypatch.context() as patch:
        patch.setattr(VAERun, "_update", killed_at_4)
        with pytest.raises(KeyboardInterrupt):
            VAERun(tmp_path / "killed", SHORT).train(save_every=2, evaluate_every=3)
    resumed = VAERun(tmp_path / "killed", SHORT)
    assert resumed.step == 2
    resumed.train(save_every=2, evaluate_every=3)
    for one, other in ((straight.model, resumed.model), (straight.average, resumed.average)):
        for key, value in one.state_dict().items():
            assert torch.equal(value, other.state_dict()[key]), key
    assert load_model("vae", tmp_path / "killed" / "best").config.scaling_factor == 0.18215


def test_install_puts_the_best_vae_among_the_weights(tmp_path: Path) -> None:
    vae, folder = build_vae(8), tmp_path / "demo"
    save_components(build_components(SMALL), folder, SMALL, "nothing")
    save_model("vae", vae, tmp_path / "run" / "best", torch.float32)
    found = train_vae.install(tmp_path / "run", folder)
    note = json.loads((folder / "trackgo_demo.json").read_text(encoding="utf-8"))
    assert note["vae_psnr_db"] == pytest.approx(found, abs=0.01) and note["trained"] == "nothing"
    for key, value in load_demo_components(folder).vae.state_dict().items():
        assert torch.equal(value, vae.state_dict()[key].half().float())


def test_a_run_can_begin_with_anothers_vae(tmp_path: Path) -> None:
    vae = build_vae(8)
    begun = VAERun(tmp_path, SHORT, vae).model.vae.state_dict()
    assert all(torch.equal(value, begun[key]) for key, value in vae.state_dict().items())


def test_a_folder_begun_with_other_settings_is_refused(tmp_path: Path) -> None:
    VAERun(tmp_path, SHORT)._save()
    with pytest.raises(ValueError, match="was begun with"):
        VAERun(tmp_path, VAETraining(steps=7, batch=4, crop=32, warmup=2, width=8))


@torch.no_grad()
def test_folding_normalises_latents_and_changes_nothing_else(some: Tensor) -> None:
    torch.manual_seed(0)
    model = NormalisedVAE(8)
    model.norm.eps = 1e-12
    model.norm.momentum = None  # cumulative average: after one pass, the batch's own statistics
    model.train()(some, 0.0)
    model.eval()
    vae = folded(model.vae, some)
    latents = vae.encode(some).latents * vae.config.scaling_factor
    torch.testing.assert_close(latents.mean(dim=(0, 2, 3)), torch.zeros(4), rtol=0, atol=1e-4)
    torch.testing.assert_close(latents.std(dim=(0, 2, 3), correction=0), torch.ones(4), rtol=1e-3, atol=0)
    # BatchNorm keeps the unbiased variance of 96 values per channel: half a per cent more.
    torch.testing.assert_close(vae(some).sample, model(some, 0.0), rtol=0, atol=5e-3)


def test_psnr_of_a_known_error() -> None:
    class Darker(torch.nn.Module):
        def forward(self, pictures: Tensor) -> object:
            return type("Output", (), {"sample": pictures - 10 / 127.5})

    grey = torch.zeros(2, 3, 8, 8)
    assert psnr(Darker(), grey) == pytest.approx(20 * torch.log10(torch.tensor(255 / 10)).item(), abs=1e-4)


def test_steps_have_their_own_repeatable_pictures() -> None:
    assert torch.equal(crops(SHORT, 1), crops(SHORT, 1))
    assert not torch.equal(crops(SHORT, 1), crops(SHORT, 2))
    assert crops(SHORT, 1).shape == (4, 3, 32, 32)
    assert crops(SHORT, SHORT.final).shape[2:] == (128, 128)
    assert crops(SHORT, 1).min() >= -1 and crops(SHORT, 1).max() <= 1


def test_rate_warms_up_and_falls() -> None:
    settings = VAETraining(steps=100, warmup=10, rate=1.0)
    rates = [settings.rate_at(step) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == max(rates[8:12])
    assert rates[-1] == pytest.approx(0.01, abs=0.005)


@pytest.mark.parametrize("bad", [{"steps": 0}, {"crop": 60}, {"crop": 256}, {"ema": 1.0}])
def test_bad_settings_are_named(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        VAETraining(**bad)
