"""Train the demo VAE's decoder on, against blur: `python -m trackgo.demo.sharpen --help`.

The encoder stays as it is, so latents do too, and with them every UNet that was trained on them. Beside the error of
single pixels, which is least where all that is uncertain is blurred, the decoder has to please a small discriminator of
patches (hinge loss; spectral normalisation: Miyato et al., 2018) and to match its features (Salimans et al., 2016).
Half of what is shown is of the world, half of photographs (`photographs.TRAINING`).

A run takes minutes and is not resumed. Every step draws its pictures and its noise from its own number.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm
from tqdm import tqdm

from ..console import speak_plainly
from . import DEMO_SVD
from .photographs import TRAINING, photograph
from .tiny import load_model, save_model
from .train_vae import PICTURE_PX, VAETraining, crops, follow_, loss, note_psnr, psnr_on_test, to_tensor
from .vae import TinyVAE

_WAIT, _RAMP = 60, 100  # steps before the discriminator has a say, and until it has its full one


@dataclass(frozen=True)
class Sharpening:
    """Settings of a run.

    batch, crop: crops per step, half of them of photographs, and their side in pixels.
    rate: AdamW's, falling to a tenth by a cosine; the discriminator's is twice that.
    adversarial, features: weights of the discriminator's opinion, and within it of its features.
    edges: as in `VAETraining`. noise: the most that is added to latents, which a diffusion model gets wrong too.
    ema: decay of the average that is kept.
    """

    steps: int = 3_000
    batch: int = 12
    crop: int = 64
    rate: float = 2e-4
    adversarial: float = 0.01
    features: float = 2.0
    edges: float = 0.5
    noise: float = 0.06
    ema: float = 0.99
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch < 2:
            raise ValueError(f"steps is {self.steps} and batch {self.batch}; they must be at least 1 and 2")
        for name in ("adversarial", "features", "edges", "noise"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be a finite number of 0 or more")

    def along(self, step: int) -> float:
        """What the rates are multiplied by."""
        return 0.1 + 0.9 * (0.5 + 0.5 * math.cos(math.pi * step / self.steps))

    def opinion(self, step: int) -> float:
        """The discriminator's weight."""
        return self.adversarial * min(1.0, max(0, step - _WAIT) / _RAMP)


