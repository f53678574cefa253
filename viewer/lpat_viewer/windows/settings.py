"""What the viewer remembers from one start to the next."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow

MOST_RECENT = 12
LAYOUT_VERSION = 1
"""Of the docks; a layout of another version isn't restored."""


class Settings:
    """Layout and recent files, in the user's settings or in a file of choice."""

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            self._settings = QSettings(
                QSettings.Format.IniFormat, QSettings.Scope.UserScope, "lpat", "lpat-view"
            )
        else:
            self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def recent(self) -> tuple[Path, ...]:
        """Files and folders opened last, the latest first."""
        value = self._settings.value("recent", [])
        names = [value] if isinstance(value, str) else value
        texts = names if isinstance(names, list) else []
        return tuple(Path(name) for name in texts if isinstance(name, str) and name)

    def remember(self, path: Path) -> None:
        """Put a path first among the recent ones."""
        path = path.absolute()
        recent = [path, *(other for other in self.recent if other != path)]
        self._settings.setValue("recent", [str(other) for other in recent[:MOST_RECENT]])

    def forget_recent(self) -> None:
        """Forget all paths."""
        self._settings.remove("recent")

    def save_layout(self, window: QMainWindow) -> None:
        """Keep where window and docks are."""
        self._settings.setValue("geometry", window.saveGeometry())
        self._settings.setValue("docks", window.saveState(LAYOUT_VERSION))
        self._settings.sync()

    def restore_layout(self, window: QMainWindow) -> bool:
        """Put window and docks where they were; False where that isn't known."""
        geometry, docks = self._settings.value("geometry"), self._settings.value("docks")
        if not isinstance(geometry, QByteArray) or not isinstance(docks, QByteArray):
            return False
        return window.restoreGeometry(geometry) and window.restoreState(docks, LAYOUT_VERSION)
