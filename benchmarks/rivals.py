"""What TrackGo, DragAnything and DragNUWA add to SVD: parameters, operations, time. ``python -m benchmarks.rivals``.

    python -m benchmarks.rivals [--frames 14 25] [--active 0.2] [--plot rivals.png]
    python -m benchmarks.rivals --time 128 128 14 [--rounds 5] [--device cuda] [--dtype float16]

Each system is built on SVD's own configuration with random weights:

- TrackGo: E and 16 TrackAdapters, this project's.
- DragAnything: a trainable copy of SVD's input, time embeddings, down and mid blocks with a 1×1 convolution per
  residual, and an embedding of the condition, as a ControlNet for SVD has them. Its entity features come from another
  model and are not counted.
- DragNUWA: an encoder of optical flow, and scale and shift from it in the first ResBlock of every level.

Operations are counted by torch's FlopCounterMode on meta tensors, for both halves of classifier-free guidance, so sizes
that fit no memory can be counted. What depends on the drawing alone is counted apart: TrackGo keeps it between calls.
"""

from __future__ import annotations

import argparse
import copy
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise

import torch
import torch.nn.functional as F
from diffusers import UNetSpatioTemporalConditionModel
from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding
from einops import rearrange
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.attention import squares
from benchmarks.busy import noticed
from benchmarks.temporal_attention import seconds
from trackgo.model import TrackGo
from trackgo.model.adapter import AdapterAttention
from trackgo.model.attach import Attachment, attached
from trackgo.model.config import AttentionSettings
from trackgo.model.encoded import EncodedTrajectories
from trackgo.model.encoder import align
from trackgo.svd.layers import LAYERS
from trackgo.svd.sizes import LATENT_PX

PAPER = {"TrackGo": (29.36, 33.94), "DragAnything": (685.06, 152.98), "DragNUWA": (160.38, 58.12)}
"""Table 1 of the paper: millions of parameters and seconds for a video."""
GROUPS = 2  # halves of classifier-free guidance


