"""The rate of false alarms of the active layer, to slide or to type, and what it finds."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from lpat_viewer.models.levels import Level
from lpat_viewer.models.workspace import Workspace

NO_LEVEL = "Only the level of a model that was trained with a rate of false alarms can be moved"
STEPS = 1000
"""Of the slider, from the lowest rate to the highest, each the same factor."""


class LevelBox(QWidget):
    """Shows at which rate the active layer's level begins, in percent, and moves it at once.

    While the slider moves, of the moves that come before there is time for one the last counts.
    """

    copy_asked = Signal()  # the active model is to be saved with this level

    def __init__(
        self,
        workspace: Workspace,
        parent: QWidget | None = None,
        *,
        move: Callable[[str, float], None] | None = None,
    ) -> None:
        """With `move` it is that which the slider calls, and what comes of it may come later."""
        super().__init__(parent)
        self._workspace = workspace
        self._move_soon = move or workspace.move_level
        self._asked: tuple[str, float] | None = None  # layer and rate, until they are shown
        label = QLabel("&False alarms")
        self.rate = QDoubleSpinBox()
        self.rate.setAccessibleName("False alarms of the active layer")
        self.rate.lineEdit().setAccessibleName(self.rate.accessibleName())
        self.rate.setDecimals(2)
        self.rate.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.rate.setKeyboardTracking(False)
        label.setBuddy(self.rate)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Slider of false alarms of the active layer")
        self.slider.setRange(0, STEPS)
        self.slider.setSingleStep(STEPS // 100)
        self.slider.setPageStep(STEPS // 10)
        self.found = QLabel()
        self.found.setAccessibleName("What the active layer finds")
        self.found.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.reset = _button("Model's own")
        self.save = _button("Save a copy…")
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._move_as_asked)
        self.rate.valueChanged.connect(self._move)
        self.slider.valueChanged.connect(self._ask)
        self.reset.clicked.connect(self._reset)
        self.save.clicked.connect(self.copy_asked)
        workspace.layers.changed.connect(self._show_level)
        workspace.layers.active_changed.connect(self._show_level)
        workspace.verdicts_changed.connect(self._show_found)
        above = QHBoxLayout()
        above.addWidget(label)
        above.addWidget(self.slider, 2)
        above.addWidget(self.rate, 1)
        below = QHBoxLayout()
        below.addStretch()
        below.addWidget(self.reset)
        below.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(above)
        layout.addWidget(self.found)
        layout.addLayout(below)
        self._show_level()
        self._show_found()

    def _show_level(self) -> None:
        layer = self._workspace.layers.active
        level = None if layer is None else layer.level
        if layer is None or level is None or self._asked == (layer.name, level.rate):
            self._asked = None
        if self._asked is not None and layer is not None and self._asked[0] != layer.name:
            self._asked = None
        with QSignalBlocker(self.rate):
            self.rate.setSpecialValueText("none" if level is None else "")  # of the lowest value
            self.rate.setSuffix("" if level is None else " %")
            lowest, highest = (0.0, 0.0) if level is None else (level.lowest, level.highest)
            self.rate.setRange(100 * lowest, 100 * highest)
            self.rate.setValue(100 * (0.0 if level is None else level.rate))
        if self._asked is None:  # else the slider is ahead, and what it asks for comes soon
            with QSignalBlocker(self.slider):
                self.slider.setValue(0 if level is None else _step_of(level, level.rate))
        self.setEnabled(level is not None)
        self.reset.setEnabled(level is not None and level.rate != level.own)
        self.save.setEnabled(level is not None and level.rate != level.own)
        for widget in (self, self.rate, self.slider, self.reset):
            widget.setToolTip(NO_LEVEL if level is None else _words(level))
        self.save.setToolTip("Save a copy of the model that has this level as its own")

    def _show_found(self) -> None:
        layer, verdicts = self._workspace.layers.active, self._workspace.verdicts
        text = "" if layer is None else f"{len(layer.detections)} found"
        if verdicts is not None:
            hits, misses = int(verdicts.hits.sum()), int((~verdicts.found).sum())
            text += f": {hits} hits, {len(verdicts.hits) - hits} false alarms, {misses} misses"
        self.found.setText(text)
        self.found.setToolTip(text)

    def _ask(self, step: int) -> None:
        layer = self._workspace.layers.active
        if layer is not None and layer.level is not None:
            self._asked = layer.name, _rate_of(layer.level, step)
            self._soon.start()

    def _move_as_asked(self) -> None:
        if self._asked is not None:
            self._move_soon(*self._asked)

    def _move(self, percent: float) -> None:
        self._asked = None
        layer = self._workspace.layers.active
        if layer is not None:
            self._workspace.move_level(layer.name, percent / 100)

    def _reset(self) -> None:
        self._asked = None
        layer = self._workspace.layers.active
        if layer is not None:
            self._workspace.move_level(layer.name, None)


def _step_of(level: Level, rate: float) -> int:
    span = math.log(level.highest / level.lowest)
    return round(STEPS * math.log(rate / level.lowest) / span) if span else 0


def _rate_of(level: Level, step: int) -> float:
    """The rate of a step of the slider, to the hundredths of a percent that the box shows."""
    rate = level.lowest * (level.highest / level.lowest) ** (step / STEPS)
    return min(max(round(rate, 4), level.lowest), level.highest)


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setAutoDefault(False)
    return button


def _words(level: Level) -> str:
    lowest, own, highest = (
        f"{100 * rate:.3g}" for rate in (level.lowest, level.own, level.highest)
    )
    return (
        "Share of the snippets without a class that may lie above its threshold: more finds more, "
        f"less errs less. The model's own is {own} %; {lowest} to {highest} % are known."
    )
