"""Train the demo's VAE on pictures of the moving-sprites world: `python -m trackgo.demo.train_vae --help`.

While training, latents are normalised by their running mean and deviation; at the end these go into the encoder's last
convolution, so that latents have mean 0 and standard deviation 1 per channel, and the decoder, clamp included, sees
what it was trained on.

Every step draws its pictures and its noise from its own number: a run that was killed goes on as if it had not been.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from einops import rearrange
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from ..console import speak_plainly
from ..files import replacing
from . import DEMO_SVD
from .tiny import load_model, save_model
from .vae import TinyVAE, build_vae, normalise_, start_from_means_
from .world import scene

PICTURE_PX = 128
_CROPS_PER_PICTURE = 4  # drawing a picture costs as much as training on a few crops
EVALUATED = 64  # held-out pictures behind every figure
_FORMAT = "trackgo-vae-training 1"


@dataclass(frozen=True)
class VAETraining:
    """Settings of a run; they are kept in its checkpoint, and resuming with others is refused.

    steps: all; the last `final_share` of them see whole pictures instead of crops, in full precision.
    batch, crop: crops per step and their side in pixels (a multiple of 8); a tenth of them are whole pictures shrunk.
    rate: AdamW's, after a warm-up, falling to a hundredth by a cosine. ema: decay of the average that is kept.
    noise: deviation of what is added to latents of unit variance, so that the decoder forgives a diffusion model.
    edges: weight of the L1 distance between differences of neighbouring pixels, against blur.
    """

    steps: int = 6_000
    batch: int = 16
    crop: int = 64
    rate: float = 1e-3
    decay: float = 1e-3
    warmup: int = 200
    final_share: float = 0.2
    ema: float = 0.999
    noise: float = 0.03
    edges: float = 0.5
    width: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "warmup", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.crop % 8 or not 8 <= self.crop <= PICTURE_PX:
            raise ValueError(f"crop is {self.crop}; it must be a multiple of 8 up to {PICTURE_PX}")
        for name in ("final_share", "ema"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 0 and below 1")

    @property
    def final(self) -> int:
        """The first step of the last stage."""
        return round(self.steps * (1 - self.final_share))

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        along = min(1.0, step / self.steps)
        return self.rate * min(1.0, (step + 1) / self.warmup) * (0.01 + 0.99 * (0.5 + 0.5 * math.cos(math.pi * along)))


class NormalisedVAE(nn.Module):
    """An autoencoder whose latents are normalised by running statistics: what is trained.

    Not by each batch's own, as BatchNorm does in training: a decoder that does not know those cannot restore colors
    (that cost 1.5 dB and hid in the figures, which use fixed statistics).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.vae = build_vae(width)
        self.norm = nn.BatchNorm2d(self.vae.config.latent_channels, affine=False, momentum=0.01)

    def forward(self, pictures: Tensor, noise: float) -> Tensor:
        """[B, 3, H, W] in -1 to 1 → the same after encoding, `noise` on the unit-variance latents, and decoding."""
        latents = self.vae.encoder(pictures).float()
        if self.training:
            with torch.no_grad():
                self.norm(latents)  # updates the running statistics
        latents = F.batch_norm(latents, self.norm.running_mean, self.norm.running_var, eps=self.norm.eps)
        return self.vae.decoder(latents + noise * torch.randn_like(latents)).float()


@torch.no_grad()
def folded(vae: TinyVAE, pictures: Tensor) -> TinyVAE:
    """A copy whose encoder gives latents of mean 0 and deviation 1 on `pictures`: BatchNorm in the last convolution."""
    result = deepcopy(vae).eval()
    latents = torch.cat([result.encoder(part) for part in pictures.split(16)])
    deviation, mean = torch.std_mean(latents, dim=(0, 2, 3), correction=0)
    normalise_(result.encoder.layers[-1], mean, deviation)
    return result


@torch.no_grad()
def psnr(vae: TinyVAE, pictures: Tensor) -> float:
    """Mean over pictures [B, 3, H, W] (-1 to 1) of each one's peak signal-to-noise ratio as 8-bit colors, decibel."""
    restored = torch.cat([vae(part).sample for part in pictures.split(16)])
    wrong = (_bytes(restored) - _bytes(pictures)).square().mean(dim=(1, 2, 3))
    return float((10 * torch.log10(255**2 / wrong)).mean())


def _bytes(pictures: Tensor) -> Tensor:
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round()


def pictures(first: int, count: int, split: str) -> Tensor:
    """Single frames of scenes `first`… of a split: float32 [count, 3, 128, 128], -1 to 1."""
    frames = [scene(first + i, 1, PICTURE_PX, PICTURE_PX, split).frames[0] for i in range(count)]
    return to_tensor(np.stack(frames))


