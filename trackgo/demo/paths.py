"""How things move in the moving-sprites world: random arrows, timings and cameras, as components of a drawing.

The world moves a sprite by `component_motion`, the rule that turns a user's arrows into tracks. So a scene's drawing
describes its motion exactly, and what a model learns from scenes is what a user's drawing means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..drawing import EASINGS, Arrow, Component, camera_component
from ..drawing.coordinates import to_fractions
from ..trajectories.motion import along

_CURVE_POINTS = 17  # vertices of a drawn curve: 90° of arc stays within 0.1 % of its radius


@dataclass(frozen=True)
class Field:
    """The frame a path is drawn in, pixels."""

    width: int
    height: int

    @property
    def unit(self) -> int:
        """The shorter side, in which sizes and distances are measured."""
        return min(self.width, self.height)

    def holds(self, point: complex, margin_px: float) -> bool:
        """Whether x + iy lies in the frame, at least `margin_px` from its border."""
        return margin_px <= point.real <= self.width - 1 - margin_px and (
            margin_px <= point.imag <= self.height - 1 - margin_px
        )

    def arrow(self, path: np.ndarray) -> Arrow:
        """A polyline through complex [P] pixels → an arrow in fractions."""
        points_px = np.stack([path.real, path.imag], axis=-1)
        return Arrow(tuple(map(tuple, to_fractions(points_px, self.width, self.height).tolist())))


def path_between(rng: np.random.Generator, start: complex, end: complex, curved: float) -> tuple[np.ndarray, str]:
    """A polyline complex [P] and its kind: straight, or with probability `curved` an arc, a wave or a corner."""
    if rng.random() >= curved:
        return np.array([start, end]), "straight"
    chord = end - start
    bend = rng.choice([-1, 1]) * rng.uniform(0.15, 0.45)
    kind = str(rng.choice(["arc", "wave", "corner"]))
    share = np.linspace(0, 1, _CURVE_POINTS)
    if kind == "arc":  # sagitta = bend × chord
        half_angle = 2 * np.arctan(2 * bend)
        turn = np.exp(2j * half_angle * share)
        return start + chord * (turn - 1) / (turn[-1] - 1), kind
    if kind == "wave":
        return start + chord * (share + 0.6j * bend * np.sin(2 * np.pi * share)), kind
    return np.array([start, start + chord * (rng.uniform(0.35, 0.65) + 1j * bend), end]), kind


def random_path(
    rng: np.random.Generator, field: Field, start: complex, radius_px: float, curved: float, leave: float
) -> tuple[np.ndarray, str]:
    """A path from `start` over 0.12 to 0.65 of the frame; with probability `leave` it ends outside."""
    leaves = rng.random() < leave
    for _ in range(40):
        distance = field.unit * (rng.uniform(0.5, 1.1) if leaves else rng.uniform(0.12, 0.65))
        end = start + distance * np.exp(1j * rng.uniform(0, 2 * np.pi))
        if leaves != field.holds(end, -0.6 * radius_px if leaves else 0.6 * radius_px):
            path, kind = path_between(rng, start, end, curved)
            if leaves or all(field.holds(point, 0) for point in path):
                return path, kind
    return np.array([start, complex((field.width - 1) / 2, (field.height - 1) / 2)]), "straight"


def timing(rng: np.random.Generator, late: float) -> dict[str, float | str]:
    """start, end and easing; with probability `late` the motion does not fill the clip."""
    start, end = (rng.uniform(0, 0.4), rng.uniform(0.6, 1)) if rng.random() < late else (0.0, 1.0)
    easing = "linear" if rng.random() < 0.5 else EASINGS[rng.integers(len(EASINGS))]
    return {"start": round(start, 3), "end": round(end, 3), "easing": easing}


def travelling(
    field: Field,
    path: np.ndarray,
    name: str,
    when: dict[str, float | str],
    turn: float,
    growth: float,
    radius_px: float,
) -> Component:
    """A sprite that follows `path`; with `turn` (radians) or `growth` (final size ÷ first) two arrows say so."""
    if turn == 0 and growth == 1:
        return Component(name=name, arrows=(field.arrow(path),), **when)
    share = np.linspace(0, 1, _CURVE_POINTS)
    centre = along(path, share)
    spoke = 0.6 * radius_px * growth**share * np.exp(1j * turn * share)
    return Component(name=name, arrows=(field.arrow(centre + spoke), field.arrow(centre - spoke)), **when)


def swinging(
    field: Field, joint: complex, tip: complex, name: str, when: dict[str, float | str], turn: float
) -> Component:
    """A limb that turns about its joint by `turn` radians: one arrow holds the joint, one follows the tip's arc."""
    arc = joint + (tip - joint) * np.exp(1j * turn * np.linspace(0, 1, _CURVE_POINTS))
    return Component(name=name, arrows=(field.arrow(np.array([joint])), field.arrow(arc)), **when)


def random_camera(rng: np.random.Generator, field: Field) -> Component:
    """A pan, a zoom, a turn, or all of them a little."""
    kind = rng.integers(4)
    pan = rng.uniform(0.08, 0.35) * np.exp(1j * rng.uniform(0, 2 * np.pi)) if kind in (0, 3) else 0j
    zoom = float(np.exp(rng.uniform(-0.25, 0.35))) if kind in (1, 3) else 1.0
    turn = float(rng.uniform(-15, 15)) if kind in (2, 3) else 0.0
    when = timing(rng, 0.2)
    return camera_component(pan.real, pan.imag, zoom, turn, field.width / field.height, **when)
