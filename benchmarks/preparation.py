"""How well and how fast clips are prepared, on clips whose motion is known: ``python -m benchmarks.preparation``.

Textured things move over a panned background (``tests/trackgo/preparation/clips.py``). Printed are the overlap of the
found masks with the true ones in the first frame, the error of the tracks, and where a core's time goes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.busy import noticed
from tests.trackgo.preparation.clips import KnownClip, known_clip
from trackgo import options
from trackgo.preparation.decode import windows
from trackgo.preparation.flow import dense_flow
from trackgo.preparation.measure import measure_tracks, measure_window
from trackgo.preparation.pipeline import one_thread
from trackgo.preparation.sample import Sample, sample_points
from trackgo.preparation.segmenters import build_segmenter
from trackgo.preparation.settings import Settings
from trackgo.preparation.shards import pack
from trackgo.tracking.trackers import build_tracker
from trackgo.video import write_clip


class Watch:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start


def overlaps(clip: KnownClip, masks: np.ndarray) -> list[float]:
    """For each true thing the best intersection over union of the first frame's masks."""
    found = []
    for true in clip.masks[0]:
        scores = [(true & mask).sum() / max((true | mask).sum(), 1) for mask in masks[0]]
        found.append(float(max(scores, default=0.0)))
    return found


def prepare_one(path: Path, settings: Settings, watch: Watch) -> tuple[Sample, int]:
    """The stages of ``pipeline`` by hand, so that each can be timed; and the bytes of what is written."""
    segmenter, tracker = build_segmenter(settings.segmenter), build_tracker(settings.tracker)
    with watch.stage("decode, fit, look for cuts"):
        window = next(windows(path, settings))
    with watch.stage("dense flow and camera"):
        flow = dense_flow(window.frames)
    with watch.stage("filter scores"):
        measure_window(window, flow)
    with watch.stage("segment"):
        masks = segmenter.segment(window, flow, settings.components)
    with watch.stage("sample (3K, K-means)"):
        points, component = sample_points(masks[0], (0, 0))
    with watch.stage("track"):
        tracked = tracker.track(window.frames, points)
    with watch.stage("track scores"):
        measure_tracks(tracked, component, masks)
    sample = Sample("clip", window.frames, tracked.tracks, tracked.visible, component, masks)
    with watch.stage("encode and check"):
        size = sum(len(data) for data in pack(sample).values())
    return sample, size


@noticed()
def main(say: Callable[[str], None] = print) -> None:
    """Measure, and print as it goes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--frames", type=int, default=25)
    parser.add_argument("--size", type=options.size, default=(1024, 576), metavar="WxH")
    args = parser.parse_args()
    width, height = args.size
    settings = Settings(frames=args.frames, width=width, height=height)
    watch, found, errors, sizes, missed = Watch(), [], [], [], []
    with tempfile.TemporaryDirectory() as folder, one_thread():
        for index in range(args.clips):
            clip = known_clip(index, args.frames, width, height)
            path = Path(folder) / "clip.mp4"
            write_clip(path, clip.frames, 25)
            sample, size = prepare_one(path, settings, watch)
            tracked = build_tracker(settings.tracker).track(clip.frames, clip.tracks[0])
            error = np.linalg.norm(tracked.tracks - clip.tracks, axis=-1)[1:]
            best = overlaps(clip, sample.masks)
            found, sizes = found + best, [*sizes, size]
            errors.append(error[clip.visible[1:]])
            missed.append(~tracked.visible[1:][clip.visible[1:]])
            shares = ", ".join(f"{share:.2f}" for share in best)
            say(f"clip {index:3d}: overlap {shares}; median error {np.median(errors[-1]):.2f} px")
    report(say, watch, args.clips, np.array(found), np.concatenate(errors), np.concatenate(missed), np.array(sizes))


def report(
    say: Callable[[str], None], watch: Watch, clips: int, found: np.ndarray, errors: np.ndarray, missed: np.ndarray,
    sizes: np.ndarray,
) -> None:  # fmt: skip
    """The summary."""
    total = sum(watch.seconds.values())
    say(f"motion: mean overlap in the first frame {found.mean():.3f}; {(found < 0.5).sum()} of {len(found)} below 0.5")
    near = np.mean(errors <= 4)
    say(f"lk: median error {np.median(errors):.3f} px, within 4 px {near:.1%} of {len(errors)} visible points")
    say(f"lk: {missed.mean():.1%} of visible points taken for hidden")
    say(f"a sample has {sizes.mean() / 1e6:.2f} MB; {60 * clips / total:.1f} clips per minute and core")
    for name, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1]):
        say(f"  {name:28s} {seconds / clips:6.2f} s  {seconds / total:6.1%}")


if __name__ == "__main__":
    main()