def to_tensor(frames: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 3] → float32 [B, 3, H, W], -1 to 1."""
    return torch.from_numpy(rearrange(frames, "b h w c -> b c h w").astype(np.float32) / 127.5 - 1)


def crops(settings: VAETraining, step: int) -> Tensor:
    """One step's pictures [B, 3, crop, crop], fewer and whole in the last stage; a function of its arguments."""
    rng = np.random.default_rng([settings.seed, step])
    if step >= settings.final:
        count = max(1, settings.batch * settings.crop**2 // PICTURE_PX**2)
        return pictures(settings.steps * settings.batch + step * count, count, "train")
    batch = []
    for number in range(math.ceil(settings.batch / _CROPS_PER_PICTURE)):
        frame = scene(step * settings.batch + number, 1, PICTURE_PX, PICTURE_PX).frames[0]
        for _ in range(_CROPS_PER_PICTURE):
            if rng.random() < 0.1:
                batch.append(cv2.resize(frame, (settings.crop, settings.crop), interpolation=cv2.INTER_AREA))
            else:
                top, left = rng.integers(PICTURE_PX - settings.crop + 1, size=2)
                batch.append(frame[top : top + settings.crop, left : left + settings.crop])
    return to_tensor(np.stack(batch[: settings.batch]))


def _prefetched(settings: VAETraining, first: int) -> Iterator[tuple[int, Tensor]]:
    """(step, its pictures) from `first` on, drawn two steps ahead in another thread."""
    with ThreadPoolExecutor(1) as pool:
        ahead = [pool.submit(crops, settings, step) for step in range(first, min(first + 2, settings.steps))]
        for step in range(first, settings.steps):
            if step + 2 < settings.steps:
                ahead.append(pool.submit(crops, settings, step + 2))
            yield step, ahead.pop(0).result()


def loss(restored: Tensor, wanted: Tensor, edges: float) -> Tensor:
    """L1 + L2 of pictures scaled 0 to 1, and `edges` × L1 of their differences to the right and downwards."""
    wrong = (restored - wanted) / 2
    sharp = wrong.diff(dim=-1).abs().mean() + wrong.diff(dim=-2).abs().mean()
    return wrong.abs().mean() + 4 * wrong.square().mean() + edges * sharp


@torch.no_grad()
def follow_(average: nn.Module, model: nn.Module, step: int, most: float) -> None:
    """Move a running average of weights on, with a decay of `most`, less in the first steps."""
    keep = min(most, (1 + step) / (10 + step))
    for mean, now in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(now, 1 - keep)


class VAERun:
    """A training run in a folder: last.safetensors to go on from, best/vae for use, log.jsonl for the curve."""

    def __init__(self, folder: Path, settings: VAETraining, begin_with: TinyVAE | None = None) -> None:
        """A new run, from `begin_with` (a VAE with normalised latents) or from nothing; or the one in the folder."""
        self.folder, self.settings = folder, settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.model = NormalisedVAE(settings.width).to(memory_format=torch.channels_last)
            if begin_with is None:
                start_from_means_(self.model.vae, pictures(0, EVALUATED, "train"))
            else:
                self.model.vae.load_state_dict(begin_with.state_dict())
        self.average = deepcopy(self.model.vae).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=settings.rate, betas=(0.9, 0.999), weight_decay=settings.decay
        )
        self.step, self.best, self.seconds = 0, -math.inf, 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if self.checkpoint.exists():
            self._resume()

    @property
    def checkpoint(self) -> Path:
        return self.folder / "last.safetensors"

    def train(self, save_every: int, evaluate_every: int) -> None:
        """Train to the last step, evaluating on the validation split and saving as often as asked."""
        held_out = pictures(0, EVALUATED, "validation")
        calibration = pictures(0, EVALUATED, "train")
        self.model.train()
        bar = tqdm(total=self.settings.steps, initial=self.step, disable=None, unit="step")
        began, total = time.monotonic() - self.seconds, 0.0
        for step, batch in _prefetched(self.settings, self.step):
            total += self._update(step, batch)
            self.step = step + 1
            self.seconds = time.monotonic() - began
            bar.update()
            if self.step % evaluate_every == 0 or self.step == self.settings.steps:
                vae = folded(self.average, calibration)
                figures = {"step": self.step, "loss": round(total / evaluate_every, 5), "psnr": psnr(vae, held_out)}
                self._record(figures, vae)
                total = 0.0
            if self.step % save_every == 0 or self.step == self.settings.steps:
                self._save()
        bar.close()

    def _update(self, step: int, batch: Tensor) -> float:
        settings = self.settings
        for group in self.optimizer.param_groups:
            group["lr"] = settings.rate_at(step)
        batch = batch.to(memory_format=torch.channels_last)
        with torch.random.fork_rng(devices=[]), torch.autocast("cpu", torch.bfloat16, enabled=step < settings.final):
            torch.manual_seed(settings.seed * 1_000_003 + step)
            restored = self.model(batch, settings.noise)
        value = loss(restored, batch, settings.edges)
        if not value.isfinite():
            raise RuntimeError(f"The loss is {value.item()} at step {step}; lower --rate and start from a new folder")
        self.optimizer.zero_grad(set_to_none=True)
        value.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        follow_(self.average, self.model.vae, step, settings.ema)
        return value.item()

    def _record(self, figures: dict[str, float], vae: TinyVAE) -> None:
        """Append to the log; keep the VAE when it is the best so far."""
        figures |= {"psnr": round(figures["psnr"], 3), "minutes": round(self.seconds / 60, 2)}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as log:
            log.write(json.dumps(figures) + "\n")
        print("  ".join(f"{name} {value}" for name, value in figures.items()), flush=True)
        if figures["psnr"] > self.best:
            self.best = figures["psnr"]
            save_model("vae", vae, self.folder / "best", torch.float32)

    def _save(self) -> None:
        tensors = {f"model.{key}": value for key, value in self.model.state_dict().items()}
        tensors |= {f"average.{key}": value for key, value in self.average.state_dict().items()}
        for number, state in self.optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{number}.{key}": value for key, value in state.items()}
        progress = {"step": self.step, "best": self.best, "seconds": self.seconds}
        metadata = {"format": _FORMAT, "settings": json.dumps(asdict(self.settings)), "progress": json.dumps(progress)}
        with replacing(self.checkpoint) as unfinished:
            save_file({key: value.contiguous() for key, value in tensors.items()}, unfinished, metadata)

    def _resume(self) -> None:
        with safe_open(self.checkpoint, "pt") as file:
            metadata, tensors = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        if metadata.get("format") != _FORMAT:
            raise ValueError(f"'{self.checkpoint}' is not a checkpoint of this trainer ({_FORMAT})")
        if json.loads(metadata["settings"]) != asdict(self.settings):
            raise ValueError(f"'{self.folder}' was begun with {metadata['settings']}; give these or another --run")
        parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimizer": {}}
        for key, value in tensors.items():
            part, _, rest = key.partition(".")
            parts[part][rest] = value
        self.model.load_state_dict(parts["model"])
        self.average.load_state_dict(parts["average"])
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in parts["optimizer"].items():
            number, _, name = key.partition(".")
            state.setdefault(int(number), {})[name] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})
        progress = json.loads(metadata["progress"])
        self.step, self.best, self.seconds = progress["step"], progress["best"], progress["seconds"]


