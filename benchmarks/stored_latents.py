"""Seconds from a shard to the model's input, with and without stored latents: ``python -m benchmarks.stored_latents``.

One clip of known motion, one thread, the two ways in turn; what counts is the ratio. Also the bytes of every member.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.busy import noticed
from tests.trackgo.preparation.clips import known_clip
from trackgo import options
from trackgo.preparation.latents import encoder
from trackgo.preparation.pipeline import one_thread
from trackgo.preparation.sample import Sample
from trackgo.preparation.shards import pack, write_tar
from trackgo.svd.frozen import FrozenParts
from trackgo.training.batch import collate, model_input
from trackgo.training.config import ConditioningConfig, DataConfig, LossConfig
from trackgo.training.data import ClipKey, build_source
from trackgo.training.shards import Encoders

WAYS = {"use": "latents", "ignore": "video"}


def encoded_sample(base: str, frames: int, width: int, height: int) -> Sample:
    """A clip as ``prepare --latents`` leaves it."""
    clip, made_by = known_clip(1, frames, width, height), encoder(base)
    latents, embedding = made_by.encode(clip.frames)
    meta = {"fps": 10.0, "latents": base, "encoders": dict(made_by.parts.digests)}
    return Sample("clip", clip.frames, clip.tracks, clip.visible, clip.component, clip.masks, meta, latents, embedding)


def seconds(data: DataConfig, parts: FrozenParts, base: str, key: ClipKey) -> tuple[float, float]:
    """CPU seconds to read the clip, and to make the model's input of it."""
    source = build_source(data, Encoders(base, parts.digests))
    start = time.process_time()
    batch = collate([source.triple(key, np.random.default_rng(0))], [0])
    between = time.process_time()
    model_input(batch, parts, 0, 0, LossConfig(), ConditioningConfig())
    return between - start, time.process_time() - between


@noticed()
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", default="demo", help="an SVD folder, a model in the local cache, or demo")
    parser.add_argument("--frames", type=int, default=25)
    parser.add_argument("--size", type=options.size, default=(1024, 576), metavar="WxH")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest counts")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, one_thread():
        members = pack(encoded_sample(args.base, args.frames, *args.size))
        write_tar(Path(folder) / "shard-000000.tar", [("clip", members)])
        parts, key = encoder(args.base).parts, ClipKey(0, args.frames, *args.size, 0)
        found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
        for way in list(WAYS) * args.repeats:
            data = DataConfig(source="shards", path=folder, latents=way)
            found[way].append(seconds(data, parts, args.base, key))
    report(found, members)


def report(found: dict[str, list[tuple[float, float]]], members: dict[str, bytes]) -> None:
    """The summary."""
    best = {way: min(runs, key=sum) for way, runs in found.items()}
    for way, (read, made) in best.items():
        print(f"{WAYS[way]:8s} read {read:6.2f} s, model input {made:6.2f} s")
    use, ignore = best["use"], best["ignore"]
    ratios = ignore[0] / use[0], ignore[1] / use[1], sum(ignore) / sum(use)
    print("video / latents: read {:.1f}, model input {:.1f}, together {:.1f}".format(*ratios))
    for name, data in sorted(members.items(), key=lambda item: -len(item[1])):
        print(f"  {name:20s} {len(data) / 1e6:6.3f} MB")


if __name__ == "__main__":
    main()
