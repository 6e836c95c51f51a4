"""Textured things over a panned background, with exact masks and tracks: shapes and colors of the demo's world, but
with fine texture everywhere, as footage has and the demo's small VAE could not keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from trackgo.demo import shapes, textures
from trackgo.drawing.coordinates import inside_frame
from trackgo.trajectories.control_points import control_points
from trackgo.video import write_clip

OVERSAMPLE = shapes.OVERSAMPLE


@dataclass(frozen=True, eq=False)
class KnownClip:
    """frames uint8 [L, H, W, 3], masks bool [L, S, H, W] of what is seen, tracks float32 [L, N, 2], visible bool
    [L, N], component int64 [N]; points are eq. 10's in the first frame."""

    frames: np.ndarray
    masks: np.ndarray
    tracks: np.ndarray
    visible: np.ndarray
    component: np.ndarray


def known_clip(index: int, frames: int, width: int, height: int, things: int = 2, pan: bool = True) -> KnownClip:
    """Clip ``index``: 1 to ``things`` things that move, turn and grow; a background that pans and zooms a little."""
    rng = np.random.default_rng([7, index])
    time = np.linspace(0, 1, frames)
    camera = _camera(rng, time, width, height) if pan else (np.ones(frames, complex), np.zeros(frames, complex))
    plate, origin = _plate(rng, width, height), complex(-width / 2, -height / 2)
    sprites = [_sprite(rng, time, width, height, place) for place in _places(rng, width, height, things)]
    pictures = np.empty((frames, height, width, 3), np.uint8)
    masks = np.zeros((frames, len(sprites), height, width), bool)
    for i in range(frames):
        picture = _warp(plate, camera[0][i], camera[0][i] * origin + camera[1][i], 1, width, height)
        for number, (layer, start, turn, shift) in enumerate(sprites):
            a, b = turn[i], turn[i] * start + shift[i]
            part = _warp(layer, a, b, OVERSAMPLE, width, height)
            picture = part[..., :3] + picture * (1 - part[..., 3:])
            covered = part[..., 3] >= 0.5
            masks[i, :number] &= ~covered
            masks[i, number] = covered
        grain = rng.normal(0, 0.006, picture.shape)
        pictures[i] = ((picture + grain).clip(0, 1) * 255 + 0.5).astype(np.uint8)
    motions = [(turn, shift) for _, _, turn, shift in sprites]
    return KnownClip(pictures, masks, *_points(masks, motions, index))


def write_known_clip(
    path: Path, index: int, frames: int = 12, width: int = 192, height: int = 128, **more
) -> KnownClip:
    """``known_clip`` as a lossless or high-quality video at ``path``."""
    clip = known_clip(index, frames, width, height, **more)
    write_clip(path, clip.frames, 10)
    return clip


def _camera(rng: np.random.Generator, time: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    pan = rng.uniform(0.05, 0.16) * width * np.exp(1j * rng.uniform(0, 2 * np.pi))
    zoom = 1 + rng.uniform(-0.05, 0.08) * time
    centre = complex(width / 2, height / 2)
    return zoom.astype(complex), centre * (1 - zoom) + pan * time


def _plate(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    picture, _ = textures.background(rng, 2 * height, 2 * width, False)
    return _detailed(rng, picture, width / 1024)


def _detailed(rng: np.random.Generator, picture: np.ndarray, scale: float) -> np.ndarray:
    """Fine grain of three sizes on a picture."""
    height, width = picture.shape[:2]
    detail = np.zeros((height, width), np.float32)
    for cell in (6, 12, 24):
        rows, columns = (max(2, round(side / max(cell * scale, 3))) for side in (height, width))
        grid = rng.standard_normal((rows, columns), np.float32)
        detail += 0.05 * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    return (0.1 + 0.8 * picture + detail[..., None]).clip(0, 1).astype(np.float32)


def _places(rng: np.random.Generator, width: int, height: int, things: int) -> list[tuple[complex, float]]:
    count = int(rng.integers(1, things + 1))
    places: list[tuple[complex, float]] = []
    while len(places) < count:
        radius = rng.uniform(0.13, 0.24) * height
        centre = complex(rng.uniform(0.2, 0.8) * width, rng.uniform(0.25, 0.75) * height)
        if all(abs(centre - other) > radius + size for other, size in places):
            places.append((centre, radius))
    return places


def _sprite(
    rng: np.random.Generator, time: np.ndarray, width: int, height: int, place: tuple[complex, float]
) -> tuple[np.ndarray, complex, np.ndarray, np.ndarray]:
    centre, radius = place
    share, middle = shapes.coverage(shapes.outline(rng)[0], radius)
    surface = _detailed(rng, textures.surface(rng, len(share), False), OVERSAMPLE * width / 1024)
    layer = np.concatenate([surface * share[..., None], share[..., None]], axis=-1).astype(np.float32)
    goal = complex(rng.uniform(0.2, 0.8) * width, rng.uniform(0.25, 0.75) * height)
    way = goal - centre
    way *= np.clip(abs(way), 0.12 * width, 0.3 * width) / max(abs(way), 1)
    bend = 1j * way * rng.uniform(-0.3, 0.3)
    turn = np.exp(1j * rng.uniform(-0.5, 0.5) * time) * (1 + rng.uniform(-0.15, 0.2) * time)
    path = centre + way * time + bend * np.sin(np.pi * time)
    return layer, centre - complex(middle, middle) / OVERSAMPLE, turn, path - turn * centre


def _warp(picture: np.ndarray, a: complex, b: complex, samples: int, width: int, height: int) -> np.ndarray:
    step = a / samples
    matrix = np.array([[step.real, -step.imag, b.real], [step.imag, step.real, b.imag]])
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR)


def _points(masks: np.ndarray, motions: list, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    frames, _, height, width = masks.shape
    tracks, visible, counts = [], [], []
    for number, (turn, shift) in enumerate(motions):
        first = control_points(masks[0, number], np.random.default_rng([index, number]))
        start = first[:, 0] + 1j * first[:, 1]
        path = turn[:, None] * start + shift[:, None]
        track = np.stack([path.real, path.imag], axis=-1).astype(np.float32)
        inside = inside_frame(track, width, height)
        columns, rows = np.where(inside[..., None], np.rint(track), 0).astype(int).transpose(2, 0, 1)
        seen = inside & masks[np.arange(frames)[:, None], number, rows.clip(0, height - 1), columns.clip(0, width - 1)]
        tracks.append(track)
        visible.append(seen)
        counts.append(len(first))
    component = np.repeat(np.arange(len(counts)), counts)
    return np.concatenate(tracks, axis=1), np.concatenate(visible, axis=1), component


SIZE = {"frames": 8, "width": 192, "height": 128}
BAD = {
    "empty.mp4": "unreadable",
    "text.mp4": "unreadable",
    "truncated.mkv": "too short",
    "single.mkv": "one frame",
    "short.mkv": "too short",
    "still.mkv": "little motion",
    "black.mkv": "little contrast",
}
