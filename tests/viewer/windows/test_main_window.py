"""The window: what is dropped on it, what it remembers, when it may close."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

NO_BUTTON, COPY = Qt.MouseButton.NoButton, Qt.DropAction.CopyAction
NO_KEYS = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def viewer(qtbot: QtBot, settings: Settings) -> Iterator[Viewer]:
    """The whole viewer, nothing open."""
    viewer = Viewer(settings, cache=None)
    yield viewer
    viewer.close()
    viewer.window.deleteLater()


@pytest.fixture
def video(write_video: Callable[..., Path]) -> Path:
    """A second of pictures."""
    return write_video()


def open_in(qtbot: QtBot, viewer: Viewer, path: Path) -> None:
    viewer.open([path])
    qtbot.waitUntil(lambda: viewer.player.info is not None)  # comes after the first picture


def test_dropped_files_are_opened(qtbot: QtBot, viewer: Viewer, video: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(video))])
    entering = QDragEnterEvent(QPoint(5, 5), COPY, data, NO_BUTTON, NO_KEYS)
    viewer.window.dragEnterEvent(entering)
    assert entering.isAccepted()
    viewer.window.dropEvent(QDropEvent(QPointF(5, 5), COPY, data, NO_BUTTON, NO_KEYS))
    qtbot.waitUntil(lambda: viewer.player.picture is not None)
    assert viewer.workspace.video == video


def test_dropped_text_is_left_alone(viewer: Viewer) -> None:
    data = QMimeData()
    data.setText("no file")
    entering = QDragEnterEvent(QPoint(5, 5), COPY, data, NO_BUTTON, NO_KEYS)
    entering.ignore()
    viewer.window.dragEnterEvent(entering)
    assert not entering.isAccepted()


def test_opened_files_are_among_the_recent_ones(
    qtbot: QtBot, viewer: Viewer, settings: Settings, video: Path
) -> None:
    open_in(qtbot, viewer, video)
    assert settings.recent == (video,)
    menu = next(
        action.menu()
        for action in viewer.window._menus.menus["File"].actions()  # type: ignore[union-attr]
        if action.text() == "Open recent"
    )
    menu.aboutToShow.emit()  # type: ignore[union-attr]
    assert menu.actions()[0].text() == str(video)  # type: ignore[union-attr]


def test_the_title_names_the_video_and_marks_what_is_unsaved(
    qtbot: QtBot, viewer: Viewer, video: Path
) -> None:
    open_in(qtbot, viewer, video)
    assert viewer.window.windowTitle().startswith("video")
    assert not viewer.window.isWindowModified()
    viewer.corrections.draw(0.2, 0.6, "jump")
    assert viewer.window.isWindowModified()
    viewer.workspace.review.mark_saved()
    assert not viewer.window.isWindowModified()


@pytest.mark.parametrize(
    ("answer", "closes"),
    [(QMessageBox.StandardButton.Discard, True), (QMessageBox.StandardButton.Cancel, False)],
)
def test_unsaved_corrections_are_asked_for(
    qtbot: QtBot,
    viewer: Viewer,
    video: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: QMessageBox.StandardButton,
    closes: bool,
) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answer)
    open_in(qtbot, viewer, video)
    viewer.corrections.draw(0.2, 0.6, "jump")
    assert viewer.window.close() == closes
    viewer.dialogs.close_video()
    assert (viewer.workspace.video is None) == closes


def test_a_docks_key_brings_it_to_the_front_and_hides_it_from_there(
    qtbot: QtBot, viewer: Viewer
) -> None:
    window = viewer.window
    window.show()
    qtbot.waitExposed(window)
    commands = {command.text: command for command in window.commands}
    for title in ("Segments", "Videos", "Models", "Segments"):
        command = commands[title]
        assert command.checked is not None
        assert not command.checked()  # behind another of the same tabs
        command.run()
        dock = window._docks[title]
        qtbot.waitUntil(lambda dock=dock: not dock.visibleRegion().isEmpty())
        assert command.checked()
    commands["Segments"].run()
    assert window._docks["Segments"].isHidden()
    assert not commands["Segments"].checked()  # type: ignore[misc]
    commands["Video"].run()  # has no tabs
    assert window._docks["Video"].isHidden()


def test_while_a_video_opens_its_name_shows_and_no_times(
    qtbot: QtBot, viewer: Viewer, video: Path
) -> None:
    viewer.window.show()
    ruler = viewer.timeline.ruler

    def colours() -> int:
        image = ruler.grab().toImage()
        pixels = ((x, y) for x in range(image.width()) for y in range(image.height()))
        return len({image.pixel(x, y) for x, y in pixels})

    assert (viewer.video.hint, viewer.start_page.isVisible()) == ("", True)
    assert colours() == 1
    viewer.player.open(video)
    assert viewer.video.hint == f"Opening {video.name} …"
    assert viewer.video.accessibleDescription() == viewer.video.hint
    assert colours() == 1
    qtbot.waitUntil(lambda: viewer.player.info is not None)
    assert viewer.player.opening is None
    assert colours() > 1


def test_a_video_that_can_not_be_read_is_one_line_and_the_window_goes_on(
    qtbot: QtBot, viewer: Viewer, tmp_path: Path, video: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    viewer.open([broken])
    qtbot.waitUntil(lambda: viewer.workspace.notices.latest is not None)
    assert "broken.mp4: expected a video" in viewer.window.messages.text
    open_in(qtbot, viewer, video)
    assert viewer.workspace.playhead.duration == pytest.approx(1.0)
