"""The table of segments, in step with the models."""

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.segment_rows import SegmentRows
from lpat_viewer.windows.segment_table import SegmentTable


@pytest.fixture
def table(qtbot: QtBot, judged: Workspace) -> SegmentTable:
    table = SegmentTable(judged)
    qtbot.addWidget(table)
    return table


def column(rows: SegmentRows, name: str) -> list[str]:
    number = rows.COLUMNS.index(name)
    return [rows.data(rows.index(row, number)) for row in range(rows.rowCount())]


def test_all_that_is_shown_is_listed_by_start(table: SegmentTable) -> None:
    rows = table.rows
    assert column(rows, "Start") == ["0:10.00", "0:10.00", "0:30.00", "0:31.00", "0:40.00",
                                     "0:50.00"]  # fmt: skip
    assert column(rows, "What") == ["truth", "model.onnx", "model.onnx", "truth", "model.onnx",
                                    "truth"]  # fmt: skip
    assert column(rows, "Verdict") == ["found", "hit", "hit", "found", "false alarm", "miss"]
    assert column(rows, "Length")[:2] == ["9.00", "10.00"]
    assert column(rows, "Score")[0] == ""
    assert table.count.text() == "6 segments"


def test_hidden_classes_and_layers_are_left_out(judged: Workspace, table: SegmentTable) -> None:
    judged.classes.set_shown(["jump"], False)
    judged.layers.set_shown("model.onnx", False)
    table.refresh()
    assert column(table.rows, "Class") == ["run"]


def test_the_filter_leaves_one_class(qtbot: QtBot, table: SegmentTable) -> None:
    qtbot.keyClicks(table.filter, "RU")
    assert column(table.rows, "Class") == ["run", "run"]
    assert table.count.text() == "2 of 6 segments"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Class", ["jump"] * 4 + ["run"] * 2),
        ("Length", ["4.00", "4.00", "5.00", "5.00", "9.00", "10.00"]),
        ("Verdict", ["hit", "hit", "false alarm", "found", "found", "miss"]),
    ],
)
def test_columns_sort_both_ways(table: SegmentTable, name: str, expected: list[str]) -> None:
    number = table.rows.COLUMNS.index(name)
    table.table.sortByColumn(number, Qt.SortOrder.AscendingOrder)
    assert column(table.rows, name) == expected
    table.table.sortByColumn(number, Qt.SortOrder.DescendingOrder)
    assert column(table.rows, name) == expected[::-1]


def test_the_chosen_row_stays_chosen_when_sorted(judged: Workspace, table: SegmentTable) -> None:
    table.table.selectRow(5)
    before = judged.selection.chosen
    assert before is not None
    assert before.start == 50.0
    table.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert judged.selection.chosen == before
    assert table.rows.chosen(table.table.currentIndex().row()) == before


def test_selection_goes_both_ways(qtbot: QtBot, judged: Workspace, table: SegmentTable) -> None:
    judged.selection.choose(table.rows.chosen(2))
    assert table.table.currentIndex().row() == 2
    qtbot.keyClick(table.table, Qt.Key.Key_Down)
    assert judged.selection.chosen == table.rows.chosen(3)
    judged.selection.choose(None)
    assert not table.table.selectionModel().hasSelection()


def test_enter_goes_to_the_segment(qtbot: QtBot, judged: Workspace, table: SegmentTable) -> None:
    judged.time_range.show(0, 5)
    table.table.selectRow(4)
    assert judged.playhead.time == 0
    qtbot.keyClick(table.table, Qt.Key.Key_Return)
    assert judged.playhead.time == 40.0
    assert judged.time_range.start <= 40 <= judged.time_range.end


def test_the_review_is_listed_once_it_has_begun(
    qtbot: QtBot, judged: Workspace, table: SegmentTable
) -> None:
    corrections = Corrections(judged)
    table.table.selectRow(1)
    with qtbot.waitSignal(table.rows.modelReset):
        corrections.accept()
    assert column(table.rows, "Verdict").count("accepted") == 1
    assert table.rows.chosen(table.table.currentIndex().row()) == judged.selection.chosen


def test_an_empty_table_says_so(qtbot: QtBot, workspace: Workspace) -> None:
    table = SegmentTable(workspace)
    qtbot.addWidget(table)
    assert table.count.text() == "0 segments"
    table.rows.sort(1)
    assert table.rows.rowCount() == 0
