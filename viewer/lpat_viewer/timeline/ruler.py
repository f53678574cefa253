"""The ruler: times, the loop and the chosen segment, and the playhead's handle."""

from __future__ import annotations

import math

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lpat.report.timeline import clock_text
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.row import TimelineRow
from lpat_viewer.timeline.scale import GUTTER, tick_step

HEIGHT = 30
LABEL_PIXELS = 84
"""Least distance of two labels."""


class Ruler(TimelineRow):
    """Pressing and dragging on it moves the playhead."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent, scrubbing=True)
        self.setAccessibleName("Ruler")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for changed in (
            workspace.playhead.time_changed,
            workspace.playhead.duration_changed,
            workspace.playhead.loop_changed,
            workspace.selection.changed,
        ):
            changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Qt's: as wide as there is."""
        return QSize(400, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: paint the visible times."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.background))
        playhead = self.workspace.playhead
        if not playhead.duration:  # times of nothing, or of what is still being opened
            return
        self._paint_time(painter)
        plot = QRectF(self.scale.left, 0, self.scale.width, self.height())
        painter.setClipRect(plot.adjusted(-8, 0, 8, 0))
        chosen = self.workspace.selection.chosen
        if chosen is not None:
            self._paint_segment(painter, (chosen.start, chosen.end), self.theme.text, 40)
        if playhead.loop is not None:
            self._paint_segment(painter, playhead.loop, self.theme.chosen, 90)
        self._paint_ticks(painter)
        self._paint_handle(painter)

    def _paint_time(self, painter: QPainter) -> None:
        """The playhead's time, apart from the ticks' by place and weight."""
        font = painter.font()
        font.setBold(True)
        painter.save()
        painter.setFont(font)
        painter.setPen(QColor(self.theme.text))
        area = QRectF(10, 0, GUTTER - 10, self.height())
        text = clock_text(self.workspace.playhead.time, 2)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _paint_segment(
        self, painter: QPainter, segment: tuple[float, float], colour: str, alpha: int
    ) -> None:
        left, right = self.scale.x(segment[0]), self.scale.x(segment[1])
        area = QRectF(left, 0, max(right - left, 1), self.height() - 1)
        fill = QColor(colour)
        fill.setAlpha(alpha)
        painter.fillRect(area, fill)
        painter.setPen(QPen(QColor(colour), 2))
        painter.drawLine(area.topLeft(), area.bottomLeft())
        painter.drawLine(area.topRight(), area.bottomRight())

    def _paint_ticks(self, painter: QPainter) -> None:
        scale, bottom = self.scale, self.height() - 1
        step = tick_step(LABEL_PIXELS * scale.seconds_per_pixel)
        decimals = max(0, math.ceil(-math.log10(step)))
        minor = step / 5
        metrics = painter.fontMetrics()
        painter.setPen(QColor(self.theme.faint))
        painter.drawLine(QPointF(scale.left, bottom), QPointF(scale.left + scale.width, bottom))
        numbers = range(math.ceil(scale.start / minor), math.floor(scale.end / minor) + 1)
        places = [(number, scale.x(number * minor)) for number in numbers]
        painter.setPen(QColor(self.theme.truth))
        painter.drawLines(
            [QLineF(x, bottom - (9 if number % 5 == 0 else 4), x, bottom) for number, x in places]
        )
        painter.setPen(QColor(self.theme.text))
        for number, x in places:
            if number % 5 == 0:
                text = clock_text(number * minor, decimals)
                if x + 4 + metrics.horizontalAdvance(text) <= self.width():
                    painter.drawText(QPointF(x + 4, bottom - 10), text)

    def _paint_handle(self, painter: QPainter) -> None:
        x = round(self.scale.x(self.workspace.playhead.time))
        bottom = self.height()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.playhead))
        corners = ((-6, -13), (7, -13), (7, -7), (0.5, 0), (-6, -7))
        painter.drawPolygon(QPolygonF([QPointF(x + dx, bottom + dy) for dx, dy in corners]))
