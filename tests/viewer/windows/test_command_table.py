"""The table of commands: complete, without doubles, and the same as in the documentation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QFileDialog,
    QHeaderView,
    QInputDialog,
    QLineEdit,
    QProgressBar,
)
from pytestqt.qtbot import QtBot

from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

PAGE = Path(__file__).resolve().parents[3] / "docs" / "viewer.md"


@pytest.fixture
def viewer(qtbot: QtBot, tmp_path: Path) -> Iterator[Viewer]:
    """The whole viewer, nothing open."""
    viewer = Viewer(Settings(tmp_path / "settings.ini"), cache=None)
    yield viewer
    viewer.close()
    viewer.window.deleteLater()


def test_every_command_has_keys_that_no_other_has(viewer: Viewer) -> None:
    keys = Counter(
        sequence.toString() for command in viewer.window.commands for sequence in command.sequences
    )
    assert "" not in keys
    assert [sequence for sequence, count in keys.items() if count > 1] == []


def test_every_command_can_be_tried_with_nothing_open(
    viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object) -> tuple[str, str]:
        return "", ""

    for dialog, question in (
        (QFileDialog, "getSaveFileName"),
        (QFileDialog, "getOpenFileNames"),
        (QInputDialog, "getItem"),
    ):
        monkeypatch.setattr(dialog, question, nothing)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: "")
    for command in viewer.window.commands:
        if command.text not in ("Quit", "Full screen", "Keys and commands") and command.enabled():
            command.run()
    assert viewer.workspace.video is None


def test_the_page_has_the_same_table(viewer: Viewer) -> None:
    form = QKeySequence.SequenceFormat.PortableText
    rows = [
        f"| {c.menu} | {c.text.rstrip('…')} | "
        f"{', '.join(f'`{sequence.toString(form)}`' for sequence in c.sequences)} |"
        for c in viewer.window.commands
    ]
    table = "\n".join(["| menu | command | keys |", "| --- | --- | --- |", *rows])
    assert table in PAGE.read_text(encoding="utf-8"), f"docs/viewer.md should have:\n{table}"


def test_arranging_shows_all_docks_again(viewer: Viewer) -> None:
    docks = viewer.window._docks
    for dock in docks.values():
        dock.hide()
    viewer.window.arrange()
    assert [title for title, dock in docks.items() if dock.isHidden()] == []


def test_controls_have_names_to_be_read_out(viewer: Viewer) -> None:
    kinds = (QAbstractItemView, QComboBox, QLineEdit, QProgressBar)
    nameless = [
        widget
        for kind in kinds
        for widget in viewer.window.findChildren(kind)
        if not (widget.accessibleName() or isinstance(widget, QHeaderView))
        and widget.window() is viewer.window  # not the lists of combo boxes
    ]
    assert nameless == []
