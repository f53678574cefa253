"""What is remembered."""

from pathlib import Path

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow
from pytestqt.qtbot import QtBot

from lpat_viewer.windows.settings import MOST_RECENT, Settings


def test_recent_paths_are_remembered_the_latest_first(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.ini")
    assert settings.recent == ()
    for name in ("a", "b", "a"):
        settings.remember(tmp_path / name)
    del settings
    assert Settings(tmp_path / "settings.ini").recent == (tmp_path / "a", tmp_path / "b")


def test_a_single_recent_path_is_a_path_too(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.ini")
    settings.remember(tmp_path / "a, b.mp4")
    del settings
    assert Settings(tmp_path / "settings.ini").recent == (tmp_path / "a, b.mp4",)


def test_only_so_many_are_remembered_and_all_can_be_forgotten(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.ini")
    for number in range(MOST_RECENT + 3):
        settings.remember(tmp_path / str(number))
    assert len(settings.recent) == MOST_RECENT
    assert settings.recent[0] == tmp_path / str(MOST_RECENT + 2)
    settings.forget_recent()
    assert settings.recent == ()


def test_the_layout_is_restored(qtbot: QtBot, tmp_path: Path) -> None:
    def window_with_dock() -> tuple[QMainWindow, QDockWidget]:
        window = QMainWindow()
        qtbot.addWidget(window)
        dock = QDockWidget("Classes", window)
        dock.setObjectName("dock Classes")
        window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        return window, dock

    settings = Settings(tmp_path / "settings.ini")
    window, dock = window_with_dock()
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    settings.save_layout(window)
    again, dock = window_with_dock()
    assert settings.restore_layout(again)
    assert again.dockWidgetArea(dock) == Qt.DockWidgetArea.LeftDockWidgetArea


def test_a_broken_or_missing_layout_changes_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.ini")
    window = QMainWindow()
    qtbot.addWidget(window)
    assert not settings.restore_layout(window)
    settings._settings.setValue("geometry", QByteArray(b"nonsense"))
    settings._settings.setValue("docks", QByteArray(b"nonsense"))
    assert not settings.restore_layout(window)