def install(run: Path, folder: Path = DEMO_SVD) -> float:
    """Put a run's best VAE, in half precision, among the demo's weights; returns its PSNR on the test split."""
    save_model("vae", load_model("vae", run / "best"), folder)
    found = psnr_on_test(load_model("vae", folder))
    note_psnr(folder, found)
    return found


def psnr_on_test(vae: TinyVAE) -> float:
    """`psnr` on 256 pictures of the test split: the figure that the demo model tells of its VAE."""
    return psnr(vae, pictures(0, 4 * EVALUATED, "test"))


def note_psnr(folder: Path, found: float) -> None:
    """Write a VAE's figure into a demo model's trackgo_demo.json, as `vae_psnr_db`."""
    note = folder / "trackgo_demo.json"
    values = json.loads(note.read_text(encoding="utf-8")) | {"vae_psnr_db": round(found, 2)}
    note.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="python -m trackgo.demo.train_vae",
        description="Train the demo's tiny VAE. Stop it whenever you like: the same command goes on where it was.",
        epilog="example: python -m trackgo.demo.train_vae --run runs/vae --steps 6000 --threads 2",
    )
    result.add_argument("--run", type=Path, default=Path("runs/vae"), help="folder of the run (default: runs/vae)")
    result.add_argument("--steps", type=int, default=VAETraining.steps)
    result.add_argument("--batch", type=int, default=VAETraining.batch)
    result.add_argument("--rate", type=float, default=VAETraining.rate, help="AdamW's learning rate")
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--threads", type=int, default=2, help="processor threads for PyTorch")
    result.add_argument("--begin-with", type=Path, metavar="RUN", help="begin a new run with the best VAE of this one")
    result.add_argument("--install", action="store_true", help="only put the run's best VAE among the demo's weights")
    return result


def main() -> int:
    """Run the command line; the exit status."""
    speak_plainly()
    options = parser().parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    try:
        if options.install:
            print(f"installed; {install(options.run):.2f} dB on the test split")
            return 0
        settings = VAETraining(steps=options.steps, batch=options.batch, rate=options.rate, seed=options.seed)
        begin_with = load_model("vae", options.begin_with / "best") if options.begin_with else None
        VAERun(options.run, settings, begin_with).train(save_every=100, evaluate_every=500)
    except (ValueError, FileNotFoundError) as error:
        print(f"train_vae: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last checkpoint", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
