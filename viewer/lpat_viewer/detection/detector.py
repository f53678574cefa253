"""Models run on the open video, with their results laid over each other."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lpat.backbones.search import BACKBONES, Backbones
from lpat.features.cache import FeatureCache
from lpat.inputs import Input
from lpat.localizer import Localizer
from lpat.model.copies import write_copy
from lpat.segments.detect import detect
from lpat_viewer.detection.job import Failure, LoadedModel, Remark, State, detect_in
from lpat_viewer.detection.level_mover import LevelMover
from lpat_viewer.jobs import Job, Jobs, Progress
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.levels import Level
from lpat_viewer.models.workspace import Workspace


class Detector(QObject):
    """The loaded models, and their run on the open video.

    With `auto`, models run by themselves: all of them when a video is opened, one when it is added.
    What goes wrong is one line among the workspace's notices.
    """

    changed = Signal()  # models, progress or state

    def __init__(
        self,
        workspace: Workspace,
        jobs: Jobs,
        cache: FeatureCache | None,
        device: str = "auto",
        parent: QObject | None = None,
        *,
        backbones: Backbones = BACKBONES,
    ) -> None:
        super().__init__(parent)
        self.auto = True
        self.levels = LevelMover(workspace, jobs, self)
        self._workspace = workspace
        self._jobs = jobs
        self._cache = cache
        self._device = device
        self._backbones = backbones
        self._models: dict[Path, LoadedModel] = {}
        self._loading: dict[Path, Job] = {}  # in the order in which they were named
        self._loaded: dict[Path, Localizer | None] = {}  # before their turn; None: it failed
        self._waiting: list[LoadedModel] = []  # for the run that is under way to end
        self._job: Job | None = None
        self._state = State(0.0, "")
        workspace.video_changed.connect(self._on_video_changed)

    @property
    def models(self) -> tuple[LoadedModel, ...]:
        """Models that are ready, in the order they came."""
        return tuple(self._models.values())

    @property
    def running(self) -> bool:
        """Whether models are at work."""
        return self._job is not None

    @property
    def progress(self) -> float | None:
        """How much of the work is done, from 0 to 1; None when there is none."""
        return self._state.share if self.running else None

    @property
    def state_text(self) -> str:
        """What the models are doing, or how the last run ended."""
        if self._loading and not self.running:
            return f"{next(iter(self._loading)).name}: loading"
        return self._state.text

    def add_model(self, path: str | Path) -> None:
        """Load a model file beside the others; one that is there already is loaded anew."""
        path = _absolute(path)
        if path in self._loading:
            return

        def load(_: Progress) -> Localizer:
            return Localizer(path, self._device, backbones=self._backbones)

        self._loading[path] = self._jobs.start(
            load,
            on_done=lambda localizer: self._on_loaded(path, localizer),
            on_failed=lambda line: self._on_load_failed(path, line),
        )
        self._loaded.pop(path, None)
        self.changed.emit()

    def remove_model(self, path: str | Path) -> None:
        """Take a model away, with what it said of the open video."""
        path = _absolute(path)
        loading = self._loading.pop(path, None)
        if loading is not None:
            loading.cancel()
            self._take_loaded()
        model = self._models.pop(path, None)
        if model is not None:
            self._waiting = [other for other in self._waiting if other.name != model.name]
            layers = self._workspace.layers
            for name in {model.name, manual_name(model.name)} & {
                layer.name for layer in layers.all
            }:
                layers.remove(name)
            if not self._models:
                self.cancel()
        self.changed.emit()

    def run(self) -> None:
        """Run all models on the open video, anew."""
        self.cancel()
        self._waiting = list(self.models)
        self._run_waiting()

    def cancel(self) -> None:
        """Stop at once; what has come so far stays."""
        self._waiting = []
        if self._job is not None:
            self._job.cancel()
            self._end("cancelled")

    def add_manual_layer(self) -> None:
        """Lay what the active model finds by the manual threshold over the rest."""
        layer = self._workspace.layers.active
        model = next((m for m in self.models if layer is not None and m.name == layer.name), None)
        if layer is None or model is None or layer.scores is None:
            self._workspace.notices.error(
                "there is a manual threshold only of a model that has run"
            )
            return
        if not layer.complete:
            self._workspace.notices.error(f"{model.name} is still at it: wait until it is done")
            return
        scores = layer.scores
        options = replace(model.localizer.metadata.post_processing, threshold="manual")
        name = manual_name(model.name)
        video = self._workspace.video

        def put(layer: Layer) -> None:
            if self._workspace.video == video and model in self.models:
                self._workspace.layers.put(layer)

        self._jobs.start(lambda _: Layer(name, detect(scores, options), scores), on_done=put)

    def save_copy(self, model: LoadedModel, path: Path, level: Level) -> None:
        """Write a copy of a model's file whose own level is this one, and tell of it."""
        if not path.suffix:
            path = path.with_suffix(".onnx")
        notices = self._workspace.notices
        self._jobs.start(
            lambda _: write_copy(model.path, path, level.sensitivity),
            on_done=lambda _: notices.tell(f"Wrote {path}"),
            on_failed=notices.error,
        )

    def _on_loaded(self, path: Path, localizer: Localizer) -> None:
        self._loaded[path] = localizer
        self._take_loaded()

    def _take_loaded(self) -> None:
        """Take models in the order in which they were named, not that in which they are ready."""
        while self._loading and (path := next(iter(self._loading))) in self._loaded:
            del self._loading[path]
            localizer = self._loaded.pop(path)
            if localizer is not None:
                self._take_model(path, localizer)
        self.changed.emit()

    def _take_model(self, path: Path, localizer: Localizer) -> None:
        before = self._models.get(path)
        taken = {layer.name for layer in self._workspace.layers.all}
        taken.update(model.name for model in self.models)
        name = _short_name(path, taken) if before is None else before.name
        model = self._models[path] = LoadedModel(name, path, localizer)
        if localizer.metadata.caution:
            self._workspace.notices.tell(f"{name}: {localizer.metadata.caution}", "warning")
        if self.auto and self._workspace.video is not None:
            self._waiting.append(model)
            self._run_waiting()

    def _on_load_failed(self, path: Path, line: str) -> None:
        self._loaded[path] = None
        self._workspace.notices.error(line)
        self._take_loaded()

    def _on_video_changed(self) -> None:
        self.cancel()
        self._state = State(0.0, "")
        if self.auto and self._workspace.video is not None:
            self.run()
        self.changed.emit()

    def _run_waiting(self) -> None:
        """Run those that wait, unless others are at work: then these come after them."""
        video = self._workspace.video
        if self._job is not None or not self._waiting or video is None:
            return
        source, models, cache = Input(self._workspace.name, video), self._waiting, self._cache
        self._waiting = []
        self._state = State(0.0, "starting")
        self._job = self._jobs.start(
            lambda progress: detect_in(source, models, cache, progress),
            on_progress=self._take,
            on_done=lambda _: self._end("done"),
            on_failed=self._on_run_failed,
        )
        self.changed.emit()

    def _take(self, news: State | Layer | Failure | Remark) -> None:
        """Take what the job tells: a state, a layer or a line for the user."""
        if isinstance(news, State):
            self._state = news
            self.changed.emit()
        elif isinstance(news, Failure):
            self._workspace.notices.error(news.text)
        elif isinstance(news, Remark):
            self._workspace.notices.tell(news.text, "warning")
        elif any(model.name == news.name for model in self.models):
            self._workspace.layers.put(news)
            playhead = self._workspace.playhead
            # Of features without a picture, nobody else knows how long they last.
            if playhead.duration == 0 and news.complete and news.scores is not None:
                playhead.set_duration(float(news.scores.edges[-1]))

    def _on_run_failed(self, line: str) -> None:
        self._workspace.notices.error(line)
        self._end("failed")

    def _end(self, text: str) -> None:
        self._job = None
        self._state = State(0.0, text)
        self._run_waiting()
        self.changed.emit()


def manual_name(name: str) -> str:
    """The name of the layer that a model of this name has by the manual threshold."""
    return f"{name}, manual threshold"


def _absolute(path: str | Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps `..`


def _short_name(path: Path, taken: Collection[str]) -> str:
    """The shortest end of a path that isn't taken."""
    ends = ("/".join(path.parts[-depth:]) for depth in range(1, len(path.parts) + 1))
    return next((end for end in ends if end not in taken), str(path))
