"""A model's word on each of many videos, worked out beside the window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer

from lpat.features.cache import FeatureCache
from lpat.inputs import Input
from lpat_viewer.detection.detector import Detector
from lpat_viewer.detection.job import Failure, LoadedModel, detect_in
from lpat_viewer.jobs import Job, Jobs, Progress
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace

SHOW_EVERY = 250
"""Milliseconds from one showing of what came to the next: it may come by the hundred."""


@dataclass(frozen=True)
class Suggestion:
    """What a model says of a video: the probability of each label, or why it says nothing."""

    name: str
    probabilities: dict[str, float]
    failure: str = ""


class _Told(Progress):
    """What a detection of one video tells, for a job of many; it ends with that job."""

    def __init__(self, job: Progress, tell: Callable[[object], None]) -> None:
        super().__init__(tell)
        self._job = job

    @property
    def cancelled(self) -> bool:
        return self._job.cancelled


def suggest(
    sources: Sequence[Input], model: LoadedModel, cache: FeatureCache | None, progress: Progress
) -> None:
    """Tell a `Suggestion` for each video, in the order given; features come from the cache."""
    for source in sources:
        found: dict[str, float] = {}
        failures: list[str] = []

        def take(
            news: object, found: dict[str, float] = found, failures: list[str] = failures
        ) -> None:
            if isinstance(news, Failure):
                failures.append(news.text)
            elif isinstance(news, Layer) and news.complete and news.scores is not None:
                scores = news.scores
                found.update(zip(scores.classes, map(float, scores.probabilities), strict=False))

        detect_in(source, [model], cache, _Told(progress, take))
        if progress.cancelled:
            return
        progress.tell(Suggestion(source.name, found, *failures[:1]))


class Survey(QObject):
    """Has the first model look at all videos of the playlist, while they are listed by that.

    What a model has said stays until another one is the first, or other videos are listed.
    """

    def __init__(
        self,
        workspace: Workspace,
        detector: Detector,
        jobs: Jobs,
        cache: FeatureCache | None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._workspace, self._detector = workspace, detector
        self._jobs, self._cache = jobs, cache
        self._job: Job | None = None
        self._model: LoadedModel | None = None
        self._inputs: tuple[Input, ...] = ()
        self._found: dict[str, dict[str, float]] = {}
        self._timer = QTimer(self, singleShot=True, interval=SHOW_EVERY)
        self._timer.timeout.connect(self._show)
        detector.changed.connect(self._look)
        workspace.playlist.changed.connect(self._look)

    @property
    def running(self) -> bool:
        """Whether a model is at work."""
        return self._job is not None

    def _look(self) -> None:
        """Begin, where the list needs it; end, where it doesn't any more."""
        playlist = self._workspace.playlist
        models = self._detector.models
        model = models[0] if models else None
        if model is not self._model or playlist.inputs != self._inputs:
            self._end()
            self._model, self._inputs, self._found = model, playlist.inputs, {}
            if playlist.probabilities:
                playlist.set_probabilities({})
        if not playlist.to_review or model is None:
            self._end()
            return
        left = [
            source
            for source in playlist.listed
            if source.name not in self._found and source.name not in playlist.reviewed
        ]
        if self._job is not None or not left:
            return
        cache = self._cache
        self._job = self._jobs.start(
            lambda progress: suggest(left, model, cache, progress),
            on_progress=self._take,
            on_done=lambda _: self._on_done(),
            on_failed=self._on_failed,
        )

    def _take(self, suggestion: Suggestion) -> None:
        self._found[suggestion.name] = suggestion.probabilities
        if suggestion.failure:
            self._workspace.notices.error(suggestion.failure)
        if not self._timer.isActive():
            self._timer.start()

    def _show(self) -> None:
        self._workspace.playlist.set_probabilities(dict(self._found))

    def _on_done(self) -> None:
        self._job = None
        self._timer.stop()
        self._show()

    def _on_failed(self, reason: str) -> None:
        self._job = None
        self._found = {source.name: {} for source in self._inputs}
        self._workspace.notices.error(reason)

    def _end(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
