"""Things are what moves against the camera; needs no download.

Every pixel of the first frame is followed through dense flow for some frames, and compared with where the camera alone
would have taken it. What departs is grouped by place and motion, fitted to the picture's edges, and carried to the
other frames along the flow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from ..decode import Window
from ..flow import Flow, carried, inconsistency

_FOLLOWED = 12
_TRUSTED_PX = 1.0
"""There and back again a pixel may miss its start by this much; more means that it is covered on the way."""

_MIN_PX = 1.0
_MIN_SHARE = 0.002
"""Of the frame, that a thing must crop."""

_BORDER_PX = 8
_EDGE_BAND_PX = 6
_CUT_ITERATIONS = 2


@dataclass(frozen=True)
class MotionSegmenter:
    """See the module; lengths at flow's working size."""

    version: str = f"motion 1 (OpenCV {cv2.__version__})"

    def segment(self, window: Window, flow: Flow, most: int) -> np.ndarray:
        """See ``Segmenter``."""
        departure = _departure(flow)
        labels = _fitted(_grouped(departure), flow.color[0])
        things = _largest(labels, departure.speed, most)
        height, width = window.frames.shape[1:3]
        masks = np.zeros((len(window.frames), len(things), height, width), bool)
        for frame, soft in enumerate(_carried_on(things, flow)):
            for number, picture in enumerate(soft):
                large = cv2.resize(_without_crumbs(picture), (width, height), interpolation=cv2.INTER_LINEAR)
                masks[frame, number] = large > 0.5
        return masks


class _Departure(NamedTuple):
    """What pixels of the first frame do beside the camera: their speed float32 [h, w, 2], pixels per step, over as many
    steps as they can be followed; and the step, from 1, at which they have visibly left, int32 [h, w], 0 for never."""

    speed: np.ndarray
    since: np.ndarray


def _departure(flow: Flow) -> _Departure:
    width, height = flow.size
    here = _pixels(width, height)
    place, still = here, here
    valid = np.ones((height, width), bool)
    speed = np.zeros((height, width, 2), np.float32)
    since = np.zeros((height, width), np.int32)
    for step in range(min(_FOLLOWED, len(flow.forward))):
        at = place - here
        valid &= carried(inconsistency(flow.forward[step], flow.backward[step]), at) < _TRUSTED_PX
        place = place + carried(flow.forward[step], at)
        still = _transformed(still, flow.camera[step])
        beside = place - still
        length = np.linalg.norm(beside, axis=-1)
        noise = float(np.median(length[valid])) if valid.any() else 0.0
        since[valid & (since == 0) & (length > _MIN_PX + 3 * noise)] = step + 1
        speed[valid] = beside[valid] / (step + 1)
    return _Departure(speed, since)


def _pixels(width: int, height: int) -> np.ndarray:
    """Every pixel's own (x, y), float32 [h, w, 2]."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.stack([x, y], axis=-1)


def _transformed(points: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Homography of float32 [h, w, 2]."""
    return cv2.perspectiveTransform(points.reshape(1, -1, 2), matrix).reshape(points.shape)


def _grouped(departure: _Departure) -> np.ndarray:
    """Moving pixels → labels int32 [h, w], 0 for none: connected, and with no sudden change of motion in between.

    A thing's own pixels leave together. Those that follow later, in front of it, are background that it sweeps over and
    drags along in the flow: they belong to nothing.
    """
    labels = np.zeros(departure.since.shape, np.int32)
    swept = np.zeros(labels.shape, bool)
    least = _MIN_SHARE * labels.size
    started: list[int] = []  # for each label the step at which it left
    for step in range(1, departure.since.max() + 1):
        fresh = (departure.since == step) & ~swept
        late = _beside(fresh, labels, [n + 1 for n, start in enumerate(started) if step <= 1.5 * start + 1])
        labels[late > 0] = late[late > 0]
        solid = cv2.morphologyEx((fresh & (labels == 0)).astype(np.uint8), cv2.MORPH_CLOSE, _disc(3))
        solid = cv2.morphologyEx(solid, cv2.MORPH_OPEN, _disc(2)) & (labels == 0)
        parts = _split(solid > 0, departure.speed)
        for part in range(1, parts.max() + 1):
            if (parts == part).sum() >= least / 2:
                started.append(step)
                labels[parts == part] = len(started)
        swept = _swept(labels, departure.speed, step)
    return _merged(labels, departure.speed)


def _beside(fresh: np.ndarray, labels: np.ndarray, growing: list[int]) -> np.ndarray:
    """Of ``fresh`` pixels those next to labels that still grow: their label, else 0."""
    near = np.isin(labels, growing) if growing else np.zeros(labels.shape, bool)
    reach = cv2.dilate(near.astype(np.uint8), _disc(3)) > 0
    return _grown(np.where(near, labels, 0), fresh & reach)


