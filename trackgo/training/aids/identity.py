"""Deep supervision: do A' and the UNet tell which component is where? Not in the paper; for several that move at once.

In P only color tells one component from another. That a place is to be filled is learnt long before what with: for
that E, a TrackAdapter, the layers behind it and the spatial attention that fetches the texture must all learn to use
colors, and none of them gains anything alone. So probes at every layer of the finer sizes are asked two things about
every place: which component is here now, and which one was here in the first frame, where its texture lies. Those that
look at the UNet are also asked where in the component that is: the texture of one place can be fetched (see
``correspondence``) where both answers are known. They are thrown away after training.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from ...model.adapter import AdapterAttention
from ...model.config import LayerConfig, TrackGoConfig
from ...svd.layers import LAYERS
from ...trajectories import COMPONENT_COLORS

CLASSES = 1 + len(COMPONENT_COLORS)  # nothing, and one for every color that P has
QUESTIONS = 2
PROBE_RATE = 3e-3
"""Learning rate of the probes: they start from nothing and must keep up with what they look at."""

_NOTHING_COUNTS = 0.2  # most places hold no component
_FINE = frozenset(layer.name for layer in LAYERS if layer.level <= 1)  # a sprite is smaller than coarser cells
_WAVES, _VALUES, _HIDDEN = 4, 16, 64


class AttentionReader(nn.Module):
    """What A' tells a layer behind it: a small network on (A' − 1/L)V, where V depends on the frame's time alone."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        described = 1 + 2 * _WAVES
        self.heads = heads
        last = nn.Linear(32, heads * _VALUES, bias=False)  # a constant would do nothing: rows of A' − 1/L sum to 0
        self.values = nn.Sequential(nn.Linear(described, 32), nn.SiLU(), last)
        self.answer = nn.Sequential(
            nn.Linear(heads * _VALUES + described, _HIDDEN), nn.SiLU(), nn.Linear(_HIDDEN, QUESTIONS * CLASSES)
        )

    def forward(self, attention: Tensor) -> Tensor:
        """A' [n, heads, L, L] → logits [n, L, 2·K]."""
        frames = attention.shape[-1]
        time = torch.linspace(0, 1, frames, device=attention.device)
        angles = math.pi * time[:, None] * torch.arange(1, _WAVES + 1, device=time.device)
        described = torch.cat([time[:, None], angles.sin(), angles.cos()], dim=1)
        values = rearrange(self.values(described), "l (h d) -> h l d", h=self.heads)
        gathered = rearrange((attention - 1 / frames) @ values, "n h l d -> n l (h d)")
        return self.answer(torch.cat([frames**0.5 * gathered, described.expand(len(gathered), -1, -1)], dim=-1))


