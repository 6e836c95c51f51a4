from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from accelerate.state import AcceleratorState
from PIL import Image
from safetensors.torch import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trackgo.training.support import configuration, losses, tensors
from trackgo.demo.world import SINGLE, scene
from trackgo.model.encoder import TrajectoryEncoder
from trackgo.training import state
from trackgo.training.command import main
from trackgo.training.config import to_mapping
from trackgo.training.evaluation import color_cosine
from trackgo.training.trainer import Interrupted, Trainer, train

ROOT = Path(__file__).parents[3]
STAGE = {"width": 64, "height": 64, "frames": 6, "batch_size": 2}


@pytest.fixture(scope="module")
def finished_run(base_folder, tmp_path_factory) -> Path:
    """Four steps without interruption; the run's folder."""
    folder = tmp_path_factory.mktemp("finished") / "whole"
    train(configuration(base_folder, folder))
    return folder


@pytest.fixture
def whole_run(finished_run, tmp_path) -> Path:
    """A copy of the finished run as ``tmp_path/whole``; its last checkpoint."""
    shutil.copytree(finished_run, tmp_path / "whole")
    return state.checkpoints(tmp_path / "whole" / "checkpoints")[-1]


@pytest.mark.slow
def test_a_run_killed_at_any_moment_continues_with_the_same_losses(make_config, tmp_path, whole_run, monkeypatch):
    config = make_config()
    optimise = Trainer.optimise_

    def killed(self, batches):
        if self.step == 3:  # one step after the checkpoint of step 2
            raise KeyboardInterrupt
        return optimise(self, batches)

    monkeypatch.setattr(Trainer, "optimise_", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config)
    monkeypatch.undo()
    assert len(losses(tmp_path / "run")) == 3
    last = train(config, resume=True)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")
    ours, theirs = tensors(last), tensors(whole_run)
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_signal_asks_for_a_checkpoint(make_config, tmp_path, whole_run, monkeypatch):
    optimise = Trainer.optimise_

    def interrupted(self, batches):
        if self.step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return optimise(self, batches)

    monkeypatch.setattr(Trainer, "optimise_", interrupted)
    with pytest.raises(Interrupted, match="stopped at step 3; continue with --resume"):
        train(make_config())
    monkeypatch.undo()
    assert state.checkpoints(tmp_path / "run" / "checkpoints")[-1].name == "step-00000003"
    train(make_config(), resume=True)
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")


@pytest.mark.slow
def test_a_signal_to_the_whole_group_leaves_a_checkpoint_too(make_config, tmp_path):
    """As Ctrl-C in a terminal and SIGTERM on a cluster: the workers that prepare clips get it as well."""
    config = to_mapping(make_config(data={"workers": 1}, stages=[dict(STAGE, steps=500)], evaluation={"every": 0}))
    (tmp_path / "long.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "trackgo", "train", str(tmp_path / "long.yaml"), "run.threads=1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    running = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes)
    try:
        assert any("step 2 " in line for line in running.stdout)
        os.killpg(running.pid, signal.SIGTERM)
        assert "continue with --resume" in running.stdout.read()
        assert running.wait(timeout=60) == 130
    finally:
        running.kill()
    assert len(state.checkpoints(tmp_path / "run" / "checkpoints")) >= 1


def test_a_run_changes_the_weights_and_its_average_lies_between(make_config, whole_run):
    trainer = Trainer(make_config())
    begun, saved = trainer.parameters, state.load(whole_run)
    name = "unet.conv_in.weight"
    assert not torch.equal(begun[name], saved.weights[name])
    between = (saved.average[name] - begun[name]).norm()
    assert 0 < between < (saved.weights[name] - begun[name]).norm()


def test_a_run_leaves_pictures_videos_and_curves(whole_run):
    samples = whole_run.parent.parent / "samples"
    sheet = np.array(Image.open(samples / "step-00000004.png"))
    side = 128 + 2  # 64 px, twice as large, and a gap; a drawing and six frames, above the true ones
    assert sheet.shape == (2 * 2 * side, 7 * side, 3)
    for number in range(2):
        seen = scene(number, 6, 64, 64, "validation", SINGLE)
        sampled, true = sheet[2 * number * side :][:side], sheet[(2 * number + 1) * side :][:side]
        for i, frame in enumerate(seen.frames):
            at = slice((i + 1) * side, (i + 1) * side + 128)
            assert np.array_equal(true[:128, at], np.kron(frame, np.ones((2, 2, 1), np.uint8)))
            assert not np.array_equal(sampled[:128, at], true[:128, at])
        drawn = np.abs(sampled[:128, :128].astype(int) - np.kron(seen.frames[0], np.ones((2, 2, 1), np.uint8)))
        assert 0.01 < (drawn > 30).any(axis=-1).mean() < 0.9, "the first frame with mask and arrow on it"
    with Image.open(samples / "step-00000004.gif") as moving:
        assert moving.n_frames == 6 and moving.size == (2 * 130, 2 * 130)
    board = EventAccumulator(str(samples.parent / "tensorboard"))
    board.Reload()
    assert {"held_out/sheet", "held_out/videos"} <= set(board.Tags()["images"])
    assert {"held_out/one/objmc", "held_out/encoder/color_cosine"} <= set(board.Tags()["scalars"])


