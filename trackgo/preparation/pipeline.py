"""From one clip to its samples. The very same function runs in one process, in several, and on a Ray cluster."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from ..tracking.trackers import build_tracker
from .decode import Unusable, Window, windows
from .flow import Flow, dense_flow
from .measure import measure_masks, measure_tracks, measure_window
from .sample import Sample, sample_points
from .segmenters import build_segmenter, check_masks
from .settings import FORMAT, Settings

REASONS = {
    "upscale": "too small",
    "contrast": "little contrast",
    "sharpness": "blurred",
    "motion": "little motion",
    "camera": "strong camera motion",
    "jump": "frame jump",
    "frozen": "frozen frames",
    "area": "components too small",
    "visible": "points lost",
    "agreement": "tracks leave masks",
    "travel": "components hardly move",
}
"""In words, why a window goes that breaks the threshold of this score."""

_EXPECTED = (ValueError, OSError, RuntimeError, ArithmeticError, av.FFmpegError, cv2.error)
"""What decoders and other people's tools raise over a clip they cannot work with."""


@dataclass(frozen=True)
class WindowOutcome:
    """What became of a window.

    Attributes:
        key: its sample's name, also of one that was not kept.
        first, last: the numbers of its first and last frame in the source.
        reason: why it was not kept, in words for counting; empty for a kept one.
        broken: the thresholds it breaks, such as ``camera 3.1 > 2``, or an error's message.
        scores: what was measured until then.
    """

    key: str
    first: int
    last: int
    reason: str
    broken: tuple[str, ...]
    scores: Mapping[str, float]


@dataclass(frozen=True)
class ClipOutcome:
    """What became of a clip: its windows, and why it stopped short or gave none (``reason`` for counting)."""

    source: str
    windows: tuple[WindowOutcome, ...]
    reason: str = ""
    message: str = ""

    @property
    def kept(self) -> int:
        """How many windows were kept."""
        return sum(not window.reason for window in self.windows)

    def to_mapping(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, tree: Mapping[str, Any]) -> ClipOutcome:
        """The reverse of ``to_mapping``."""
        parts = tuple(WindowOutcome(**{**part, "broken": tuple(part["broken"])}) for part in tree["windows"])
        return cls(tree["source"], parts, tree["reason"], tree["message"])


@dataclass(frozen=True, eq=False)
class Prepared:
    """A window and what became of it; ``sample`` as far as it got: with masks and tracks once there are any, also when
    the window is not kept."""

    window: Window
    outcome: WindowOutcome
    sample: Sample | None = None

    @property
    def kept(self) -> bool:
        """Whether the sample goes into a shard."""
        return not self.outcome.reason


def prepare_clip(source: Path, name: str, settings: Settings) -> Iterator[Prepared | ClipOutcome]:
    """The windows of a clip one by one, and at last what became of it all.

    ``name`` stands for the clip in keys and reports. Raises nothing over a bad clip: its outcome says what was wrong.
    ValueError when segmenter or tracker cannot be built.
    """
    segmenter, tracker = _tools(settings.segmenter, settings.tracker)
    outcomes: list[WindowOutcome] = []
    reason, message = "", ""
    with one_thread():
        try:
            _check_name(name)
            for window in windows(source, settings):
                prepared = _prepare_window(window, name, settings, segmenter, tracker)
                outcomes.append(prepared.outcome)
                yield prepared
        except Unusable as error:
            reason, message = error.reason, str(error)
        except _EXPECTED as error:
            reason, message = "unreadable", f"'{name}': {error}"
    yield ClipOutcome(_shown(name), tuple(outcomes), reason, message)


def _check_name(name: str) -> None:
    """Raise Unusable for a name whose bytes are no text: keys, shards and reports could not hold it."""
    if _shown(name) != name:
        raise Unusable("file name", f"the name '{_shown(name)}' is not UTF-8; rename it")


