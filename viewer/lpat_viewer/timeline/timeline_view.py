"""The timeline: overview, ruler, thumbnails, curves and lanes, and the lines over all of them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import theme_of
from lpat_viewer.timeline.curves_view import CurvesView
from lpat_viewer.timeline.navigation import Hover, Navigation
from lpat_viewer.timeline.overview import Overview
from lpat_viewer.timeline.ruler import Ruler
from lpat_viewer.timeline.scale import TimeScale


class TimeLine(QWidget):
    """One pixel wide, so that moving it paints that much of the rows below and no more."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._colour = QColor()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_colour(self, colour: str) -> None:
        """Paint it so."""
        self._colour = QColor(colour)
        self.update()

    def place(self, x: float | None, top: int, bottom: int) -> None:
        """Stand at a pixel, or nowhere."""
        self.setVisible(x is not None)
        if x is not None:
            self.setGeometry(round(x), top, 1, bottom - top)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: paint the line."""
        QPainter(self).fillRect(self.rect(), self._colour)


class TimelineView(QWidget):
    """All that lies over time. Rows that have a `navigation` share one cursor."""

    def __init__(
        self,
        workspace: Workspace,
        *,
        strip: QWidget | None = None,
        lanes: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.hover = Hover(self)
        self.overview = Overview(workspace)
        self.ruler = Ruler(workspace)
        self.curves = CurvesView(workspace, self.hover)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.curves)
        if lanes is not None:
            self.splitter.addWidget(lanes)
            self.splitter.setSizes([240, 160])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for row in (self.overview, self.ruler, strip):
            if row is not None:
                column.addWidget(row)
        column.addWidget(self.splitter, 1)
        for row in (self.ruler, strip, lanes):
            navigation = getattr(row, "navigation", None)
            if isinstance(navigation, Navigation):
                self.hover.follow(navigation)

        self._cursor_line = TimeLine(self)
        self._playhead_line = TimeLine(self)
        self._take_theme()
        self._followed = True
        self.hover.changed.connect(self._place_lines)
        workspace.time_range.changed.connect(self._on_range_changed)
        workspace.playhead.time_changed.connect(self._on_time_changed)
        workspace.playhead.duration_changed.connect(self._place_lines)
        workspace.playhead.playing_changed.connect(self._on_playing_changed)

    @property
    def scale(self) -> TimeScale:
        """Where times lie in all rows but the overview."""
        shown = self.workspace.time_range
        return TimeScale.of_row(shown.start, shown.end, self.width())

    @property
    def playhead_x(self) -> int | None:
        """Where the playhead's line stands, if its time is visible."""
        line = self._playhead_line
        return None if line.isHidden() else line.x()

    def _on_time_changed(self, time: float) -> None:
        # Who looks elsewhere while the video plays is left alone; a seek is always followed.
        if self._followed or not self.workspace.playhead.playing:
            self.workspace.time_range.reveal(time)
        self._place_lines()

    def _on_playing_changed(self, playing: bool) -> None:
        if playing:
            self.workspace.time_range.reveal(self.workspace.playhead.time)

    def _on_range_changed(self) -> None:
        self._followed = self.scale.contains(self.scale.x(self.workspace.playhead.time))
        self._place_lines()

    def _place_lines(self, _: object = None) -> None:
        playhead = self.workspace.playhead
        times = (self.hover.time, playhead.time) if playhead.duration else (None, None)
        for line, time in zip((self._cursor_line, self._playhead_line), times, strict=True):
            x = self.scale.x(time) if time is not None else None
            visible = x is not None and self.scale.contains(x)
            line.place(x if visible else None, self.ruler.geometry().bottom(), self.height())

    def _take_theme(self) -> None:
        theme = theme_of(self.palette())
        self._cursor_line.set_colour(theme.truth)
        self._playhead_line.set_colour(theme.playhead)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: the lines keep their times."""
        super().resizeEvent(event)
        self._place_lines()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: follow the system's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._take_theme()
