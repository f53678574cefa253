"""Files written beside the window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QEventLoop, QObject, Signal

from lpat_viewer.jobs import Jobs
from lpat_viewer.models.notices import Notices

_T = TypeVar("_T")
_Writing = tuple[Callable[[], Any], Callable[[Any], None]]


class Writer(QObject):
    """Has files written by jobs, one after the other, as a later one may be of the same path."""

    _idle = Signal()

    def __init__(self, jobs: Jobs, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._notices = jobs, notices
        self._waiting: deque[_Writing] = deque()
        self._busy = False
        self._all_written = True

    def write(self, work: Callable[[], _T], on_done: Callable[[_T], None]) -> None:
        """Do the work in another thread, then call back with what it gives in this one.

        A failure is told.
        """
        self._waiting.append((work, on_done))
        if not self._busy:
            self._all_written = True
            self._write_next()

    def finish(self) -> bool:
        """Whether all is written that was to be: waits for it.

        Meanwhile the window paints, but takes no keys and no mouse.
        """
        if self._busy:
            loop = QEventLoop()
            self._idle.connect(loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        return self._all_written

    def _write_next(self) -> None:
        self._busy = bool(self._waiting)
        if not self._busy:
            self._idle.emit()
            return
        work, on_done = self._waiting.popleft()
        job = self._jobs.start(lambda _: work(), on_done=on_done, on_failed=self._on_failed)
        job.ended.connect(self._write_next)

    def _on_failed(self, reason: str) -> None:
        self._all_written = False
        self._notices.error(reason)
