"""Looks at held-out scenes of the world during training: does the video follow the arrow?

Four figures, none of which the training loss shows: the loss with the right against another clip's P at one noise
level (control shows there long before pictures do), ObjMC of sampled videos beside the static baseline, the cosine
between the drawn and the shown direction, and whether E can tell colors. And a contact sheet, because figures can be
fooled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..demo.world import SINGLE, THREE, Scene, scene
from ..figures import overlays
from ..files import write_picture
from ..model.encoder import TrajectoryEncoder, points_to_tensor
from ..svd.diffusion import Conditioning, sample
from ..svd.frozen import FrozenParts, to_unit
from ..tracking.sprites import followed, mostly_seen, wanted_offsets
from ..trajectories import PointTrajectories
from ..video import write_clip
from .batch import ModelInput, clip_generator, collate
from .config import StageConfig, TrainingConfig
from .data import world_triple
from .model import TrainedSVD

_AT_ONCE = 8
_AUGMENTATION = 0.02  # σ of the noise on the picture at inference, SVD's default
_SHEET_FRAMES = 7
_MIN_SIDE_PX = 128  # of a picture on a sheet


@dataclass(frozen=True)
class HeldOut:
    """Scenes of the validation split with their latents and conditioning, for one stage."""

    scenes: Sequence[Scene]
    points: Tensor
    latents: Tensor
    conditioning: Conditioning
    noise: Tensor

    def part(self, rows: slice) -> tuple[Tensor, Conditioning, Tensor]:
        """P, conditioning and noise of some rows."""
        c = self.conditioning
        conditioning = Conditioning(c.image_latent[rows], c.embedding[rows], c.added_ids[rows])
        return self.points[rows], conditioning, self.noise[rows]


def hold_out(config: TrainingConfig, stage: StageConfig, parts: FrozenParts) -> HeldOut:
    """Validation scenes at a stage's size: two thirds with one moving sprite, one third with three."""
    count, size = config.evaluation.scenes, (stage.frames, stage.width, stage.height)
    singles = count - count // 3
    scenes = [scene(i, *size, "validation", SINGLE if i < singles else THREE) for i in range(count)]
    batch = collate([world_triple(s) for s in scenes], range(count))
    clips = to_unit(batch.frames)
    draws = [clip_generator(config.run.seed, 0, place) for place in range(count)]
    latent_size = (stage.frames, 4, stage.height // 8, stage.width // 8)
    noise = torch.stack([torch.randn(latent_size, generator=g) for g in draws]).to(parts.device)
    picture_noise = torch.stack([torch.randn(clips.shape[2:], generator=g) for g in draws]).to(parts.device)
    augmentation = torch.full((count,), _AUGMENTATION, device=parts.device)
    first = clips[:, 0].to(parts.device)
    ids = config.conditioning.fps, config.conditioning.motion_bucket
    conditioning = parts.conditioning(first, parts.embedding(first), augmentation, picture_noise, *ids)
    return HeldOut(scenes, batch.points.to(parts.device), parts.scaled_latents(clips), conditioning, noise)


@torch.no_grad()
def control_losses(model: TrainedSVD, held: HeldOut, sigma: float) -> dict[str, float]:
    """Mean L_mse at one σ with each clip's own P (``right``), the next clip's (``shuffled``) and none (``black``)."""
    shown = {"right": held.points, "shuffled": held.points.roll(1, dims=0), "black": torch.zeros_like(held.points)}
    result = {}
    for name, points in shown.items():
        losses = []
        for rows in _rows(len(points)):
            _, conditioning, noise = held.part(rows)
            latents = held.latents[rows]
            level = torch.full((len(latents),), sigma, device=latents.device)
            nothing = torch.zeros(points[rows].shape[:-1], dtype=torch.uint8, device=latents.device)
            nowhere = latents.new_full((*latents.shape[:2], *latents.shape[3:], 4), torch.nan)
            noisy = latents + sigma * noise
            data = ModelInput(latents, noisy, level, conditioning, points[rows], nothing, nowhere)
            losses.append(model(data)["mse"])
        result[name] = float(torch.cat(losses).mean())
    return result


@torch.no_grad()
def sampled_latents(model: TrainedSVD, held: HeldOut, steps: int, guidance: float = 1.0) -> Tensor:
    """x₀ of one video for each held-out scene, float [N, L, 4, h, w]."""
    found = []
    for rows in _rows(len(held.points)):
        points, conditioning, noise = held.part(rows)
        model.move_with_(points)
        found.append(sample(model.unet, conditioning, noise, steps, guidance).float())
    return torch.cat(found)


def decoded(latents: Tensor, parts: FrozenParts) -> np.ndarray:
    """x₀ [N, L, 4, h, w] → uint8 [N, L, 8h, 8w, 3]."""
    pictures = torch.cat([parts.pictures(latents[rows]) for rows in _rows(len(latents))])
    return ((pictures + 1) * 127.5).round().to(torch.uint8).movedim(2, -1).cpu().numpy()


def _rows(count: int) -> list[slice]:
    return [slice(at, min(at + _AT_ONCE, count)) for at in range(0, count, _AT_ONCE)]


def following_figures(videos: np.ndarray, scenes: Sequence[Scene]) -> dict[str, float]:
    """ObjMC in pixels over visible frames after the first, the static baseline, their ratio, the direction's cosine.

    ``one`` is over scenes with a single moving sprite, ``several`` over the others.
    """
    rows: dict[str, list[tuple[float, ...]]] = {"one": [], "several": []}
    for video, seen in zip(videos, scenes, strict=True):
        parts = range(seen.masks.shape[1])
        found = [followed(video, seen, n, wanted_offsets(seen, n), mostly_seen(seen, n)) for n in parts]
        rows["one" if len(found) == 1 else "several"] += map(astuple, found)
    result = {}
    for name, found in rows.items():
        if found:
            error, still, cosine = np.nanmean(np.array(found), axis=0)
            figures = {"objmc": error, "static": still, "ratio": error / still, "cosine": cosine}
            result |= {f"{name}/{key}": value for key, value in figures.items()}
    return {name: float(value) for name, value in result.items()}


def contact_sheet(videos: np.ndarray, scenes: Sequence[Scene], count: int) -> np.ndarray:
    """uint8 [H, W, 3]: per scene the drawing over the first frame, the sampled video and, below, the true one."""
    rows = []
    for index in _spread(scenes, count):
        video, seen = videos[index], scenes[index]
        at = np.unique(np.linspace(0, len(video) - 1, _SHEET_FRAMES).astype(int))
        large = lambda frames: [_enlarged(frame) for frame in frames]  # noqa: E731
        drawn = overlays.draw_drawing(_enlarged(seen.frames[0]), seen.drawing())
        rows.append(np.concatenate([drawn, *large(video[at])], axis=1))
        rows.append(np.concatenate([_enlarged(seen.clean_plate[0]), *large(seen.frames[at])], axis=1))
    return np.concatenate(rows, axis=0)


def moving_sheet(videos: np.ndarray, scenes: Sequence[Scene], count: int) -> np.ndarray:
    """uint8 [L, H, W, 3]: per scene a column of the sampled video with its arrows and, below, the true one."""
    columns = []
    for index in _spread(scenes, count):
        drawn = overlays.draw_on_all(np.stack([_enlarged(f) for f in videos[index]]), scenes[index].drawing())
        columns.append(np.concatenate([drawn, np.stack([_enlarged(f) for f in scenes[index].frames])], axis=1))
    return np.concatenate(columns, axis=2)


def _spread(scenes: Sequence[Scene], count: int) -> np.ndarray:
    return np.unique(np.linspace(0, len(scenes) - 1, count).astype(int))


@torch.no_grad()
def color_cosine(encoder: TrajectoryEncoder) -> float:
    """How alike E answers the same points in two components' colors: the mean cosine of f − f(black) over the pairs of
    the first three colors. At 1 E is blind to color, and nothing tells one moving thing from another."""
    side, points = 128, 60 + 6 * np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32)
    shown = np.ones((1, len(points)), bool)
    drawn = [
        PointTrajectories(points[None], shown, np.full(len(points), component), side, side).render()
        for component in range(3)
    ]
    weight = next(encoder.parameters())
    black, *answers = encoder(points_to_tensor(np.concatenate([np.zeros_like(drawn[0]), *drawn]), weight.device))
    change = torch.stack([answer - black for answer in answers]).flatten(1)
    alike = F.cosine_similarity(change, change.roll(1, dims=0))
    return float(alike.mean())


