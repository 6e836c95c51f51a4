"""One temporal self-attention with TrackGo against the same one without, at SVD's three widths.

    python -m benchmarks.temporal_attention [--frames 14 25] [--active 0.05 0.2 1] [--rounds 9]

Sizes are those of a video of 512×288, half of 1024×576 either way. Both are measured in turns, on one thread; printed
is the median of their ratios, and between which values the middle half of them lies.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from benchmarks.busy import noticed
from trackgo.model.adapter import AdapterAttention
from trackgo.model.attach import EVERY_VIDEO, Attachment, ComfyTemporalAttention
from trackgo.model.config import AttentionSettings

HEAD_SIZE = 64
CHANNELS = (320, 640, 1280)
GROUPS = 2  # halves of classifier-free guidance
Place = tuple[str, torch.dtype]
CPU: Place = ("cpu", torch.float32)


class Stock(nn.Module):
    """A temporal attn1 as ComfyUI and diffusers have it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.heads = channels // HEAD_SIZE
        self.to_q, self.to_k, self.to_v = (nn.Linear(channels, channels, bias=False) for _ in range(3))
        self.to_out = nn.Sequential(nn.Linear(channels, channels), nn.Dropout(0.0))

    def forward(self, x: Tensor, **_options: object) -> Tensor:
        q, k, v = (rearrange(w(x), "b l (h d) -> b h l d", h=self.heads) for w in (self.to_q, self.to_k, self.to_v))
        return self.to_out(rearrange(F.scaled_dot_product_attention(q, k, v), "b h l d -> b l (h d)"))


class Kept:
    """A' that stays the same, in place of encoded trajectories."""

    def __init__(self, frames: int, latent_size: tuple[int, int], layer: AdapterAttention) -> None:
        self.frames, self.latent_size, self._layer = frames, latent_size, layer

    def layer(self, name: str, *_more: object, **_options: object) -> AdapterAttention:
        return self._layer


def adapter_attention(locations: int, frames: int, heads: int, share: float) -> AdapterAttention:
    """A' at a share of the locations, with rows as peaked as trained adapters' are: some entries reach α."""
    index = torch.randperm(locations)[: round(share * locations)].sort().values
    attention = (1.5 * torch.randn(len(index), heads, frames, frames)).softmax(dim=-1)
    return AdapterAttention(index, locations, attention, "centered")


def seconds(action: Callable[[], object], device: str) -> float:
    """Of a run, to the end of what it set going on the device."""
    wait = {"cuda": torch.cuda.synchronize, "mps": torch.mps.synchronize}.get(device, lambda: None)
    wait()
    start = time.perf_counter()
    action()
    wait()
    return time.perf_counter() - start


def ratios(
    action: Callable[[], object], reference: Callable[[], object], rounds: int, device: str = "cpu"
) -> list[float]:
    """``action``'s seconds over ``reference``'s, measured in turns; a first round does not count."""
    found = []
    for number in range(rounds + 1):
        if number % 2:
            ours, theirs = seconds(action, device), seconds(reference, device)
        else:
            theirs, ours = seconds(reference, device), seconds(action, device)
        found.append(ours / theirs)
    return sorted(found[1:])


def measure(
    frames: int, level: int, latent_size: tuple[int, int], share: float, tau: float, rounds: int, place: Place = CPU
) -> tuple[str, list[float]]:
    """What was measured, and attached over stock, sorted."""
    device, dtype = place
    channels, (height, width) = CHANNELS[level], (side >> level for side in latent_size)
    stock = Stock(channels).to(device, dtype).eval()
    layer, settings = adapter_attention(height * width, frames, stock.heads, share), AttentionSettings(tau=tau)
    layer = replace(layer, index=layer.index.to(device), attention=layer.attention.to(device))
    attachment = Attachment(Kept(frames, latent_size, layer), settings)
    ours = ComfyTemporalAttention(stock, "layer", {EVERY_VIDEO: attachment})
    hidden = torch.randn(GROUPS * height * width, frames, channels, device=device, dtype=dtype)
    options = {"activations_shape": (0, 0, height, width), "original_shape": (0, 0, *latent_size)}
    with torch.inference_mode():
        found = ratios(lambda: ours(hidden, transformer_options=options), lambda: stock(hidden), rounds, device)
    return f"{frames} frames, {channels} channels, {share:.0%} active, freeze {settings.freeze:.1f}", found


def said(found: list[float]) -> str:
    """Median, and between which values the middle half lies."""
    low, median, high = statistics.quantiles(found, n=4)
    return f"{median:.2f} × stock ({low:.2f} to {high:.2f})"


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=(14, 25))
    parser.add_argument("--active", type=float, nargs="+", default=(0.05, 0.2, 1.0))
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for frames, level, share, tau in product(args.frames, range(len(CHANNELS)), args.active, (0.0, -1e2)):
        what, found = measure(frames, level, (36, 64), share, tau, args.rounds)
        print(f"{what}: {said(found)}", flush=True)


if __name__ == "__main__":
    main()
