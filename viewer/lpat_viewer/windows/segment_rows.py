"""The segments of some tracks as rows of a table, sorted and filtered as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lpat.report.timeline import clock_text
from lpat.types import Float64Array, Int64Array
from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.tracks import Mark, Track

_Index = QModelIndex | QPersistentModelIndex
_Role = Qt.ItemDataRole
_NO_INDEX = QModelIndex()
_NO_ROWS = np.zeros(0, np.int64)
_NO_COLUMNS = np.zeros((0, 7))


class SegmentRows(QAbstractTableModel):
    """Rows in the order of a column; those that are equal there by start, as they came."""

    COLUMNS: ClassVar = ("What", "Class", "Start", "End", "Length", "Score", "Verdict")
    LETTERS: ClassVar = (10, 13, 8, 8, 7, 6, 10)  # that a column is wide
    START = 2

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tracks: tuple[Track, ...] = ()
        self._names: tuple[str, ...] = ()  # of classes, sorted
        self._rows: Int64Array = _NO_ROWS  # (N,) of each segment in its track
        self._columns: Float64Array = _NO_COLUMNS  # (N, 7) by which the table is sorted
        self._order: Int64Array = _NO_ROWS  # (M,) of those that the filter leaves
        self._column, self._descending = self.START, False
        self._text = ""

    def show_tracks(self, tracks: Sequence[Track], labels: Sequence[str]) -> None:
        """Take these tracks' segments of some classes."""
        self.beginResetModel()
        names = sorted({label for track in tracks for label in track.labels})
        parts = [
            _columns(track, number, track.of_classes(labels), names)
            for number, track in enumerate(tracks)
        ]
        self._tracks = tuple(tracks)
        self._rows = np.concatenate([_NO_ROWS, *(rows for rows, _ in parts)])
        self._columns = np.concatenate([_NO_COLUMNS, *(columns for _, columns in parts)])
        self._names = tuple(names)
        self._arrange()
        self.endResetModel()

    def filter(self, text: str) -> None:
        """Leave those whose class contains a text; case doesn't count."""
        if text.casefold() != self._text:
            self.beginResetModel()
            self._text = text.casefold()
            self._arrange()
            self.endResetModel()

    @property
    def total(self) -> int:
        """Segments, whatever the filter leaves of them."""
        return len(self._rows)

    def chosen(self, row: int) -> Chosen:
        """The segment of a row, as it is chosen."""
        track, its = self._place(row)
        return track.chosen(its)

    def row_of(self, chosen: Chosen | None) -> int | None:
        """The row of a segment that was chosen, if it is there."""
        for number, track in enumerate(self._tracks):
            its = track.row_of(chosen)
            if its is not None:
                order = self._order
                same = (self._columns[order, 0] == number) & (self._rows[order] == its)
                rows = np.flatnonzero(same)
                return int(rows[0]) if len(rows) else None
        return None

    # Qt's

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:  # noqa: N802 - Qt's name
        """Qt's."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:  # noqa: N802 - Qt's name
        """Qt's."""
        return 0 if parent.isValid() else len(self.COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> Any:
        """Qt's."""
        if orientation == Qt.Orientation.Horizontal and role == _Role.DisplayRole:
            return self.COLUMNS[section]
        return None

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> Any:
        """Qt's: what a cell shows."""
        if role == _Role.TextAlignmentRole:
            numeric = self.START <= index.column() <= 5
            side = Qt.AlignmentFlag.AlignRight if numeric else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        if role in (_Role.DisplayRole, _Role.ToolTipRole):
            return self._text_of(index.row(), index.column())
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Qt's: put the rows in order, with those that are chosen staying so."""
        self.layoutAboutToBeChanged.emit()
        before, kept = self._order, self.persistentIndexList()
        self._column, self._descending = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()
        places = np.empty(self.total, np.int64)
        places[self._order] = np.arange(len(self._order))
        moved = [self.index(int(places[before[old.row()]]), old.column()) for old in kept]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def _place(self, row: int) -> tuple[Track, int]:
        number = self._order[row]
        return self._tracks[int(self._columns[number, 0])], int(self._rows[number])

    def _text_of(self, row: int, column: int) -> str:
        track, its = self._place(row)
        start, end = track.segments[its].tolist()
        score = float(track.scores[its])
        texts = (
            track.name,
            track.labels[track.classes[its]],
            clock_text(start, 2),
            clock_text(end, 2),
            f"{end - start:.2f}",
            "" if np.isnan(score) else f"{score:.3g}",
            Mark(int(track.marks[its])).text,
        )
        return texts[column]

    def _arrange(self) -> None:
        """Filter, then sort: by the column, and what is equal there by start, then as it came."""
        key = self._columns[:, self._column]
        order = np.lexsort((self._columns[:, self.START], -key if self._descending else key))
        found = np.array([self._text in name.casefold() for name in self._names], np.bool_)
        self._order = (
            order[found[self._columns[order, 1].astype(np.int64)]] if self.total else order
        )


def _columns(
    track: Track, number: int, rows: Int64Array, names: Sequence[str]
) -> tuple[Int64Array, Float64Array]:
    """Some rows of a track, and what they are sorted by in each column."""
    places = {name: place for place, name in enumerate(names)}
    alphabet = np.array([places[label] for label in track.labels], np.float64)
    start, end = track.segments[rows].T
    columns = (
        np.full(len(rows), float(number)),
        alphabet[track.classes[rows]],
        start,
        end,
        end - start,
        np.nan_to_num(track.scores[rows], nan=-np.inf),
        track.marks[rows].astype(np.float64),
    )
    return rows, np.stack(columns, axis=1)