class Call:
    """Inputs of one UNet call for ``frames`` of height × width pixels."""

    def __init__(
        self, frames: int, height: int, width: int, device: str = "meta", dtype: torch.dtype = torch.float32
    ) -> None:
        self.frames, self.height, self.width, self.device, self.dtype = frames, height, width, device, dtype
        made = {"device": device, "dtype": dtype}
        self.sample = torch.randn(GROUPS, frames, 8, height // LATENT_PX, width // LATENT_PX, **made)
        self.timestep = torch.tensor(0.7, device=device)
        self.context = torch.randn(GROUPS, 1, 1024, **made)
        self.time_ids = torch.tensor([[6.0, 127.0, 0.02]] * GROUPS, device=device).to(dtype)

    def run(self, unet: nn.Module) -> Tensor:
        return unet(self.sample, self.timestep, self.context, self.time_ids, return_dict=False)[0]


class System:
    """SVD as it is; others add to it: ``added`` holds the parameters, ``prepare`` computes what depends on the drawing
    alone, ``attached`` acts on the UNet while it runs."""

    added: nn.Module = nn.Module()

    def __init__(self, unet: UNetSpatioTemporalConditionModel) -> None: ...

    def prepare(self, call: Call) -> object:
        return None

    @contextmanager
    def attached(self, unet: nn.Module, call: Call, prepared: object) -> Iterator[None]:
        yield


class OurTrackGo(System):
    share = 0.2  # of the locations that trajectories pass, where only operations are counted

    def __init__(self, unet: UNetSpatioTemporalConditionModel) -> None:
        self.added = TrackGo.for_unet(unet)

    def prepare(self, call: Call) -> object:
        if call.device != "meta":
            images = torch.from_numpy(squares(call.frames, call.height, call.width, 16))
            encoded = EncodedTrajectories(self.added, images.to(call.device), call.dtype)
            encoded.prepare(call.sample)
            return encoded
        return _Counted(self.added, call, self.share)

    @contextmanager
    def attached(self, unet: nn.Module, call: Call, prepared: object) -> Iterator[None]:
        with attached(unet, Attachment(prepared, AttentionSettings())):
            yield


class _Counted:
    """Encoded trajectories on the meta device, where no location can be found active: a share of them is."""

    def __init__(self, weights: TrackGo, call: Call, share: float) -> None:
        self.frames, self.latent_size = call.frames, tuple(call.sample.shape[-2:])
        f = weights.encoder(torch.empty(call.frames, 3, call.height, call.width, device="meta"))
        self.layers = {}
        for layer in LAYERS:
            height, width = layer.size(*self.latent_size)
            features = rearrange(align(f, height, width), "l c h w -> (h w) l c")[: round(share * height * width)]
            attention = weights.adapters[layer.name](features)
            index = torch.empty(len(features), dtype=torch.int64, device="meta")
            self.layers[layer.name] = AdapterAttention(index, height * width, attention, "centered")

    def layer(self, name: str, *_more: object, **_options: object) -> AdapterAttention:
        return self.layers[name]


class DragAnything(System):
    def __init__(self, unet: UNetSpatioTemporalConditionModel) -> None:
        copied = ("conv_in", "time_embedding", "add_embedding", "down_blocks", "mid_block")
        self.added = nn.ModuleDict({name: copy.deepcopy(getattr(unet, name)) for name in copied})
        widths = [unet.config.block_out_channels[0]]
        for block in unet.down_blocks:
            channels = block.resnets[0].spatial_res_block.out_channels
            widths += [channels] * (len(block.resnets) + (block.downsamplers is not None))
        self.added["residuals"] = nn.ModuleList(nn.Conv2d(width, width, 1) for width in [*widths, widths[-1]])
        self.added["condition"] = ControlNetConditioningEmbedding(widths[0], block_out_channels=(16, 32, 96, 256))

    def prepare(self, call: Call) -> object:
        shape = (call.frames, 3, call.height, call.width)
        return self.added["condition"](torch.zeros(shape, device=call.device, dtype=call.dtype))

    def _residuals(self, unet: nn.Module, call: Call, condition: Tensor) -> list[Tensor]:
        copied, frames = self.added, call.frames
        steps = unet.time_proj(call.timestep.expand(GROUPS)).to(call.dtype)
        ids = unet.add_time_proj(call.time_ids.flatten()).reshape(GROUPS, -1).to(call.dtype)
        embedded = copied["time_embedding"](steps) + copied["add_embedding"](ids)
        more = {
            "temb": embedded.repeat_interleave(frames, 0),
            "encoder_hidden_states": call.context.repeat_interleave(frames, 0),
            "image_only_indicator": torch.zeros(GROUPS, frames, device=call.device, dtype=call.dtype),
        }
        hidden = copied["conv_in"](call.sample.flatten(0, 1)) + condition.repeat(GROUPS, 1, 1, 1)
        found = [hidden]
        for block in copied["down_blocks"]:
            attends = getattr(block, "has_cross_attention", False)
            given = {key: value for key, value in more.items() if attends or key != "encoder_hidden_states"}
            hidden, states = block(hidden_states=hidden, **given)
            found += states
        found.append(copied["mid_block"](hidden_states=hidden, **more))
        return [conv(state) for conv, state in zip(copied["residuals"], found, strict=True)]

    @contextmanager
    def attached(self, unet: nn.Module, call: Call, prepared: object) -> Iterator[None]:
        waiting: list[Tensor] = []

        def begin(_module: nn.Module, _args: tuple) -> None:
            waiting[:] = self._residuals(unet, call, prepared)

        def in_the_middle(_module: nn.Module, _args: tuple, out: Tensor) -> Tensor:
            return out + waiting.pop()

        def skip(_module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
            states = kwargs["res_hidden_states_tuple"]
            added = tuple(state + waiting.pop(len(waiting) - len(states) + i) for i, state in enumerate(states))
            return args, kwargs | {"res_hidden_states_tuple": added}

        with ExitStack() as hooks:
            hooks.callback(unet.register_forward_pre_hook(begin).remove)
            hooks.callback(unet.mid_block.register_forward_hook(in_the_middle).remove)
            for block in unet.up_blocks:
                hooks.callback(block.register_forward_pre_hook(skip, with_kwargs=True).remove)
            yield


class _OverTime(nn.Module):
    """A convolution of width 3 over frames, [L, C, h, w] → [L, D, h, w]."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, out, 3, padding=1, padding_mode="replicate")

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[-2:]
        return rearrange(self.conv(rearrange(x, "l c h w -> (h w) c l")), "(h w) c l -> l c h w", h=size[0])


class DragNuwa(System):
    def __init__(self, unet: UNetSpatioTemporalConditionModel) -> None:
        widths = unet.config.block_out_channels
        first: list[nn.Module] = []
        for number, (channels, out) in enumerate(pairwise((2, widths[0] // 4, widths[0] // 2, widths[0]))):
            first += [nn.GroupNorm(8, channels), nn.SiLU()] if number else []
            first += [nn.Conv2d(channels, out, 3, stride=2, padding=1), _OverTime(out, out)]
        levels = [nn.Sequential(*first)]
        for channels, out in pairwise(widths):
            levels.append(
                nn.Sequential(
                    nn.GroupNorm(8, channels), nn.SiLU(), nn.Conv2d(channels, out, 3, padding=1), _OverTime(out, out),
                    nn.Conv2d(out, out, 3, stride=2, padding=1),
                )
            )  # fmt: skip
        self.blocks = [block.resnets[0].spatial_res_block for block in (*unet.down_blocks, *unet.up_blocks)]
        self.level_of = [*range(len(widths)), *reversed(range(len(widths)))]

        def modulation(width: int) -> nn.Module:
            return nn.Sequential(nn.Conv2d(width, width // 4, 3, padding=1), _OverTime(width // 4, width))

        pairs = [nn.ModuleList(modulation(widths[i]) for _ in "γβ") for i in self.level_of]
        self.added = nn.ModuleDict({"flow": nn.ModuleList(levels), "modulations": nn.ModuleList(pairs)})

    def prepare(self, call: Call) -> object:
        shape = (call.frames, 2, call.height, call.width)
        hidden, found = torch.zeros(shape, device=call.device, dtype=call.dtype), []
        for level in self.added["flow"]:
            hidden = level(hidden)
            found.append(hidden)
        return [
            [modulate(found[level]) for modulate in pair]
            for level, pair in zip(self.level_of, self.added["modulations"], strict=True)
        ]

    @contextmanager
    def attached(self, unet: nn.Module, call: Call, prepared: object) -> Iterator[None]:
        def modulate(scale: Tensor, shift: Tensor) -> Callable[..., Tensor]:
            def act(_module: nn.Module, _args: tuple, hidden: Tensor) -> Tensor:
                scales, shifts = (x.repeat(GROUPS, 1, 1, 1) for x in (scale, shift))
                return hidden + F.group_norm(hidden, 32) * scales + shifts

            return act

        with ExitStack() as hooks:
            for block, pair in zip(self.blocks, prepared, strict=True):
                hooks.callback(block.conv1.register_forward_hook(modulate(*pair)).remove)
            yield


SYSTEMS: dict[str, type[System]] = {
    "plain SVD": System, "TrackGo": OurTrackGo, "DragNUWA": DragNuwa, "DragAnything": DragAnything,
}  # fmt: skip


def svd_unet(device: str, dtype: torch.dtype = torch.float32, **smaller: object) -> UNetSpatioTemporalConditionModel:
    """SVD's UNet with random weights; ``smaller`` overrides its configuration."""
    with torch.device(device):
        unet = UNetSpatioTemporalConditionModel(**smaller).eval().requires_grad_(False)
    return nn.Module.to(unet, device, dtype)  # diffusers' own warns of every precision


def parameters(module: nn.Module) -> float:
    """Millions."""
    return sum(p.numel() for p in module.parameters()) / 1e6


def operations(action: Callable[[], object]) -> tuple[float, object]:
    """Tera floating-point operations of ``action``, and what it returned."""
    counter = FlopCounterMode(display=False)
    with counter:
        result = action()
    return counter.get_total_flops() / 1e12, result


def count(system: System, unet: nn.Module, call: Call) -> tuple[float, float]:
    """(operations once per drawing, per UNet call), in 10¹²."""
    once, prepared = operations(lambda: system.prepare(call))
    with system.attached(unet, call, prepared):
        return once, operations(lambda: call.run(unet))[0]


def times(unet: nn.Module, call: Call, rounds: int) -> dict[str, list[float]]:
    """Each system's seconds per UNet call over the bare one's in the same round; what depends on the drawing alone is
    there already, and a first round does not count."""
    found: dict[str, list[float]] = {name: [] for name in SYSTEMS}
    with torch.device(call.device):
        systems = {name: kind(unet) for name, kind in SYSTEMS.items()}
    for system in systems.values():
        system.added.to(call.device, call.dtype).eval()
    prepared = {name: system.prepare(call) for name, system in systems.items()}
    for number in range(rounds + 1):
        taken = {}
        for name, system in systems.items():
            with system.attached(unet, call, prepared[name]):
                taken[name] = seconds(lambda: call.run(unet), call.device)
        for name in found if number else ():
            found[name].append(taken[name] / taken["plain SVD"])
    return found


def table(frames_list: list[int], height: int, width: int, share: float) -> tuple[str, dict[str, dict[str, float]]]:
    """The table in Markdown, and its numbers for a plot."""
    OurTrackGo.share = share
    unet = svd_unet("meta")
    columns = [f"{frames} frames: {what}" for frames in frames_list for what in ("once, TFLOP", "a call", "÷ plain")]
    lines = [
        " | ".join(["| system", "parameters, M", "paper's, quoted", *columns, "seconds a video, quoted |"]),
        "|---" * (len(columns) + 4) + "|",
    ]
    numbers: dict[str, dict[str, float]] = {}
    bare: dict[int, float] = {}
    for name, kind in SYSTEMS.items():
        with torch.device("meta"):
            system = kind(unet)
        system.added.to("meta")  # what torch.device does not reach
        quoted = PAPER.get(name)
        cells = [f"{parameters(system.added):.2f}" if quoted else "", f"{quoted[0]:.2f}" if quoted else ""]
        for frames in frames_list:
            once, each = count(system, unet, Call(frames, height, width))
            bare.setdefault(frames, each)
            cells += [f"{once:.2f}", f"{each:.1f}", f"{each / bare[frames]:.3f}"]
            numbers.setdefault(name, {"parameters": parameters(system.added)})[str(frames)] = each / bare[frames]
        lines.append(" | ".join([f"| {name}", *cells, f"{quoted[1]:.2f} |" if quoted else " |"]))
    return "\n".join(lines), numbers


def plot(numbers: dict[str, dict[str, float]], path: str) -> None:
    """Parameters beside the paper's, and operations of a call over plain SVD's."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in numbers if name in PAPER]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2), constrained_layout=True)
    places = range(len(names))
    for shift, label, values in (
        (-0.2, "built here", [numbers[name]["parameters"] for name in names]),
        (0.2, "the paper's Table 1", [PAPER[name][0] for name in names]),
    ):
        left.bar_label(left.bar([p + shift for p in places], values, 0.4, label=label), fmt="%.0f", padding=2)
    left.set(title="parameters added to SVD, millions", xticks=list(places), xticklabels=names)
    left.margins(y=0.15)
    left.legend(frameon=False)
    frames = [key for key in numbers[names[0]] if key != "parameters"]
    for i, key in enumerate(frames):
        added = [100 * (numbers[name][key] - 1) for name in names]
        bars = right.bar([p + (i - (len(frames) - 1) / 2) * 0.4 for p in places], added, 0.4, label=f"{key} frames")
        right.bar_label(bars, fmt="%.1f", padding=2)
    right.set(title="operations added to a UNet call, %", xticks=list(places), xticklabels=names)
    right.margins(y=0.15)
    right.legend(frameon=False)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=130)


@noticed()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, nargs="+", default=[14, 25])
    parser.add_argument("--size", type=int, nargs=2, default=(576, 1024), metavar=("H", "W"))
    parser.add_argument("--active", type=float, default=0.2, help="share of the locations that trajectories pass")
    parser.add_argument("--plot", metavar="PICTURE")
    parser.add_argument("--time", type=int, nargs=3, metavar=("H", "W", "FRAMES"), help="measure time instead")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    args = parser.parse_args()
    if args.time is None:
        text, numbers = table(args.frames, *args.size, args.active)
        print(text)
        if args.plot:
            plot(numbers, args.plot)
        return
    height, width, frames = args.time
    dtype = getattr(torch, args.dtype)
    with torch.inference_mode():
        found = times(svd_unet(args.device, dtype), Call(frames, height, width, args.device, dtype), args.rounds)
    for name, ratios in found.items():
        print(f"{name}: {statistics.median(ratios):.3f} × plain ({min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
