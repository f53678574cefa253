"""Where the cursor is in time, for all rows."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from lpat_viewer.timeline.navigation import Navigation


class Hover(QObject):
    """The time under the cursor, on whichever row it is."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._time: float | None = None

    @property
    def time(self) -> float | None:
        """Seconds; None while the cursor is elsewhere."""
        return self._time

    def set_time(self, time: float | None) -> None:
        """Take the cursor to be there."""
        if time != self._time:
            self._time = time
            self.changed.emit()

    def follow(self, navigation: Navigation) -> None:
        """Take the cursor's times from a row."""
        navigation.hovered.connect(self.set_time)