def _enlarged(frame: np.ndarray) -> np.ndarray:
    factor = max(1, _MIN_SIDE_PX // frame.shape[0])
    return np.pad(np.kron(frame, np.ones((factor, factor, 1), np.uint8)), ((0, 2), (0, 2), (0, 0)))


def evaluate(
    model: TrainedSVD, held: HeldOut, parts: FrozenParts, config: TrainingConfig, sheet: Path | None
) -> Mapping[str, float]:
    """All figures by name; writes the contact sheet to ``sheet`` (.png), and the same, moving, beside it (.gif).

    Args:
        sheet: None writes nothing.
    """
    was_training = model.training
    model.eval()
    try:
        losses = control_losses(model, held, config.evaluation.sigma)
        latents = sampled_latents(model, held, config.evaluation.sampling_steps, config.evaluation.guidance)
        videos = decoded(latents, parts)
    finally:
        model.train(was_training)
    if sheet and config.evaluation.sheets:
        write_picture(sheet, contact_sheet(videos, held.scenes, config.evaluation.sheets))
        write_clip(sheet.with_suffix(".gif"), moving_sheet(videos, held.scenes, config.evaluation.sheets))
    figures = {f"loss/{name}": value for name, value in losses.items()} | following_figures(videos, held.scenes)
    return figures | {"encoder/color_cosine": color_cosine(model.trackgo.encoder)}
