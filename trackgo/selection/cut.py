"""GrabCut from a box or from clicks: which pixels of a picture belong to the thing that is meant.

Two steps keep an answer quick whatever the picture: at a small size everything is decided, at the picture's own only a
band along the border. Clicks alone say little about what is not meant; there a first guess comes from distances that
grow with every change of color on the way: a pixel goes to whichever is nearer, a click or the picture's border.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

MAX_SIDE_PX = 512
_COARSE_SIDE_PX = 192
_COARSE_STEPS = 4
_BAND_STEPS = 1
_BAND = 0.012
"""Half the width of the band that is decided at full size, as a share of the picture's longer side."""

_SURE_OUTSIDE, _SURE_INSIDE = 1.6, 0.1
"""Clicks alone: how much farther, or nearer, a click is than the border where that leaves nothing to decide."""

_LEAST_OF_BOX = 0.12
"""A box that GrabCut finds less in is taken as a click on its middle: colors alone tell nothing apart there."""

_SEED = 0.012
"""Radius of what a click is certain of, likewise."""

_STEP_COST = 1.5
"""What a step costs in the distance where no color changes, in levels of 0–255."""

_MIN_PART = 0.02
"""Parts smaller than this share of the largest are dropped, and holes filled, unless a click lies in them. Without a
box only parts that were clicked stay."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Prompts:
    """What the user points at, in fractions of the picture's width and height.

    Attributes:
        box: (left, top, right, bottom) round the thing, or None.
        include: places that belong to it.
        exclude: places that do not.
    """

    box: tuple[float, float, float, float] | None
    include: Sequence[Point] = ()
    exclude: Sequence[Point] = ()

    def __post_init__(self) -> None:
        if self.box is None and not self.include:
            raise ValueError("nothing is pointed at: there must be a box, or at least one place to include")


def cut_out(picture: np.ndarray, prompts: Prompts, proceed: Callable[[], None] = lambda: None) -> np.ndarray:
    """uint8 [h, w, 3] → bool [h, w], True where the thing is.

    `proceed` is called between the steps; what it raises ends the work. ValueError on another array.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or min(picture.shape[:2]) < 2:
        raise ValueError(f"the picture is {picture.dtype} {picture.shape}; it must be uint8 [h, w, 3], from 2 pixels")
    height, width = picture.shape[:2]
    scale = min(1.0, _COARSE_SIDE_PX / max(height, width))
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    coarse = _cut(small, _first_guess(small, prompts), _COARSE_STEPS, proceed)
    if prompts.box is not None and coarse.sum() < _LEAST_OF_BOX * _in_box(small, prompts.box).sum():
        prompts = _middle_of_box(prompts)
        coarse = _cut(small, _first_guess(small, prompts), _COARSE_STEPS, proceed)
    if scale == 1.0:
        return _cleaned(coarse, prompts)
    soft = cv2.resize(coarse.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return _cleaned(_sharpened(picture, soft > 0.5, prompts, proceed), prompts)


def _first_guess(picture: np.ndarray, prompts: Prompts) -> np.ndarray:
    """GrabCut's four states of every pixel, uint8 [h, w]."""
    if prompts.box is not None:
        state = np.where(_in_box(picture, prompts.box), cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    else:
        near, far = _distances(picture, prompts)
        state = np.where(near <= far, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
        state[near > _SURE_OUTSIDE * far] = cv2.GC_BGD
        state[near < _SURE_INSIDE * far] = cv2.GC_FGD
    return _with_clicks(state, prompts)


def _in_box(picture: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """bool [h, w]: the box's pixels, one at least."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    inside = np.zeros((height, width), bool)
    rows = slice(min(max(0, int(top * height)), height - 1), max(1, int(np.ceil(bottom * height))))
    columns = slice(min(max(0, int(left * width)), width - 1), max(1, int(np.ceil(right * width))))
    inside[rows, columns] = True
    return inside


def _middle_of_box(prompts: Prompts) -> Prompts:
    left, top, right, bottom = prompts.box
    middle = (left + right) / 2, (top + bottom) / 2
    beside = [(left, middle[1]), (right, middle[1]), (middle[0], top), (middle[0], bottom)]
    return Prompts(None, [middle, *prompts.include], [*beside, *prompts.exclude])


def _with_clicks(state: np.ndarray, prompts: Prompts) -> np.ndarray:
    for places, value in ((prompts.include, cv2.GC_FGD), (prompts.exclude, cv2.GC_BGD)):
        state[_discs(state.shape, places) > 0] = value
    return state


def _discs(shape: tuple[int, ...], places: Sequence[Point]) -> np.ndarray:
    height, width = shape[:2]
    found = np.zeros((height, width), np.uint8)
    radius = max(1, round(_SEED * max(height, width)))
    for u, v in places:
        at = min(max(int(u * width), 0), width - 1), min(max(int(v * height), 0), height - 1)
        cv2.circle(found, at, radius, 1, cv2.FILLED)
    return found


def _distances(picture: np.ndarray, prompts: Prompts) -> tuple[np.ndarray, np.ndarray]:
    """To the next place to include; to the border or the next place to exclude: each float64 [h, w]."""
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (0, 0), 1.0), cv2.COLOR_RGB2LAB).astype(np.float32)
    height, width = lab.shape[:2]
    number = np.arange(height * width).reshape(height, width)
    from_, to, cost = [], [], []
    for a, b in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        from_.append(number[a].ravel())
        to.append(number[b].ravel())
        cost.append(np.linalg.norm(lab[a] - lab[b], axis=-1).ravel() + _STEP_COST)
    edges = np.concatenate(from_), np.concatenate(to)
    graph = coo_matrix((np.concatenate(cost), edges), (height * width,) * 2).tocsr()
    border = np.ones((height, width), bool)
    border[1:-1, 1:-1] = False
    inside = _discs(lab.shape, prompts.include) > 0
    outside = (border | (_discs(lab.shape, prompts.exclude) > 0)) & ~inside
    near, far = (
        dijkstra(graph, directed=False, indices=number[seeds], min_only=True).reshape(height, width)
        for seeds in (inside, outside)
    )
    return near, far


def _cut(picture: np.ndarray, state: np.ndarray, steps: int, proceed: Callable[[], None]) -> np.ndarray:
    """GrabCut, step by step → bool [h, w]; a state that leaves nothing to decide stays what it is."""
    certain = state & 1  # GC_FGD and GC_PR_FGD are the odd ones
    if certain.all() or not certain.any():
        return certain.astype(bool)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    mode = cv2.GC_INIT_WITH_MASK
    for _ in range(steps):
        proceed()
        cv2.grabCut(picture, state, None, *models, 1, mode)
        mode = cv2.GC_EVAL
        if not (state & 1).any():
            break
    return (state & 1).astype(bool)


def _sharpened(picture: np.ndarray, mask: np.ndarray, prompts: Prompts, proceed: Callable[[], None]) -> np.ndarray:
    """A mask whose border is decided once more at the picture's own size; only there, in its bounding box."""
    radius = max(2, round(_BAND * max(mask.shape)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)
    whole = mask.astype(np.uint8)
    if not whole.any():
        return mask
    left, top, wide, high = cv2.boundingRect(whole)
    box = (
        slice(max(0, top - 3 * radius), top + high + 3 * radius),
        slice(max(0, left - 3 * radius), left + wide + 3 * radius),
    )
    inner, outer = cv2.erode(whole, disc), cv2.dilate(whole, disc)
    state = np.full(mask.shape, cv2.GC_BGD, np.uint8)
    state[outer > 0] = cv2.GC_PR_BGD
    state[mask] = cv2.GC_PR_FGD
    state[inner > 0] = cv2.GC_FGD
    state = _with_clicks(state, prompts)
    better = mask.copy()
    better[box] = _cut(np.ascontiguousarray(picture[box]), np.ascontiguousarray(state[box]), _BAND_STEPS, proceed)
    return better


def _cleaned(mask: np.ndarray, prompts: Prompts) -> np.ndarray:
    """Without crumbs and pinholes; what a click asked for stays."""
    clicked = _discs(mask.shape, prompts.include)
    least = _MIN_PART * _largest_part(mask) if prompts.box is not None else np.inf
    solid = _without_crumbs(mask, clicked, least)
    return ~_without_crumbs(~solid, _discs(mask.shape, prompts.exclude), _MIN_PART * solid.sum())


def _largest_part(mask: np.ndarray) -> int:
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return int(stats[1:, cv2.CC_STAT_AREA].max(initial=0))


def _without_crumbs(mask: np.ndarray, kept: np.ndarray, least: float) -> np.ndarray:
    """The parts of at least so many pixels, and those with a kept pixel."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    large = stats[:, cv2.CC_STAT_AREA] >= least
    large[np.unique(labels[kept > 0])] = True
    large[0] = False
    return large[labels]
