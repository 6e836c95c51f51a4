"""ComfyUI's pictures, masks and tracks as the library's arrays, and back."""

from __future__ import annotations

import comfy.model_management
import numpy as np
import torch
from comfy_api.latest import io, ui

from ..trackgo.trajectories import PointTrajectories


def interrupted() -> None:
    """Raise where the person pressed Cancel. Compiled code cannot ask."""
    if not torch.compiler.is_compiling():
        comfy.model_management.throw_exception_if_processing_interrupted()


def interruptible_(module: torch.nn.Module) -> None:
    """Let Cancel act before the next layer; ComfyUI before 0.8 asks once a step, which may take minutes."""
    for layer in module.modules():
        if next(layer.children(), None) is None:
            layer.register_forward_pre_hook(_ask)


def _ask(_layer: torch.nn.Module, _given: tuple) -> None:
    interrupted()


def frames_uint8(image: torch.Tensor) -> np.ndarray:
    """An IMAGE [B,H,W,3 or 4] in [0,1] as uint8 [B,H,W,3]; alpha is dropped."""
    return (image[..., :3].clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def to_image(frames: np.ndarray) -> torch.Tensor:
    """uint8 [B,H,W,3] as an IMAGE, float32 [B,H,W,3] in [0,1]."""
    return torch.from_numpy(frames).float() / 255


def to_mask(masks: np.ndarray) -> torch.Tensor:
    """bool [s,H,W] as a MASK, float32 [s,H,W], 0 or 1."""
    return torch.from_numpy(masks.astype(np.float32))


def read_tracks(tracks: dict, width: int | None = None, height: int | None = None) -> PointTrajectories:
    """A graph's TRACKS as point trajectories; `width` and `height` serve tracks that do not say their frame's size."""
    return PointTrajectories.from_tracks(tracks, width=width, height=height)


def save_preview(images: torch.Tensor, prefix: str) -> list[ui.SavedResult]:
    """An IMAGE as PNG files in ComfyUI's temporary folder; returns what the front end needs to show them."""
    return ui.ImageSaveHelper.save_images(images, prefix, io.FolderType.temp, cls=None, compress_level=1)


def save_animation(images: torch.Tensor, prefix: str, fps: float) -> ui.SavedResult:
    """An IMAGE as one animated WebP in ComfyUI's temporary folder; returns what the front end needs to show it."""
    settings = {"fps": fps, "lossless": False, "quality": 85, "method": 0}
    return ui.ImageSaveHelper.save_animated_webp(images, prefix, io.FolderType.temp, cls=None, **settings)
