"""A model's word on each video of a folder, worked out beside the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from lpat.backbones.search import BACKBONES, Backbones
from lpat.features.cache import FeatureCache
from lpat.localizer import Localizer
from lpat_viewer.detection.job import LoadedModel
from lpat_viewer.detection.survey import SHOW_EVERY, Suggestion, suggest
from lpat_viewer.jobs import Job, Jobs, Progress
from lpat_viewer.models.notices import Notices
from lpat_viewer.tagging.store import TagStore


class Suggester(QObject):
    """The model that suggests labels, at work on all videos; those not tagged come first."""

    changed = Signal()  # model, or how far it is

    def __init__(
        self,
        store: TagStore,
        jobs: Jobs,
        notices: Notices,
        cache: FeatureCache | None,
        device: str = "auto",
        backbones: Backbones = BACKBONES,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self._jobs, self._notices = store, jobs, notices
        self._cache, self._device, self._backbones = cache, device, backbones
        self._job: Job | None = None
        self._text = ""
        self._name = ""
        self._done = 0
        self._new: dict[str, dict[str, float]] = {}
        self._timer = QTimer(self, singleShot=True, interval=SHOW_EVERY)
        self._timer.timeout.connect(self._show)

    @property
    def running(self) -> bool:
        """Whether a model is being loaded, or is at work."""
        return self._job is not None

    @property
    def text(self) -> str:
        """Which model suggests, and how far it is; empty without one."""
        return self._text

    def start(self, path: Path) -> None:
        """Load a model, and let it suggest in the place of the one before."""
        self.cancel()
        self._set_text(f"{path.name}: loading")

        def load(_: Progress) -> LoadedModel:
            localizer = Localizer(path, self._device, backbones=self._backbones)
            return LoadedModel(path.name, path, localizer)

        self._job = self._jobs.start(load, on_done=self._on_loaded, on_failed=self._on_failed)

    def cancel(self) -> None:
        """Stop; what it has suggested stays."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._show()
            self._set_text(f"{self._name}: stopped" if self._name else "")

    def _on_loaded(self, model: LoadedModel) -> None:
        store = self._store
        self._name, self._done = model.name, 0
        # What another model said doesn't count any more.
        state = store.state.with_labels(model.classes)
        store.update(state.without_suggestions())
        names = [*state.at(None).listed, *state.videos]
        order = sorted(dict.fromkeys(names), key=lambda name: name in state.tags)
        sources = [store.source(name) for name in order]
        cache = self._cache
        self._job = self._jobs.start(
            lambda progress: suggest(sources, model, cache, progress),
            on_progress=self._take,
            on_done=lambda _: self._end(),
            on_failed=self._on_failed,
        )
        self._tell_progress()

    def _take(self, suggestion: Suggestion) -> None:
        self._done += 1
        if suggestion.failure:
            self._notices.error(suggestion.failure)
        else:
            self._new[suggestion.name] = suggestion.probabilities
        if not self._timer.isActive():
            self._timer.start()

    def _show(self) -> None:
        self._timer.stop()
        if self._new:
            new, self._new = self._new, {}
            self._store.update(self._store.state.with_suggestions(new))
        self._tell_progress()

    def _tell_progress(self) -> None:
        if self._job is not None and self._name:
            count = len(self._store.state.videos)
            self._set_text(f"{self._name}: {self._done} of {count} videos looked at")

    def _end(self) -> None:
        self._show()
        self._job = None
        self._set_text(f"{self._name} suggests")

    def _on_failed(self, reason: str) -> None:
        self._job = None
        self._notices.error(reason)
        self._set_text("")

    def _set_text(self, text: str) -> None:
        if text != self._text:
            self._text = text
            self.changed.emit()
