"""Where a sprite of the world went in a sampled video, by comparing with what is known of the scene.

Hue or brightness alone finds smeared sprites anywhere and fakes success. Here a place must look more like the sprite's
own picture (from the first frame) than like the known background at that place. Both are compared after a blur of a
sixty-fourth of the frame's width: with every pixel of its texture asked for, even true videos lose sprites that turn in
the light or pass behind others, and blurred but well placed ones are found in dark corners. ``tests/…/test_following``
holds that a video with each sprite's color exchanged or blended with the others' still scores about as bad as one that
stands still. And a sprite does not leap: frame by frame, look-alikes at the other end of the picture would be found.
Nor is it looked for once it should have left.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..demo.world import Scene

_MIN_LIMIT = 0.06  # of how much a difference from the background counts; squares summed over RGB in 0…1
_SHARE = 0.4  # of the difference between the sprite and what was behind it, for the same
_DRIFT_REACH_PX = 8
_BLUR = 1 / 64  # standard deviation, of the frame's width
_MIN_IN_FRAME = 0.5  # of a sprite's area; nearer to the border it cannot be placed
_MAX_WIDTHS = 3  # how far a sprite could go in a whole video, frame's widths; the world's fastest would go 2.1


def correlate(image: NDArray, kernel: NDArray) -> NDArray:
    """Σ_p image(p + o)·kernel(p) for every offset o between ±(H−1, W−1), zero outside: [H, W] → [2H−1, 2W−1]."""
    height, width = image.shape
    size = (2 * height - 1, 2 * width - 1)
    product = np.fft.rfft2(image, size) * np.conj(np.fft.rfft2(kernel, size))
    return np.fft.fftshift(np.fft.irfft2(product, size))


def _soft(picture: NDArray) -> NDArray:
    return cv2.GaussianBlur(picture / 255.0, (0, 0), _BLUR * picture.shape[1])


def _limit(own: NDArray, behind: NDArray, mask: NDArray) -> float:
    """How much a difference from the background counts for a place: at most 0.4 of the sprite's own where it starts.

    So another sprite is no better a place than the sprite itself only because it differs more from the background, and
    one that stands out clearly may be drawn a little too light without being found elsewhere.
    """
    contrast = ((own - behind) ** 2).sum(axis=-1)[mask].mean()
    return max(_MIN_LIMIT, _SHARE * float(contrast))


def _costs(image: NDArray, empty: NDArray, own: NDArray, mask: NDArray, limit: float) -> NDArray:
    """How little a frame resembles the sprite at every offset o, float64 [2H−1, 2W−1] as `correlate` numbers them.

    Σ over the sprite's pixels, moved by o and within the frame, of |image − own|² − min(|image − empty|², limit), all
    three blurred: the frame, the scene without the sprite, and the sprite's picture. Infinite where more than half of
    the sprite is outside.
    """
    inside, shape = np.ones(mask.shape), mask.astype(np.float64)
    changed = ((image - empty) ** 2).sum(axis=-1).clip(max=limit)
    cost = -correlate(changed, shape)
    for c in range(3):
        known = own[..., c] * shape
        cost += correlate(inside, known * own[..., c]) - 2 * correlate(image[..., c], known)
        cost += correlate(image[..., c] ** 2, shape)
    cost[correlate(inside, shape) < _MIN_IN_FRAME * shape.sum()] = np.inf
    return cost


def sprite_offsets(
    frames: NDArray, plates: NDArray, sprite: NDArray, mask: NDArray, last: int | None = None
) -> NDArray:
    """How far a sprite has moved since its own picture was taken, whole pixels (x, y): float64 [L, 2], first row 0.

    Of all paths from there that go no faster than ``_MAX_WIDTHS`` in the whole video, the one with the least sum of
    ``_costs``, by dynamic programming.

    Args:
        frames: uint8 [L, H, W, 3], where it is looked for, the first of them the moment of its picture.
        plates: uint8 [L, H, W, 3], the scene without it.
        sprite: uint8 [H, W, 3], a picture with it.
        mask: bool [H, W], where it is in ``sprite``.
        last: index of the last frame at which it is looked for; later rows repeat that place. Where it has left the
            frame, what resembles it most elsewhere would pull the whole path there.
    """
    looked = frames[: None if last is None else last + 1]
    height, width = mask.shape
    reach = int(_MAX_WIDTHS * width / max(1, len(frames) - 1))
    window = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    start = np.full((2 * height - 1, 2 * width - 1), np.inf)
    start[height - 1, width - 1] = 0
    own = _soft(sprite)
    limit = _limit(own, _soft(plates[0]), mask)
    totals = [start]
    for frame, plate in zip(looked[1:], plates[1 : len(looked)], strict=True):
        totals.append(cv2.erode(totals[-1], window) + _costs(_soft(frame), _soft(plate), own, mask, limit))
    y, x = np.unravel_index(totals[-1].argmin(), start.shape)
    path = [(x, y)]
    for total in totals[-2::-1]:
        top, left = max(0, y - reach), max(0, x - reach)
        near = total[top : y + reach + 1, left : x + reach + 1]
        down, right = np.unravel_index(near.argmin(), near.shape)
        y, x = top + down, left + right
        path.append((x, y))
    path[:0] = path[:1] * (len(frames) - len(looked))
    return np.array(path[::-1], np.float64) - (width - 1, height - 1)


@dataclass(frozen=True)
class Followed:
    """How one moving component was followed, pixels.

    error, still: mean distance to the wanted places over the frames that count, and the same for a video that does not
    move; NaN if no frame counts. cosine: of the shown and the wanted direction at the last of them.
    """

    error: float
    still: float
    cosine: float


def wanted_offsets(seen: Scene, number: int) -> NDArray:
    """How far component ``number`` (only shifted) should have gone at each frame, float [L, 2] pixels."""
    track = seen.tracks[:, seen.component == number]
    return (track - track[0]).mean(axis=1)


def mostly_seen(seen: Scene, number: int) -> NDArray:
    """Frames after the first at which most of component ``number`` is seen if it goes where it should, bool [L]."""
    there = seen.visibility[:, seen.component == number].mean(axis=1) > 0.5
    there[0] = False
    return there


def followed(video: NDArray, seen: Scene, number: int, wanted: NDArray, there: NDArray) -> Followed:
    """Component ``number`` in a video uint8 [L, H, W, 3] against the offsets ``wanted`` [L, 2] at the frames ``there``
    (bool [L])."""
    if not there.any():
        return Followed(np.nan, np.nan, np.nan)
    last = int(np.flatnonzero(there)[-1])
    shown = sprite_offsets(video, seen.clean_plate, seen.frames[0], seen.masks[0, number], last)
    lengths = np.linalg.norm(shown[last]) * np.linalg.norm(wanted[last])
    return Followed(
        float(np.linalg.norm(shown - wanted, axis=1)[there].mean()),
        float(np.linalg.norm(wanted, axis=1)[there].mean()),
        float(shown[last] @ wanted[last] / lengths) if lengths > 0 else 0.0,
    )


def still_offset(frame: NDArray, first: NDArray, mask: NDArray) -> NDArray:
    """How far something that should stay has drifted, whole pixels (x, y), each at most 8.

    The offset with the least squared difference over the mask and a rim of two pixels, which holds its edge.

    Args:
        frame, first: uint8 [H, W, 3], where it is looked for and where it was.
        mask: bool [H, W], its place in ``first``.
    """
    reach = _DRIFT_REACH_PX
    rim = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5), np.uint8))
    x, y, width, height = cv2.boundingRect(rim)
    own = first[y : y + height, x : x + width].astype(np.float32)
    around = cv2.copyMakeBorder(frame, *[reach] * 4, cv2.BORDER_REPLICATE).astype(np.float32)
    around = around[y : y + height + 2 * reach, x : x + width + 2 * reach]
    weight = np.repeat(rim[y : y + height, x : x + width, None], 3, axis=2).astype(np.float32)
    difference = cv2.matchTemplate(around, own, cv2.TM_SQDIFF, mask=weight)
    difference[reach, reach] *= 1 - 1e-4  # a plain surface fits in many places: then it has not moved
    best_y, best_x = np.unravel_index(np.argmin(difference), difference.shape)
    return np.array([best_x - reach, best_y - reach], np.float64)
