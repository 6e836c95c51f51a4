"""Lengths and sizes that models take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackgo import PointTrajectories
from trackgo.trajectories.frame_rules import FRAME_RULES, RULE_OF_FORMAT
from trackgo.trajectories.interchange import EXPORT_FORMATS

sides = st.integers(1, 16_384)


@given(st.sampled_from(sorted(FRAME_RULES)), st.integers(1, 1_024), sides, sides)
def test_the_nearest_is_allowed_and_none_is_nearer(model: str, frames: int, width: int, height: int) -> None:
    rule = FRAME_RULES[model]
    nearest = rule.nearest(frames, width, height)
    assert (nearest[0] - 1) % rule.every == 0 and 1 <= nearest[0] <= 1_024
    assert all(side % rule.multiple == 0 and side > 0 for side in nearest[1:])
    assert rule.nearest(*nearest) == nearest
    if frames > rule.every:
        assert abs(nearest[0] - frames) <= max(rule.every / 2, 1_024 - nearest[0])
    for side, found in zip((width, height), nearest[1:], strict=True):
        assert abs(found - side) <= rule.multiple / 2 or found == rule.multiple
    assert (frames > 1) == (nearest[0] > 1) or rule.every == 1


@pytest.mark.parametrize(
    ("model", "given", "nearest"),
    [
        ("ltx", (24, 1000, 570), (25, 992, 576)),
        ("ltx", (97, 768, 512), (97, 768, 512)),
        ("wan", (14, 832, 480), (13, 832, 480)),
        ("wan", (80, 1024, 576), (81, 1024, 576)),
        ("wan", (2, 5, 5), (5, 16, 16)),
        ("cogvideox", (50, 720, 480), (49, 720, 480)),
        ("svd", (14, 1024, 570), (14, 1024, 576)),
        ("wan", (1_024, 832, 480), (1_021, 832, 480)),
    ],
)
def test_models(model: str, given: tuple[int, int, int], nearest: tuple[int, int, int]) -> None:
    assert FRAME_RULES[model].nearest(*given) == nearest


def test_it_says_what_fits_and_what_was_done() -> None:
    rule = FRAME_RULES["ltx"]
    wants = "LTX wants 8n+1 frames and sides in multiples of 32: "
    assert rule.advice(97, 768, 512) == rule.done(97, 768, 512) == wants + "97 frames of 768×512 fit."
    assert rule.advice(24, 1000, 570) == (
        wants + "24 frames of 1000×570 do not fit, the nearest are 25 frames of 992×576."
    )
    assert rule.done(24, 1000, 570) == wants + "24 frames of 1000×570 became 25 frames of 992×576."
    assert str(FRAME_RULES["svd"]) == "SVD wants sides in multiples of 64"


def test_fitting_keeps_ends_and_fractions_of_the_frame() -> None:
    path = np.linspace([[-0.5, 284.5]], [[999.5, 569.5]], 24)  # from the left edge's middle to the corner
    given = PointTrajectories(path, np.ones((24, 1), bool), np.zeros(1, int), 1000, 570)
    fitted = FRAME_RULES["ltx"].fitted(given)
    assert (fitted.frames, fitted.width, fitted.height) == (25, 992, 576)
    np.testing.assert_allclose(fitted.tracks[[0, -1], 0], [[-0.5, 287.5], [991.5, 575.5]], atol=1e-3)


def test_every_format_of_one_model_has_a_rule() -> None:
    assert set(RULE_OF_FORMAT) == set(EXPORT_FORMATS) - {"kj", "tracks"}
    assert set(RULE_OF_FORMAT.values()) <= set(FRAME_RULES)
