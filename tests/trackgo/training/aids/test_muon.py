from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from torch import nn

from tests.trackgo.training.support import losses, tensors
from trackgo.training.aids.muon import MuonWithAdamW
from trackgo.training.trainer import Trainer, train

pytestmark = pytest.mark.slow

RATE, DECAY, MOMENTUM = 0.01, 0.1, 0.9


def optimiser(*parameters: nn.Parameter) -> MuonWithAdamW:
    group = {"params": list(parameters), "lr": RATE, "weight_decay": DECAY}
    return MuonWithAdamW([group], MOMENTUM, (0.9, 0.999), 1e-8)


def with_gradient(value: np.ndarray, gradient: np.ndarray) -> nn.Parameter:
    parameter = nn.Parameter(torch.from_numpy(value).float())
    parameter.grad = torch.from_numpy(gradient).float()
    return parameter


@pytest.mark.parametrize("shape", [(24, 40), (16, 3, 3, 3), (12, 8, 3, 1, 1)])
def test_a_matrix_goes_along_all_its_directions_alike(shape):
    rng = np.random.default_rng(0)
    value, gradient = rng.normal(size=shape), rng.normal(size=shape)
    parameter = with_gradient(value, gradient)
    optimiser(parameter).step()
    moved = (value * (1 - RATE * DECAY) - parameter.detach().numpy()).reshape(shape[0], -1) / RATE
    left, _, right = np.linalg.svd(gradient.reshape(shape[0], -1), full_matrices=False)
    amounts = left.T @ moved @ right.T / (0.2 * np.sqrt(max(moved.shape)))
    np.testing.assert_allclose(amounts - np.diag(np.diag(amounts)), 0, atol=0.1)
    assert np.all((np.diag(amounts) > 0.6) & (np.diag(amounts) < 1.3))  # what five iterations reach, by design


def test_everything_else_takes_adamws_step():
    rng = np.random.default_rng(1)
    for shape in [(7,), (), (4, 64, 3, 3)]:
        value, gradient = rng.normal(size=shape), rng.normal(size=shape)
        parameter = with_gradient(value, gradient)
        optimiser(parameter).step()
        expected = value * (1 - RATE * DECAY) - RATE * gradient / (np.abs(gradient) + 1e-8)
        np.testing.assert_allclose(parameter.detach().numpy(), expected, rtol=1e-5, atol=1e-6)


def test_a_parameter_without_gradient_stays():
    parameter = nn.Parameter(torch.ones(16, 16))
    optimiser(parameter).step()
    assert torch.equal(parameter, torch.ones(16, 16))


def test_a_run_continues_with_the_same_losses(make_config, tmp_path, monkeypatch):
    config = make_config(optimizer={"kind": "muon"}, evaluation={"every": 0})
    whole = tensors(train(config))
    shutil.move(tmp_path / "run", tmp_path / "whole")
    optimise = Trainer.optimise_

    def killed(self, batches):
        if self.step == 3:
            raise KeyboardInterrupt
        return optimise(self, batches)

    monkeypatch.setattr(Trainer, "optimise_", killed)
    with pytest.raises(KeyboardInterrupt):
        train(config)
    monkeypatch.undo()
    resumed = tensors(train(config, resume=True))
    assert losses(tmp_path / "run") == losses(tmp_path / "whole")
    assert resumed.keys() == whole.keys() and all(torch.equal(resumed[key], whole[key]) for key in whole)
    assert any(key.startswith("exp_avg/") for key in whole)
