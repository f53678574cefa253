"""Tags and moments on their way between the window and their file, which others may write too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEventLoop, QFileSystemWatcher, QObject, QTimer, Signal

from lpat.annotations.reading import Moment
from lpat.annotations.tags import (
    Change,
    Moments,
    SavedTags,
    TagFile,
    read_tags,
    refuse_moments,
    save_tags,
)
from lpat.inputs import Input
from lpat.video.address import FileState
from lpat_viewer.jobs import Job, Jobs
from lpat_viewer.models.notices import Notices
from lpat_viewer.tagging.state import Tagging, changes_between, names_in_file

SETTLING_MILLISECONDS = 300
"""A folder in which much happens is looked at when nothing has happened for so long."""

Overrule = Callable[[Mapping[str, Change]], bool]
"""Asks whether the tags here replace those that others gave the same videos meanwhile."""


class TagStore(QObject):
    """The state of tagging. Every change of tags is written at once, by a job.

    `changed` comes after each new state, `saved` when it gets known whether all is written.
    """

    changed = Signal()
    saved = Signal()

    def __init__(
        self,
        inputs: Sequence[Input],
        file: TagFile,
        jobs: Jobs,
        notices: Notices,
        *,
        overrule: Overrule,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._inputs = {source.name: source for source in inputs}
        self._jobs, self._notices, self._overrule = jobs, notices, overrule
        self._job: Job | None = None
        self._seen: FileState | None = None  # as of the last look
        self._again = False  # a look at the file was asked for while one was under way
        self._failed = self._closed = False
        self._undo: list[tuple[dict[str, Change], dict[str, Moments]]] = []
        self._pending: dict[str, Change] = {}  # what the file is still to say, by its names
        self._marks: dict[str, Moments] = {}  # and the moments of the same videos
        self._watcher = QFileSystemWatcher(self)
        self._timer = QTimer(self, singleShot=True, interval=SETTLING_MILLISECONDS)
        self._timer.timeout.connect(self._look)
        self._watcher.directoryChanged.connect(self._timer.start)
        self._watcher.fileChanged.connect(self._timer.start)
        self._state = Tagging(tuple(self._inputs))
        self._show(file)
        self._state = self._state.step(0)

    @property
    def state(self) -> Tagging:
        """Videos, tags, labels and which video is the current one."""
        return self._state

    @property
    def path(self) -> Path:
        """The file of the tags."""
        return self._file.path

    @property
    def all_saved(self) -> bool:
        """Whether the file says what the window says."""
        return not self._pending

    @property
    def failed(self) -> bool:
        """Whether the file couldn't be written at the last attempt."""
        return self._failed

    def source(self, name: str) -> Input:
        """The input of a video."""
        return self._inputs[name]

    def update(self, state: Tagging) -> None:
        """Take another state; tags and moments that differ are written."""
        before = self._state
        changes = changes_between(before, state)
        if changes:
            self._undo.append(
                (
                    {name: before.tags_of(name) for name in changes},
                    {name: before.moments_of(name) for name in changes},
                )
            )
        self._take(state, changes)

    @property
    def can_undo(self) -> bool:
        """Whether any tags were changed here."""
        return bool(self._undo)

    def undo(self) -> None:
        """Take the last change of tags or moments back, and go to its video."""
        if self._undo:
            changes, moments = self._undo.pop()
            name = next(iter(changes)) if len(changes) == 1 else self._state.current
            self._take(self._state.with_tags(changes, moments).at(name), changes)

    def check_moments(self) -> None:
        """Let no moment be marked that can't be written.

        Raises:
            UsageError: the file has no place for moments.
        """
        if self._state.current is not None:
            refuse_moments(self.path, {self._state.current: (Moment("", 0.0),)})

    def save_to(self, path: Path) -> None:
        """Write all tags into another file from now on.

        What a file that is there says of other videos stays.

        Raises:
            LpatError: it is no file of tags, or has no place for the moments that there are.
        """
        refuse_moments(path, self._state.moments)
        found = read_tags(path)
        known = [*found.labels, *self._file.labels]
        self._names, _ = names_in_file(list(self._inputs.values()), known)
        # What the other file says was never shown here, so none of it is replaced unasked.
        self._file = TagFile(path, {}, source=self.path)
        self._take(self._state, dict(self._state.tags))
        self.synchronize()

    def synchronize(self) -> None:
        """Write what isn't written yet, and take what others have written."""
        self._again = self._job is not None
        if self._again or self._closed:
            return
        seen, changes, marks = self._file, {**self._pending}, {**self._marks}
        self._job = self._jobs.start(
            lambda _: save_tags(seen, changes, marks),
            on_done=lambda saved: self._on_saved(saved, seen, changes, marks),
            on_failed=self._on_failed,
        )
        self._job.ended.connect(self._on_ended)

    def finish(self) -> bool:
        """Whether all is written: waits for what is under way, and tries once where that failed.

        Meanwhile the window paints, but takes no keys and no mouse.
        """
        if self._pending:
            self.synchronize()
        while self._job is not None:
            loop = QEventLoop()
            self._job.ended.connect(loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        return self.all_saved

    def close(self) -> None:
        """Neither look at the file nor write it any more."""
        self._closed = True
        self._timer.stop()
        self._watcher.blockSignals(True)

    def _take(self, state: Tagging, changes: Mapping[str, Change]) -> None:
        self._state = state
        if changes:
            self._pending |= {self._names[name]: change for name, change in changes.items()}
            self._marks |= {self._names[name]: state.moments_of(name) for name in changes}
            self.synchronize()
        self.changed.emit()

    def _show(self, file: TagFile) -> None:
        """Take what a file says, besides what it is still to say."""
        self._file = file
        self._names, unclear = names_in_file(list(self._inputs.values()), file.labels)
        if unclear:
            more = f" (and {len(unclear) - 1} more such)" if len(unclear) > 1 else ""
            self._notices.tell(f"{file.path}: {unclear[0]}{more}", "warning")
        said = {**file.labels, **self._pending}
        marked = {**file.moments, **self._marks}
        tags = {name: said.get(self._names[name]) for name in self._inputs}
        moments = {name: marked.get(self._names[name], ()) for name in self._inputs}
        fixed = frozenset(name for name in self._inputs if self._names[name] in file.timed)
        labels = [label for its in file.labels.values() for label in its]
        state = self._state.with_tags(tags, moments).with_labels(labels)
        self._state = replace(state, fixed=fixed)
        self._seen = FileState.of(self.path)
        self._watch()

    def _look(self) -> None:
        if FileState.of(self.path) != self._seen:
            self.synchronize()

    def _on_saved(
        self,
        saved: SavedTags,
        seen: TagFile,
        changes: Mapping[str, Change],
        marks: Mapping[str, Moments],
    ) -> None:
        if self._file is not seen:  # it goes to another file by now
            return
        self._failed = False
        # What was changed again meanwhile is still to be written.
        unchanged = {
            name
            for name, change in changes.items()
            if self._pending.get(name) == change and self._marks.get(name) == marks.get(name)
        }
        lost = {name: its for name, its in saved.conflicts.items() if name in unchanged}
        self._pending = {n: c for n, c in self._pending.items() if n not in unchanged}
        self._marks = {n: its for n, its in self._marks.items() if n not in unchanged}
        asked = {name: its for name, its in lost.items() if name not in saved.file.timed}
        self._file = saved.file
        if asked and self._overrule(asked):
            # Now that it is known what they replace, they do.
            self._pending = {name: changes[name] for name in asked} | self._pending
            self._marks = {name: marks[name] for name in asked} | self._marks
            self._again = True
        if saved.taken:
            count = len(saved.taken)
            self._notices.tell(
                f"{self.path}: another window or program changed {count} "
                f"video{'' if count == 1 else 's'} of it; that was taken over"
            )
        if timed := [name for name in lost if name not in asked]:
            self._notices.tell(
                f"{self.path}: {timed[0]!r} has times by now; its labels are changed with them, "
                "under Correcting in the viewer",
                "warning",
            )
        if saved.taken or lost:
            self._show(saved.file)
            self.changed.emit()
        self._watch()

    def _on_failed(self, reason: str) -> None:
        self._failed = True
        self._notices.error(f"{reason}; the tags are kept here: save them elsewhere (Ctrl+Shift+S)")

    def _on_ended(self) -> None:
        self._job = None
        self._seen = FileState.of(self.path)
        if self._again:
            self.synchronize()
        self.saved.emit()

    def _watch(self) -> None:
        """Have the system tell of changes; a file that was replaced is another one to it."""
        known = {*self._watcher.files(), *self._watcher.directories()}
        wanted = [place for place in (self.path, self.path.parent) if place.exists()]
        if new := [str(place) for place in wanted if str(place) not in known]:
            self._watcher.addPaths(new)
