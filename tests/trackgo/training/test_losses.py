from __future__ import annotations

import math

import pytest
import torch

from trackgo.model.adapter import AdapterAttention
from trackgo.model.config import AttentionSettings
from trackgo.training.aids.background import lasting_loss
from trackgo.training.losses import AttentionLoss
from trackgo.training.trainer import Trainer

UNIFORM = torch.zeros(0, dtype=torch.int64)


def layer_without_motion(locations: int, heads: int, frames: int) -> AdapterAttention:
    return AdapterAttention(UNIFORM, locations, torch.zeros(0, heads, frames, frames), "centered")


def test_uniform_attention_under_a_mask_of_a_fifth_gives_0_128():
    frames, heads, channels, size = 25, 2, 8, (10, 10)
    moving = torch.zeros(1, frames, 80, 80, dtype=torch.bool)
    moving[:, :, :16] = True  # a fifth, in whole cells of the layer
    loss = AttentionLoss(moving, AttentionSettings())
    for number in range(16):
        same = torch.zeros(100, frames, channels)
        loss(f"layer {number}", size, same, same, layer_without_motion(100, heads, frames))
    torch.testing.assert_close(loss.per_clip(), torch.tensor([0.128]))


def slow(moving, q, k, layer, heads, size, alpha):
    """Eq. 8 of one layer by loops, per clip."""
    clips, frames = moving.shape[:2]
    height, width = size
    rows, columns = moving.shape[2] // height, moving.shape[3] // width
    place = {int(p): n for n, p in enumerate(layer.index)}
    d = q.shape[-1] // heads
    result = []
    for b in range(clips):
        total = 0.0
        for y in range(height):
            for x in range(width):
                where = (b * height + y) * width + x
                cell = moving[b, :, y * rows : (y + 1) * rows, x * columns : (x + 1) * columns].flatten(1).any(dim=1)
                for h in range(heads):
                    part = slice(h * d, (h + 1) * d)
                    for i in range(frames):
                        if not cell[i]:
                            continue
                        weights = [
                            math.exp(float(q[where, i, part] @ k[where, j, part]) / d**0.5) for j in range(frames)
                        ]
                        if where in place:
                            adapter = layer.attention[place[where], h, i]
                            weights = [0 if adapter[j] >= alpha else w for j, w in enumerate(weights)]
                        total += (weights[i] / sum(weights)) ** 2
        result.append(total / (heads * height * width))
    return torch.tensor(result)


@pytest.mark.parametrize("size", [(4, 4), (2, 2)])
def test_one_layer_against_loops(size):
    generator = torch.Generator().manual_seed(5)
    frames, heads, channels, alpha = 6, 2, 8, 0.2
    moving = torch.rand(2, frames, 16, 16, generator=generator) < 0.02
    locations = 2 * size[0] * size[1]
    q, k = (torch.randn(locations, frames, channels, generator=generator) for _ in range(2))
    index = torch.randperm(locations, generator=generator)[: locations // 2].sort().values
    attention = (2 * torch.randn(len(index), heads, frames, frames, generator=generator)).softmax(dim=-1)
    layer = AdapterAttention(index, locations, attention, "centered")
    loss = AttentionLoss(moving, AttentionSettings(alpha))
    loss("down_0_0", size, q, k, layer)
    torch.testing.assert_close(loss.per_clip(), slow(moving, q, k, layer, heads, size, alpha), rtol=1e-5, atol=1e-6)


def test_nothing_moves_nothing_is_lost_and_gradients_reach_only_the_original_branch():
    frames, heads = 6, 2
    q = torch.randn(4, frames, 8, requires_grad=True)
    attention = torch.full((4, heads, frames, frames), 1 / frames, requires_grad=True)
    layer = AdapterAttention(torch.arange(4), 4, attention, "centered")
    still, moving = torch.zeros(1, frames, 16, 16, dtype=torch.bool), torch.ones(1, frames, 16, 16, dtype=torch.bool)
    for mask in (still, moving):
        loss = AttentionLoss(mask, AttentionSettings())
        loss("mid_0", (2, 2), q, q.detach() + 1, layer)
        assert (float(loss.per_clip()) > 0) == bool(mask.any())
    loss.per_clip().sum().backward()
    assert q.grad.abs().sum() > 0 and attention.grad is None


def test_errors_that_are_independent_last_as_much_as_their_mean_square():
    error = (
        torch.randn(3, 14, 4, 32, 32, generator=torch.Generator().manual_seed(0))
        * torch.tensor([1.0, 2, 0])[:, None, None, None, None]
    )
    torch.testing.assert_close(lasting_loss(error), torch.tensor([1.0, 4.0, 0.0]), rtol=0.1, atol=0)


@pytest.mark.parametrize("size", [(8, 12), (3, 5)])
def test_a_tint_lasts_and_what_changes_from_frame_to_frame_does_not(size):
    frames, box = 6, min(4, *size)
    tint = torch.full((1, frames, 4, *size), 0.5)
    torch.testing.assert_close(lasting_loss(tint), torch.tensor([0.25 * box**2 * frames]))
    flicker = tint * torch.tensor([1, -1] * 3)[:, None, None, None]
    torch.testing.assert_close(lasting_loss(flicker), torch.zeros(1))


def test_colors_are_not_asked_for_where_the_picture_was_dropped(make_config):
    shares = {}
    for dropout in (0.0, 1.0):
        trainer = Trainer(make_config(loss={"lasting": 0.1}, conditioning={"image_dropout": dropout}))
        with trainer.model.attached():
            shares[dropout] = trainer.gradients(next(trainer._steps()))
    assert shares[0.0]["lasting"] > 0 and shares[1.0]["lasting"] == 0 < shares[1.0]["mse"]
