"""Deep supervision: what moves should look at where it was in the first frame. Not in the paper.

Its texture is known from there alone: SVD shows every frame the first one's latent, at its own place. To fetch it, the
spatial self-attention of a later frame has to match what is here now with what was there then. No loss on pictures
says so: that a place is to be filled with its component's mean color is learnt soon, and how little the rest adds to
the loss keeps it there. The trajectories know the place, so one head of every such attention at the finest size, behind
the first TrackAdapter, is asked for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from ...model.adapter import attention_scores
from ...svd.layers import LAYERS
from ...trajectories import PointTrajectories

CELL_PX = 8  # of the latent, in pixels of the frame
_LAYERS = [layer for layer in LAYERS[1:] if layer.level == 0]  # behind the first TrackAdapter
_HEAD = 0
_MIN_COVERED = 0.5  # of a cell, for it to belong to a component


def origins(trajectories: PointTrajectories, components: np.ndarray) -> np.ndarray:
    """Where in the first frame that lies which is in each cell of 8×8 px now.

    It has moved as the nearest point of its component has, which is exact for what is only shifted.

    Args:
        trajectories: of all components, over L frames of W × H px.
        components: uint8 [L, H, W], which is where: its number + 1, or 0.

    Returns:
        float32 [L, H/8, W/8, 4] pixels: (x, y), and the same from the middle of its component's points; NaN where a
        component covers less than half of the cell, or where the first frame does not show what it shows now.
    """
    frames, height, width = components.shape
    rows, columns = height // CELL_PX, width // CELL_PX
    found = np.full((frames, rows, columns, 4), np.nan, np.float32)
    middle = (CELL_PX - 1) / 2
    y, x = np.mgrid[:rows, :columns] * CELL_PX + middle
    centres = np.stack([x, y], axis=-1)
    for number in np.unique(trajectories.component):
        there = (components == number + 1).reshape(frames, rows, CELL_PX, columns, CELL_PX).mean(axis=(2, 4))
        tracks = trajectories.tracks[:, trajectories.component == number].astype(np.float64)
        for i in range(frames):
            cells = there[i] >= _MIN_COVERED
            distance = (tracks[i] ** 2).sum(axis=-1) - 2 * centres[cells] @ tracks[i].T  # squared, but for |centre|²
            came = centres[cells] - (tracks[i] - tracks[0])[distance.argmin(axis=1)]
            column, row = np.rint(came).astype(int).T
            shown = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            shown[shown] = components[0, row[shown], column[shown]] == number + 1
            came[~shown] = np.nan
            found[i][cells] = np.concatenate([came, came - tracks[0].mean(axis=0)], axis=-1)
    return found


@contextmanager
def collected_queries(unet: nn.Module) -> Iterator[dict[str, dict[str, Tensor]]]:
    """Inside, ``q`` and ``k`` [B·L, h·w, d] of the asked head of a forward pass are collected by layer name."""
    seen: dict[str, dict[str, Tensor]] = {layer.name: {} for layer in _LAYERS}

    def collect(name: str, part: str, heads: int):
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            seen[name][part] = output.unflatten(-1, (heads, -1))[..., _HEAD, :]

        return hook

    with ExitStack() as stack:
        for layer in _LAYERS:
            attention = unet.get_submodule(f"{layer.diffusers}.transformer_blocks.0.attn1")
            for part in ("q", "k"):
                hook = collect(layer.name, part, attention.heads)
                stack.callback(attention.get_submodule(f"to_{part}").register_forward_hook(hook).remove)
        yield seen


def correspondence_loss(seen: Mapping[str, Mapping[str, Tensor]], wanted: Tensor) -> Tensor:
    """KL divergence of one head's attention from the four cells around the origin (bilinear weights), per clip, [B].

    Mean over layers and over all cells with an origin, the first frame's left out; 0 where there is none.

    Args:
        seen: what ``collected_queries`` gave.
        wanted: float [B, L, h, w, 4], see ``origins``.
    """
    clips, frames, height, width, _ = wanted.shape
    known = wanted.isfinite().all(dim=-1)
    known[:, 0] = False
    known = known.flatten(0, 1).flatten(1)  # [B·L, h·w]
    target = bilinear(wanted[..., :2].flatten(0, 3)[known.flatten()], height, width)
    entropy = torch.special.entr(target).sum(dim=-1)
    frame = known.nonzero()[:, 0]
    losses = []
    with torch.autocast(wanted.device.type, enabled=False):
        for layer in seen.values():
            logits = attention_scores(layer["q"], layer["k"])[known]
            losses.append(-(target * logits.log_softmax(dim=-1)).sum(dim=-1) - entropy)
    clip = frame // frames
    each = torch.stack(losses).mean(dim=0)
    count = torch.bincount(clip, minlength=clips).clamp(min=1)
    return each.new_zeros(clips).index_add(0, clip, each) / count


def bilinear(places: Tensor, height: int, width: int) -> Tensor:
    """Pixels (x, y), float [n, 2] → weights of the cells whose centres surround them, [n, h·w], rows of sum 1."""
    at = (places.float() + 0.5) / CELL_PX - 0.5
    x, y = at[:, 0].clamp(0, width - 1), at[:, 1].clamp(0, height - 1)
    cells = [torch.arange(size, device=places.device) for size in (height, width)]
    by_row, by_column = ((1 - (cell - v[:, None]).abs()).clamp(min=0) for cell, v in zip(cells, (y, x), strict=True))
    return rearrange(by_row[:, :, None] * by_column[:, None], "n h w -> n (h w)")
