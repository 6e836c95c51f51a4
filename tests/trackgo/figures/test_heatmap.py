"""Heat maps: colors that mean what the legend says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackgo.figures.heatmap import MAPS, color_table, heat, heat_over, nice_ceiling


@pytest.mark.parametrize("name", MAPS)
def test_lightness_rises_evenly(name: str) -> None:
    """CIELAB lightness grows with the value, without jumps and without plateaus (over eight of 256 steps)."""
    table = color_table(name)
    lightness = cv2.cvtColor(table[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0, :, 0]
    steps = lightness[8:] - lightness[:-8]
    assert lightness[-1] - lightness[0] > 60
    assert steps.min() > 0.5 and steps.max() < 3 * steps.mean()


def test_heat_takes_the_tables_colors_and_clips() -> None:
    shown = heat(np.array([[-1.0, 0.0, 0.5, 1.0, 9.0]]), 0, 1)[0]
    table = color_table("viridis")
    np.testing.assert_array_equal(shown[[0, 1, 3, 4]], table[[0, 0, 255, 255]])
    assert np.abs(shown[2].astype(int) - table[127]).max() <= 2
    assert tuple(table[0]) == (68, 1, 84) and tuple(table[255]) == (253, 231, 37)  # viridis, in RGB


def test_heat_over_keeps_cells_and_shows_the_frame() -> None:
    values, frame = np.array([[0.0, 1.0], [1.0, 0.0]]), np.zeros((8, 8, 3), np.uint8)
    frame[:, :2] = 255
    alone = heat_over(None, values, 0, 1, (8, 8))
    np.testing.assert_array_equal(alone, np.repeat(np.repeat(heat(values, 0, 1), 4, axis=0), 4, axis=1))
    over = heat_over(frame, values, 0, 1, (8, 8)).astype(int)
    assert (over[0, 0] > over[0, 3]).all()  # white shines through more than black
    np.testing.assert_array_equal(heat_over(frame, values, 0, 1, (8, 8), opacity=1.0), alone)


@pytest.mark.parametrize("values", [np.array([[np.nan]]), np.array([[np.inf]])])
def test_values_must_be_finite(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="finite"):
        heat(values, 0, 1)


def test_mistakes() -> None:
    with pytest.raises(ValueError, match="above its lowest"):
        heat(np.zeros((1, 1)), 1, 1)
    with pytest.raises(ValueError, match="no color map 'jet'; there are viridis"):
        heat(np.zeros((1, 1)), 0, 1, "jet")


@given(st.floats(1e-6, 1e6))
def test_nice_ceiling_is_a_round_number_not_below(value: float) -> None:
    nice = nice_ceiling(value)
    assert value * (1 - 1e-6) <= nice <= 2 * value
    assert float(f"{nice:.1e}") == pytest.approx(nice)
