"""Open files that change or vanish under the viewer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from lpat.video.address import FileState
from lpat_viewer.models.notices import Notices

SETTLING_MILLISECONDS = 300
"""A file that is written in pieces is looked at when nothing has come for so long."""


class Watcher(QObject):
    """Says in a line when a watched file isn't what was read any more."""

    def __init__(self, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self._files = QFileSystemWatcher(self)
        self._seen: dict[Path, FileState | None] = {}
        self._timer = QTimer(self, singleShot=True, interval=SETTLING_MILLISECONDS)
        self._timer.timeout.connect(self._look)
        self._files.fileChanged.connect(self._timer.start)
        self._files.directoryChanged.connect(self._timer.start)

    def watch(self, paths: Iterable[Path]) -> None:
        """Watch these files from now on and no others; those watched already, as they were."""
        wanted = dict.fromkeys(paths)
        if wanted.keys() == self._seen.keys():
            return
        self._seen = {
            path: self._seen[path] if path in self._seen else FileState.of(path) for path in wanted
        }
        self._find()
        self._timer.start()  # what changed meanwhile

    def expect(self, path: Path) -> None:
        """Take a file as it is now: the viewer itself has written it, or read it again."""
        if path in self._seen:
            self._seen[path] = FileState.of(path)
            self._find()

    def _find(self) -> None:
        """Have the system tell of what is there; what was replaced or came back is new to it."""
        # A file that is replaced is another file to the system; its folder tells of that.
        known = {*self._files.files(), *self._files.directories()}
        wanted = {str(place) for path in self._seen for place in (path, path.parent)}
        if unwanted := [*(known - wanted)]:
            self._files.removePaths(unwanted)
        if found := [name for name in wanted - known if Path(name).exists()]:
            self._files.addPaths(found)

    def _look(self) -> None:
        gone, changed = [], []
        for path, seen in self._seen.items():
            now = FileState.of(path)
            if now != seen:
                self._seen[path] = now
                (gone if now is None else changed).append(path)
        texts = []
        if gone:
            are = "is" if len(gone) == 1 else "are"
            texts.append(f"{_named(gone)} {are} gone; what is shown was read before")
        if changed:
            has, it = ("has", "it") if len(changed) == 1 else ("have", "them")
            texts.append(f"{_named(changed)} {has} changed; F5 reads {it} again")
        if texts:
            self._notices.tell("; ".join(texts), "warning")
            self._find()


def _named(paths: Sequence[Path]) -> str:
    """One path, or the names of several files, as the start of a line on them."""
    if len(paths) == 1:
        return f"{paths[0]}: the file"
    return f"{', '.join(path.name for path in paths)}: the files"
