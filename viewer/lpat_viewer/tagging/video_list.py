"""The videos that are tagged as a list, quick with thousands of them."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSignalBlocker,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from lpat_viewer.tagging.state import Tagging
from lpat_viewer.tagging.store import TagStore

Index = QModelIndex | QPersistentModelIndex
COLUMNS = ("Video", "Shows", "Suggested")


class VideoRows(QAbstractTableModel):
    """The listed videos: name, tags, and the label that a model finds most probable."""

    def __init__(self, state: Tagging, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._names = state.listed

    def show_state(self, state: Tagging) -> None:
        """Show another state; rows are made anew only where other videos are listed."""
        names = state.listed
        if names == self._names:
            self._state = state
            last = self.index(len(names) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self._state, self._names = state, names
        self.endResetModel()

    def name(self, row: int) -> str:
        """The video of a row."""
        return self._names[row]

    def row_of(self, name: str | None) -> int | None:
        """The row of a video, if it is listed."""
        return self._names.index(name) if name in self._names else None

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Qt's: rows below a row are none."""
        return 0 if parent is not None and parent.isValid() else len(self._names)

    def columnCount(self, parent: Index | None = None) -> int:  # noqa: N802 - Qt's name
        """Qt's: what is known of a video."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Qt's: titles of columns."""
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Qt's: text of a cell, and the whole name where the column is too narrow for it."""
        name = self._names[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            texts = (name, tags_text(self._state, name), suggestion_text(self._state, name))
            return texts[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return name
        return None


def tags_text(state: Tagging, name: str) -> str:
    """What a video shows, in words; empty where it isn't tagged."""
    labels = state.tags_of(name)
    if labels is None:
        return ""
    text = ", ".join(labels) or "nothing"
    if count := len(state.moments_of(name)):
        text += f" ({count} moment{'' if count == 1 else 's'})"
    return f"{text} (with times)" if name in state.fixed else text


def suggestion_text(state: Tagging, name: str) -> str:
    """The most probable label of a video; empty where no model has looked at it."""
    found = state.suggestions.get(name)
    if not found:
        return ""
    label = max(found, key=lambda label: found[label])
    return f"{label} {found[label]:.0%}".replace("%", " %")


class VideoList(QTableView):
    """The listed videos; choosing one makes it the current one."""

    def __init__(self, store: TagStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.rows = VideoRows(store.state, self)
        self.setModel(self.rows)
        self.setAccessibleName("Videos to be tagged")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        vertical, horizontal = self.verticalHeader(), self.horizontalHeader()
        vertical.setVisible(False)
        vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        vertical.setDefaultSectionSize(self.fontMetrics().height() + 6)
        horizontal.setStretchLastSection(True)
        horizontal.setHighlightSections(False)
        letter = self.fontMetrics().averageCharWidth()
        horizontal.resizeSection(0, 18 * letter)
        horizontal.resizeSection(1, 14 * letter)
        self.selectionModel().currentRowChanged.connect(self._on_row)
        store.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the store's state."""
        state = self._store.state
        with QSignalBlocker(self.selectionModel()):
            self.rows.show_state(state)
        self.setColumnHidden(COLUMNS.index("Suggested"), not state.suggestions)
        row = self.rows.row_of(state.current)
        if row is None or row == self.currentIndex().row():
            return
        index = self.rows.index(row, 0)
        how = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(index, how.ClearAndSelect | how.Rows)
        self.scrollTo(index)

    def _on_row(self, current: QModelIndex) -> None:
        if current.isValid():
            name = self.rows.name(current.row())
            if name != self._store.state.current:
                self._store.update(self._store.state.at(name))
