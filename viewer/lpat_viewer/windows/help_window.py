"""All commands and their keys, in a window."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lpat_viewer.windows.commands import Command, help_rows

MOUSE = (
    ("Mouse", "Zoom at the cursor", "wheel"),
    ("Mouse", "Move through time", "drag, or Shift and wheel"),
    ("Mouse", "Go to a time", "click; on ruler and thumbnails, drag"),
    ("Mouse", "Choose a segment", "click"),
    ("Mouse", "Loop a segment", "double click"),
    ("Mouse", "Change a segment", "drag one of its ends; under correction, all of it"),
    ("Mouse", "Change it freely", "Alt or Ctrl: ends don't snap"),
    ("Mouse", "Draw a segment", "Shift and drag in a class's lane"),
)


class HelpWindow(QDialog):
    """The table of commands, with a line to find one."""

    def __init__(
        self,
        commands: Sequence[Command],
        parent: QWidget | None = None,
        *,
        mouse: Sequence[tuple[str, str, str]] = MOUSE,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and commands")
        self.resize(560, 640)
        self._rows = [*help_rows(commands), *mouse]
        self.search = QLineEdit(placeholderText="Find a command", clearButtonEnabled=True)
        self.search.setAccessibleName("Find a command")
        self.table = QTableWidget(len(self._rows), 3)
        self.table.setAccessibleName("Commands and their keys")
        self.table.setHorizontalHeaderLabels(["Menu", "Command", "Keys"])
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        for number, row in enumerate(self._rows):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setFlags(Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled)
                self.table.setItem(number, column, item)
        self.table.resizeColumnToContents(0)
        self.table.resizeColumnToContents(2)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (self.search, self.table, buttons):
            column.addWidget(widget)
        self.search.textChanged.connect(self._filter)

    def _filter(self, text: str) -> None:
        for number, row in enumerate(self._rows):
            self.table.setRowHidden(number, text.casefold() not in " ".join(row).casefold())
