"""Deep supervision of where in the first frame that lies which moves now."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.trackgo.training.support import reached_by
from trackgo.demo.world import SINGLE, scene
from trackgo.training.aids.correspondence import bilinear, collected_queries, correspondence_loss, origins
from trackgo.training.batch import collate, model_input
from trackgo.training.data import world_triple
from trackgo.training.trainer import Trainer
from trackgo.trajectories import PointTrajectories


def test_origins_are_where_a_shifted_thing_was():
    components = np.zeros((3, 32, 32), np.uint8)
    components[0, 8:16, 0:13] = components[1, 8:16, 8:21] = 2  # 8 px to the right
    components[2, 8:16, 26:32] = 2  # another thing in its place: it has gone by 30 px, out of that cell's middle
    start = np.array([[3.0, 11.0], [8.0, 11.0]])
    tracks = np.stack([start + np.array([gone, 0]) for gone in (0, 8, 30)]).astype(np.float32)
    points = PointTrajectories(tracks, np.ones((3, 2), bool), np.ones(2, np.int64), 32, 32)
    found = origins(points, components)
    assert found.dtype == np.float32 and found.shape == (3, 4, 4, 4)
    known = {(i, r, c): tuple(found[i, r, c, :2]) for i, r, c in np.argwhere(np.isfinite(found[..., 0]))}
    whole, most = (3.5, 11.5), (11.5, 11.5)
    assert known == {(0, 1, 0): whole, (0, 1, 1): most, (1, 1, 1): whole, (1, 1, 2): most}
    np.testing.assert_array_equal(found[..., 2:], found[..., :2] - np.float32((5.5, 11)))  # the points' middle


def test_the_first_frame_at_the_origins_is_what_the_video_shows():
    """The world's own videos: cells taken from their origins are far nearer to the truth than cells left in place."""
    moved, left = [], []
    for number in range(4):
        seen = scene(number, 6, 128, 128, "validation", SINGLE)
        triple = world_triple(seen)
        for i, row, column in np.argwhere(np.isfinite(triple.origins[..., 0])):
            x, y = np.rint(triple.origins[i, row, column, :2].astype(float) - 3.5).astype(int)
            if i > 0 and 0 <= x <= 120 and 0 <= y <= 120:
                cell = lambda picture, y, x: picture[y : y + 8, x : x + 8].astype(float)  # noqa: E731
                now = cell(seen.frames[i], 8 * row, 8 * column)
                moved.append(np.abs(now - cell(seen.frames[0], y, x)).mean())
                left.append(np.abs(now - cell(seen.frames[0], 8 * row, 8 * column)).mean())
    assert len(moved) > 50 and np.mean(moved) < 0.3 * np.mean(left)


@given(st.floats(3.5, 27.5), st.floats(3.5, 43.5))
def test_bilinear_weights_have_the_place_as_their_mean(x, y):
    weights = bilinear(torch.tensor([[x, y]]), 6, 4).double()
    rows, columns = np.mgrid[:6, :4] * 8 + 3.5
    assert float(weights.sum()) == pytest.approx(1) and int((weights > 0).sum()) <= 4
    centres = torch.tensor(np.stack([columns.ravel(), rows.ravel()], axis=-1))
    torch.testing.assert_close(weights @ centres, torch.tensor([[x, y]]).double(), atol=1e-4, rtol=0)


def test_the_loss_is_the_divergence_from_bilinear_weights():
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 2 * 3, 4, 4, generator=generator)  # two clips of three frames, 2×2 cells, heads of 4
    wanted = torch.full((2, 3, 2, 2, 4), torch.nan)
    wanted[0, 0, 0, 0] = 3.5  # the first frame is left out
    wanted[0, 1, 0, 1] = torch.tensor([3.5, 3.5, 0, 0])
    wanted[0, 2, 1, 1] = torch.tensor([7.5, 3.5, 0, 0])  # halfway between the cells of the first row
    found = correspondence_loss({"up_3_0": {"q": q, "k": k}}, wanted)
    scores = lambda frame, cell: (k[frame] @ q[frame, cell] / 2).softmax(0).log()  # noqa: E731
    first = -scores(1, 1)[0]
    second = 0.5 * (np.log(0.5) - scores(2, 3)[:2]).sum()
    torch.testing.assert_close(found, torch.stack([(first + second) / 2, torch.zeros(())]))


def test_looking_at_the_right_place_costs_nothing_and_elsewhere_much():
    wanted = torch.full((1, 2, 2, 2, 4), torch.nan)
    wanted[0, 1, 0, 0] = 11.5  # the last of four cells
    keys = 10 * torch.eye(4).expand(2, 4, 4)
    for asks, least, most in ((keys[:, [3, 1, 2, 0]], 0, 1e-6), (keys, 10, np.inf)):
        assert least <= float(correspondence_loss({"up_3_0": {"q": asks, "k": keys}}, wanted)) <= most


def test_gradients_reach_the_encoder_the_adapters_and_spatial_attention(make_config):
    config = make_config(loss={"correspondence": 0.5}, conditioning={"trajectory_dropout": 0.0})
    reached = reached_by(config, "correspondence")
    assert "trackgo.encoder.convs.0.weight" in reached
    assert "unet.up_blocks.3.attentions.0.transformer_blocks.0.attn1.to_k.weight" in reached
    assert "unet.down_blocks.0.attentions.0.temporal_transformer_blocks.0.attn1.to_v.weight" in reached


def test_its_weight_counts(make_config):
    trainer = Trainer(make_config(loss={"correspondence": 0.25, "attention": 0.0}))
    terms = {"mse": torch.tensor([1.0, 3.0]), "correspondence": torch.tensor([4.0, 8.0])}
    assert float(trainer._total(terms)) == 2 + 0.25 * 6


def test_nothing_is_asked_where_the_drawing_was_dropped(make_config):
    config = make_config(conditioning={"trajectory_dropout": 1.0})
    trainer = Trainer(config)
    batch = collate([world_triple(scene(0, 6, 64, 64))], [0])
    assert batch.origins.isfinite().any()
    data = model_input(batch, trainer.parts, 0, 0, config.loss, config.conditioning)
    assert data.origins.isnan().all()


def test_one_head_is_looked_at_and_hooks_go_with_the_context(make_config):
    unet = Trainer(make_config()).model.unet
    attention = unet.up_blocks[3].attentions[1].transformer_blocks[0].attn1
    with collected_queries(unet) as seen:
        hidden = torch.randn(1, 5, attention.to_q.in_features)
        whole = attention.to_k(hidden)
        torch.testing.assert_close(seen["up_3_1"]["k"], whole[..., : whole.shape[-1] // attention.heads])
    assert not any(module._forward_hooks for module in unet.modules())
