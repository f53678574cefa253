"""The labels of the current video: ticked by mouse or key, found or added by typing."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lpat.errors import UsageError
from lpat_viewer.models.notices import Notices
from lpat_viewer.tagging.state import KEYS
from lpat_viewer.tagging.store import TagStore

COLUMNS = ("Key", "Label", "Videos", "Model")


class LabelPanel(QWidget):
    """All labels with their keys, how many videos show each, and how probable a model finds it."""

    def __init__(self, store: TagStore, notices: Notices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._notices = store, notices
        self._labels: tuple[str, ...] = ()
        self.nothing = QCheckBox("Nothing happens in it (0)")
        self.nothing.setToolTip("A video without any action: it trains as such")
        self.table = _table()
        self.text = QLineEdit()
        self.text.setPlaceholderText("Find or add a label (L)")
        self.text.setAccessibleName("Find or add a label")
        self.text.setClearButtonEnabled(True)
        self.hint = QLabel()
        self.hint.setTextFormat(Qt.TextFormat.PlainText)
        self.new = QPushButton("Add as new")
        self.new.setAutoDefault(False)
        line = QHBoxLayout()
        line.addWidget(self.hint, 1)
        line.addWidget(self.new)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.nothing)
        column.addWidget(self.table, 1)
        column.addWidget(self.text)
        column.addLayout(line)
        self.nothing.clicked.connect(lambda: store.update(store.state.toggled_nothing()))
        self.table.cellClicked.connect(lambda row, _: self._toggle(row))
        self.table.cellActivated.connect(lambda row, _: self._toggle(row))
        self.text.textChanged.connect(lambda _: self._filter())
        self.text.returnPressed.connect(self._on_return)
        self.new.clicked.connect(lambda: self.add(self.text.text()))
        store.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the store's state."""
        state = self._store.state
        if state.labels != self._labels:
            self._labels = state.labels
            self._fill()
        shown = state.tags_of(state.current)
        found = state.suggestions.get(state.current or "", {})
        with QSignalBlocker(self.table):
            for row, label in enumerate(self._labels):
                ticked = shown is not None and label in shown
                state_of = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
                self._item(row, 1).setCheckState(state_of)
                self._item(row, 2).setText(str(state.counts.get(label, 0)))
                self._item(row, 3).setText(f"{found[label]:.2f}" if label in found else "")
        self.table.setColumnHidden(3, not state.suggestions)
        self.nothing.setChecked(shown == ())
        self.nothing.setEnabled(state.can_change)
        self.table.setEnabled(state.can_change)
        self._filter()

    def add(self, text: str) -> None:
        """Tick a label that was typed, which may be a new one."""
        try:
            self._store.update(self._store.state.typed(text))
        except UsageError as error:
            self._notices.error(str(error))
        else:
            self.text.clear()

    @property
    def found(self) -> tuple[str, ...]:
        """The labels that contain what was typed; case doesn't count."""
        text = self.text.text().strip().casefold()
        return tuple(label for label in self._labels if text in label.casefold())

    @property
    def meant(self) -> str:
        """The label that Enter ticks: as typed, or the only one that contains what was typed."""
        text, found = self.text.text().strip(), self.found
        return found[0] if text and len(found) == 1 else text

    def _on_return(self) -> None:
        if self.meant:
            self.add(self.meant)

    def _toggle(self, row: int) -> None:
        self._store.update(self._store.state.toggled(self._labels[row]))

    def _filter(self) -> None:
        found = set(self.found)
        for row, label in enumerate(self._labels):
            self.table.setRowHidden(row, label not in found)
        meant = self.meant
        does = "ticks" if meant in self._labels else "adds"
        self.hint.setText(f"Enter {does} {meant!r}" if meant else "")
        can_change = self._store.state.can_change
        self.text.setEnabled(can_change)
        self.new.setEnabled(can_change and bool(meant) and self.text.text().strip() != meant)

    def _fill(self) -> None:
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(self._labels))
            for row, label in enumerate(self._labels):
                texts = (str(row + 1) if row < KEYS else "", label, "", "")
                for column, text in enumerate(texts):
                    item = QTableWidgetItem(text)
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                    if column != 1:
                        item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                    self.table.setItem(row, column, item)

    def _item(self, row: int, column: int) -> QTableWidgetItem:
        item = self.table.item(row, column)
        assert item is not None  # `_fill` has made it
        return item


def _table() -> QTableWidget:
    table = QTableWidget(0, len(COLUMNS))
    table.setAccessibleName("Labels of the video")
    table.setHorizontalHeaderLabels(COLUMNS)
    table.setToolTip("A label's key ticks it; with Ctrl it marks a moment in which it happens")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)
    vertical, horizontal = table.verticalHeader(), table.horizontalHeader()
    vertical.setVisible(False)
    vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    vertical.setDefaultSectionSize(table.fontMetrics().height() + 6)
    horizontal.setHighlightSections(False)
    horizontal.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
    letter = table.fontMetrics().averageCharWidth()
    for column in (0, 2, 3):
        horizontal.resizeSection(column, 9 * letter)
    return table