def test_color_cosine_tells_a_color_blind_encoder():
    torch.manual_seed(0)
    encoder = TrajectoryEncoder()
    encoder.reset_parameters_()
    assert 0.5 < color_cosine(encoder) < 0.9
    with torch.no_grad():  # red, green and blue through the same weights; the colors' brightness differs by a little
        encoder.convs[0].weight.copy_(encoder.convs[0].weight.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1))
    assert color_cosine(encoder) > 0.98


def test_a_folder_that_holds_a_run_is_not_overwritten(make_config, tmp_path, whole_run):
    with pytest.raises(ValueError, match="already holds a run: add --resume"):
        train(make_config(run={"folder": str(tmp_path / "whole")}))


def test_another_trainable_set_or_another_vae_is_refused(make_config, base_folder, tmp_path, whole_run):
    folder = {"folder": str(tmp_path / "whole")}
    with pytest.raises(ValueError, match=r"model\.trainable and model\.mass must be as they were"):
        train(make_config(model={"trainable": "adapter"}, run=folder), resume=True)
    shutil.copytree(base_folder, tmp_path / "base")
    (weights,) = (tmp_path / "base" / "vae").glob("*.safetensors")
    tensors = load_file(weights)
    tensors["encoder.layers.0.weight"] += 1e-3
    save_file(tensors, weights, {"format": "pt"})
    with pytest.raises(ValueError, match="was trained with another vae"):
        train(make_config(model={"base": str(tmp_path / "base")}, run=folder), resume=True)


def test_a_loss_that_is_not_finite_stops_before_anything_changes(make_config):
    trainer = Trainer(make_config())
    with torch.no_grad():
        trainer.parameters["unet.conv_out.bias"][0] = float("nan")
    before = trainer.parameters["unet.conv_in.weight"].clone()
    with trainer.model.attached(), pytest.raises(ValueError, match=r"step 0: .* clip 0 of the training data"):
        trainer.optimise_(next(trainer._steps()))
    assert torch.equal(trainer.parameters["unet.conv_in.weight"], before)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_recomputing_activations_changes_no_gradient(make_config, precision):
    gradients, losses = [], {"identity": 0.3, "correspondence": 0.1}
    for recompute in (False, True):
        config = make_config(model={"gradient_checkpointing": recompute}, loss=losses, run={"precision": precision})
        AcceleratorState._reset_state(reset_partial_state=True)  # it holds one precision for a whole process
        trainer = Trainer(config)
        with trainer.model.attached():
            trainer.gradients(next(trainer._steps()))
        gradients.append({name: p.grad for name, p in trainer.parameters.items()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, rtol=1e-4, atol=1e-6, msg=name)
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.parametrize("trainable", ["adapter", "adapter+attn1", "adapter+temporal", "adapter+lora"])
def test_a_step_moves_the_trainable_set_and_nothing_else(make_config, trainable):
    config = make_config(
        model={"trainable": trainable, "lora_rank": 2, "frozen_precision": "bf16"}, run={"precision": "bf16"}
    )
    AcceleratorState._reset_state(reset_partial_state=True)  # it holds one precision for a whole process
    trainer = Trainer(config)
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
    with trainer.model.attached():
        trainer.optimise_(next(trainer._steps()))
    moved = {n for n, p in trainer.model.named_parameters() if not torch.equal(p, before[n])}
    assert moved <= set(trainer.parameters)
    kinds = {name.split(".")[0] for name in moved}
    assert kinds == ({"trackgo"} if trainable == "adapter" else {"trackgo", "unet"})
    AcceleratorState._reset_state(reset_partial_state=True)


def test_a_full_disk_leaves_older_checkpoints_alone(tmp_path, monkeypatch):
    saved = state.Saved(1, {"a": torch.ones(3)}, {}, {}, {"frozen": {}})
    first = state.save(saved, tmp_path)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "save_file", full)
    with pytest.raises(OSError, match=r"could not write .*No space left on device"):
        state.save(state.Saved(2, {"a": torch.ones(3)}, {}, {}, {"frozen": {}}), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == [first.name]
    torch.testing.assert_close(state.load(first).weights["a"], torch.ones(3))


def test_the_last_and_the_best_checkpoints_stay(tmp_path):
    for step in range(1, 7):
        state.save(state.Saved(step, {"a": torch.ones(1)}, {}, {}, {}), tmp_path)
    (tmp_path / ".step-00000009.77.partial").mkdir()
    state.prune(tmp_path, keep=2, best=3)
    assert [p.name[-1] for p in sorted(tmp_path.iterdir())] == ["3", "5", "6"]


def test_the_command_says_what_was_wrong_in_one_sentence(tmp_path, capsys):
    assert main(["train", str(tmp_path / "none.yaml")]) == 2
    assert capsys.readouterr().err == f"trackgo train: there is no configuration at '{tmp_path / 'none.yaml'}'\n"
    assert main(["train", "tiny", "run.sed=1"]) == 2
    assert "did you mean 'run.seed'" in capsys.readouterr().err
    assert main(["export", str(tmp_path), "--out", str(tmp_path / "x.safetensors")]) == 2
    assert "neither a checkpoint" in capsys.readouterr().err
