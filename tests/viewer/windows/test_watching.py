"""Files that change or vanish while they are open."""

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lpat.files.atomic import write_text
from lpat_viewer.models.notices import Notices
from lpat_viewer.windows.watching import Watcher


@pytest.fixture
def notices(qtbot: QtBot) -> Notices:
    return Notices()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that is watched."""
    path = tmp_path / "detections.json"
    write_text(path, "old")
    return path


def test_a_replaced_file_has_changed_and_then_it_may_vanish(
    qtbot: QtBot, notices: Notices, file: Path
) -> None:
    watcher = Watcher(notices)
    watcher.watch([file])
    with qtbot.waitSignal(notices.changed):
        write_text(file, "newer")
    assert notices.latest is not None
    assert notices.latest.text == f"{file}: the file has changed; F5 reads it again"
    with qtbot.waitSignal(notices.changed):
        file.unlink()
    assert notices.latest is not None
    assert notices.latest.text.startswith(f"{file}: the file is gone")


def test_what_the_viewer_wrote_itself_is_no_news(
    qtbot: QtBot, notices: Notices, file: Path
) -> None:
    watcher = Watcher(notices)
    watcher.watch([file])
    write_text(file, "newer")
    watcher.expect(file)
    with qtbot.assertNotEmitted(notices.changed, wait=600):
        pass


def test_a_file_that_is_closed_is_watched_no_more(
    qtbot: QtBot, notices: Notices, file: Path
) -> None:
    watcher = Watcher(notices)
    watcher.watch([file])
    watcher.watch([])
    write_text(file, "newer")
    with qtbot.assertNotEmitted(notices.changed, wait=600):
        pass


def test_what_changes_while_other_files_are_opened_is_told_all_the_same(
    qtbot: QtBot, notices: Notices, file: Path
) -> None:
    watcher = Watcher(notices)
    watcher.watch([file])
    with qtbot.waitSignal(notices.changed):
        file.unlink()
        watcher.watch([file, file.with_name("other.json")])
    assert notices.latest is not None
    assert notices.latest.text.startswith(f"{file}: the file is gone")


def test_files_that_go_together_are_one_line(
    qtbot: QtBot, notices: Notices, tmp_path: Path
) -> None:
    files = [tmp_path / "folder" / name for name in ("a.json", "b.json")]
    for path in files:
        write_text(path, "old")
    watcher = Watcher(notices)
    watcher.watch(files)
    with qtbot.waitSignal(notices.changed):
        shutil.rmtree(tmp_path / "folder")
    assert notices.latest is not None
    assert notices.latest.text.startswith("a.json, b.json: the files are gone")
