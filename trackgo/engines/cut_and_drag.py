"""Cut and drag: a rough video of a drawing, in which the masked pixels are cut out and moved along their arrows.

The warped video W and its motion mask M are what "Time-to-Move" (arXiv 2511.08633) holds the sampling to; ``hold`` does
that. Components move as point trajectories do: by their similarity at each frame, then by the camera's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..center_crop import CenterCrop
from ..drawing import Drawing
from ..trajectories import PointTrajectories
from ..trajectories.motion import Similarity, camera_motion, component_motion, similarity

FILL_SIDE_PX = 160  # the hole behind what moves is filled at this size: sampling makes it anew
_FEATHER = np.array([0.25, 0.5, 0.25])  # of a mask's edge, pixels
_OPAQUE = 0.5  # coverage from which a pixel counts as moved


class Reference(NamedTuple):
    """A rough video that ``hold`` holds a sampling to.

    frames: W, uint8 [L, H, W, 3]. moved: M, bool [L, H, W].
    """

    frames: NDArray[np.uint8]
    moved: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _CutOut:
    """A component's pixels: premultiplied float32 [h, w, 4] in 0…1 with the top-left pixel at (left, top)."""

    pixels: NDArray[np.float32]
    left: int
    top: int
    motion: Similarity


def reference_video(
    picture: NDArray[np.uint8], drawing: Drawing, frames: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The rough video W, uint8 [L, H, W, 3], and the motion mask M, bool [L, H, W], of a drawing on a picture.

    Args:
        picture: the first frame, uint8 [H, W, 3]; W[0] is this picture.
        drawing: hidden components take no part; still ones stay where they are, in their order of depth.
        frames: L, at least 1.

    Raises:
        ValueError: the picture is no uint8 [H, W, 3]; frames out of range; a damaged mask.
    """
    shown, moved = zip(*reference_frames(picture, drawing, frames), strict=True)
    return np.stack(shown), np.stack(moved)


def reference_frames(
    picture: NDArray[np.uint8], drawing: Drawing, frames: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """As `reference_video`, frame by frame: for videos that do not fit into memory."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"the picture must be uint8 [H, W, 3], got {picture.dtype} {list(picture.shape)}")
    height, width = picture.shape[:2]
    masks = drawing.masks(width, height)
    motions = [component_motion(component, frames, width, height) for component in drawing.active]
    yield from _filmed(picture, masks, motions, camera_motion(drawing.camera, frames, width, height))


def tracked_reference(picture: NDArray[np.uint8], masks: NDArray[np.bool_], tracks: PointTrajectories) -> Reference:
    """The rough video where no drawing is known: each mask moves as its component's points do, as well as a similarity
    can say it.

    Args:
        picture: uint8 [H, W, 3], the first frame.
        masks: bool [S, H, W]; the points of mask s are those of component s.
    """
    motions = [_motion_of(tracks, number) for number in range(len(masks))]
    shown, moved = zip(*_filmed(picture, masks, motions, Similarity.still(tracks.frames)), strict=True)
    return Reference(np.stack(shown), np.stack(moved))


def _motion_of(tracks: PointTrajectories, number: int) -> Similarity:
    """Least squares over the points that are seen at first and at a frame; where none is, it stays where it was."""
    own = tracks.component == number
    points, seen = tracks.tracks[:, own].astype(np.float64).view(np.complex128)[..., 0], tracks.visibility[:, own]
    found = [(1 + 0j, 0j)]
    for i in range(1, tracks.frames):
        both = seen[0] & seen[i]
        fitted = similarity(points[0, both], points[i : i + 1, both]) if both.any() else None
        found.append(found[-1] if fitted is None else (complex(fitted[0][0]), complex(fitted[1][0])))
    return Similarity(*np.array(found, np.complex128).T)


def _filmed(
    picture: NDArray, masks: NDArray, motions: list[Similarity], camera: Similarity
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """W[i] and M[i] of masks bool [S, H, W] with a motion each, filmed by a camera."""
    parts = [_cut_out(picture, *pair) for pair in zip(masks, motions, strict=True) if pair[0].any()]
    lifted = masks.any(axis=0)
    behind = fill(picture, lifted)
    for i in range(len(camera.shift)):
        yield _frame(picture, behind, ~lifted, parts, camera, i)


def fit_reference(picture: NDArray[np.uint8], drawing: Drawing, frames: int, width: int, height: int) -> Reference:
    """The rough video of a drawing on a picture that ``pipeline.fit_picture`` brings to width × height."""
    shown, moved = zip(*fit_reference_frames(picture, drawing, frames, width, height), strict=True)
    return Reference(np.stack(shown), np.stack(moved))


def fit_reference_frames(
    picture: NDArray[np.uint8], drawing: Drawing, frames: int, width: int, height: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    """As ``fit_reference``, frame by frame: for videos that do not fit into memory."""
    crop = CenterCrop(picture.shape[1], picture.shape[0], width, height)
    whole = CenterCrop(picture.shape[1], picture.shape[0], *crop.covering)
    left, top = crop.corner
    cut = np.s_[top : top + height, left : left + width]
    for shown, moved in reference_frames(whole.picture(picture), drawing, frames):
        yield shown[cut], moved[cut]


def _frame(
    picture: NDArray, behind: NDArray, scene: NDArray, parts: list[_CutOut], camera: Similarity, i: int
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """W[i] and M[i]; ``behind`` is the picture with its holes filled, ``scene`` where nothing was lifted."""
    still = _is_still(camera, i)
    if still and all(_is_still(part.motion, i) for part in parts):
        moved = np.zeros(scene.shape, bool)
        for part in parts:
            rows, columns = part.pixels.shape[:2]
            moved[part.top : part.top + rows, part.left : part.left + columns] |= part.pixels[..., 3] > 0
        return picture.copy(), moved
    if still:
        shown, moved = behind.copy(), np.zeros(scene.shape, bool)
    else:
        size, matrix = scene.shape[::-1], _matrix(camera, i)
        shown = cv2.warpAffine(behind, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        moved = cv2.warpAffine(scene.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR) >= _OPAQUE
    for part in parts:
        _lay_over_(shown, moved, part, part.motion.then(camera), i)
    return shown, moved


def _lay_over_(shown: NDArray, moved: NDArray, part: _CutOut, motion: Similarity, i: int) -> None:
    """Put a cut-out where it is at frame i, in place; what leaves the frame is cut."""
    height, width = moved.shape
    rows, columns = part.pixels.shape[:2]
    x, y = np.array([0, columns - 1, columns - 1, 0]) + part.left, np.array([0, 0, rows - 1, rows - 1]) + part.top
    corners = motion.scale_turn[i] * (x + 1j * y) + motion.shift[i]
    left, top = max(0, int(np.floor(corners.real.min())) - 1), max(0, int(np.floor(corners.imag.min())) - 1)
    right, bottom = min(width, int(np.ceil(corners.real.max())) + 2), min(height, int(np.ceil(corners.imag.max())) + 2)
    if left >= right or top >= bottom:
        return
    matrix = _matrix(motion, i)
    matrix[:, 2] += matrix[:, :2] @ (part.left, part.top) - (left, top)  # from the cut-out's corner to the window's
    warped = cv2.warpAffine(part.pixels, matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
    window, coverage = shown[top:bottom, left:right], warped[..., 3:]
    window[:] = np.rint(warped[..., :3] * 255 + window * (1 - coverage)).clip(0, 255).astype(np.uint8)
    moved[top:bottom, left:right] |= coverage[..., 0] >= _OPAQUE


def _cut_out(picture: NDArray, mask: NDArray[np.bool_], motion: Similarity) -> _CutOut:
    """A component's pixels, feathered inwards: with a soft edge outwards a rim of the background would travel along."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    coverage = mask.astype(np.float32)
    if not all(_is_still(motion, i) for i in range(len(motion.shift))):
        coverage *= cv2.sepFilter2D(coverage, -1, _FEATHER, _FEATHER, borderType=cv2.BORDER_REPLICATE)
    box = np.s_[top:bottom, left:right]
    colors = picture[box].astype(np.float32) / 255 * coverage[box][..., None]
    return _CutOut(np.concatenate([colors, coverage[box][..., None]], axis=-1), int(left), int(top), motion)


def _is_still(motion: Similarity, i: int) -> bool:
    return motion.scale_turn[i] == 1 and motion.shift[i] == 0


def _matrix(motion: Similarity, i: int) -> NDArray[np.float64]:
    """The similarity of frame i as OpenCV's 2×3 matrix; its pixels are centred as ours are."""
    a, b = motion.scale_turn[i], motion.shift[i]
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def fill(picture: NDArray[np.uint8], hole: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with a hole, bool [H, W], filled from what surrounds it: soft colors, by pull–push.

    The editor's preview fills in the same way at the same size, so both show the same picture.
    """
    if not hole.any() or hole.all():
        return picture.copy()
    height, width = hole.shape
    scale = min(1.0, FILL_SIDE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    known = cv2.resize((~hole).astype(np.float32), size, interpolation=cv2.INTER_AREA)
    colors = cv2.resize(picture * (~hole)[..., None].astype(np.float32), size, interpolation=cv2.INTER_AREA)
    small = _pull_push(np.concatenate([colors, known[..., None]], axis=-1))
    soft = cv2.resize(small[..., :3], (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(hole[..., None], np.rint(soft).clip(0, 255), picture).astype(np.uint8)


def _pull_push(weighted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Premultiplied colors and their weight, float32 [h, w, 4] → the same with every color known and weight 1.

    Known colors are averaged down a pyramid; what is missing comes from the level below.
    """
    height, width = weighted.shape[:2]
    weight = weighted[..., 3:]
    if height <= 1 and width <= 1:
        return weighted / np.maximum(weight, 1e-6)
    padded = np.pad(weighted, ((0, height % 2), (0, width % 2), (0, 0)))
    halved = padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, 4).sum(axis=(1, 3))
    halved /= np.maximum(halved[..., 3:], 1)
    below = cv2.resize(_pull_push(halved), (padded.shape[1], padded.shape[0]), interpolation=cv2.INTER_LINEAR)
    below = below[:height, :width]
    return np.concatenate([weighted[..., :3] + below[..., :3] * (1 - weight), np.ones_like(weight)], axis=-1)
