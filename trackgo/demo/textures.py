"""Surfaces of the moving-sprites world: noise, patterns, landscapes, clutter and pieces of photographs.

A picture here is float32 [H, W, 3], RGB, 0 to 1. Everything random comes from the generator passed in. Detail is sized
in shares of the picture, so that a surface looks alike at any resolution.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

_PALETTES = (  # RGB 0–255, as photographs of such things have them
    ((38, 70, 110), (96, 148, 196), (188, 214, 232), (244, 246, 244)),  # sky and cloud
    ((22, 38, 18), (52, 84, 30), (104, 132, 56), (172, 186, 110)),  # foliage
    ((44, 30, 20), (98, 70, 44), (150, 116, 80), (204, 178, 142)),  # earth and wood
    ((40, 42, 46), (92, 94, 98), (142, 142, 140), (206, 204, 198)),  # stone
    ((10, 28, 44), (24, 66, 88), (60, 122, 136), (170, 206, 204)),  # water
    ((70, 28, 40), (178, 72, 50), (236, 150, 74), (252, 222, 160)),  # sunset
    ((72, 34, 26), (136, 66, 48), (178, 104, 80), (220, 176, 150)),  # brick
    ((84, 52, 40), (158, 106, 82), (214, 164, 136), (244, 214, 192)),  # skin
    ((8, 8, 14), (26, 28, 48), (66, 62, 92), (150, 140, 160)),  # night
    ((120, 96, 60), (186, 158, 108), (222, 202, 158), (244, 234, 208)),  # sand
    ((90, 20, 60), (190, 60, 110), (240, 150, 170), (250, 226, 214)),  # blossom
    ((60, 66, 30), (160, 140, 30), (226, 190, 50), (250, 236, 150)),  # autumn
)
_PHOTOGRAPHS = ("china.jpg", "flower.jpg")  # ship with scikit-learn, CC BY
_TEST_SHARE = 0.25  # right-hand part of each photograph, which training never sees


def palette(rng: np.random.Generator) -> np.ndarray:
    """Two to four colors, dark to light or mixed: float32 [K, 3], 0 to 1."""
    if rng.random() < 0.7:
        colors = np.array(_PALETTES[rng.integers(len(_PALETTES))]) / 255
        colors = colors * rng.uniform(0.75, 1.2, 3) + rng.uniform(-0.06, 0.06, colors.shape)
    else:
        hue = rng.uniform(0, 360) + rng.normal(0, rng.choice([12, 40, 120]), 4)
        hsv = np.stack([hue % 360, rng.uniform(0.1, 0.95, 4), np.sort(rng.uniform(0.1, 1, 4))], axis=-1)
        colors = cv2.cvtColor(hsv[None].astype(np.float32), cv2.COLOR_HSV2RGB)[0]
    if rng.random() < 0.3:
        rng.shuffle(colors)
    return colors[: rng.integers(2, 5)].clip(0, 1).astype(np.float32)


def noise(rng: np.random.Generator, height: int, width: int, cells: float, roughness: float = 0.55) -> np.ndarray:
    """Value noise in octaves from `cells` cells across down to 26: float32 [H, W], 0 to 1.

    Amplitude falls by `roughness` as cells halve; 0.5 is about the spectrum of photographs. At 128 px the finest cells
    are 5 px wide: a latent stands for 8 px, and what is finer than half of that, the demo's VAE cannot keep.
    """
    field = np.zeros((height, width), np.float32)
    amplitude = 1.0
    size = max(height, width)
    finest = min(26, size / 3)
    while cells <= finest:
        grid = rng.standard_normal((int(cells * height / size) + 2, int(cells * width / size) + 2), np.float32)
        field += amplitude * cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        amplitude *= roughness
        cells *= 2
    field -= field.mean()
    return (field / (4 * field.std() + 1e-6) + 0.5).clip(0, 1)


def colored(values: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """float [H, W] in 0 to 1 → picture, through the colors [K, 3] spread evenly over that range."""
    stops = np.linspace(0, 255, len(colors))
    table = np.stack([np.interp(np.arange(256), stops, channel) for channel in colors.T], axis=-1).astype(np.float32)
    return table[(values * 255).astype(np.uint8)]


def cloudy(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise through a palette: clouds, foliage, stone; sometimes folded into veins."""
    values = noise(rng, height, width, rng.uniform(1.5, 6), rng.uniform(0.3, 0.6))
    if rng.random() < 0.25:
        values = np.abs(2 * values - 1)
    if rng.random() < 0.25:
        values = 0.5 + 0.5 * np.sin(values * rng.uniform(5, 14))
    return colored(values, palette(rng))


