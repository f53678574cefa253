"""Slow work in other threads, so that the window never waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Literal

from PySide6.QtCore import QObject, Qt, Signal

from lpat.errors import LpatError

Work = Callable[["Progress"], Any]
_Kind = Literal["told", "done", "failed"]
_Message = tuple[_Kind, Any]

THREADS = 4
"""Jobs that run at the same time; they mostly wait for files and for code outside of Python."""


class Progress:
    """What running work may tell and ask; it is called in the work's own thread."""

    def __init__(self, tell: Callable[[object], None]) -> None:
        self._tell = tell
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the result any longer."""
        return self._cancelled.is_set()

    def tell(self, value: object) -> None:
        """Hand a part of the result, or how far it is, to the job's `progressed`."""
        if not self.cancelled:
            self._tell(value)

    def cancel(self) -> None:
        """Ask the work to end; from any thread."""
        self._cancelled.set()


class Job(QObject):
    """Work that was started. Its signals arrive in the thread that started it.

    One of `done` and `failed` comes, then `ended`; after `cancel` neither of the two does. An
    `LpatError` fails with its line; any other exception is a bug and reaches `sys.excepthook`.
    """

    done = Signal(object)
    failed = Signal(str)
    progressed = Signal(object)
    ended = Signal()

    def __init__(self, messages: SimpleQueue[_Message], progress: Progress) -> None:
        super().__init__()
        self._messages, self._progress = messages, progress
        self._running = True

    @property
    def running(self) -> bool:
        """Whether its end hasn't arrived yet."""
        return self._running

    def cancel(self) -> None:
        """Drop the result, and ask the work to end."""
        self._progress.cancel()

    def listen(self) -> None:
        """Hand on what the work has said meanwhile."""
        while not self._messages.empty():
            kind, value = self._messages.get()
            if kind == "told":
                if not self._progress.cancelled:
                    self.progressed.emit(value)
                continue
            self._running = False
            if kind == "failed":
                self._on_error(value)
            elif not self._progress.cancelled:
                self.done.emit(value)
            self.ended.emit()

    def _on_error(self, error: BaseException) -> None:
        line = str(error)
        if not isinstance(error, LpatError):
            sys.excepthook(type(error), error, error.__traceback__)
            line = f"an error in lpat itself: {error!r}"
        if not self._progress.cancelled:
            self.failed.emit(line)


class Jobs(QObject):
    """Runs jobs, some at a time, and keeps them until they have ended."""

    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="job")
        self._jobs: set[Job] = set()
        self._woken.connect(self._listen, Qt.ConnectionType.QueuedConnection)

    def start(
        self,
        work: Work,
        *,
        on_done: Callable[[Any], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
        on_progress: Callable[[Any], None] | None = None,
    ) -> Job:
        """Start work, and call back in this thread."""
        # What is said lies in a queue of Python's: signals between threads carry no objects. Nor
        # does the other thread know the job, which else might be deleted there.
        messages: SimpleQueue[_Message] = SimpleQueue()

        def send(kind: _Kind, value: Any) -> None:
            messages.put((kind, value))
            self._woken.emit()

        progress = Progress(lambda value: send("told", value))
        job = Job(messages, progress)
        for signal, call in (
            (job.done, on_done),
            (job.failed, on_failed),
            (job.progressed, on_progress),
        ):
            if call is not None:
                signal.connect(call)
        self._jobs.add(job)
        self._pool.submit(_run, work, progress, send)
        return job

    @property
    def running(self) -> int:
        """Jobs whose end hasn't arrived yet."""
        return sum(job.running for job in self._jobs)

    def stop(self) -> None:
        """Cancel all and wait until their threads have ended; no job can be started any more."""
        for job in self._jobs:
            job.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _listen(self) -> None:
        for job in tuple(self._jobs):
            job.listen()
            if not job.running:
                self._jobs.discard(job)


def _run(work: Work, progress: Progress, send: Callable[[_Kind, Any], None]) -> None:
    """Do the work; called in the other thread."""
    try:
        result = work(progress)
    except BaseException as error:
        send("failed", error)
    else:
        send("done", result)