class Discriminator(nn.Module):
    """Pictures [B, 3, H, W] in -1 to 1 → how true every patch of 30×30 pixels looks, and what it saw on the way."""

    def __init__(self) -> None:
        super().__init__()
        sizes = ((3, 32, 2), (32, 64, 2), (64, 96, 1))
        self.layers = nn.ModuleList(spectral_norm(nn.Conv2d(i, o, 4, stride, 1)) for i, o, stride in sizes)
        self.last = nn.Conv2d(96, 1, 3, padding=1)

    def forward(self, shown: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Opinions [B, 1, h, w], positive for true, and the layers' features."""
        features = []
        for layer in self.layers:
            shown = F.leaky_relu(layer(shown), 0.2)
            features.append(shown)
        return self.last(shown), features


def photograph_crops(settings: Sharpening, step: int, photographs: Sequence[NDArray]) -> Tensor:
    """One step's pieces of photographs [B/2, 3, crop, crop], from a pixel a pixel to the demo's scale, some mirrored,
    some with their channels exchanged; a function of its arguments."""
    rng = np.random.default_rng([settings.seed, step])
    pieces = []
    for _ in range(settings.batch // 2):
        picture = photographs[rng.integers(len(photographs))]
        shorter = min(picture.shape[:2])
        most = max(settings.crop, shorter * settings.crop // PICTURE_PX)
        side = round(settings.crop * (most / settings.crop) ** rng.random())
        top, left = (rng.integers(length - side + 1) for length in picture.shape[:2])
        piece = cv2.resize(
            picture[top : top + side, left : left + side], [settings.crop] * 2, interpolation=cv2.INTER_AREA
        )
        if rng.random() < 0.3:
            piece = piece[..., rng.permutation(3)]
        pieces.append(piece[:, ::-1] if rng.random() < 0.5 else piece)
    return to_tensor(np.stack(pieces))


def sharpened(vae: TinyVAE, settings: Sharpening, photographs: Sequence[NDArray]) -> TinyVAE:
    """A copy of `vae` whose decoder was trained on; `photographs`: uint8 [h, w, 3] each, no side under the crop's."""
    world = VAETraining(steps=settings.steps, batch=settings.batch - settings.batch // 2, crop=settings.crop,
                        final_share=0, seed=settings.seed)  # fmt: skip
    average = deepcopy(vae).requires_grad_(False)
    vae = deepcopy(vae).requires_grad_(False)
    decoder = vae.decoder.requires_grad_(True).to(memory_format=torch.channels_last)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        judge = Discriminator().to(memory_format=torch.channels_last)
    steps = {
        decoder: torch.optim.AdamW(decoder.parameters(), lr=settings.rate, betas=(0.5, 0.99), weight_decay=1e-3),
        judge: torch.optim.AdamW(judge.parameters(), lr=2 * settings.rate, betas=(0.5, 0.99)),
    }
    first_rates = {model: optimizer.param_groups[0]["lr"] for model, optimizer in steps.items()}
    for step in tqdm(range(settings.steps), disable=None, unit="step"):
        for model, optimizer in steps.items():
            optimizer.param_groups[0]["lr"] = first_rates[model] * settings.along(step)
        true = torch.cat([crops(world, step), photograph_crops(settings, step, photographs)])
        true = true.to(memory_format=torch.channels_last)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(settings.seed * 1_000_003 + step)
            latents = vae.encoder(true)
            share = settings.noise * torch.rand(len(true), 1, 1, 1)
            latents = latents + share * torch.randn_like(latents)
        with torch.autocast("cpu", torch.bfloat16):
            made = decoder(latents).float()
            real, features = judge(true)
            fake, _ = judge(made.detach())
        wrong = F.relu(1 - real.float()).mean() + F.relu(1 + fake.float()).mean()
        _descend(steps[judge], judge, wrong)
        judge.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            fake, seen = judge(made)
        pairs = zip(seen, features, strict=True)
        unlike = sum((own.float() - other.detach().float()).abs().mean() for own, other in pairs)
        opinion = settings.features * unlike - fake.float().mean()
        _descend(steps[decoder], decoder, loss(made, true, settings.edges) + settings.opinion(step) * opinion)
        judge.requires_grad_(True)
        follow_(average.decoder, decoder, step, settings.ema)
    return average


def _descend(optimizer: torch.optim.Optimizer, model: nn.Module, value: Tensor) -> None:
    if not value.isfinite():
        raise RuntimeError(f"The loss is {value.item()}; lower the rate or the weight of the discriminator")
    optimizer.zero_grad(set_to_none=True)
    value.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="python -m trackgo.demo.sharpen", description="Train the decoder of the demo's tiny VAE on, against blur."
    )
    result.add_argument("out", type=Path, help="folder for the VAE; the demo's own, trackgo/demo/weights/svd_tiny, too")
    result.add_argument("--steps", type=int, default=Sharpening.steps)
    result.add_argument("--adversarial", type=float, default=Sharpening.adversarial)
    result.add_argument("--threads", type=int, default=2, help="processor threads for PyTorch")
    return result


def main() -> int:
    """Run the command line; the exit status."""
    speak_plainly()
    options = parser().parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    try:
        settings = Sharpening(steps=options.steps, adversarial=options.adversarial)
        options.out.mkdir(parents=True, exist_ok=True)  # before the work, not after it
        before = load_model("vae", DEMO_SVD)
        after = sharpened(before, settings, [photograph(*name) for name in TRAINING])
    except (ValueError, OSError, RuntimeError) as error:
        print(f"sharpen: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; a run is not resumed, and nothing was written", file=sys.stderr)
        return 130
    save_model("vae", after, options.out)
    then, now = psnr_on_test(before), psnr_on_test(load_model("vae", options.out))
    print(f"on held-out pictures of the world {then:.2f} dB before, {now:.2f} dB now")
    if (options.out / "trackgo_demo.json").is_file():
        note_psnr(options.out, now)
    return 0


if __name__ == "__main__":
    sys.exit(main())
