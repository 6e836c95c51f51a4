"""Many clips: in this process, in several, or on a Ray cluster; each by the same ``prepare_job``."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice

from .pipeline import ClipOutcome, prepare_clip
from .preview import save_preview
from .shards import pack
from .store import Job, save_clip

_AHEAD = 2
"""Clips handed out per worker: one at work, one waiting."""


def prepare_job(job: Job) -> ClipOutcome:
    """Prepare one clip and save it in the run's folder, which every worker must see under the same path."""
    samples, outcome = [], None
    for item in prepare_clip(job.source, job.name, job.settings):
        if isinstance(item, ClipOutcome):
            outcome = item
            continue
        if job.settings.preview:
            save_preview(job.folder, item)
        if item.kept:
            samples.append((item.sample.key, pack(item.sample)))
    save_clip(job, outcome, samples)
    return outcome


def in_this_process(jobs: Iterable[Job]) -> Iterator[ClipOutcome]:
    """One after another."""
    return map(prepare_job, jobs)


def in_processes(jobs: Iterable[Job], workers: int) -> Iterator[ClipOutcome]:
    """In ``workers`` processes of this machine, in the order they finish.

    Raises:
        ValueError: a worker was killed, most often for want of memory; what is finished stays finished.
    """
    context = multiprocessing.get_context("spawn")  # a fork would inherit locks and threads
    with ProcessPoolExecutor(workers, context, initializer=_follow_parent) as pool:
        try:
            for future in _bounded(jobs, lambda job: pool.submit(prepare_job, job), _AHEAD * workers, _first_futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise ValueError("a worker process was killed, perhaps for want of memory; start again to go on") from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def on_ray(jobs: Iterable[Job], address: str, workers: int) -> Iterator[ClipOutcome]:
    """On a Ray cluster at ``address``; ``local`` starts one of ``workers`` CPUs here.

    Raises:
        ValueError: Ray is not installed or cannot be reached.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise ValueError("--ray needs Ray: pip install -e '.[prepare]' in the folder of ComfyUI-TrackGo") from error
    try:
        place = (
            {"num_cpus": max(workers, 1), "include_dashboard": False} if address == "local" else {"address": address}
        )
        ray.init(**place, log_to_driver=False, logging_level="warning", runtime_env=_environment())
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ValueError(f"cannot work on Ray at '{address}': {error}") from error
    try:
        remote = ray.remote(num_cpus=1, max_retries=3)(prepare_job)
        ahead = _AHEAD * max(1, int(ray.cluster_resources().get("CPU", 1)))
        for reference in _bounded(jobs, remote.remote, ahead, lambda pending: ray.wait(pending, num_returns=1)[0]):
            yield ray.get(reference)
    finally:
        ray.shutdown()


def _environment() -> dict[str, dict[str, str]]:
    """Workers find this package where this process found it, and keep to one thread."""
    from pathlib import Path

    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return {"env_vars": {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"}}


def _bounded(jobs: Iterable[Job], submit: Callable, most: int, finished: Callable) -> Iterator:
    """Handles of finished jobs, with at most ``most`` handed out at a time: 200,000 need not wait in a queue."""
    waiting = iter(jobs)
    pending = [submit(job) for job in islice(waiting, most)]
    while pending:
        for handle in finished(pending):
            pending.remove(handle)
            pending += [submit(job) for job in islice(waiting, 1)]
            yield handle


def _first_futures(pending: list[Future]) -> list[Future]:
    return list(wait(pending, return_when=FIRST_COMPLETED).done)


def _follow_parent() -> None:
    """End with the process that started this one, even if that is killed."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
