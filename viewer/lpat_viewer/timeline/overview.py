"""The whole video in one bar: where anything lies, and which part of it the timeline shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from lpat.types import Float64Array, Int64Array
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import class_colour, theme_of
from lpat_viewer.timeline.navigation import ZOOM_OF_A_NOTCH
from lpat_viewer.timeline.scale import GUTTER, TimeScale

HEIGHT = 38
LEAST_WINDOW = 8
"""Pixels that the visible part takes at least, so that it can be seen and caught."""


_Segments = tuple[Float64Array, Sequence[str], Int64Array]
"""Times (N, 2), labels, and which of these each segment has (N,)."""


@dataclass(frozen=True)
class _Marks:
    rectangles: list[QRectF]
    colour: QColor


class Overview(QWidget):
    """Dragging the visible part moves it; pressing elsewhere puts it there."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.theme = theme_of(self.palette())
        self.setAccessibleName("The whole video")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._marks: list[_Marks] | None = None
        self._grip: float | None = None  # seconds from the middle of the visible part, in a drag
        workspace.playhead.time_changed.connect(self.update)
        workspace.playhead.duration_changed.connect(self._forget_marks)
        workspace.time_range.changed.connect(self.update)
        for changed in (
            workspace.layers.changed,
            workspace.layers.active_changed,
            workspace.classes.shown_changed,
            workspace.classes.current_changed,
            workspace.truth_changed,
            workspace.review.changed,
        ):
            changed.connect(self._forget_marks)

    @property
    def scale(self) -> TimeScale:
        """Where times of the whole video lie."""
        return TimeScale.of_row(0.0, self.workspace.time_range.duration, self.width())

    @property
    def window_rect(self) -> QRectF:
        """The rectangle of the visible part."""
        scale, shown = self.scale, self.workspace.time_range
        left, right = scale.x(shown.start), scale.x(shown.end)
        if right - left < LEAST_WINDOW:
            middle = (left + right) / 2
            left, right = middle - LEAST_WINDOW / 2, middle + LEAST_WINDOW / 2
        return QRectF(left, 1, right - left, self.height() - 2)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Qt's: as wide as there is."""
        return QSize(400, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: paint the marks, what is visible, and the playhead."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self.theme.background))
        if not self.workspace.playhead.duration:
            return
        scale, window, bottom = self.scale, self.window_rect, self.height() - 1
        shade = QColor(self.theme.faint)
        shade.setAlpha(150)
        painter.fillRect(QRectF(scale.left, 1, window.left() - scale.left, bottom - 1), shade)
        end = scale.left + scale.width
        painter.fillRect(QRectF(window.right(), 1, end - window.right(), bottom - 1), shade)
        self._paint_names(painter)
        if self._marks is None:
            self._marks = self._find_marks()
        for marks in self._marks:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(marks.colour)
            painter.drawRects(marks.rectangles)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(self.theme.chosen), 1.5))
        painter.drawRect(window)
        x = round(scale.x(self.workspace.playhead.time))
        painter.fillRect(QRectF(x, 1, 1, bottom - 1), QColor(self.theme.playhead))

    def _paint_names(self, painter: QPainter) -> None:
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        half = self.height() / 2
        painter.setPen(QColor(self.theme.truth))
        results = "corrected" if self.workspace.review.begun else "detected"
        painter.drawText(QRectF(0, 0, GUTTER - 10, half), flags, results)
        painter.drawText(QRectF(0, half, GUTTER - 10, half), flags, "true")

    def _find_marks(self) -> list[_Marks]:
        """Above, what is detected or corrected; below, what is true; the current class coloured."""
        classes = self.workspace.classes
        shown, current = set(classes.shown), classes.current
        half, grey = self.height() / 2, QColor(self.theme.truth)
        found = []
        for top, (segments, labels, numbers) in (
            (4.0, self._results()),
            (half + 4, self._truth()),
        ):
            visible = np.array([label in shown for label in labels], np.bool_)[numbers]
            found.append(self._marks_of(segments[visible], top, half - 8, grey))
            if current is not None:
                chosen = np.array([label == current for label in labels], np.bool_)[numbers]
                colour = class_colour(classes.colour(current), self.theme)
                found.append(self._marks_of(segments[visible & chosen], top, half - 8, colour))
        return found

    def _marks_of(
        self, segments: Float64Array, top: float, height: float, colour: QColor
    ) -> _Marks:
        runs = covered_pixels(self.scale, segments)
        return _Marks([QRectF(a, top, b - a, height) for a, b in runs], colour)

    def _results(self) -> _Segments:
        review, layer = self.workspace.review, self.workspace.layers.active
        if review.begun:
            kept = [s for s in review.segments if s.state != "rejected"]
            times = np.array([(s.start, s.end) for s in kept], np.float64).reshape(-1, 2)
            return times, [s.label for s in kept], np.arange(len(kept))
        if layer is None:
            return np.zeros((0, 2)), [], np.zeros(0, np.int64)
        detections = layer.detections
        return detections.segments, detections.classes, detections.labels

    def _truth(self) -> _Segments:
        truth = self.workspace.truth
        if truth is None:
            return np.zeros((0, 2)), [], np.zeros(0, np.int64)
        return truth.segments, truth.segment_labels, np.arange(len(truth.segments))

    def _forget_marks(self, _: object = None) -> None:
        self._marks = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: catch the visible part, or put it under the cursor."""
        x, shown = event.position().x(), self.workspace.time_range
        if event.button() != Qt.MouseButton.LeftButton or not self.scale.contains(x):
            return
        middle = (shown.start + shown.end) / 2
        window = self.window_rect
        self._grip = self.scale.time(x) - middle if window.left() <= x <= window.right() else 0.0
        self._drag_to(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: drag it."""
        if self._grip is not None:
            self._drag_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: let go."""
        self._grip = None

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: show more or less around the middle."""
        shown = self.workspace.time_range
        notches = event.angleDelta().y() / 120
        shown.zoom(ZOOM_OF_A_NOTCH**notches, (shown.start + shown.end) / 2)

    def _drag_to(self, x: float) -> None:
        shown = self.workspace.time_range
        middle = self.scale.time(x) - (self._grip or 0.0)
        shown.pan(middle - (shown.start + shown.end) / 2)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: the marks lie elsewhere."""
        super().resizeEvent(event)
        self._forget_marks()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """Qt's: follow the system's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.theme = theme_of(self.palette())
            self._forget_marks()


def covered_pixels(scale: TimeScale, segments: Float64Array) -> list[tuple[int, int]]:
    """Runs of whole pixels [left, right) that segments (N, 2) meet; short ones take one pixel."""
    if not len(segments):
        return []
    width = int(scale.left + scale.width) + 1
    left = np.clip(np.floor(scale.x(segments[:, 0])).astype(np.int64), 0, width - 1)
    right = np.clip(np.ceil(scale.x(segments[:, 1])).astype(np.int64), left + 1, width)
    change = np.zeros(width + 1, np.int64)
    np.add.at(change, left, 1)
    np.add.at(change, right, -1)
    covered = np.concatenate([[0], change.cumsum() > 0, [0]]).astype(np.int8)
    borders = np.flatnonzero(np.diff(covered))
    return [(int(a), int(b)) for a, b in borders.reshape(-1, 2)]
