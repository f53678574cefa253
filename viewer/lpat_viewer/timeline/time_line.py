"""A vertical line over all rows, at the playhead or under the cursor."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget


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
