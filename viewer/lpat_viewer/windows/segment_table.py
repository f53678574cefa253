"""All segments as a table: for whom a list is quicker than a timeline, or the only way."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lpat_viewer.models.landmarks import show_chosen
from lpat_viewer.models.tracks import tracks_of
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.segment_rows import SegmentRows


class SegmentTable(QWidget):
    """The segments of the classes shown, of truth, shown layers and review.

    A click or an arrow key chooses a segment; Enter or a double click goes there.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self.rows = SegmentRows(self)
        self.table = _table(self.rows)
        self.filter = QLineEdit(self)
        self.filter.setPlaceholderText("Class")
        self.filter.setAccessibleName("Filter segments by class")
        self.filter.setClearButtonEnabled(True)
        self.count = QLabel(self)
        self.count.setAccessibleName("Number of segments")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        for widget in (self.filter, self.table, self.count):
            layout.addWidget(widget)
        self.setFocusProxy(self.table)
        # However many models change at once, the table follows once.
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self.refresh)
        for signal in (
            workspace.truth_changed,
            workspace.verdicts_changed,
            workspace.layers.changed,
            workspace.review.changed,
            workspace.classes.shown_changed,
        ):
            signal.connect(self._soon.start)
        workspace.selection.changed.connect(self._follow_selection)
        self.filter.textChanged.connect(self._filter)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)
        self.table.activated.connect(self._go_there)  # Enter or a double click
        self.refresh()

    def refresh(self) -> None:
        """Show what the models hold now."""
        self._soon.stop()
        self.rows.show_tracks(tracks_of(self._workspace), self._workspace.classes.shown)
        self._on_rows_changed()

    def _filter(self, text: str) -> None:
        self.rows.filter(text)
        self._on_rows_changed()

    def _on_rows_changed(self) -> None:
        shown, total = self.rows.rowCount(), self.rows.total
        of_total = "" if shown == total else f" of {total}"
        self.count.setText(f"{shown}{of_total} segment{'' if total == 1 else 's'}")
        self._follow_selection()

    def _follow_selection(self) -> None:
        row = self.rows.row_of(self._workspace.selection.chosen)
        selection = self.table.selectionModel()
        if row is None:
            selection.clear()
        elif row != selection.currentIndex().row():
            index = self.rows.index(row, 0)
            how = QItemSelectionModel.SelectionFlag
            selection.setCurrentIndex(index, how.ClearAndSelect | how.Rows)
            self.table.scrollTo(index)

    def _on_row(self, current: QModelIndex) -> None:
        if current.isValid():
            self._workspace.selection.choose(self.rows.chosen(current.row()))

    def _go_there(self, index: QModelIndex) -> None:
        show_chosen(self._workspace, self.rows.chosen(index.row()))


def _table(rows: SegmentRows) -> QTableView:
    table = QTableView()
    table.setModel(rows)
    table.setAccessibleName("Segments")
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setAlternatingRowColors(True)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTabKeyNavigation(False)  # Tab leaves the table
    table.setSortingEnabled(True)
    table.sortByColumn(rows.START, Qt.SortOrder.AscendingOrder)
    vertical, horizontal = table.verticalHeader(), table.horizontalHeader()
    vertical.setVisible(False)
    vertical.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # rows aren't measured one by one
    vertical.setDefaultSectionSize(table.fontMetrics().height() + 6)
    horizontal.setStretchLastSection(True)
    horizontal.setHighlightSections(False)
    letter = table.fontMetrics().averageCharWidth()
    for column, letters in enumerate(rows.LETTERS):
        horizontal.resizeSection(column, letters * letter + 14)
    return table
