"""How the timeline shows scores and errors."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QObject, Signal

from lpat.segments.post_processing import Threshold

Curves = Literal["scores", "difference"]


class Display(QObject):
    """Which curves and threshold are drawn, and from which overlap on a detection is a hit."""

    changed = Signal()
    tiou_changed = Signal()  # before `changed`

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._curves: Curves = "scores"
        self._threshold: Threshold = "predicted"
        self._tiou = 0.5

    @property
    def curves(self) -> Curves:
        """Scores beside their threshold, or their difference to it."""
        return self._curves

    @property
    def threshold(self) -> Threshold:
        """The model's background, or half way between a class's extremes."""
        return self._threshold

    @property
    def tiou(self) -> float:
        """Temporal IoU from which on a detection finds a truth."""
        return self._tiou

    def set_curves(self, curves: Curves) -> None:
        """Draw scores or differences."""
        if curves != self._curves:
            self._curves = curves
            self.changed.emit()

    def set_threshold(self, threshold: Threshold) -> None:
        """Draw the predicted or the manual threshold."""
        if threshold != self._threshold:
            self._threshold = threshold
            self.changed.emit()

    def set_tiou(self, tiou: float) -> None:
        """Judge at another overlap, within 0.05 and 1."""
        tiou = min(max(tiou, 0.05), 1.0)
        if tiou != self._tiou:
            self._tiou = tiou
            self.tiou_changed.emit()
            self.changed.emit()
