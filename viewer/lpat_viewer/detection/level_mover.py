"""Moves levels while a slider moves: another thread detects, and stale results are dropped."""

from __future__ import annotations

from PySide6.QtCore import QObject

from lpat.types import Detections, Scores
from lpat_viewer.jobs import Job, Jobs
from lpat_viewer.models.workspace import Workspace


class LevelMover(QObject):
    """Has one level found at a time; of the moves that come meanwhile, the last one counts."""

    def __init__(self, workspace: Workspace, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace, self._jobs = workspace, jobs
        self._next: tuple[str, float] | None = None
        self._job: Job | None = None

    @property
    def running(self) -> bool:
        """Whether a move hasn't come to its results yet."""
        return self._job is not None

    def move(self, name: str, rate: float) -> None:
        """Have a layer's level begin at another rate of false alarms, soon."""
        self._next = name, rate
        if self._job is None:
            self._start()

    def _start(self) -> None:
        if self._next is None:
            return
        (name, rate), self._next = self._next, None
        layer = next((its for its in self._workspace.layers.all if its.name == name), None)
        if layer is None or layer.level is None:
            return
        before, level = layer.level, layer.level.at(rate)

        def done(results: tuple[Scores, Detections]) -> None:
            now = next((its for its in self._workspace.layers.all if its.name == name), None)
            if now is not None and now.level is before:
                self._workspace.take_level(name, level, results)
            elif self._next is None and now is not None:  # the model has said more meanwhile
                self._next = name, rate

        self._job = self._jobs.start(lambda _: level.results(), on_done=done)
        self._job.ended.connect(self._end)

    def _end(self) -> None:
        self._job = None
        self._start()
