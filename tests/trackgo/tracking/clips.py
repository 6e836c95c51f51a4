"""Clips whose motion is known: a textured thing that shifts, turns and grows over a textured ground."""

from __future__ import annotations

import cv2
import numpy as np

WIDTH, HEIGHT = 200, 160


def textured(seed: int, height: int, width: int) -> np.ndarray:
    """Noise of several sizes, as surfaces have: uint8 [height, width, 3]."""
    rng, picture = np.random.default_rng(seed), np.full((height, width, 3), 128.0, np.float32)
    for cell, strength in ((6, 25), (12, 30), (30, 35)):
        grid = rng.standard_normal((height // cell + 2, width // cell + 2, 3)).astype(np.float32)
        picture += strength * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture.clip(0, 255).astype(np.uint8)


def disc(middle: tuple[float, float], radius: float) -> np.ndarray:
    """bool [H, W]."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    return np.hypot(x - middle[0], y - middle[1]) <= radius


def matrices(
    middle: tuple[float, float], shift: tuple[float, float], degrees: float, scale: float, frames: int
) -> np.ndarray:
    """From frame 0 to each: shifted evenly to `shift` px, turned clockwise on the screen and grown about its middle by
    so much at the last frame, [L, 2, 3]."""
    found = []
    for share in np.linspace(0, 1, frames):
        angle, size = np.radians(degrees) * share, scale**share
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        found.append(np.column_stack([turn, np.array(middle) + np.multiply(shift, share) - turn @ middle]))
    return np.stack(found)


def carried(points: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """[N, 2] by [L, 2, 3] → [L, N, 2]."""
    return np.einsum("lab,nb->lna", ways[:, :, :2], points) + ways[:, None, :, 2]


def filmed(things: list[tuple[np.ndarray, np.ndarray]], seed: int = 0) -> np.ndarray:
    """Masks bool [H, W] of the first frame with their matrices [L, 2, 3] → uint8 [L, H, W, 3], the last in front."""
    ground, frames = textured(seed, HEIGHT, WIDTH).astype(np.float32), []
    for index in range(len(things[0][1])):
        picture = ground.copy()
        for number, (mask, ways) in enumerate(things, start=1):
            surface = textured(seed + number, HEIGHT, WIDTH).astype(np.float32)
            moved = cv2.warpAffine(surface, ways[index], (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=4)
            alpha = cv2.warpAffine(mask.astype(np.float32), ways[index], (WIDTH, HEIGHT))[..., None]
            picture = moved * alpha + picture * (1 - alpha)
        frames.append(picture.clip(0, 255).round().astype(np.uint8))
    return np.stack(frames)
