"""The moments of the current video as ticks on a strip, below the slider over its time."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QStyle, QToolTip, QWidget

from lpat.annotations.reading import Moment
from lpat.report.timeline import clock_text
from lpat_viewer.models.classes import COLOURS
from lpat_viewer.models.playhead import Playhead
from lpat_viewer.tagging.state import KEYS
from lpat_viewer.tagging.store import TagStore
from lpat_viewer.theme import class_colour, theme_of

HINT = "Ctrl and a label's number mark a moment in which it happens"
REACH = 6
"""Pixels from a tick within which a click means it."""


class MomentStrip(QWidget):
    """A tick for each moment, in the colour and with the number of its label.

    The moment that is near the playhead is drawn bold: it is the one that would be deleted. A
    click goes to a moment, or to the time where there is none.
    """

    def __init__(self, store: TagStore, playhead: Playhead, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._playhead = store, playhead
        self.setAccessibleName("Moments")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for signal in (store.changed, playhead.duration_changed, playhead.time_changed):
            signal.connect(lambda *_: self.update())

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Qt's: a line of text is its height."""
        return QSize(200, self.fontMetrics().height() + 8)

    @property
    def near(self) -> Moment | None:
        """The moment that is near the playhead."""
        return self._store.state.moment_near(self._playhead.time)

    def place(self, time: float) -> float:
        """Where a time is, in pixels from the left: under its place on the slider."""
        margin = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength) / 2
        share = time / self._playhead.duration if self._playhead.duration else 0.0
        return margin + min(max(share, 0.0), 1.0) * (self.width() - 2 * margin)

    def moment_at(self, x: float) -> Moment | None:
        """The moment whose tick is nearest to a place, if it is within reach."""
        state = self._store.state
        moments = state.moments_of(state.current)
        nearest = min(moments, key=lambda its: abs(self.place(its.time) - x), default=None)
        close = nearest is not None and abs(self.place(nearest.time) - x) <= REACH
        return nearest if close else None

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: go to the moment, or the time."""
        x, duration = event.position().x(), self._playhead.duration
        moment = self.moment_at(x)
        if moment is not None:
            self._playhead.seek(moment.time)
        elif duration and self.width():
            left, right = self.place(0.0), self.place(duration)
            self._playhead.seek(max(x - left, 0.0) / max(right - left, 1.0) * duration)

    def event(self, event: QEvent) -> bool:
        """Qt's: name the moment under the mouse."""
        if isinstance(event, QHelpEvent):
            moment = self.moment_at(event.pos().x())
            text = f"{moment.label} at {clock_text(moment.time, 2)}" if moment else HINT
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: a line, and ticks with their labels' numbers."""
        state, theme, near = self._store.state, theme_of(self.palette()), self.near
        painter = QPainter(self)
        bottom = self.height() - 2.0
        painter.setPen(QPen(QColor(theme.truth), 1))
        painter.drawLine(QPointF(self.place(0), bottom), QPointF(self.width(), bottom))
        moments = state.moments_of(state.current)
        if not moments:
            painter.setPen(QColor(theme.truth))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, HINT)
        free = -1e9  # from where on text doesn't lie on text
        places = [*(self.place(moment.time) for moment in moments), 1e9]
        for moment, x, ahead in zip(moments, places[:-1], places[1:], strict=True):
            number = state.labels.index(moment.label) if moment.label in state.labels else 0
            width = 5 if moment == near else 3
            painter.setPen(QPen(class_colour(number % COLOURS, theme), width))
            painter.drawLine(QPointF(x, 4), QPointF(x, bottom))
            name = str(number + 1) if number < KEYS else moment.label
            width = self.fontMetrics().horizontalAdvance(name)
            start = x + 5 if x + 5 + width < self.width() else x - 5 - width
            if start >= free and not x < ahead < start + width:
                painter.setPen(QColor(theme.text))
                box = QRectF(start, 0, width + 2, bottom)
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
                free = start + width + 4
        painter.end()
