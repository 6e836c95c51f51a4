"""One worker for the editor's requests: a few may wait, the newest of each page, and none can hold the server up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field

MAX_WAITING = 3
DEADLINE_S = 60.0  # of one request's work, checked between components and strokes


class Busy(Exception):
    """The request is not answered; the message says why and what helps."""


@dataclass(eq=False)
class Job:
    """One request. `proceed` is called by its work now and then: it raises Busy where the work shall end.

    Attributes:
        page: whose newest request it is; an empty name is nobody's, so that no other takes its place.
        work: what to do on the worker's thread.
        late: what is said where it takes too long; {} stands for the seconds.
    """

    page: str
    work: Callable[[Job], bytes]
    done: Future[bytes] = field(default_factory=Future)
    replaced: bool = False
    ends: float = 0.0
    late: str = "the drawing takes longer than {:g} seconds; take fewer or simpler strokes"

    def proceed(self) -> None:
        if self.replaced:
            raise Busy("a newer request of the same page has taken its place")
        if time.monotonic() > self.ends:
            raise Busy(self.late.format(DEADLINE_S))


class PreviewQueue:
    """Jobs in the order of their arrival, on one thread: so there is memory in use for one, and the server stays quick.

    The thread is a daemon: a server that ends does not wait for it.
    """

    def __init__(self, crowded: str = "other drawings wait for their points already") -> None:
        """`crowded`: what is said, after their number, where too many wait."""
        self._crowded = crowded
        self._changed = threading.Condition()
        self._waiting: list[Job] = []
        self._running: Job | None = None
        self._thread: threading.Thread | None = None

    def submit(self, job: Job) -> None:
        """Let a job wait for its turn; its page's older ones end. Raises Busy at once where too many wait already."""
        with self._changed:
            for older in [one for one in self._waiting if job.page and one.page == job.page]:
                self._waiting.remove(older)
                older.replaced = True
                older.done.set_exception(Busy("a newer request of the same page has taken its place"))
            if self._running is not None and job.page and self._running.page == job.page:
                self._running.replaced = True
            self._waiting = [one for one in self._waiting if not one.done.cancelled()]
            if len(self._waiting) >= MAX_WAITING:
                raise Busy(f"{len(self._waiting)} {self._crowded}; try again in a moment")
            self._waiting.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="trackgo-preview", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting:
                    self._changed.wait()
                job = self._running = self._waiting.pop(0)
            if job.done.set_running_or_notify_cancel():
                _run(job)
            with self._changed:
                self._running = None
            del job  # its drawing may be large


def _run(job: Job) -> None:
    job.ends = time.monotonic() + DEADLINE_S
    try:
        result = job.work(job)
    except BaseException as error:
        job.done.set_exception(error)
    else:
        job.done.set_result(result)