def _swept(labels: np.ndarray, speed: np.ndarray, step: int) -> np.ndarray:
    """Where what already moves may soon be, bool [h, w]."""
    swept = np.zeros(labels.shape, bool)
    for label in np.unique(labels[labels > 0]):
        mine = labels == label
        reach = int(np.linalg.norm(np.median(speed[mine], axis=0)) * (step + 1)) + 4
        swept |= cv2.dilate(mine.astype(np.uint8), _disc(min(reach, 60))) > 0
    return swept


def _split(solid: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Connected parts of bool [h, w] in which the motion nowhere jumps: labels int32 [h, w]."""
    if not solid.any():
        return np.zeros(solid.shape, np.int32)
    smooth = np.stack([cv2.medianBlur(np.ascontiguousarray(speed[..., axis]), 5) for axis in (0, 1)], axis=-1)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8))
    usual = float(np.median(np.linalg.norm(speed[solid], axis=-1)))
    calm = solid & (np.linalg.norm(slope, axis=-1) < max(0.15, 0.12 * usual))
    cores = cv2.morphologyEx(calm.astype(np.uint8), cv2.MORPH_OPEN, _disc(3))
    _, labels = cv2.connectedComponents(cores, connectivity=4)
    return _merged(_grown(labels, solid), smooth)


def _grown(labels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Labels handed on to the nearest unlabelled pixels of ``inside``, and none outside."""
    if not labels.any():
        return labels
    _, nearest = cv2.distanceTransformWithLabels(
        (labels == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    number = np.zeros(nearest.max() + 1, np.int32)
    number[nearest[labels > 0]] = labels[labels > 0]
    return np.where(inside, number[nearest], 0)


def _merged(labels: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Neighbours become one where one affine motion explains both (arms of a turning star) or where they move alike
    along their border (limbs); two things that only touch stay two."""
    parent = np.arange(labels.max() + 1)
    for a, b in _touching(labels):
        first, second = (np.isin(labels, np.flatnonzero(parent == parent[one])) for one in (a, b))
        small = min(first.sum(), second.sum()) < _MIN_SHARE * labels.size
        alike = _one_motion(first | second, speed) or _alike_at_border(first, second, speed)
        if parent[a] != parent[b] and (small or alike):
            parent[parent == parent[b]] = parent[a]
    return parent[labels]


def _one_motion(mask: np.ndarray, speed: np.ndarray) -> bool:
    rows, columns = np.nonzero(mask)
    places = np.stack([columns, rows, np.ones_like(rows)], axis=-1).astype(np.float64)
    seen = speed[rows, columns].astype(np.float64)
    affine, *_ = np.linalg.lstsq(places, seen, rcond=None)
    error = np.median(np.linalg.norm(places @ affine - seen, axis=-1))
    return error < max(0.15, 0.12 * float(np.median(np.linalg.norm(seen, axis=-1))))


def _alike_at_border(first: np.ndarray, second: np.ndarray, speed: np.ndarray) -> bool:
    near = [cv2.dilate(mask.astype(np.uint8), _disc(_BORDER_PX)) > 0 for mask in (first, second)]
    sides = speed[first & near[1]], speed[second & near[0]]
    if not len(sides[0]) or not len(sides[1]):
        return False
    a, b = (np.median(side, axis=0) for side in sides)
    return bool(np.linalg.norm(a - b) < 0.4 * max(np.linalg.norm(a), np.linalg.norm(b)))


def _touching(labels: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of labels that lie next to each other, a few pixels apart at most; each once."""
    near = _grown(labels, cv2.dilate((labels > 0).astype(np.uint8), _disc(3)) > 0)
    sides = [(near[:, :-1], near[:, 1:]), (near[:-1], near[1:])]
    pairs = np.concatenate([np.stack([a.ravel(), b.ravel()]) for a, b in sides], axis=1)
    pairs = pairs[:, (pairs[0] != pairs[1]) & (pairs > 0).all(axis=0)]
    return [tuple(pair) for pair in np.unique(np.sort(pairs, axis=0), axis=1).T.tolist()]


def _fitted(labels: np.ndarray, color: np.ndarray) -> np.ndarray:
    """Borders of the labels moved to the picture's edges nearby, by GrabCut within a narrow band."""
    result = labels.copy()
    for label in np.unique(labels[labels > 0]):
        mine = (labels == label).astype(np.uint8)
        if mine.sum() < _MIN_SHARE * labels.size:
            continue
        left, top, wide, high = cv2.boundingRect(mine)
        margin = 3 * _EDGE_BAND_PX
        box = (slice(max(0, top - margin), top + high + margin), slice(max(0, left - margin), left + wide + margin))
        better = _cut(mine[box], color[box])
        free = (labels[box] == 0) | (labels[box] == label)
        result[box][labels[box] == label] = 0
        result[box][better & free] = label
    return result


def _cut(mine: np.ndarray, color: np.ndarray) -> np.ndarray:
    inner, outer = cv2.erode(mine, _disc(_EDGE_BAND_PX)), cv2.dilate(mine, _disc(_EDGE_BAND_PX // 2))
    if not inner.any() or outer.all():
        return mine > 0
    state = np.full(mine.shape, cv2.GC_BGD, np.uint8)
    state[outer > 0] = cv2.GC_PR_BGD
    state[mine > 0] = cv2.GC_PR_FGD
    state[inner > 0] = cv2.GC_FGD
    cv2.setRNGSeed(0)
    cv2.grabCut(color, state, None, np.zeros((1, 65)), np.zeros((1, 65)), _CUT_ITERATIONS, cv2.GC_INIT_WITH_MASK)
    found = (state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)
    overlap = (found & (mine > 0)).sum() / max((found | (mine > 0)).sum(), 1)
    return found if overlap > 0.6 else mine > 0  # colors that tell nothing apart


def _largest(labels: np.ndarray, velocity: np.ndarray, most: int) -> np.ndarray:
    """The things that count, float32 [S, h, w], 0 or 1: by area and speed, the foremost first."""
    speed = np.linalg.norm(velocity, axis=-1)
    found = []
    for label in np.unique(labels[labels > 0]):
        mask = _whole(labels == label)
        if mask.sum() >= _MIN_SHARE * labels.size:
            found.append((float(np.sqrt(mask.sum()) * np.median(speed[labels == label])), mask))
    found.sort(key=lambda item: -item[0])
    masks = [mask.astype(np.float32) for _, mask in found[:most]]
    return np.stack(masks) if masks else np.zeros((0, *labels.shape), np.float32)


def _whole(mask: np.ndarray) -> np.ndarray:
    """The mask's largest part and others not much smaller, holes filled."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    large = np.flatnonzero(areas >= 0.2 * areas[1:].max(initial=0))
    kept = np.isin(parts, large[large > 0]).astype(np.uint8)
    outlines, _ = cv2.findContours(kept, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(kept), outlines, -1, 1, cv2.FILLED)
    return filled > 0 if filled.sum() < 1.3 * kept.sum() else kept > 0  # a ring is not a disc


def _carried_on(things: np.ndarray, flow: Flow) -> Iterator[np.ndarray]:
    """The masks of the first frame in every frame, float32 [S, h, w] each."""
    here = _pixels(*flow.size)
    origin = here  # of each pixel in the first frame
    alive = np.ones(things.shape, np.float32)
    yield things
    for step, back in enumerate(flow.backward):
        origin = carried(origin, back)
        alive = np.stack([carried(part, back) > 0.5 for part in alive]).astype(np.float32) if len(alive) else alive
        masks = np.stack([carried(thing, origin - here) for thing in things]) * alive if len(things) else things
        if step + 1 < len(flow.forward):
            uncovered = _uncovered(masks, origin - here, step + 1, flow)
            alive[uncovered], masks[uncovered] = 0, 0
        yield masks


def _uncovered(masks: np.ndarray, to_origin: np.ndarray, now: int, flow: Flow) -> np.ndarray:
    """Which mask pixels, bool [S, h, w], only just came into sight behind a thing: they go with the camera and not with
    the thing, and look more like the same place of the next frame than like their supposed origin."""
    residual, color = flow.residual(now), flow.color[now].astype(np.float32)
    unlike_origin = _difference(color, carried(flow.color[0].astype(np.float32), to_origin))
    unlike_camera = _difference(color, carried(flow.color[now + 1].astype(np.float32), flow.camera_flow(now)))
    result = np.zeros(masks.shape, bool)
    for mask, uncovered in zip(masks, result, strict=True):
        inside = mask > 0.5
        if inside.any():
            speed = np.median(residual[inside & (unlike_origin <= np.median(unlike_origin[inside]))], axis=0)
            stays = np.linalg.norm(residual, axis=-1) < np.linalg.norm(residual - speed, axis=-1)
            uncovered |= inside & stays & (unlike_camera < unlike_origin)
    return result


def _without_crumbs(mask: np.ndarray) -> np.ndarray:
    """A soft mask without parts smaller than a twentieth of its largest."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    areas = stats[:, cv2.CC_STAT_AREA]
    crumbs = np.flatnonzero(areas < 0.05 * areas[1:].max(initial=0))
    return np.where(np.isin(parts, crumbs[crumbs > 0]), 0, mask).astype(np.float32)


def _difference(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Grey levels between float32 [h, w, 3], averaged over small surroundings."""
    return cv2.boxFilter(np.abs(a - b).mean(axis=-1), cv2.CV_32F, (7, 7))


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
