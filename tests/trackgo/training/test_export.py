from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from diffusers import UNetSpatioTemporalConditionModel
from safetensors.torch import load_file

from trackgo.demo.world import scene
from trackgo.model import TrackGo
from trackgo.model.encoded import EncodedTrajectories
from trackgo.model.low_rank import LowRank
from trackgo.training.batch import collate
from trackgo.training.command import main
from trackgo.training.data import world_triple
from trackgo.training.export import find_checkpoint
from trackgo.training.setup import load_base
from trackgo.training.trainer import Trainer

pytestmark = pytest.mark.slow


def step_and_export(config, tmp_path, *options: str):
    """One step, a checkpoint, its export; the trained model's output and the exported file."""
    trainer = Trainer(config)
    points = collate([world_triple(scene(2, 6, 64, 64))], [0]).points
    sample = (torch.randn(1, 6, 8, 8, 8), 0.3, torch.randn(1, 1, 32), torch.zeros(1, 3))
    with trainer.model.attached():
        trainer.optimise_(next(trainer._steps()))
        trainer.save()
        trainer.model.eval()
        with torch.no_grad():
            trainer.model.move_with_(points)
            expected = trainer.model.unet(*sample).sample
    out = tmp_path / "out.safetensors"
    assert main(["export", config.run.folder, "--out", str(out), "--dtype", "fp32", "--last", *options]) == 0
    return out, points, sample, expected


@pytest.mark.parametrize("trainable", ["adapter", "adapter+attn1", "adapter+lora", "everything"])
def test_the_exported_file_on_the_untouched_base_is_the_trained_model(make_config, tmp_path, trainable):
    config = make_config(model={"trainable": trainable, "lora_rank": 2})
    out, points, sample, expected = step_and_export(config, tmp_path)
    base, _ = load_base(config.model, 0)
    trackgo = TrackGo.load(out)
    assert bool(trackgo.base_weights) == (trainable != "adapter")
    with torch.no_grad(), trackgo.attached(base, EncodedTrajectories(trackgo, points)):
        torch.testing.assert_close(base(*sample).sample, expected, rtol=1e-4, atol=1e-5)


def test_lora_stays_two_small_factors(make_config, tmp_path):
    config = make_config(model={"trainable": "adapter+lora", "lora_rank": 2})
    changes = TrackGo.load(step_and_export(config, tmp_path)[0]).base_weights
    assert changes and all(isinstance(change, LowRank) and change.down.shape[0] == 2 for change in changes.values())


def test_what_an_earlier_run_changed_is_kept(make_config, tmp_path):
    first, *_ = step_and_export(make_config(model={"trainable": "adapter+attn1"}), tmp_path)
    second = make_config(model={"start_from": str(first), "trainable": "adapter"}, run={"folder": str(tmp_path / "b")})
    before = TrackGo.load(first).base_weights
    out, points, sample, expected = step_and_export(second, tmp_path)
    trackgo = TrackGo.load(out)
    assert before and trackgo.base_weights.keys() == before.keys()
    base, _ = load_base(second.model, 0)
    with torch.no_grad(), trackgo.attached(base, EncodedTrajectories(trackgo, points)):
        torch.testing.assert_close(base(*sample).sample, expected, rtol=1e-4, atol=1e-5)


def test_a_base_trained_from_nothing_can_be_written_apart(make_config, tmp_path):
    config = make_config(model={"trainable": "everything", "initial": "random"})
    out, points, sample, expected = step_and_export(config, tmp_path, "--unet", str(tmp_path / "unet"))
    unet = UNetSpatioTemporalConditionModel.from_pretrained(str(tmp_path / "unet"), local_files_only=True)
    trackgo = TrackGo.load(out)
    assert not trackgo.base_weights
    with torch.no_grad(), trackgo.attached(unet, EncodedTrajectories(trackgo, points)):
        torch.testing.assert_close(unet(*sample).sample, expected, rtol=1e-4, atol=1e-5)


def test_a_run_of_an_older_release_is_exported_unless_it_has_gates(make_config, tmp_path, capsys):
    config = make_config()
    out, *_ = step_and_export(config, tmp_path)
    path = find_checkpoint(Path(config.run.folder)) / "state.json"
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["config"]["optimizer"]["gate_rate"] = 1e-3
    path.write_text(json.dumps(facts), encoding="utf-8")
    again = tmp_path / "again.safetensors"
    arguments = ["export", config.run.folder, "--out", str(again), "--dtype", "fp32", "--last"]
    assert main(arguments) == 0
    torch.testing.assert_close(load_file(again), load_file(out), rtol=0, atol=0)
    facts["config"]["model"]["mass"] = "gated"
    path.write_text(json.dumps(facts), encoding="utf-8")
    capsys.readouterr()
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("trackgo export: model.mass 'gated' is not supported; use 'centered'")
    assert told.count("\n") == 1


def test_of_several_checkpoints_the_mean_is_written(make_config, tmp_path, capsys):
    files, runs = [], []
    for number in range(2):
        config = make_config(run={"folder": str(tmp_path / f"run{number}"), "seed": number}, optimizer={"ema": 0.0})
        files.append(load_file(step_and_export(config, tmp_path)[0]))
        runs.append(config.run.folder)
    assert main(["export", *runs, "--out", str(tmp_path / "mean.safetensors"), "--dtype", "fp32"]) == 0
    mean = load_file(tmp_path / "mean.safetensors")
    assert mean.keys() == files[0].keys()
    for name, value in mean.items():
        torch.testing.assert_close(value, (files[0][name] + files[1][name]) / 2)
    assert any(not torch.equal(value, files[0][name]) for name, value in mean.items())


def test_checkpoints_of_different_models_have_no_mean(make_config, tmp_path, capsys):
    runs = []
    for trainable in ("adapter", "adapter+attn1"):
        config = make_config(model={"trainable": trainable}, run={"folder": str(tmp_path / trainable)})
        step_and_export(config, tmp_path)
        runs.append(config.run.folder)
    assert main(["export", *runs, "--out", str(tmp_path / "mean.safetensors")]) == 2
    assert "would mean nothing" in capsys.readouterr().err and not (tmp_path / "mean.safetensors").exists()