def patterned(rng: np.random.Generator, height: int, width: int, most: float = 9) -> np.ndarray:
    """Stripes, checks, bricks or dots, up to `most` periods across, in two surfaces, turned and a little bent."""
    size = max(height, width)
    angle, count = rng.uniform(0, np.pi), rng.uniform(0.3, 1) * most
    y, x = np.mgrid[:height, :width].astype(np.float32) / size
    bend = rng.choice([0, 0.02, 0.06])
    if bend:
        x = x + bend * (noise(rng, height, width, 3) - 0.5)
    u = count * (np.cos(angle) * x + np.sin(angle) * y)
    v = count * (np.cos(angle) * y - np.sin(angle) * x)
    sharpness = rng.uniform(3, 12)
    kind = rng.integers(4)
    if kind == 0:
        wave = np.sin(2 * np.pi * u)
    elif kind == 1:
        wave = np.sin(np.pi * u) * np.sin(np.pi * v) * 1.5
    elif kind == 2:
        row = np.floor(v)
        inside = np.minimum(np.abs((u / 2 + row / 2) % 1 - 0.5), np.abs(v % 1 - 0.5) / 2)
        wave = 1 - 16 * np.maximum(inside - 0.42, np.abs(v % 1 - 0.5) - 0.42)
    else:
        wave = 0.35 - np.hypot(u % 1 - 0.5, v % 1 - 0.5)
    share = (0.5 + 0.5 * np.tanh(sharpness * wave)).astype(np.float32)[..., None]
    first = colored(noise(rng, height, width, rng.uniform(4, 16)), palette(rng)[:2])
    second = colored(noise(rng, height, width, rng.uniform(4, 16)), palette(rng)[:2])
    return first * share + second * (1 - share)


def landscape(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A sky over two to four ridges, each nearer, darker and rougher than the one behind."""
    down = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    clouds = noise(rng, height, width, rng.uniform(2, 5), 0.6)
    picture = colored((1 - down * rng.uniform(0.3, 1) + rng.uniform(0, 0.5) * (clouds - 0.5)).clip(0, 1), palette(rng))
    level = rng.uniform(0.25, 0.6)
    for _ in range(rng.integers(2, 5)):
        ridge = level + rng.uniform(0.05, 0.3) * (noise(rng, 1, width, rng.uniform(1.5, 6), 0.6) - 0.5)
        share = ((down - ridge) * height + 0.5).clip(0, 1)[..., None]
        shade = rng.uniform(0.6, 1.1)
        picture = picture * (1 - share) + cloudy(rng, height, width) * shade * share
        level += rng.uniform(0.1, 0.3)
    return picture


def cluttered(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A surface with many things lying on it, each shaded, in the colors of a few palettes."""
    picture = cloudy(rng, height, width)
    size = max(height, width)
    colors = np.concatenate([palette(rng) for _ in range(3)])
    for _ in range(rng.integers(6, 26)):
        centre = (int(rng.uniform(0, width) * 8), int(rng.uniform(0, height) * 8))
        axes = tuple(int(a) for a in rng.uniform(0.035, 0.18, 2) * size * 8)
        share = np.zeros((height, width), np.uint8)
        if rng.random() < 0.5:
            cv2.ellipse(share, centre, axes, rng.uniform(0, 360), 0, 360, 255, -1, cv2.LINE_AA, 3)
        else:
            turn = rng.uniform(0, np.pi)
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * axes
            corners = corners @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]] + centre
            cv2.fillConvexPoly(share, corners.astype(np.int32), 255, cv2.LINE_AA, 3)
        color = colors[rng.integers(len(colors))] * rng.uniform(0.6, 1.2)
        x, y, w, h = cv2.boundingRect(share)
        part = (share[y : y + h, x : x + w] / np.float32(255))[..., None] * rng.uniform(0.6, 1)
        slope = np.linspace(rng.uniform(0.7, 1), rng.uniform(1, 1.3), max(h, 1), dtype=np.float32)[:, None, None]
        area = picture[y : y + h, x : x + w]
        area += part * (color.astype(np.float32) * slope - area)
    return picture


