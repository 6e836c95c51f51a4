"""The attention arithmetic against the same equations in float64 loops, and the properties method.md promises."""

from __future__ import annotations

import math
import re

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch import Tensor

from tests.trackgo.support import dense, reference_attention, reference_row, reference_two_branch
from trackgo.model import adapter as module
from trackgo.model.adapter import AdapterAttention, TrackAdapter, masked_attention, mass_weights, two_branch_attention
from trackgo.model.config import MASS_MODES, TAU_MODES, AttentionSettings

HEADS, SIZE, FRAMES, LOCATIONS = 2, 16, 8, 6
CHANNELS = HEADS * SIZE


def grid(*shape: int, seed: int = 0, scale: float = 2.0) -> Tensor:
    """Normal numbers rounded to eighths: products and QKᵀ/√16 are exact, so that half precision rounds alike."""
    numbers = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return (numbers * scale * 8).round() / 8 / 2


def layer(
    active: list[int], mass: str = "centered", locations: int = LOCATIONS, frames: int = FRAMES, seed: int = 0
) -> AdapterAttention:
    """Random peaked A' at the ``active`` locations; none of its entries lies near α = 0.2."""
    noise = torch.Generator().manual_seed(100 + seed)
    attention = (2 * torch.randn(len(active), HEADS, frames, frames, generator=noise)).softmax(dim=-1)
    assert not len(active) or (attention - 0.2).abs().min() > 1e-6
    return AdapterAttention(torch.tensor(active, dtype=torch.int64), locations, attention, mass)


def two_branch(
    q: Tensor, k: Tensor, v: Tensor, base: Tensor, layer: AdapterAttention, settings: AttentionSettings
) -> Tensor:
    return two_branch_attention(q, k, v, lambda: base.clone(), layer, settings)


def branches(groups: int = 1, locations: int = LOCATIONS, frames: int = FRAMES) -> tuple[Tensor, ...]:
    """q, k, v [G·S, L, C] and the unmasked attention of the base."""
    q, k, v = (grid(groups * locations, frames, CHANNELS, seed=i) for i in range(3))
    heads = (x.unflatten(-1, (HEADS, SIZE)).transpose(1, 2) for x in (q, k, v))
    base = torch.nn.functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
    return q, k, v, base


# ---------------------------------------------------------------------------------------------------------------------
# Against the equations
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.0, -1.0, -1e2, -1e4])
@pytest.mark.parametrize("mode", TAU_MODES)
@pytest.mark.parametrize("mass", MASS_MODES)
def test_output_follows_the_equations(mass: str, mode: str, tau: float) -> None:
    given_layer, choice = layer([1, 2, 5], mass), AttentionSettings(0.2, mode, tau)
    q, k, v, base = branches(groups=2)
    ours = two_branch(q, k, v, base, given_layer, choice)
    expected = reference_two_branch(q, k, v, dense(given_layer), choice, mass)
    # Without τ, inactive locations keep the base's own kernel bit for bit, unrounded also in halfadd;
    # adding ±1e4 in float32 costs the scores ten bits.
    tolerance = 3e-3 if mode == "halfadd" and tau == 0 else 2e-3 if mode == "literal" and tau == -1e4 else 2e-5
    np.testing.assert_allclose(ours.double().numpy(), expected, atol=tolerance)


@pytest.mark.parametrize("active", [[], list(range(LOCATIONS))], ids=["none active", "all active"])
@pytest.mark.parametrize("mode", TAU_MODES)
@pytest.mark.parametrize("mass", MASS_MODES)
def test_no_and_every_location_active(mass: str, mode: str, active: list[int]) -> None:
    given_layer, choice = layer(active, mass), AttentionSettings(0.2, mode, -100.0)
    q, k, v, base = branches(groups=2)
    ours = two_branch(q, k, v, base, given_layer, choice)
    expected = reference_two_branch(q, k, v, dense(given_layer), choice, mass)
    np.testing.assert_allclose(ours.double().numpy(), expected, atol=1e-4)


@pytest.mark.parametrize("alpha", [0.13, 0.35, 0.9])
def test_alpha_decides_what_is_masked(alpha: float) -> None:
    given_layer, choice = layer([0, 3], "literal"), AttentionSettings(alpha)
    q, k, v, base = branches()
    ours = two_branch(q, k, v, base, given_layer, choice)
    expected = reference_two_branch(q, k, v, dense(given_layer), choice, "literal")
    np.testing.assert_allclose(ours.double().numpy(), expected, atol=2e-5)
    other = two_branch(q, k, v, base, given_layer, AttentionSettings(0.2))
    assert (ours - other).abs().max() > 1e-2


