"""Slow work in other threads, so that the window never waits."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

from lpat.errors import LpatError

Work = Callable[["Progress"], Any]


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
    _told = Signal(object)
    _finished = Signal(object, object)

    def __init__(self, work: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._progress = Progress(self._told.emit)
        self._work = work
        self._running = True
        queued = Qt.ConnectionType.QueuedConnection
        self._told.connect(self._on_told, queued)
        self._finished.connect(self._on_finished, queued)

    @property
    def running(self) -> bool:
        """Whether its end hasn't arrived yet."""
        return self._running

    def cancel(self) -> None:
        """Drop the result, and ask the work to end."""
        self._progress.cancel()

    def run(self) -> None:
        """Do the work; called in the other thread."""
        try:
            result = self._work(self._progress)
        except BaseException as error:
            self._finished.emit(None, error)
        else:
            self._finished.emit(result, None)

    def _on_told(self, value: object) -> None:
        if not self._progress.cancelled:
            self.progressed.emit(value)

    def _on_finished(self, result: object, error: BaseException | None) -> None:
        self._running = False
        if isinstance(error, LpatError):
            if not self._progress.cancelled:
                self.failed.emit(str(error))
        elif error is not None:
            trace: TracebackType | None = error.__traceback__
            sys.excepthook(type(error), error, trace)
            if not self._progress.cancelled:
                self.failed.emit(f"an error in lpat itself: {error!r}")
        elif not self._progress.cancelled:
            self.done.emit(result)
        self.ended.emit()


class Jobs(QObject):
    """Runs jobs, some at a time, and keeps them until they have ended."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._jobs: set[Job] = set()

    def start(
        self,
        work: Work,
        *,
        on_done: Callable[[Any], None] | None = None,
        on_failed: Callable[[str], None] | None = None,
        on_progress: Callable[[Any], None] | None = None,
    ) -> Job:
        """Start work, and call back in this thread."""
        job = Job(work, self)
        for signal, call in (
            (job.done, on_done),
            (job.failed, on_failed),
            (job.progressed, on_progress),
        ):
            if call is not None:
                signal.connect(call)
        self._jobs.add(job)
        job.ended.connect(lambda: self._forget(job))
        self._pool.start(QRunnable.create(job.run))
        return job

    @property
    def running(self) -> int:
        """Jobs whose end hasn't arrived yet."""
        return len(self._jobs)

    def stop(self) -> None:
        """Cancel all and wait until their threads have ended."""
        for job in self._jobs:
            job.cancel()
        self._pool.waitForDone()

    def _forget(self, job: Job) -> None:
        self._jobs.discard(job)
        job.deleteLater()
