"""What the curves look like together: all of them, the gates, the thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lpat_viewer.theme import Theme, class_colour, mixed
from lpat_viewer.timeline.curve_painter import (
    Blocks,
    Frame,
    paint_curves,
    paint_gate,
    polylines,
    stroke,
)
from lpat_viewer.timeline.curves import CurveSet

FEW = 8
"""As many curves as this are drawn smooth and each with its gate; of more, the current class."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """Curves of the active layer, with those of other layers behind them.

    Attributes:
        colours: numbers of the classes' colours.
        current: the class that stands out, if it is among them.
    """

    curves: CurveSet
    others: tuple[CurveSet, ...]
    colours: tuple[int, ...]
    current: str | None
    theme: Theme

    @property
    def few(self) -> bool:
        """Whether all curves stand out."""
        return len(self.curves) <= FEW

    @property
    def foreground(self) -> list[int]:
        """Numbers of the curves that stand out, the current one last."""
        labels = self.curves.labels
        rows = list(range(len(labels))) if self.few else []
        if self.current in labels:
            current = labels.index(self.current)
            rows = [row for row in rows if row != current] + [current]
        return rows

    def paint_background(self, painter: QPainter, frame: Frame) -> None:
        """Draw the curves of many classes; all that takes long is here.

        Lines aren't smooth, which would take twice as long. The likeliest classes, which come
        first, are drawn last.
        """
        if self.few:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        rows = range(len(self.curves) - 1, -1, -1)
        paint_curves(painter, frame, self.curves, rows, self._background_pens)

    @cached_property
    def _background_pens(self) -> list[QPen]:
        """Pens of the curves from the last to the first."""
        ground = QColor(self.theme.background)
        share = 0.45 if self.current in self.curves.labels else 0.8
        rows = range(len(self.curves) - 1, -1, -1)
        return [QPen(mixed(self._colour(row), ground, share), 1) for row in rows]

    def paint_foreground(self, painter: QPainter, frame: Frame) -> None:
        """Draw gates, other layers, the curves that stand out, and their thresholds."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        curves, rows = self.curves, self.foreground
        if not self.few and len(curves.thresholds) == 1:
            neutral = _faint(QColor(self.theme.text), 30)
            paint_gate(painter, frame, curves.edges, curves.envelope, curves.thresholds[0], neutral)
        for row in rows:
            paint_gate(
                painter,
                frame,
                curves.edges,
                curves.values[row],
                curves.threshold_of(row),
                _faint(self._colour(row), 70),
            )
        self._paint_others(painter, frame)
        paint_curves(painter, frame, curves, rows, [QPen(self._colour(row), 1) for row in rows])
        self._paint_thresholds(painter, frame, rows)

    def _paint_others(self, painter: QPainter, frame: Frame) -> None:
        ground = QColor(self.theme.background)
        standing_out = [self.curves.labels[row] for row in self.foreground]
        for other in self.others:
            rows = [row for row, label in enumerate(other.labels) if label in standing_out]
            numbers = [self.curves.labels.index(other.labels[row]) for row in rows]
            pens = [_dashed(mixed(self._colour(number), ground, 0.7), 1) for number in numbers]
            paint_curves(painter, frame, other, rows, pens)

    def _paint_thresholds(self, painter: QPainter, frame: Frame, rows: list[int]) -> None:
        curves = self.curves
        blocks = Blocks.of(curves.edges, frame.times)
        if len(curves.thresholds) == 1:
            pens = [QPen(QColor(self.theme.threshold), 2.2)]
            rows = [0]
        else:
            pens = [_dashed(self._colour(row), 1.6) for row in rows]
        lines = polylines(curves.threshold_pyramid, rows, blocks, frame)
        for line, pen in zip(lines, pens, strict=True):
            stroke(painter, line, pen)

    def _colour(self, row: int) -> QColor:
        return class_colour(self.colours[row], self.theme)


def _faint(colour: QColor, alpha: int) -> QColor:
    return QColor(colour.red(), colour.green(), colour.blue(), alpha)


def _dashed(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.DashLine)