@pytest.mark.parametrize("mode", TAU_MODES)
def test_small_chunks_change_nothing(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given_layer, choice = layer([0, 1, 2, 4, 5], "literal"), AttentionSettings(0.2, mode, -100.0)
    arguments = branches(groups=2)
    whole = two_branch(*arguments, given_layer, choice)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 2 * 4 * 2 * HEADS * FRAMES * FRAMES)  # two locations at a time
    torch.testing.assert_close(two_branch(*arguments, given_layer, choice), whole, atol=1e-6, rtol=0)
    monkeypatch.setattr(module, "_CHUNK_BYTES", 1)
    torch.testing.assert_close(two_branch(*arguments, given_layer, choice), whole, atol=1e-6, rtol=0)


def test_every_group_gets_the_same_motion() -> None:
    given_layer, choice = layer([1, 4]), AttentionSettings(tau=-10.0)
    arguments = branches(groups=3)
    together = two_branch(*arguments, given_layer, choice)
    apart = [
        two_branch(*(x[i * LOCATIONS : (i + 1) * LOCATIONS] for x in arguments), given_layer, choice) for i in range(3)
    ]
    torch.testing.assert_close(together, torch.cat(apart), atol=1e-6, rtol=0)


def test_adapter_computes_equation_2() -> None:
    torch.manual_seed(3)
    adapter = TrackAdapter(CHANNELS, HEADS)
    adapter.reset_parameters_()
    f = torch.nn.functional.layer_norm(torch.randn(4, FRAMES, 320), (320,))
    attention = adapter(f)
    assert attention.dtype == torch.float32
    np.testing.assert_allclose(attention.detach().numpy(), reference_attention(adapter, f.double().numpy()), atol=2e-5)


def test_adapter_of_constant_features_is_uniform() -> None:
    torch.manual_seed(3)
    adapter = TrackAdapter(CHANNELS, HEADS)
    f = torch.randn(3, 1, 320).expand(-1, FRAMES, -1)
    assert (adapter(f) - 1 / FRAMES).abs().max() < 1e-6


def test_channels_must_divide_into_heads() -> None:
    with pytest.raises(ValueError, match="33 channels do not divide into 2 heads"):
        TrackAdapter(33, 2)


# ---------------------------------------------------------------------------------------------------------------------
# Properties
# ---------------------------------------------------------------------------------------------------------------------


@st.composite
def rows(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Scores [4, L] of any scale, and R as A' ≥ 0.2 gives it: never a whole row."""
    frames = draw(st.integers(6, 30))
    noise = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    scores = draw(st.sampled_from([0.1, 1.0, 30.0])) * torch.randn(4, frames, generator=noise)
    prime = (draw(st.sampled_from([0.0, 1.0, 20.0])) * torch.randn(4, frames, generator=noise)).softmax(dim=-1)
    return scores, prime >= 0.2


@given(rows(), st.floats(-1e4, 0))
@settings(deadline=None, max_examples=60)
def test_freeze_rows_sum_to_1_and_activated_entries_stay_0(case: tuple[Tensor, Tensor], tau: float) -> None:
    scores, blocked = case
    weights = masked_attention(scores, blocked, AttentionSettings(tau=tau))
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(4), atol=1e-5, rtol=0)
    assert not weights[blocked].any() and (weights >= 0).all()


@given(rows(), st.floats(-1e4, 0), st.floats(-1e4, 0))
@settings(deadline=None, max_examples=60)
def test_more_tau_is_nearer_to_uniform(case: tuple[Tensor, Tensor], a: float, b: float) -> None:
    strong, weak = AttentionSettings(tau=min(a, b)), AttentionSettings(tau=max(a, b))
    assert 0 <= weak.freeze <= strong.freeze <= 1
    scores, blocked = case
    uniform = (~blocked).float() / (~blocked).sum(dim=-1, keepdim=True)
    far = [(masked_attention(scores, blocked, s) - uniform).abs().sum() for s in (strong, weak)]
    assert far[0] <= far[1] + 1e-4