@cache
def _photographs() -> tuple[np.ndarray, ...]:
    from sklearn.datasets import load_sample_image  # a second to import, and only training's worlds need it

    return tuple(load_sample_image(name) for name in _PHOTOGRAPHS)


def photographed(rng: np.random.Generator, height: int, width: int, held_out: bool) -> np.ndarray:
    """A piece of one of scikit-learn's two photographs, mirrored, scaled and recolored at random.

    `held_out` pieces come from the right-hand quarter of a photograph, others from the rest.
    """
    photograph = _photographs()[rng.integers(len(_PHOTOGRAPHS))]
    border = round(photograph.shape[1] * (1 - _TEST_SHARE))
    photograph = photograph[:, border:] if held_out else photograph[:, :border]
    limit = min(photograph.shape[0] / height, photograph.shape[1] / width)
    scale = limit * np.exp(rng.uniform(np.log(0.2), np.log(0.75)))
    h, w = int(height * scale), int(width * scale)
    top, left = rng.integers(photograph.shape[0] - h + 1), rng.integers(photograph.shape[1] - w + 1)
    shrinks = scale > 1
    piece = photograph[top : top + h, left : left + w].astype(np.float32) / 255
    piece = cv2.resize(piece, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        piece = piece[:, ::-1]
    if rng.random() < 0.4:
        piece = piece[..., rng.permutation(3)]
    return (piece.clip(0, 1) ** rng.uniform(0.7, 1.4)) * rng.uniform(0.8, 1.15, 3).astype(np.float32)


_Maker = Callable[[np.random.Generator, int, int], np.ndarray]
_BACKGROUNDS: tuple[tuple[float, _Maker], ...] = (
    (0.30, cloudy),
    (0.16, patterned),
    (0.22, landscape),
    (0.32, cluttered),
)


def background(rng: np.random.Generator, height: int, width: int, held_out: bool) -> tuple[np.ndarray, str]:
    """A lit background picture and its kind's name."""
    if rng.random() < 0.3:
        picture, kind = photographed(rng, height, width, held_out), "photographed"
    else:
        weights, makers = zip(*_BACKGROUNDS, strict=True)
        maker = makers[rng.choice(len(makers), p=weights)]
        picture, kind = maker(rng, height, width), maker.__name__
    if rng.random() < 0.25:
        picture = cv2.GaussianBlur(picture, (0, 0), max(height, width) * rng.uniform(0.002, 0.012))
    return lit(rng, picture), kind


def lit(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The picture under uneven light: a slope, a soft pool or a vignette, and a little grain."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + rng.uniform(0, 0.3) * (np.cos(angle) * x + np.sin(angle) * y)
    light *= 1 - rng.uniform(0, 0.25) * ((x - rng.uniform(-1, 1)) ** 2 + (y - rng.uniform(-1, 1)) ** 2)
    grain = rng.uniform(0, 0.008) * rng.standard_normal(picture.shape, np.float32)
    return (picture * light[..., None] + grain).clip(0, 1)


def surface(rng: np.random.Generator, size: int, held_out: bool) -> np.ndarray:
    """The texture of a sprite, [size, size, 3]: bolder than a background's, so that it can be told from one."""
    kind = rng.random()
    if kind < 0.15:
        picture = photographed(rng, size, size, held_out)
    elif kind < 0.45:
        picture = patterned(rng, size, size, most=4)
    else:
        picture = colored(noise(rng, size, size, rng.uniform(1.5, 4), rng.uniform(0.2, 0.5)), palette(rng))
    if rng.random() < 0.6:
        tint = palette(rng)[0]
        picture = picture + rng.uniform(0.2, 0.7) * (tint - picture)
    return picture.clip(0, 1)


def smooth(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A background of two muted colors that run into each other."""
    return colored(noise(rng, height, width, 1.5, 0.3), palette(rng)[:2] * 0.5 + 0.25)


def strong_color(rng: np.random.Generator, size: int) -> np.ndarray:
    """One saturated color, [size, size, 3]."""
    hsv = np.array([[[rng.uniform(0, 360), rng.uniform(0.6, 1), rng.uniform(0.5, 1)]]], np.float32)
    return np.broadcast_to(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), (size, size, 3)).copy()