class IdentityProbes(nn.Module):
    """At every layer of the two finest sizes: a reader of A', and a linear probe on what the transformer passes on.

    Attributes:
        right: how often the linear probes were right where a component is, at the last look; 0 where none was.
    """

    def __init__(self, config: TrackGoConfig) -> None:
        super().__init__()
        layers: list[LayerConfig] = [layer for layer in config.layers if layer.name in _FINE]
        self.readers = nn.ModuleDict({layer.name: AttentionReader(layer.heads) for layer in layers})
        asked = QUESTIONS * (CLASSES + 2)  # the component, and x and y in it
        self.linear = nn.ModuleDict({layer.name: nn.Conv2d(layer.channels, asked, 1) for layer in layers})
        self.right = 0.0

    @contextmanager
    def collected(self, unet: nn.Module) -> Iterator[dict[str, Tensor]]:
        """Inside, the transformers' outputs [B·L, C, h, w] of a forward pass are collected by layer name."""
        seen: dict[str, Tensor] = {}

        def collect(name: str):
            def hook(_module: nn.Module, _inputs: object, output: tuple[Tensor]) -> None:
                seen[name] = output[0]

            return hook

        with ExitStack() as stack:
            for layer in LAYERS:
                if layer.name in self.linear:
                    handle = unet.get_submodule(layer.diffusers).register_forward_hook(collect(layer.name))
                    stack.callback(handle.remove)
            yield seen

    def forward(
        self,
        hidden: Mapping[str, Tensor],
        adapters: Mapping[str, AdapterAttention],
        components: Tensor,
        origins: Tensor,
    ) -> Tensor:
        """Cross-entropy of the component, and of the linear probes the squared error of the place in it: per clip, [B];
        mean over layers, readers and linear probes, and both questions.

        Args:
            hidden: what ``collected`` gave. adapters: A' of every layer, by name.
            components: uint8 [B, L, H, W], which component is where: its number + 1; 0 where none is.
            origins: float [B, L, H/8, W/8, 4], see ``correspondence.origins``.
        """
        truth: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        losses, right = [], []
        with torch.autocast(components.device.type, enabled=False):
            for name, output in hidden.items():
                size = (output.shape[-2], output.shape[-1])
                if size not in truth:
                    here = majority(components, size)
                    place = places(origins, size)
                    both = lambda now: torch.stack([now, now[:, :1].expand_as(now)], dim=4)  # noqa: E731
                    truth[size] = both(here), both(place)  # [B, L, h, w, 2], [B, L, h, w, 2, 2]
                wanted, place = truth[size]
                passed = self.linear[name](F.layer_norm(output.float(), output.shape[1:]))
                answers = rearrange(passed, "(b l) (q k) h w -> b (l h w q) k", b=len(wanted), q=QUESTIONS)
                classes = wanted.flatten(1)
                entropy, weight = _entropy(answers[..., :CLASSES].flatten(0, 1), classes.flatten())
                off = _squares(answers[..., CLASSES:].flatten(0, 1), place.flatten(0, -2))
                losses.append((entropy + off).view(classes.shape).sum(dim=1) / weight.view(classes.shape).sum(dim=1))
                right.append((answers.detach()[..., :CLASSES].argmax(dim=-1) == classes)[classes > 0].float())
                losses.append(self._read(name, adapters[name], wanted))
        self.right = float(torch.cat(right).mean().nan_to_num())
        return torch.stack(losses).mean(dim=0)

    def _read(self, name: str, layer: AdapterAttention, wanted: Tensor) -> Tensor:
        """The loss of A' alone, [B], where a trajectory passes; ``wanted`` [B, L, h, w, 2]."""
        clips, frames = wanted.shape[:2]
        answers = self.readers[name](layer.rows())
        classes = rearrange(wanted, "b l h w q -> (b h w) l q")[layer.index]
        clip = (layer.index // (layer.locations // clips)).repeat_interleave(frames * QUESTIONS)
        entropy, weight = _entropy(answers.reshape(-1, CLASSES), classes.flatten())
        sums = torch.zeros(2, clips, device=entropy.device).index_add(1, clip, torch.stack([entropy, weight]))
        return sums[0] / sums[1].clamp(min=1e-6)


def _entropy(answers: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted cross-entropy of logits [n, K] against [n], and the weights."""
    weight = torch.where(classes > 0, 1.0, _NOTHING_COUNTS)
    return F.cross_entropy(answers, classes, reduction="none") * weight, weight


def _squares(answers: Tensor, place: Tensor) -> Tensor:
    """Squared distance of answers from places, both [n, 2]; 0 where there is no place."""
    off = (answers - place.nan_to_num()).square().sum(dim=-1)
    return off * place.isfinite().all(dim=-1)


def places(origins: Tensor, size: tuple[int, int]) -> Tensor:
    """``origins`` [B, L, h', w', 4] → mean place in the component, in eighths of the frame's shorter side, of each of
    (h, w) cells, [B, L, h, w, 2]; NaN where less than half is known."""
    inner = origins[..., 2:].float() / min(origins.shape[2:4])  # cells of the latent are 8 px
    flat = rearrange(inner, "b l h w c -> (b l) c h w")
    known = F.adaptive_avg_pool2d(flat.isfinite().float(), size)
    mean = F.adaptive_avg_pool2d(flat.nan_to_num(), size) / known.clamp(min=1e-6)
    mean = torch.where(known >= 0.5, mean, torch.nan)
    return rearrange(mean, "(b l) c h w -> b l h w c", b=len(origins))


def majority(components: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 [B, L, H, W] → the class that covers most of each of (h, w) cells, int64 [B, L, h, w].

    Components that share a color share a class.
    """
    flat = components.flatten(0, 1)[:, None]
    classes = torch.where(flat > 0, (flat - 1) % len(COMPONENT_COLORS) + 1, flat)
    shares = [F.adaptive_avg_pool2d((classes == k).float(), size) for k in range(int(classes.max()) + 1)]
    return torch.cat(shares, dim=1).argmax(dim=1).unflatten(0, components.shape[:2])
