"""The window in which videos are tagged, one after the other."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenuBar,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from lpat.annotations.folders import FolderLabels, label_of_folder, labels_of_folders
from lpat.annotations.tags import Change
from lpat.backbones.search import BACKBONES, Backbones
from lpat.errors import LpatError
from lpat.features.cache import FeatureCache
from lpat.files.folders import claim_folder
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.notices import Notices
from lpat_viewer.models.playhead import Playhead
from lpat_viewer.playback.player import Player
from lpat_viewer.tagging.label_panel import LabelPanel
from lpat_viewer.tagging.moment_strip import MomentStrip
from lpat_viewer.tagging.opening import TaggedFolder
from lpat_viewer.tagging.store import TagStore
from lpat_viewer.tagging.suggestions import Suggester
from lpat_viewer.tagging.video_list import VideoList
from lpat_viewer.tagging.watching_panel import WatchingPanel
from lpat_viewer.windows.commands import Command, CommandMenus
from lpat_viewer.windows.guide_window import GuideWindow
from lpat_viewer.windows.help_window import HelpWindow
from lpat_viewer.windows.message_bar import MessageBar

Train = Callable[[Path | None, Path | None, Callable[[Path], None]], None]
"""Opens the window that trains: on a folder and a file of tags; who takes the model is told it."""


class TaggingWindow(QMainWindow):
    """Videos at the left, the current one in the middle, its labels at the right.

    `end` ends all of its threads and processes, when it was closed.
    """

    def __init__(
        self,
        opened: TaggedFolder,
        *,
        cache: FeatureCache | None,
        device: str = "auto",
        backbones: Backbones = BACKBONES,
        tag_folder: Callable[[Path], None] = lambda folder: None,
        show_paths: Callable[[Sequence[Path]], None] = lambda paths: None,
        train: Train = lambda folder, tags, take_model: None,
    ) -> None:
        """`tag_folder` opens another folder to be tagged, `show_paths` files in the viewer."""
        super().__init__()
        self.folder = opened.folder
        self.plays_at_once = True
        self._ended = False
        self._tag_folder, self._show_paths, self._train = tag_folder, show_paths, train
        self._shown: str | None = None
        self._help: HelpWindow | None = None
        self._guide: GuideWindow | None = None
        self.notices = Notices(self)
        for line in opened.passed_over:
            self.notices.tell(f"{opened.folder}: {line}", "warning")
        self.jobs = Jobs(self)
        self.playhead = Playhead(self)
        self.player = Player(self.playhead, self)
        self.store = TagStore(
            opened.videos, opened.file, self.jobs, self.notices, overrule=self._overrules,
            parent=self,
        )  # fmt: skip
        self.suggester = Suggester(
            self.store, self.jobs, self.notices, cache, device, backbones, self
        )
        self.videos = VideoList(self.store)
        self.strip = MomentStrip(self.store, self.playhead)
        self.watching = WatchingPanel(self.player, self.playhead, self.strip)
        self.labels = LabelPanel(self.store, self.notices)
        self._lay_out()
        self.commands: tuple[Command, ...] = ()
        self.player.opened.connect(lambda _: self._on_video_opened())
        self.player.failed.connect(self.notices.error)
        self.store.changed.connect(self._refresh)
        self.store.saved.connect(self._show_saved)
        self.suggester.changed.connect(self._show_suggester)
        self._offer_labels_of_folders()
        self._check_place()
        self._refresh()
        self._show_saved()
        self.watching.view.setFocus()

    def _lay_out(self) -> None:
        self.resize(1180, 720)
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        self._bar = QMenuBar()
        column.addWidget(self._bar)
        column.addWidget(MessageBar(self.notices))
        self.setMenuWidget(top)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self._list_panel(), self._watching_panel(), self.labels):
            splitter.addWidget(widget)
        for place, share in enumerate((3, 5, 3)):
            splitter.setStretchFactor(place, share)
        splitter.setSizes([330, 530, 320])
        self.setCentralWidget(splitter)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Tagged videos")
        self.progress.setMaximumWidth(160)
        self.progress.setTextVisible(False)
        self.progress_text = QLabel()
        self.suggester_text = QLabel()
        self.saved_text = QLabel()
        self.place = QPushButton("Save tags elsewhere…")
        self.place.clicked.connect(self.ask_place)
        bar = self.statusBar()
        for widget in (self.progress, self.progress_text, self.suggester_text):
            bar.addWidget(widget)
        for widget in (self.saved_text, self.place):
            bar.addPermanentWidget(widget)

    def _list_panel(self) -> QWidget:
        self.untagged_only = QCheckBox("Untagged only")
        self.untagged_only.clicked.connect(self.toggle_untagged_only)
        self.uncertain_first = QCheckBox("Most uncertain first")
        self.uncertain_first.setToolTip("Those of which a label's probability is nearest to 0.5")
        self.uncertain_first.clicked.connect(self.toggle_uncertain_first)
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.videos, 1)
        column.addWidget(self.untagged_only)
        column.addWidget(self.uncertain_first)
        return panel

    def _watching_panel(self) -> QWidget:
        panel = QWidget()
        column = QVBoxLayout(panel)
        column.setContentsMargins(0, 0, 0, 4)
        column.addWidget(self.watching, 1)
        row = QHBoxLayout()
        for text, call in (
            ("Previous (P)", lambda: self.step(-1)),
            ("Next (N)", lambda: self.step(1)),
            ("Next untagged (U)", self.go_to_untagged),
        ):
            button = QPushButton(text)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Space plays
            button.clicked.connect(call)
            row.addWidget(button)
        column.addLayout(row)
        return panel

    def set_commands(self, commands: Sequence[Command]) -> None:
        """Make the menus of these."""
        self.commands = tuple(commands)
        CommandMenus(self, self._bar, commands)

    # What commands do

    def step(self, places: int) -> None:
        """Go to the video so many places on in the list."""
        self.store.update(self.store.state.step(places))

    def go_to_untagged(self) -> None:
        """Go to the next video of the list that isn't tagged."""
        self.store.update(self.store.state.next_untagged())

    def toggle_untagged_only(self) -> None:
        """List videos that aren't tagged, or all."""
        state = self.store.state
        self.store.update(replace(state, untagged_only=not state.untagged_only))

    def toggle_uncertain_first(self) -> None:
        """List the videos first of which the model is least certain, or all in their order."""
        state = self.store.state
        self.store.update(replace(state, uncertain_first=not state.uncertain_first))

    def toggle_plays_at_once(self) -> None:
        """Play each video when it is gone to, or only when asked to."""
        self.plays_at_once = not self.plays_at_once

    def find_label(self) -> None:
        """Type which label is ticked, or a new one."""
        self.labels.text.setFocus()
        self.labels.text.selectAll()

    def mark_moment(self, label: str) -> None:
        """Mark that a label's action happens at the playhead, which ticks the label, too."""
        try:
            self.store.check_moments()
        except LpatError as error:
            self.notices.error(f"{error} (Ctrl+Shift+S)")
        else:
            self.store.update(self.store.state.marked(label, self.playhead.time))

    def delete_moment(self) -> None:
        """Take the moment away that is near the playhead."""
        moment = self.strip.near
        if moment is not None:
            self.store.update(self.store.state.unmarked(moment))

    def go_to_moment(self, step: int) -> None:
        """Go to the next moment of the video, or to the one before."""
        state, now = self.store.state, self.playhead.time
        times = sorted({its.time for its in state.moments_of(state.current)})
        times = [time for time in times if (time > now + 1e-3 if step > 0 else time < now - 1e-3)]
        if times:
            self.playhead.seek(times[0] if step > 0 else times[-1])

    def take_labels_of_folders(self) -> None:
        """Tag the untagged videos as the folders that they lie in are called."""
        tops = {_absolute(self.folder)}
        paths = {name: _absolute(self.store.source(name).file) for name in self.store.state.videos}
        self.jobs.start(
            lambda _: labels_of_folders(paths, tops),
            on_done=self._on_folder_labels,
            on_failed=self.notices.error,
        )

    def _on_folder_labels(self, found: FolderLabels) -> None:
        state = self.store.state
        new = {name: its for name, its in found.labels.items() if name not in state.tags}
        self.store.update(state.with_tags(new))
        for remark in found.remarks:
            self.notices.tell(remark, "warning")
        count = f"{len(new)} video{'' if len(new) == 1 else 's'}"
        self.notices.tell(f"{count} tagged as their folders are called; Ctrl+Z takes it back")

    def _offer_labels_of_folders(self) -> None:
        """Say that folders seem to name labels, where nothing is tagged yet."""
        if self.store.state.tagged:
            return
        tops = {_absolute(self.folder)}
        found: set[str] = set()
        for name in self.store.state.videos:
            with suppress(LpatError):
                found.update(label_of_folder(_absolute(self.store.source(name).file), tops) or ())
        if found:
            named = ", ".join(sorted(found)[:3]) + (", …" if len(found) > 3 else "")
            self.notices.tell(
                f"Do the folders name what videos show ({named})? "
                "File, Take labels from folders (Ctrl+L) tags them so",
                "warning",
            )

    def show_in_viewer(self) -> None:
        """Open the current video in the viewer, with its tags."""
        name = self.store.state.current
        if name is not None:
            paths = [self.store.path] if self.store.path.exists() else []
            self._show_paths([*paths, self.store.source(name).file])

    def train(self) -> None:
        """Have a model trained on the tags; it suggests labels afterwards."""
        self.store.finish()
        self._train(self.folder, self.store.path, self._take_model)

    def _take_model(self, path: Path) -> None:
        if not self._ended:
            self.suggester.start(path)

    def show_help(self) -> None:
        """Open the table of commands."""
        if self._help is None:
            self._help = HelpWindow(self.commands, self, mouse=())
        self._help.show()
        self._help.raise_()

    def show_guide(self) -> None:
        """Open the documentation."""
        if self._guide is None:
            self._guide = GuideWindow("tagging.md", self)
        self._guide.show()
        self._guide.raise_()

    # What asks the user

    def ask_folder(self) -> None:
        """Tag the videos of another folder."""
        name = QFileDialog.getExistingDirectory(
            self, "Tag the videos of a folder", str(self.folder)
        )
        if name:
            self._tag_folder(Path(name))

    def ask_model(self) -> None:
        """Have a model suggest labels."""
        name, _ = QFileDialog.getOpenFileName(
            self, "Have a model suggest labels", str(self.folder), "Models (*.onnx)"
        )
        if name:
            self.suggester.start(Path(name))

    def ask_place(self) -> None:
        """Ask for another file, and write the tags into it from now on."""
        name, kind = QFileDialog.getSaveFileName(
            self, "Save tags", str(self.store.path), "Tags (*.json);;Tags as a table (*.csv)",
            options=QFileDialog.Option.DontConfirmOverwrite,  # nothing is replaced
        )  # fmt: skip
        if name:
            path = Path(name)
            self.save_to(path if path.suffix else path.with_suffix(kind[-5:-1]))

    def save_to(self, path: Path) -> None:
        """Write the tags into another file from now on."""
        try:
            self.store.save_to(path)
        except LpatError as error:
            self.notices.error(str(error))
        else:
            self._check_place()
        self._show_saved()

    def _overrules(self, others: Mapping[str, Change]) -> bool:
        names = list(others)
        which = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
        labels = others[names[0]]
        theirs = "nothing said" if labels is None else ", ".join(labels) or "nothing happens"
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Tagged twice")
        box.setText(
            f"Another window or program has tagged {which} meanwhile: {theirs}.\n"
            "Which tags are to stay?"
        )
        mine = box.addButton("Those of this window", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("The others", QMessageBox.ButtonRole.RejectRole)
        box.exec()
        return box.clickedButton() is mine

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: close, unless tags couldn't be saved and are to be kept."""
        if self._may_close():
            event.accept()
            self.suggester.cancel()
            self.player.close()
        else:
            event.ignore()

    def end(self) -> None:
        """End everything that runs, and delete it soon."""
        self._ended = True
        self.suggester.cancel()
        self.store.close()
        self.player.close()
        self.jobs.stop()
        self.deleteLater()

    def _may_close(self) -> bool:
        if self.store.finish():
            return True
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self,
            "Tags aren't saved",
            f"{self.store.path} can't be written. Close without the last tags?",
            buttons.Discard | buttons.Cancel,
            buttons.Cancel,
        )
        return answer == buttons.Discard

    # What is shown

    def _check_place(self) -> None:
        try:
            claim_folder(self.store.path.parent)
        except LpatError as error:
            self.notices.error(f"{error}; choose another place for the tags (Ctrl+Shift+S)")
            self._writable = False
        else:
            self._writable = True

    def _refresh(self) -> None:
        state = self.store.state
        if state.current != self._shown:
            self._shown = state.current
            path = self.store.source(state.current).file if state.current is not None else None
            self.player.open(path)
        self.watching.title.setText(state.current or "")
        self.watching.title.setToolTip(
            str(self.store.source(state.current).path) if state.current else ""
        )
        self.untagged_only.setChecked(state.untagged_only)
        self.uncertain_first.setChecked(state.uncertain_first)
        self.uncertain_first.setEnabled(bool(state.suggestions))
        self.progress.setMaximum(max(len(state.videos), 1))
        self.progress.setValue(state.tagged)
        self.progress_text.setText(f"{state.tagged} of {len(state.videos)} tagged")
        self._show_saved()

    def _show_saved(self) -> None:
        path = self.store.path
        if self.store.failed:
            text = f"not saved: {path.name}"
        elif self.store.all_saved:
            text = f"saved in {path.name}" if path.exists() else f"tags go to {path.name}"
        else:
            text = f"saving {path.name}"
        self.saved_text.setText(text)
        self.saved_text.setToolTip(str(path))
        self.place.setVisible(self.store.failed or not self._writable)
        self.setWindowTitle(f"{self.folder.name}: tags in {path.name} - lpat")

    def _show_suggester(self) -> None:
        self.suggester_text.setText(self.suggester.text)

    def _on_video_opened(self) -> None:
        if self.plays_at_once:
            self.playhead.set_playing(True)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.absolute keeps `..`
