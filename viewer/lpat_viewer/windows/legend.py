"""What the forms in the timeline mean, in a line."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from lpat_viewer.models.tracks import Mark
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import theme_of
from lpat_viewer.timeline.lane_painting import look_of

MARKS = (("hit", Mark.HIT), ("false alarm", Mark.FALSE_ALARM), ("miss", Mark.MISS))
THRESHOLD = "threshold"
_BOX, _GAP = 18, 6  # pixels of a sample's width, and between things


class Legend(QWidget):
    """Samples of hit, false alarm and miss, where there is a truth, and of the threshold."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Legend")
        workspace.verdicts_changed.connect(self._refresh)
        workspace.layers.active_changed.connect(self._refresh)
        self._refresh()

    @property
    def names(self) -> tuple[str, ...]:
        """What is explained now."""
        layer = self._workspace.layers.active
        judged = self._workspace.verdicts is not None
        marks = [name for name, _ in MARKS] if judged else []
        return (*marks, *([THRESHOLD] if layer is not None and layer.scores is not None else []))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Qt's: room for samples and their names."""
        metrics = self.fontMetrics()
        width = sum(_BOX + metrics.horizontalAdvance(name) + 3 * _GAP for name in self.names)
        return QSize(width, metrics.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: the samples, as the timeline paints them."""
        painter = QPainter(self)
        theme = theme_of(self.palette())
        marks = dict(MARKS)
        x, metrics = 0.0, self.fontMetrics()
        box_height = metrics.ascent()
        top = (self.height() - box_height) / 2
        for name in self.names:
            box = QRectF(x + 0.5, top + 0.5, _BOX - 1, box_height - 1)
            if name == THRESHOLD:
                painter.setPen(QPen(QColor(theme.threshold), 2))
                middle = box.center().y()
                painter.drawLine(QLineF(box.left(), middle, box.right(), middle))
            else:
                look = look_of(marks[name], "detections", QColor(theme.hit), theme)
                painter.setPen(look.outline)
                painter.setBrush(look.fill)
                painter.drawRect(box)
            painter.setPen(self.palette().windowText().color())
            width = metrics.horizontalAdvance(name)
            place = QRectF(x + _BOX + _GAP, 0, width + 1, self.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, name)
            x += _BOX + width + 3 * _GAP

    def _refresh(self) -> None:
        self.setVisible(bool(self.names))
        self.setAccessibleDescription(", ".join(self.names))
        self.updateGeometry()
        self.update()