@given(rows(), st.sampled_from(TAU_MODES), st.floats(-1e4, 0))
@settings(deadline=None, max_examples=60)
def test_each_row_follows_the_equations(case: tuple[Tensor, Tensor], mode: str, tau: float) -> None:
    scores, blocked = case
    tau = float(np.float32(round(tau)))
    if mode != "freeze":
        scores = (scores * 64).round() / 64  # exact after adding τ in float32, so that half precision rounds alike
    weights = masked_attention(scores, blocked, AttentionSettings(0.2, mode, tau)).double().numpy()
    assert np.isfinite(weights).all()
    for ours, row, marked in zip(weights, scores.double().numpy(), blocked.numpy(), strict=True):
        np.testing.assert_allclose(ours, reference_row(row, marked, mode, tau), atol=1e-5)


def test_s_at_the_three_taus_of_the_paper() -> None:
    assert AttentionSettings(tau=0).freeze == 0
    assert AttentionSettings(tau=-1e2).freeze == pytest.approx(0.50, abs=0.002)
    assert AttentionSettings(tau=-1e4).freeze == pytest.approx(1.0)
    assert all(AttentionSettings(tau_mode=mode, tau=-1e4).freeze == 0 for mode in ("literal", "halfadd"))


@pytest.mark.parametrize("mode", TAU_MODES)
def test_centered_without_trajectories_is_the_base_bit_for_bit(mode: str) -> None:
    q, k, v, base = branches(groups=2)
    out = two_branch(q, k, v, base, layer([]), AttentionSettings(tau_mode=mode))
    assert torch.equal(out, base)


def test_centered_leaves_inactive_locations_bit_for_bit() -> None:
    q, k, v, base = branches()
    out = two_branch(q, k, v, base, layer([2]), AttentionSettings())
    untouched = [0, 1, 3, 4, 5]
    assert torch.equal(out[untouched], base[untouched]) and not torch.allclose(out[2], base[2], atol=1e-2)


def test_the_base_is_not_computed_where_every_location_is_active() -> None:
    q, k, v, _ = branches()
    out = two_branch_attention(
        q, k, v, lambda: pytest.fail("computed"), layer(list(range(LOCATIONS))), AttentionSettings()
    )
    assert out.shape == q.shape


@pytest.mark.parametrize("tau", [0.0, -30.0])
@pytest.mark.parametrize("mass", MASS_MODES)
def test_with_and_without_gradients_the_output_is_the_same(mass: str, tau: float) -> None:
    arguments, given_layer, choice = branches(groups=2), layer([1, 2, 5], mass), AttentionSettings(tau=tau)
    with torch.no_grad():
        in_place = two_branch(*arguments, given_layer, choice)
    torch.testing.assert_close(in_place, two_branch(*arguments, given_layer, choice), atol=1e-6, rtol=0)


@given(st.integers(0, 1000), st.lists(st.floats(0.01, 0.9), min_size=1, max_size=3))
@settings(deadline=None, max_examples=100)
def test_rows_in_16_bits_are_rows_and_the_same_entries_reach_alpha(seed: int, alphas: list[float]) -> None:
    noise = torch.Generator().manual_seed(seed)
    attention = (2 * torch.randn(3, 2, 14, 14, generator=noise)).softmax(dim=-1)
    alphas = [*alphas, float(attention.flatten()[seed])]  # one that an entry equals
    kept = module.to_fixed_point(attention, alphas)
    rows = module.from_fixed_point(kept)
    assert kept.dtype == torch.int16 or len(alphas) > 1
    for alpha in alphas:
        assert torch.equal(module.activated(rows, alpha), module.activated(attention, alpha))
    torch.testing.assert_close(rows, attention, rtol=0, atol=3 / 65535)
    torch.testing.assert_close(rows.sum(dim=-1), torch.ones(3, 2, 14), rtol=0, atol=14 * 1.5 / 65535)


def test_thresholds_that_no_step_can_tell_apart_keep_float32() -> None:
    attention = torch.tensor([0.300001, 0.300003, 0.39997])
    assert module.to_fixed_point(attention, [0.3000005, 0.300002, 0.300004]).dtype == torch.float32
    assert module.to_fixed_point(attention, [0.300002]).dtype == torch.int16


