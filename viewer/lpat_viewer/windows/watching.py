"""Open files that change or vanish under the viewer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, QTimer

from lpat_viewer.models.notices import Notices

SETTLING_MILLISECONDS = 300
"""A file that is written in pieces is looked at when nothing has come for so long."""


class Watcher(QObject):
    """Says in a line when a watched file isn't what was read any more."""

    def __init__(self, notices: Notices, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._notices = notices
        self._files = QFileSystemWatcher(self)
        self._seen: dict[Path, tuple[int, int] | None] = {}
        self._timer = QTimer(self, singleShot=True, interval=SETTLING_MILLISECONDS)
        self._timer.timeout.connect(self._look)
        self._files.fileChanged.connect(self._timer.start)
        self._files.directoryChanged.connect(self._timer.start)

    def watch(self, paths: Iterable[Path]) -> None:
        """Watch these files from now on, as they are now, and no others."""
        self._seen = {path: _stamp(path) for path in paths}
        if watched := [*self._files.files(), *self._files.directories()]:
            self._files.removePaths(watched)
        # A file that is replaced is another file to the system; its folder tells of that.
        folders = {str(path.parent) for path in self._seen}
        if present := [*folders, *(str(path) for path in self._seen if path.exists())]:
            self._files.addPaths(present)

    def expect(self, path: Path) -> None:
        """Take a file as it is now: the viewer itself has written it."""
        if path in self._seen:
            self._seen[path] = _stamp(path)

    def _look(self) -> None:
        for path, seen in self._seen.items():
            now = _stamp(path)
            if now == seen:
                continue
            self._seen[path] = now
            if now is None:
                self._notices.tell(
                    f"{path}: the file is gone; what is shown was read before", "warning"
                )
            else:
                self._notices.tell(f"{path}: the file has changed; F5 reads it again", "warning")
                self._files.addPath(str(path))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