def _shown(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


@lru_cache(maxsize=2)
def _tools(segmenter: str, tracker: str) -> tuple[Any, Any]:
    """Built once per process: weights are heavy."""
    return build_segmenter(segmenter), build_tracker(tracker)


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenCV, BLAS and OpenMP on one thread: clips are prepared side by side, and last digits, in dense flow more than
    those, depend on how many threads share the work."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(before)


def _prepare_window(window: Window, name: str, settings: Settings, segmenter: Any, tracker: Any) -> Prepared:
    """Filter → segment → sample → track → score; stops at the first stage that the window does not pass."""
    key, scores = sample_key(name, window.numbers[0]), {}

    def outcome(reason: str = "", broken: tuple[str, ...] = ()) -> WindowOutcome:
        return WindowOutcome(key, window.numbers[0], window.numbers[-1], reason, broken, dict(scores))

    def rejected() -> WindowOutcome | None:
        broken = settings.thresholds.broken(scores)
        return outcome(REASONS[broken[0].split()[0]], tuple(broken)) if broken else None

    try:
        flow = dense_flow(window.frames)
        scores |= measure_window(window, flow)
        if no := rejected():
            return Prepared(window, no)
        masks = _segment(window, flow, settings, segmenter)
        scores |= measure_masks(masks)
        if not masks.shape[1]:
            return Prepared(window, outcome("nothing to segment"))
        if no := rejected():
            return Prepared(window, no)
        sample, good = _tracked(window, key, masks, settings, tracker, scores)
        if no := rejected():
            return Prepared(window, no, sample)
        sample = replace(sample.only(good), meta=_meta(window, name, scores, segmenter, tracker, settings))
        if settings.latents:
            sample = _encoded(sample, settings.latents)
    except _EXPECTED as error:
        return Prepared(window, outcome("failed", (str(error),)))
    return Prepared(window, outcome(), sample)


def _tracked(
    window: Window, key: str, masks: np.ndarray, settings: Settings, tracker: Any, scores: dict[str, float]
) -> tuple[Sample, np.ndarray]:
    """The window with its tracks, and which of its components are good, bool [S]; adds to ``scores``."""
    points, component = sample_points(masks[0], (settings.seed, window.numbers[0]))
    tracked = tracker.track(window.frames, points)
    measured = measure_tracks(tracked, component, masks)
    good = measured.good(settings.thresholds)
    scores |= measured.worst(good) | {"components": float(good.sum())}
    return Sample(key, window.frames, tracked.tracks, tracked.visible, component, masks), good


def _segment(window: Window, flow: Flow, settings: Settings, segmenter: Any) -> np.ndarray:
    """The segmenter's masks bool [L, S, H, W], less components that the first frame does not show."""
    masks = check_masks(segmenter.segment(window, flow, settings.components), window)
    return masks[:, masks[0].any(axis=(1, 2))][:, : settings.components]


def _encoded(sample: Sample, model: str) -> Sample:
    """The sample with latents and embedding, and in ``meta`` what made them."""
    from .latents import encoder

    made_by = encoder(model)
    latents, embedding = made_by.encode(sample.frames)
    meta = {**sample.meta, "encoders": dict(made_by.parts.digests)}
    return replace(sample, meta=meta, latents=latents, embedding=embedding)


def sample_key(name: str, first: int) -> str:
    """A sample's name from its clip and first frame; without dots, which end a key in WebDataset."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(name).stem).strip("-")[:40] or "clip"
    return f"{stem}-{hashlib.sha256(name.encode()).hexdigest()[:8]}-{first:06d}"


def _meta(
    window: Window, name: str, scores: Mapping[str, float], segmenter: Any, tracker: Any, settings: Settings
) -> dict[str, Any]:
    frames, height, width = window.frames.shape[:3]
    return {
        "format": FORMAT,
        "source": name,
        "first_frame": window.numbers[0],
        "last_frame": window.numbers[-1],
        "fps": round(window.fps, 4),
        "frames": frames,
        "width": width,
        "height": height,
        "source_width": window.crop.width,
        "source_height": window.crop.height,
        "scores": dict(scores),
        "seed": settings.seed,
        "latents": settings.latents,
        "tools": {
            "segmenter": segmenter.version,
            "tracker": tracker.version,
            "trackgo": _own_version(),
            "pyav": av.__version__,
        },
    }


def _own_version() -> str:
    try:
        return version("trackgo")
    except PackageNotFoundError:  # runs from a folder, as inside ComfyUI
        return "source"
