"""Deep supervision of which component is where."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.trackgo.training.support import reached_by
from trackgo.model.adapter import AdapterAttention
from trackgo.training import state
from trackgo.training.aids.identity import CLASSES, IdentityProbes, majority, places
from trackgo.training.batch import numbered
from trackgo.training.setup import build_model, load_base, trained_parameters
from trackgo.training.trainer import Trainer, train
from trackgo.trajectories import COMPONENT_COLORS


def test_masks_are_numbered():
    masks = np.zeros((2, 3, 4, 4), bool)
    masks[0, 0, 0], masks[0, 1, 1], masks[1, 2, :, 3] = True, True, True
    found = numbered(masks)
    assert found.dtype == np.uint8
    assert found[0].tolist() == [[1] * 4, [2] * 4, [0] * 4, [0] * 4]
    assert found[1].tolist() == [[0, 0, 0, 3]] * 4
    assert not numbered(masks[:, :0]).any()


def test_a_cell_belongs_to_what_covers_most_of_it_and_colors_come_round_again():
    components = torch.zeros(1, 2, 8, 8, dtype=torch.uint8)
    components[0, 0, :, :3] = 2  # three quarters of the left cells
    components[0, 1, 4:, 4:] = len(COMPONENT_COLORS) + 1  # has the first color again
    found = majority(components, (2, 2))
    assert found.tolist() == [[[[2, 0], [2, 0]], [[0, 0], [0, 1]]]]


def probes_and_inputs(frames: int = 4, size: int = 2):
    """Probes of a config with one fine layer known by heart, and what it sees of two clips."""
    from trackgo.model.config import LayerConfig, TrackGoConfig
    from trackgo.svd.layers import LAYERS

    torch.manual_seed(0)
    config = TrackGoConfig(tuple(LayerConfig(layer.name, 32, 2) for layer in LAYERS))
    probes = IdentityProbes(config)
    components = torch.zeros(2, frames, 16, 16, dtype=torch.uint8)
    components[0, 0, :8, :8], components[0, 1:, 8:, 8:], components[1, :, :8, 8:] = 1, 1, 2
    seen = {"down_0_1": torch.randn(2 * frames, 32, size, size)}
    index = torch.tensor([0, 3, 5])
    adapters = {"down_0_1": AdapterAttention(index, 2 * size * size, torch.rand(3, 2, frames, frames), "centered")}
    origins = torch.full((2, frames, 2, 2, 4), torch.nan)
    origins[0, 0, 0, 0], origins[0, 2, 1, 1] = torch.tensor([3.5, 3.5, -2, 0]), torch.tensor([3.5, 7.5, -2, 4])
    return probes, seen, adapters, components, origins


def test_places_are_means_of_what_is_known_in_eighths_of_the_frame():
    origins = torch.full((1, 1, 4, 4, 4), torch.nan)
    origins[0, 0, 0, :2, 2:] = torch.tensor([[8.0, -4.0], [16.0, 4.0]])  # two of four cells
    origins[0, 0, 3, 3, 2:] = 8.0  # one of four
    found = places(origins, (2, 2))[0, 0]
    assert found[0, 0].tolist() == [3.0, 0.0] and int(found.isfinite().sum()) == 2
    assert places(origins, (4, 4))[0, 0, 0, 1].tolist() == [4.0, 1.0]


def test_the_loss_is_weighted_cross_entropy_and_for_linear_probes_the_squared_error_of_places():
    probes, seen, adapters, components, origins = probes_and_inputs()
    found = probes(seen, adapters, components, origins)
    here = components[..., ::8, ::8].long()  # [B, L, 2, 2]: whole cells
    passed = probes.linear["down_0_1"](F.layer_norm(seen["down_0_1"], (32, 2, 2))).reshape(2, 4, 2, CLASSES + 2, 2, 2)
    read = probes.readers["down_0_1"](adapters["down_0_1"].attention).reshape(3, 4, 2, CLASSES)
    places = [(0, 0, 0), (0, 1, 1), (1, 0, 1)]
    everywhere = [(b, y, x) for b in range(2) for y in range(2) for x in range(2)]
    for clip in range(2):
        means = []
        by_place = lambda n, i, q: passed[(*n[:1], i, q, slice(None), *n[1:])]  # noqa: E731
        by_row = lambda n, i, q: read[places.index(n), i, q]  # noqa: E731
        for answers, where in ((by_place, everywhere), (by_row, places)):
            entropy = weights = 0.0
            for n, i, q in product([n for n in where if n[0] == clip], range(4), range(2)):
                logits, wanted = answers(n, i, q), int(here[clip, 0 if q else i, n[1], n[2]])
                weight = 1.0 if wanted else 0.2
                entropy += weight * float((torch.logsumexp(logits[:CLASSES], 0) - logits[wanted]).detach())
                place = origins[clip, 0 if q else i, n[1], n[2], 2:] / 2  # a frame of 16 px: eighths are 2 px
                if len(logits) > CLASSES and place.isfinite().all():
                    entropy += float((logits[CLASSES:] - place).square().sum().detach())
                weights += weight
            means.append(entropy / weights)
        assert float(found[clip].detach()) == pytest.approx(np.mean(means), rel=1e-5)


def test_nothing_drawn_gives_a_finite_loss():
    probes, seen, _, components, origins = probes_and_inputs()
    none = {"down_0_1": AdapterAttention(torch.zeros(0, dtype=torch.int64), 8, torch.zeros(0, 2, 4, 4), "centered")}
    assert probes(seen, none, torch.zeros_like(components), torch.full_like(origins, torch.nan)).isfinite().all()
    assert probes.right == 0


def test_gradients_reach_the_encoder_the_adapters_and_the_unet(make_config):
    config = make_config(loss={"identity": 0.5}, conditioning={"trajectory_dropout": 0.0})
    reached = reached_by(config, "identity")
    assert "trackgo.encoder.convs.0.weight" in reached
    assert "unet.down_blocks.0.attentions.0.temporal_transformer_blocks.0.attn1.to_v.weight" in reached
    assert any(name.startswith("identity.linear.up_3_2") for name in reached)
    assert any(name.startswith("identity.readers.down_1_0") for name in reached)


@pytest.mark.slow
def test_probes_are_trained_kept_in_checkpoints_and_left_out_of_files(make_config, tmp_path):
    config = make_config(loss={"identity": 0.5}, evaluation={"every": 0})
    saved = state.load(train(config))
    probes = {name for name in saved.weights if name.startswith("identity.")}
    assert probes and probes == {n for n in saved.average if n.startswith("identity.")}
    unet, _ = load_base(config.model, 0)
    model = build_model(config, unet)
    before = {name: p.detach().clone() for name, p in trained_parameters(model).items()}
    assert any((before[name] != saved.weights[name]).any() for name in probes)
    assert not any("identity" in name for name in model.trackgo.state_dict())
    assert not any("identity" in name for name in unet.state_dict())


@pytest.mark.slow
def test_probes_may_come_and_go_between_runs(make_config):
    plain, probing = make_config(evaluation={"every": 0}), make_config(evaluation={"every": 0}, loss={"identity": 0.5})
    saved = state.load(train(plain))
    with_probes = Trainer(probing)
    fresh = {n: p.detach().clone() for n, p in with_probes.parameters.items() if n.startswith("identity.")}
    with_probes.restore_(saved, "a run without probes")
    for name, parameter in with_probes.parameters.items():
        torch.testing.assert_close(parameter.detach(), fresh[name] if name in fresh else saved.weights[name])
    without = Trainer(plain)
    weights = {n: p.detach() for n, p in with_probes.parameters.items()}
    state.restore_parameters_(without.parameters, weights, "a run with probes")
    missing = dict(list(saved.weights.items())[1:])
    with pytest.raises(ValueError, match="does not fit this configuration"):
        state.restore_parameters_(without.parameters, missing, "a damaged run")
