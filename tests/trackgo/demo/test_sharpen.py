"""The decoder trained on alone: latents stay, runs repeat, and it learns what it is shown."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from trackgo.demo import sharpen, train_vae
from trackgo.demo.photographs import SKLEARN, photograph
from trackgo.demo.sharpen import Discriminator, Sharpening, main, photograph_crops, sharpened
from trackgo.demo.train_vae import psnr
from trackgo.demo.vae import TinyVAE, build_vae, start_from_means_

SHORT = Sharpening(steps=4, batch=4, crop=32)


@pytest.fixture(scope="module")
def vae() -> TinyVAE:
    torch.manual_seed(0)
    found = build_vae(8)
    start_from_means_(found, torch.rand(2, 3, 32, 32) * 2 - 1)
    return found.eval()


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    return [photograph(SKLEARN, "flower.jpg")]


def test_only_the_decoder_changes_and_a_run_repeats(vae, photographs) -> None:
    before = {key: value.clone() for key, value in vae.state_dict().items()}
    once, again = (sharpened(vae, SHORT, photographs).state_dict() for _ in range(2))
    for key, value in vae.state_dict().items():
        assert torch.equal(value, before[key]), "what is given stays"
        assert torch.equal(once[key], again[key])
        if key.startswith("encoder"):
            assert torch.equal(once[key], value)
    assert any(not torch.equal(once[key], before[key]) for key in before if key.startswith("decoder"))


def test_without_an_opinion_the_error_falls(vae, photographs) -> None:
    shown = photograph_crops(SHORT, 10_000, photographs)
    plain = Sharpening(steps=40, batch=4, crop=32, rate=2e-3, adversarial=0)
    assert psnr(sharpened(vae, plain, photographs), shown) > psnr(vae, shown) + 0.5


def test_the_discriminator_comes_in_slowly() -> None:
    settings = Sharpening(adversarial=0.5)
    weights = [settings.opinion(step) for step in (0, 60, 110, 160, 1000)]
    assert weights == pytest.approx([0, 0, 0.25, 0.5, 0.5])


def test_the_discriminator_sees_patches() -> None:
    judge, shown = Discriminator().eval(), torch.zeros(1, 3, 64, 64)
    with torch.no_grad():
        still, _ = judge(shown)
        shown[..., 0, 0] = 1
        changed = (judge(shown)[0] != still)[0, 0]
    assert changed[0, 0] and not changed[5:].any() and not changed[:, 5:].any()


def test_photographs_have_their_own_repeatable_pieces(photographs) -> None:
    first = photograph_crops(SHORT, 1, photographs)
    assert first.shape == (2, 3, 32, 32) and first.min() >= -1 and first.max() <= 1
    assert torch.equal(first, photograph_crops(SHORT, 1, photographs))
    assert not torch.equal(first, photograph_crops(SHORT, 2, photographs))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["OUT", "--steps", "0"], "steps is 0"), (["FILE/vae"], "FILE"),
     (["OUT", "--adversarial", "-1"], "adversarial is -1")],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line_before_the_work(
    arguments, message, tmp_path, monkeypatch, capsys
) -> None:
    (tmp_path / "FILE").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["sharpen", *arguments])
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    assert main() == 2
    said = capsys.readouterr().err
    assert message in said and said.startswith("sharpen: ") and said.count("\n") == 1


def test_a_demo_models_note_tells_the_new_decoders_figure(vae, tmp_path: Path, monkeypatch, capsys) -> None:
    note = tmp_path / "trackgo_demo.json"
    note.write_text('{"trained": "nothing", "vae_psnr_db": 99.0}', encoding="utf-8")
    monkeypatch.setattr(train_vae, "EVALUATED", 2)
    monkeypatch.setattr(sharpen, "TRAINING", {})
    monkeypatch.setattr(sharpen, "sharpened", lambda *given: vae)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    monkeypatch.setattr(sys, "argv", ["sharpen", str(tmp_path)])
    assert main() == 0
    found = json.loads(note.read_text(encoding="utf-8"))
    assert found["trained"] == "nothing"
    assert found["vae_psnr_db"] == pytest.approx(psnr(vae, train_vae.pictures(0, 8, "test")), abs=0.02)
    assert f"{found['vae_psnr_db']:.2f} dB now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("bad", "message"),
    [({"steps": 0}, "steps is 0"), ({"batch": 1}, "batch 1"), ({"noise": -1}, "noise is -1"),
     ({"adversarial": float("nan")}, "adversarial is nan")],
)  # fmt: skip
def test_bad_settings_are_named(bad, message) -> None:
    with pytest.raises(ValueError, match=message):
        Sharpening(**bad)
