"""Holding a sampling to a rough video where things move, until a chosen noise level ("Time-to-Move", arXiv 2511.08633).

Sampling begins at a noise level ``start`` from the rough video with that much noise. After every step down to the noise
level ``release`` the latents where things move are the rough video's again, with the noise of that step; below it
nothing is held. Noise levels are shares of the sampling on a logarithmic scale, so they mean the same for any number of
steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

START, RELEASE = 0.175, 0.244
"""Shares of the sampling at σ 74.5 and 31, Time-to-Move's own for SVD: 8 and 10 of 25 steps."""


def latent_mask(moved: Tensor) -> Tensor:
    """M, bool [L, H, W] → the cells of the latent that are held, bool [L, H/8, W/8]: those that are half covered."""
    return latent_video_mask(moved, len(moved), moved.shape[1] // 8, moved.shape[2] // 8)


def latent_video_mask(moved: Tensor, frames: int, height: int, width: int) -> Tensor:
    """M, bool [L, H, W] → the half covered cells of any video latent, bool [frames, height, width].

    ``frames`` is L (each frame by itself, as SVD's), or fewer: then the first latent frame is the first frame and each
    later one stands for an equal number of frames, as Wan's and other causal VAEs' do.

    Raises:
        ValueError: a latent of this shape is none of this video's.
    """
    count, rows, columns = moved.shape
    together, rest = divmod(count - 1, max(frames - 1, 1))
    if rest or rows % height or columns % width or rows // height != columns // width or (frames == 1 < count):
        raise ValueError(
            f"the masks are {count} frames of {columns}×{rows} px, which no latent of {frames} frames of "
            f"{width}×{height} cells stands for: encode the rough video itself"
        )
    covered = F.adaptive_avg_pool2d(moved.float()[:, None], (height, width))[:, 0]
    if frames < count:
        later = covered[1:].unflatten(0, (frames - 1, together)).mean(dim=1)
        covered = torch.cat([covered[:1], later])
    return covered >= 0.5


def nearest_step(sigmas: Tensor, sigma: float, order: int = 1) -> int:
    """The step whose noise level is nearest to ``sigma`` on a logarithmic scale.

    Args:
        sigmas: σ at the beginning of every step, and at the end: 0, or more where the sampling ends early.
        sigma: above every σ (infinity too) is the first step, 0 the end.
        order: how often a scheduler calls the model for a step; whole steps are counted in its calls.
    """
    steps = (sigmas if sigmas[-1] > 0 else sigmas[:-1])[::order]
    if sigma <= 0:
        return len(sigmas) - 1
    if sigma == float("inf"):
        return 0
    return order * int((steps.double().log() - torch.tensor(sigma, dtype=torch.float64).log()).abs().argmin())


@dataclass(frozen=True, eq=False)
class Hold:
    """A rough video in latents, and between which noise levels the sampling is held to it.

    Attributes:
        latents: r, x₀ of the rough video in model scale, float [1, L, 4, h, w].
        mask: where things move, bool [1, L, 1, h, w].
        noise: ε, standard normal, as ``latents``.
        start, release: noise levels σ; infinity begins with noise alone, 0 holds to the end.
    """

    latents: Tensor
    mask: Tensor
    noise: Tensor
    start: float
    release: float

    def __post_init__(self) -> None:
        if self.release > self.start:
            raise ValueError("the release comes before the start: give release a larger share of the sampling")

    def first_step(self, sigmas: Tensor, order: int = 1) -> int:
        """The step that sampling begins with; see ``nearest_step``."""
        return nearest_step(sigmas, self.start, order)

    def beginning(self, sigmas: Tensor, order: int = 1) -> Tensor | None:
        """x at the first step: r + σ·ε everywhere. None where sampling begins as it does without a rough video."""
        first = self.first_step(sigmas, order)
        return None if first == 0 else self._noisy(sigmas[first])

    def held(self, latents: Tensor, sigmas: Tensor, done: int, order: int = 1) -> Tensor:
        """x after ``done`` steps [1, L, 4, h, w] → the same, the rough video's where things move and it is held."""
        if done > nearest_step(sigmas, self.release, order):
            return latents
        noisy = self._noisy(sigmas[done]).to(latents)
        return torch.where(self.mask.to(latents.device), noisy, latents)

    def _noisy(self, sigma: Tensor) -> Tensor:
        return self.latents if sigma == 0 else self.latents + float(sigma) * self.noise


@contextmanager
def beginning_at(scheduler: Any, hold: Hold) -> Iterator[Callable[[], None]]:
    """Inside, a diffusers scheduler gives out only the steps from ``hold``'s first one on.

    Yields:
        Call it when they were given out: the scheduler then knows all its steps again, by which it tells its last one.

    Raises:
        ValueError: once steps are set, when the scheduler keeps its latents in another scale.
    """
    set_timesteps = scheduler.set_timesteps

    def set_later_timesteps(*args: Any, **kwargs: Any) -> None:
        set_timesteps(*args, **kwargs)
        if float(scheduler.init_noise_sigma) < 0.9 * float(scheduler.sigmas[0]):
            raise ValueError(
                f"a sampling can be held to a rough video where its latents are x₀ + σ·noise, which those of "
                f"{type(scheduler).__name__} are not: use an Euler, Heun or EDM scheduler"
            )
        first = hold.first_step(scheduler.sigmas, scheduler.order)
        whole.append(scheduler.timesteps)
        if first:
            scheduler.timesteps = scheduler.timesteps[first:]
            scheduler.set_begin_index(first)

    def know_all() -> None:
        scheduler.timesteps = whole[-1]

    whole: list[Tensor] = []
    scheduler.set_timesteps = set_later_timesteps
    try:
        yield know_all
    finally:
        del scheduler.set_timesteps
