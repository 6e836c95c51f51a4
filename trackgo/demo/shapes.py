"""Outlines of the moving-sprites world: single shapes, figures made of several, and bodies with a limb.

An outline is a list of polygons, each float64 [P, 2] as (x, y) in units of the sprite's radius around its centre; their
union is the shape. y runs down.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

Outline = list[np.ndarray]
OVERSAMPLE = 2  # samples per screen pixel and axis in a sprite's picture; it is drawn at twice that and averaged


@dataclass(frozen=True)
class Limb:
    """A part that turns about `joint` (units of the radius) while the body stays; `tip` is its far end."""

    outline: Outline
    joint: tuple[float, float]
    tip: tuple[float, float]


def _circle(count: int) -> np.ndarray:
    return np.linspace(0, 2 * np.pi, count, endpoint=False)


def _polar(radius: np.ndarray | float, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _moved(points: np.ndarray, x: float, y: float, width: float, height: float, turn: float = 0.0) -> np.ndarray:
    c, s = np.cos(turn), np.sin(turn)
    return (points * (width, height)) @ np.array([[c, s], [-s, c]]) + (x, y)


_SQUARE = np.array([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])


def ellipse(rng: np.random.Generator) -> Outline:
    return [_moved(_polar(1, _circle(48)), 0, 0, 1, rng.uniform(0.5, 1))]


def polygon(rng: np.random.Generator) -> Outline:
    return [_polar(1, _circle(rng.integers(3, 8))) * (1, rng.uniform(0.7, 1))]


def rectangle(rng: np.random.Generator) -> Outline:
    return [_moved(_SQUARE, 0, 0, 0.85, rng.uniform(0.3, 0.85))]


def star(rng: np.random.Generator) -> Outline:
    points = rng.integers(4, 9)
    radius = np.where(np.arange(2 * points) % 2, rng.uniform(0.4, 0.7), 1)
    return [_polar(radius, _circle(2 * points))]


def blob(rng: np.random.Generator) -> Outline:
    angle = _circle(64)
    radius = sum(
        rng.normal(0, 0.35 / order) * np.cos(order * angle + rng.uniform(0, 2 * np.pi)) for order in range(2, 6)
    )
    radius = np.exp(radius)
    return [_polar(radius / radius.max(), angle)]


def crescent(rng: np.random.Generator) -> Outline:
    angle = np.linspace(0.25, 1.75, 30) * np.pi
    inner = _polar(rng.uniform(0.7, 0.85), angle[::-1]) + np.array([rng.uniform(0.25, 0.4), 0])
    return [np.concatenate([_polar(1, angle), inner])]


def car(rng: np.random.Generator) -> Outline:
    cabin = np.array([[-0.5, -0.1], [-0.3, -0.55], [0.3, -0.55], [0.6, -0.1]])
    wheels = [_moved(_polar(1, _circle(24)), x, 0.4, 0.22, 0.22) for x in (-0.5, 0.5)]
    return [_moved(_SQUARE, 0, 0.1, 1, 0.25), cabin, *wheels]


def boat(rng: np.random.Generator) -> Outline:
    hull = np.array([[-1, 0.3], [1, 0.3], [0.6, 0.75], [-0.7, 0.75]])
    return [
        hull,
        np.array([[-0.05, 0.3], [-0.05, -1], [0.75, 0.15]]),
        np.array([[-0.15, 0.2], [-0.15, -0.7], [-0.7, 0.15]]),
    ]


def fish(rng: np.random.Generator) -> Outline:
    tail = np.array([[-0.5, 0], [-1, -rng.uniform(0.35, 0.6)], [-0.85, 0], [-1, rng.uniform(0.35, 0.6)]])
    return [_moved(_polar(1, _circle(48)), 0.2, 0, 0.75, rng.uniform(0.35, 0.5)), tail]


def person(rng: np.random.Generator) -> Outline:
    head = _moved(_polar(1, _circle(24)), 0, -0.72, 0.24, 0.26)
    legs = [_moved(_SQUARE, x, 0.65, 0.12, 0.35) for x in (-0.2, 0.2)]
    return [head, _moved(_SQUARE, 0, -0.05, rng.uniform(0.28, 0.45), 0.42), *legs]


def tree(rng: np.random.Generator) -> Outline:
    crown = [
        _moved(_polar(1, _circle(32)), *_polar(0.4, np.array(turn)), 0.45, 0.42) - (0, 0.25) for turn in _circle(5)
    ]
    return [*crown, _moved(_SQUARE, 0, 0.6, 0.13, 0.4)]


_OUTLINES = (ellipse, polygon, rectangle, star, blob, blob, crescent, car, boat, fish, person, tree)
_BODIES = (ellipse, polygon, blob, person)


def outline(rng: np.random.Generator, body: bool = False) -> tuple[Outline, str]:
    """A random outline, mirrored and (unless it is a figure with a right way up) turned at random; and its name.

    A `body` has matter all round its centre, so that a limb's joint lies on it.
    """
    makers = _BODIES if body else _OUTLINES
    maker = makers[rng.integers(len(makers))]
    upright = maker in (car, boat, fish, person, tree)
    turn = rng.uniform(-0.3, 0.3) if upright else rng.uniform(0, 2 * np.pi)
    side = rng.choice([-1, 1])
    return [_moved(part, 0, 0, side, 1, turn) for part in maker(rng)], maker.__name__


def limb(rng: np.random.Generator) -> Limb:
    """An arm, tail or lever: a tapering bar from a joint inside the body to a tip outside it."""
    angle = rng.uniform(0, 2 * np.pi)
    joint = _polar(rng.uniform(0.2, 0.55), np.array(angle))
    length, wide, narrow = rng.uniform(0.9, 1.5), rng.uniform(0.22, 0.34), rng.uniform(0.12, 0.3)
    bar = np.array([[0, -wide], [length, -narrow], [length, narrow], [0, wide]])
    parts = [bar, _polar(wide, _circle(24)), _polar(narrow * rng.uniform(1, 1.7), _circle(24)) + np.array([length, 0])]
    turned = [_moved(part, *joint, 1, 1, angle) for part in parts]
    tip = joint + _polar(length, np.array(angle))
    return Limb(turned, (float(joint[0]), float(joint[1])), (float(tip[0]), float(tip[1])))


def coverage(shape: Outline, radius_px: float) -> tuple[np.ndarray, float]:
    """How much of each sample the outline covers: float32 [D, D], 0 to 1, and the sample at the outline's centre.

    Samples lie OVERSAMPLE to a screen pixel; the picture has a clear border, so that it can be warped.
    """
    reach = max(float(np.abs(part).max()) for part in shape) * radius_px * OVERSAMPLE
    side = 2 * int(np.ceil(reach + 3))
    centre = (side - 1) / 2
    fine = np.zeros((2 * side, 2 * side), np.uint8)
    for part in shape:
        at = (part * (radius_px * OVERSAMPLE) + centre) * 2 + 0.5  # sample centres in the grid of twice as many
        cv2.fillPoly(fine, [np.round(at * 256).astype(np.int32)], 255, cv2.LINE_8, 8)
    return cv2.resize(fine, (side, side), interpolation=cv2.INTER_AREA) / np.float32(255), centre


def shaded(rng: np.random.Generator, picture: np.ndarray, share: np.ndarray) -> np.ndarray:
    """A flat texture [D, D, 3] lit as if its shape were domed: light from one side, darker towards the edge."""
    depth = cv2.distanceTransform((share > 0.5).astype(np.uint8), cv2.DIST_L2, 3)
    dome = np.sqrt(np.minimum(depth / (depth.max() * rng.uniform(0.4, 1) + 1e-6), 1))
    dome = cv2.GaussianBlur(dome, (0, 0), OVERSAMPLE)
    slope_x, slope_y = cv2.Sobel(dome, cv2.CV_32F, 1, 0), cv2.Sobel(dome, cv2.CV_32F, 0, 1)
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.8) * (np.cos(angle) * slope_x + np.sin(angle) * slope_y)
    light *= 1 - rng.uniform(0, 0.5) * (1 - dome)
    return (picture * light[..., None]).clip(0, 1)