@pytest.mark.parametrize("width", [1, 8, 14, 15, 16, 25])
def test_softmax_is_softmax_at_any_width(width: int) -> None:
    scores = torch.randn(7, 3, width, generator=torch.Generator().manual_seed(width)) * 30
    scores[0, :, 1:] = -math.inf
    torch.testing.assert_close(module.softmax(scores), scores.softmax(dim=-1))


def test_literal_without_trajectories_adds_the_temporal_mean() -> None:
    q, k, v, base = branches(groups=2)
    out = two_branch(q, k, v, base, layer([], "literal"), AttentionSettings())
    torch.testing.assert_close(out, base + v.mean(dim=1, keepdim=True))


def test_freeze_at_full_strength_gives_every_frame_the_temporal_mean() -> None:
    q, k, v, base = branches()
    out = two_branch(q, k, v, base, layer([]), AttentionSettings(tau=-1e4))
    torch.testing.assert_close(out, v.mean(dim=1, keepdim=True).expand_as(v), atol=5e-4, rtol=0)


@given(st.floats(-1e4, 0), st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_literal_tau_leaves_attention_unchanged(tau: float, seed: int) -> None:
    """In exact arithmetic eq. 11 shifts all that is not masked by the same amount: softmax ignores it."""
    noise = torch.Generator().manual_seed(seed)
    scores = torch.randn(5, 14, generator=noise)
    blocked = (2 * torch.randn(5, 14, generator=noise)).softmax(dim=-1) >= 0.2
    with_tau = masked_attention(scores, blocked, AttentionSettings(tau_mode="literal", tau=tau))
    without = masked_attention(scores, blocked, AttentionSettings(tau_mode="literal"))
    torch.testing.assert_close(with_tau, without, atol=1e-3, rtol=0)


def test_halfadd_reproduces_what_half_precision_does() -> None:
    """method.md: 99.9 % of rows exactly uniform at −1e4, total variation 0.007 at −1e2."""
    scores = torch.randn(20_000, 14, generator=torch.Generator().manual_seed(0))
    nothing = torch.zeros_like(scores, dtype=torch.bool)
    frozen = masked_attention(scores, nothing, AttentionSettings(tau_mode="halfadd", tau=-1e4))
    assert (frozen == frozen[:, :1]).all(dim=1).float().mean().item() == pytest.approx(0.999, abs=5e-4)
    mild = masked_attention(scores, nothing, AttentionSettings(tau_mode="halfadd", tau=-1e2))
    variation = (mild - scores.softmax(dim=-1)).abs().sum(dim=1).mean().item() / 2
    assert variation == pytest.approx(0.007, abs=0.001)


def test_a_row_of_half_precision_never_overflows() -> None:
    scores = 300 * torch.randn(50, 14, generator=torch.Generator().manual_seed(0))
    blocked = torch.zeros(50, 14, dtype=torch.bool)
    assert masked_attention(scores, blocked, AttentionSettings(tau_mode="halfadd", tau=-1e4)).isfinite().all()


def test_mass_weights_row_sums() -> None:
    prime = layer([0, 1]).attention
    for mass, total in [("literal", 1.0), ("centered", 0.0)]:
        sums = mass_weights(prime, mass).sum(dim=-1)
        torch.testing.assert_close(sums, torch.full_like(sums, total), atol=1e-5, rtol=0)


@pytest.mark.parametrize("alpha", [0.2, 0.5])
def test_activated_share_counts_inactive_locations_too(alpha: float) -> None:
    some = layer([0, 5])
    assert some.activated_share(alpha) == pytest.approx(float((dense(some) >= alpha).mean()))
    assert layer([]).activated_share(alpha) == 0


# ---------------------------------------------------------------------------------------------------------------------
# Gradients and precision
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", MASS_MODES)
def test_gradients_equal_those_of_the_dense_computation(mass: str) -> None:
    """Leaving inactive locations out loses no gradient: against torch's own, over all locations."""
    prime = layer([1, 3], mass)
    results = []
    for index in (prime.index, torch.arange(LOCATIONS)):
        q, k, v, _ = (x.double().requires_grad_() for x in branches())
        attention = torch.from_numpy(dense(prime)).requires_grad_()
        heads = (x.unflatten(-1, (HEADS, SIZE)).transpose(1, 2) for x in (q, k, v))
        base = torch.nn.functional.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        given_layer = AdapterAttention(index, LOCATIONS, attention[index], mass)
        out = two_branch(q, k, v, base, given_layer, AttentionSettings(tau=-5.0))
        gradients = torch.autograd.grad((out * grid(*out.shape, seed=9)).sum(), [q, k, v, attention])
        results.append([g if i != 3 else g[prime.index] for i, g in enumerate(gradients)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.abs().max() > 0
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_stays_near_float32(dtype: torch.dtype) -> None:
    given_layer, choice = layer([0, 3], "literal"), AttentionSettings(tau=-30.0)
    arguments = branches(groups=2)
    exact = two_branch(*arguments, given_layer, choice)
    half = two_branch(*(x.to(dtype) for x in arguments), given_layer, choice)
    assert half.dtype == dtype
    torch.testing.assert_close(half.float(), exact, atol=0.05, rtol=0)


def test_autocast_does_not_round_attention() -> None:
    """α is compared with a float32 A'; autocast would have computed Q'K'ᵀ in bfloat16."""
    given_layer, choice = layer([0, 3], "literal"), AttentionSettings(tau=-30.0)
    arguments = branches()
    torch.manual_seed(3)
    adapter, f = TrackAdapter(CHANNELS, HEADS), torch.randn(4, FRAMES, 320)
    plain = two_branch(*arguments, given_layer, choice)
    half = adapter.bfloat16()
    expected = half(f.bfloat16())
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(two_branch(*arguments, given_layer, choice), plain)
        within = half(f.bfloat16())
    assert within.dtype == torch.float32
    torch.testing.assert_close(within, expected, atol=1e-6, rtol=0)


# ---------------------------------------------------------------------------------------------------------------------
# Bad input
# ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0, 1, -0.2, 1.5, math.nan, math.inf])
def test_bad_alpha_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha must lie between 0 and 1"):
        AttentionSettings(alpha=alpha)


@pytest.mark.parametrize("tau", [1, 0.001, -10_001, -1e6, math.nan, -math.inf, math.inf])
def test_bad_tau_is_refused(tau: float) -> None:
    with pytest.raises(ValueError, match="tau must lie between -10000 and 0"):
        AttentionSettings(tau=tau)


def test_bad_tau_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="tau_mode must be one of freeze, literal, halfadd, got 'strong'"):
        AttentionSettings(tau_mode="strong")


@given(st.floats(0.01, 0.99), st.integers(2, 121))
@settings(deadline=None, max_examples=200)
def test_too_few_frames_are_refused_with_advice_that_helps(alpha: float, frames: int) -> None:
    choice = AttentionSettings(alpha=alpha)
    if alpha * frames > 1.001:
        choice.check_frames(frames)
    elif alpha * frames <= 1:
        with pytest.raises(ValueError, match="would mask whole rows") as refused:
            choice.check_frames(frames)
        enough, large = re.search(r"at least (\d+) frames or an alpha of ([\d.]+) or more", str(refused.value)).groups()
        choice.check_frames(int(enough))
        AttentionSettings(float(large)).check_frames(frames)


def test_five_frames_at_the_papers_alpha_are_refused() -> None:
    q, k, v, base = branches(frames=5)
    with pytest.raises(ValueError, match=r"use at least 6 frames or an alpha of 0\.201 or more"):
        two_branch(q, k, v, base, layer([1], frames=5), AttentionSettings())


@pytest.mark.parametrize("frames", [6, 7, 14, 25])
def test_alpha_just_above_uniform_never_gives_nan(frames: int) -> None:
    """A uniform row of float32 may reach an α that exceeds 1/L in float64 only: it is refused, a larger one is safe."""
    uniform = torch.full((1, HEADS, frames, frames), 1 / frames)
    q, k, v, base = branches(frames=frames, locations=1)
    one = AdapterAttention(torch.tensor([0]), 1, uniform, "centered")
    with pytest.raises(ValueError, match="would mask whole rows"):
        two_branch(q, k, v, base, one, AttentionSettings((1 + 1e-9) / frames))
    assert two_branch(q, k, v, base, one, AttentionSettings((1 + 1e-4) / frames)).isfinite().all()


def test_a_batch_that_the_motion_does_not_divide_is_refused() -> None:
    q, k, v, base = branches(locations=LOCATIONS + 1)
    with pytest.raises(ValueError, match="cover 6 locations, which does not divide the 7"):
        two_branch(q, k, v, base, layer([1]), AttentionSettings())
