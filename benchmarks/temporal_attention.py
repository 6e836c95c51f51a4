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
from itertools import product

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from trackgo.model.adapter import AdapterAttention
from trackgo.model.attach import EVERY_VIDEO, Attachment, ComfyTemporalAttention
from trackgo.model.config import AttentionSettings

HEAD_SIZE = 64
LEVELS = ((320, 36, 64), (640, 18, 32), (1280, 9, 16))  # channels, height, width
LATENT = (36, 64)
GROUPS = 2  # halves of classifier-free guidance


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

    latent_size = LATENT

    def __init__(self, frames: int, layer: AdapterAttention) -> None:
        self.frames, self._layer = frames, layer

    def layer(self, name: str, *_more: object, **_options: object) -> AdapterAttention:
        return self._layer


def adapter_attention(locations: int, frames: int, heads: int, share: float) -> AdapterAttention:
    """A' at a share of the locations, with rows as peaked as trained adapters' are: some entries reach α."""
    index = torch.randperm(locations)[: round(share * locations)].sort().values
    attention = (1.5 * torch.randn(len(index), heads, frames, frames)).softmax(dim=-1)
    return AdapterAttention(index, locations, attention, "centered")


def ratios(action: Callable[[], object], reference: Callable[[], object], rounds: int) -> list[float]:
    """``action``'s seconds over ``reference``'s, measured in turns."""
    found = []
    for number in range(rounds + 1):
        seconds = []
        for run in (action, reference) if number % 2 else (reference, action):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        found.append(seconds[0] / seconds[1] if number % 2 else seconds[1] / seconds[0])
    return sorted(found[1:])


def measure(frames: int, level: tuple[int, int, int], share: float, tau: float, rounds: int) -> str:
    channels, height, width = level
    stock = Stock(channels).eval()
    layer, settings = adapter_attention(height * width, frames, stock.heads, share), AttentionSettings(tau=tau)
    attachment = Attachment(Kept(frames, layer), settings)
    ours = ComfyTemporalAttention(stock, "layer", {EVERY_VIDEO: attachment})
    hidden = torch.randn(GROUPS * height * width, frames, channels)
    options = {"activations_shape": (0, 0, height, width), "original_shape": (0, 0, *LATENT)}
    with torch.inference_mode():
        found = ratios(lambda: ours(hidden, transformer_options=options), lambda: stock(hidden), rounds)
    low, median, high = statistics.quantiles(found, n=4)
    return (
        f"{frames} frames, {channels} channels, {share:.0%} active, freeze {settings.freeze:.1f}: "
        f"{median:.2f} × stock ({low:.2f} to {high:.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=(14, 25))
    parser.add_argument("--active", type=float, nargs="+", default=(0.05, 0.2, 1.0))
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    for frames, level, share, tau in product(args.frames, LEVELS, args.active, (0.0, -1e2)):
        print(measure(frames, level, share, tau, args.rounds), flush=True)


if __name__ == "__main__":
    main()
