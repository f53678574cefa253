"""What the rows of the timeline have in common."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QWidget

from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import Theme, theme_of
from lpat_viewer.timeline.navigation import Navigation
from lpat_viewer.timeline.scale import TimeScale


class TimelineRow(QWidget):
    """A widget that paints what lies in the visible time; it repaints as that changes.

    Its `navigation` tells where the cursor hovers.
    """

    def __init__(
        self, workspace: Workspace, parent: QWidget | None = None, *, scrubbing: bool = False
    ) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.theme: Theme = theme_of(self.palette())
        self.navigation = Navigation(
            self, lambda: self.scale, workspace.time_range, workspace.playhead, scrubbing=scrubbing
        )
        workspace.time_range.changed.connect(self.update_times)

    @property
    def scale(self) -> TimeScale:
        """Where times lie at present."""
        shown = self.workspace.time_range
        return TimeScale.of_row(shown.start, shown.end, self.width())

    def update_times(self) -> None:
        """Repaint what depends on the visible time."""
        self.update()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: follow the system's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.theme = theme_of(self.palette())
            self.update()
