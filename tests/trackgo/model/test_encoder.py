"""E (eq. 1): size, arithmetic against plain numpy, what a square reaches, and what must not change."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from trackgo.model.encoder import FEATURES, TrajectoryEncoder, align, points_to_tensor

WIDTHS = [3, 16, 16, 32, 64, 128, 320]


@pytest.fixture(scope="module")
def encoder() -> TrajectoryEncoder:
    torch.manual_seed(0)
    encoder = TrajectoryEncoder()
    encoder.reset_parameters_()
    return encoder


def square(height: int, width: int, y: int, x: int) -> np.ndarray:
    """One frame of P with one 4-px square whose top left corner is at (x, y)."""
    frame = np.zeros((1, height, width, 3), np.uint8)
    frame[:, y : y + 4, x : x + 4] = (255, 48, 48)
    return frame


@torch.no_grad()
def features(encoder: TrajectoryEncoder, frame: np.ndarray) -> Tensor:
    return encoder(points_to_tensor(frame))


def reference_convolution(image: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """3×3, zero padding: image [C, H, W] → [O, H, W], a sum over the nine shifted pictures."""
    _, height, width = image.shape
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    out = np.broadcast_to(bias[:, None, None], (len(bias), height, width)).copy()
    for dy in range(3):
        for dx in range(3):
            out += np.tensordot(weight[:, :, dy, dx], padded[:, dy : dy + height, dx : dx + width], 1)
    return out


def reference_encoder(encoder: TrajectoryEncoder, image: np.ndarray) -> np.ndarray:
    """image [3, H, W] in 0–1 → f [320, H/4, W/4], float64."""
    weight = {name: value.detach().double().numpy() for name, value in encoder.state_dict().items()}
    hidden = image.astype(np.float64)
    for i in range(6):
        hidden = reference_convolution(hidden, weight[f"convs.{i}.weight"], weight[f"convs.{i}.bias"])
        hidden = hidden / (1 + np.exp(-hidden))
        if i in (1, 3):
            channels, height, width = hidden.shape
            hidden = hidden.reshape(channels, height // 2, 2, width // 2, 2).max(axis=(2, 4))
    f = np.tensordot(weight["fc.weight"], hidden, 1) + weight["fc.bias"][:, None, None]
    return (f - f.mean(0)) / np.sqrt(f.var(0) + 1e-5)


def test_it_has_571440_parameters_in_six_convolutions_and_one_linear_layer(encoder: TrajectoryEncoder) -> None:
    convolutions = [9 * i * o + o for i, o in pairwise(WIDTHS)]
    assert len(convolutions) == 6
    counted = sum(p.numel() for p in encoder.parameters())
    assert counted == sum(convolutions) + 320 * 320 + 320 == 571_440


def test_it_agrees_with_the_equations_in_numpy(encoder: TrajectoryEncoder) -> None:
    image = np.random.default_rng(0).integers(0, 256, (1, 16, 24, 3), dtype=np.uint8)
    f = features(encoder, image)[0].double().numpy()
    assert f.shape == (FEATURES, 4, 6)
    np.testing.assert_allclose(f, reference_encoder(encoder, image[0].transpose(2, 0, 1) / 255), atol=2e-5)


def test_f_has_mean_0_and_variance_1_over_channels(encoder: TrajectoryEncoder) -> None:
    f = features(encoder, np.random.default_rng(0).integers(0, 256, (1, 32, 48, 3), dtype=np.uint8))
    assert f.mean(dim=1).abs().max() < 1e-5
    assert (f.var(dim=1, unbiased=False) - 1).abs().max() < 1e-2


def test_black_gives_one_feature_away_from_the_border(encoder: TrajectoryEncoder) -> None:
    f = features(encoder, np.zeros((1, 128, 128, 3), np.uint8))[0, :, 8:-8, 8:-8]
    assert (f - f[:, :1, :1]).abs().max() < 1e-5


def test_no_layer_starts_at_zero_and_biases_do(encoder: TrajectoryEncoder) -> None:
    for layer in [*encoder.convs, encoder.fc]:
        assert layer.weight.std() > 0.01
        assert not layer.bias.any()


def test_equal_frames_give_equal_bits(encoder: TrajectoryEncoder) -> None:
    frame = square(64, 64, 30, 30)
    assert torch.equal(features(encoder, frame), features(encoder, frame.copy()))


@pytest.fixture(scope="module")
def squares(encoder: TrajectoryEncoder) -> Tensor:
    """f of an empty frame, then of a square at 8 positions, 2 px apart."""
    frames = [square(96, 160, 48, x) for x in range(72, 88, 2)]
    return features(encoder, np.concatenate([np.zeros_like(frames[0]), *frames]))


# Pixels covered by influenced cells; on average 39, 47, 62 and 84 at levels 0 to 3. So points that are 61 px apart
# (eq. 10 at p = 0.1) leave much of a mask with constant f at the fine levels.
@pytest.mark.parametrize(
    ("level", "least_px", "mean_px", "most_px"), [(0, 32, 39, 40), (1, 32, 47, 48), (2, 32, 62, 64)]
)
def test_how_far_a_square_reaches(squares: Tensor, level: int, least_px: int, mean_px: int, most_px: int) -> None:
    cell = 8 << level
    f = align(squares, 96 // cell, 160 // cell)
    changed = ((f[1:] - f[:1]).abs().amax(dim=1) > 1e-4).any(dim=1)  # [8, columns]
    reach = changed.sum(dim=1) * cell
    assert least_px <= reach.min() and reach.max() <= most_px
    assert reach.float().mean().item() == pytest.approx(mean_px, abs=3)


@pytest.mark.parametrize("size", [(72, 128), (36, 64), (18, 32), (9, 16)])
def test_align_gives_any_size_of_the_unet(size: tuple[int, int]) -> None:
    f = torch.randn(1, 2, 144, 256, generator=torch.Generator().manual_seed(0))
    out = align(f, *size)
    rows, columns = 144 // size[0], 256 // size[1]
    cells = f.reshape(1, 2, size[0], rows, size[1], columns)
    assert torch.equal(out, cells.amax(dim=(3, 5)))


def test_align_keeps_the_strongest_value_where_sizes_do_not_divide() -> None:
    f = torch.zeros(1, 1, 18, 26)
    f[0, 0, 17, 25] = 7.0
    out = align(f, 5, 7)
    assert out.shape == (1, 1, 5, 7)
    assert out[0, 0, 4, 6] == 7 and out.sum() == 7


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])
def test_points_become_channels_first_in_0_to_1(make: object) -> None:
    images = np.zeros((2, 3, 8, 16, 3), np.uint8)
    images[1, 2, 4, 5] = (255, 0, 51)
    out = points_to_tensor(make(images), dtype=torch.float64)
    assert out.shape == (2, 3, 3, 8, 16) and out.dtype == torch.float64
    assert out[1, 2, :, 4, 5].tolist() == [1, 0, 0.2]
    assert out.sum() == 1.2
