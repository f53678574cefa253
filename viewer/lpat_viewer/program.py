"""The windows of one start of `lpat-view`: the viewer, and those in which folders are tagged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from lpat.backbones.search import BACKBONES, Backbones
from lpat.features.cache import FeatureCache
from lpat_viewer.jobs import Jobs
from lpat_viewer.tagging.opening import TaggedFolder, open_folder
from lpat_viewer.tagging.tagging_commands import tagging_commands
from lpat_viewer.tagging.tagging_window import TaggingWindow
from lpat_viewer.training.training_window import TrainingWindow
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings


class Program(QObject):
    """Opens windows when they are needed; `end` ends whatever they do."""

    def __init__(
        self,
        settings: Settings,
        *,
        cache: FeatureCache | None,
        device: str = "auto",
        backbones: Backbones = BACKBONES,
    ) -> None:
        super().__init__()
        self._settings, self._cache = settings, cache
        self._device, self._backbones = device, backbones
        self._jobs = Jobs(self)
        self._viewer: Viewer | None = None
        self._training: TrainingWindow | None = None
        self._tagging: dict[Path, TaggingWindow] = {}  # by the file of the tags

    @property
    def viewer(self) -> Viewer:
        """The viewer, made when it is needed first."""
        if self._viewer is None:
            self._viewer = Viewer(
                self._settings,
                cache=self._cache,
                device=self._device,
                backbones=self._backbones,
                tag_folder=self.tag_folder,
                train=self.train,
            )
        return self._viewer

    @property
    def tagging(self) -> tuple[TaggingWindow, ...]:
        """The windows in which folders are tagged, in the order of their opening."""
        return tuple(self._tagging.values())

    def show(self, paths: Sequence[Path]) -> None:
        """Show the viewer, and files in it."""
        _show(self.viewer.window)
        self.viewer.open(paths)

    def tag_folder(self, folder: Path) -> None:
        """Read a folder, and have its videos tagged."""
        self._jobs.start(
            lambda _: open_folder(folder),
            on_done=self.open_tagging,
            on_failed=self._tell_failure,
        )

    def open_tagging(self, opened: TaggedFolder, model: Path | None = None) -> None:
        """Show a window in which a folder is tagged: one that is open already, or a new one."""
        window = self._tagging.get(opened.file.path)
        if window is not None and not window.isVisible():  # it was closed
            window.end()
        if window is None or not window.isVisible():
            window = TaggingWindow(
                opened,
                cache=self._cache,
                device=self._device,
                backbones=self._backbones,
                tag_folder=self.tag_folder,
                show_paths=self.show,
                train=self.train,
            )
            window.set_commands(tagging_commands(window))
            self._tagging[opened.file.path] = window
        if model is not None:
            window.suggester.start(model)
        _show(window)

    def train(
        self, folder: Path | None, tags: Path | None, take_model: Callable[[Path], None]
    ) -> None:
        """Show the window that trains, on these videos and tags; the model goes to `take_model`."""
        if self._training is None:
            self._training = TrainingWindow(cache=self._cache)
        self._training.propose(folder, tags, take_model)
        _show(self._training)

    @property
    def training(self) -> TrainingWindow | None:
        """The window that trains, once it was opened."""
        return self._training

    def close(self) -> bool:
        """Close all windows; False as soon as the user keeps one open."""
        viewer = [] if self._viewer is None else [self._viewer.window]
        training = [] if self._training is None else [self._training]
        return all(window.close() for window in (*training, *self.tagging, *viewer))

    def end(self) -> None:
        """End everything that runs; nothing here can be used any more."""
        self._jobs.stop()
        if self._training is not None:
            self._training.end()
        for window in self.tagging:
            window.end()
        if self._viewer is not None:
            self._viewer.close()
        self.deleteLater()

    def _tell_failure(self, reason: str) -> None:
        open_ones = [window for window in self.tagging if window.isVisible()]
        notices = open_ones[-1].notices if open_ones else self.viewer.workspace.notices
        notices.error(reason)


def _show(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()
