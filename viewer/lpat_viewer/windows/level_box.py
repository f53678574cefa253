"""The rate of false alarms of the active layer, as a number to change."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QWidget,
)

from lpat_viewer.models.levels import Level
from lpat_viewer.models.workspace import Workspace

NO_LEVEL = "Only the level of a model that was trained with a rate of false alarms can be moved"


class LevelBox(QWidget):
    """Shows at which rate the active layer's level begins, in percent, and moves it at once."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        label = QLabel("&False alarms")
        self.rate = QDoubleSpinBox()
        self.rate.setAccessibleName("False alarms of the active layer")
        self.rate.lineEdit().setAccessibleName(self.rate.accessibleName())
        self.rate.setDecimals(2)
        self.rate.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.rate.setKeyboardTracking(False)
        label.setBuddy(self.rate)
        self.reset = QPushButton("Model's own")
        self.reset.setAutoDefault(False)
        self.rate.valueChanged.connect(self._move)
        self.reset.clicked.connect(self._reset)
        workspace.layers.changed.connect(self._show_level)
        workspace.layers.active_changed.connect(self._show_level)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(label)
        layout.addWidget(self.rate, 1)
        layout.addWidget(self.reset)
        self._show_level()

    def _show_level(self) -> None:
        layer = self._workspace.layers.active
        level = None if layer is None else layer.level
        with QSignalBlocker(self.rate):
            self.rate.setSpecialValueText("none" if level is None else "")  # of the lowest value
            self.rate.setSuffix("" if level is None else " %")
            lowest, highest = (0.0, 0.0) if level is None else (level.lowest, level.highest)
            self.rate.setRange(100 * lowest, 100 * highest)
            self.rate.setValue(100 * (0.0 if level is None else level.rate))
        self.setEnabled(level is not None)
        self.reset.setEnabled(level is not None and level.rate != level.own)
        for widget in (self, self.rate, self.reset):
            widget.setToolTip(NO_LEVEL if level is None else _words(level))

    def _move(self, percent: float) -> None:
        layer = self._workspace.layers.active
        if layer is not None:
            self._workspace.move_level(layer.name, percent / 100)

    def _reset(self) -> None:
        layer = self._workspace.layers.active
        if layer is not None:
            self._workspace.move_level(layer.name, None)


def _words(level: Level) -> str:
    lowest, own, highest = (
        f"{100 * rate:.3g}" for rate in (level.lowest, level.own, level.highest)
    )
    return (
        "Share of the snippets without a class that may lie above its threshold: more finds more, "
        f"less errs less. The model's own is {own} %; {lowest} to {highest} % are known."
    )
