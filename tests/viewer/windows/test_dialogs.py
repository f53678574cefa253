"""Saving beside the window, and leaving what isn't saved."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from lpat.annotations.reading import read_annotations
from lpat.errors import OutputError
from lpat.formats.detections import read_detections
from lpat.formats.registry import FORMATS
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.saving import Saving
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.dialogs import Dialogs, path_in
from lpat_viewer.windows.writing import Writer

Button = QMessageBox.StandardButton


@pytest.fixture
def corrections(workspace: Workspace) -> Corrections:
    """Of `video.mp4`: one segment was drawn, and isn't saved."""
    workspace.set_video(Path("video.mp4"))
    workspace.playhead.set_duration(60.0)
    corrections = Corrections(workspace)
    corrections.draw(1.0, 2.0, "jump")
    return corrections


@pytest.fixture
def saved() -> list[Path]:
    """Files that were saved."""
    return []


@pytest.fixture
def dialogs(
    qtbot: QtBot, workspace: Workspace, corrections: Corrections, saved: list[Path]
) -> Iterator[Dialogs]:
    jobs, window = Jobs(), QWidget()
    qtbot.addWidget(window)
    yield Dialogs(
        workspace, corrections, Writer(jobs, workspace.notices), window,
        open_paths=lambda _: None, on_saved=saved.append, parent=window,
    )  # fmt: skip
    jobs.stop()


def answer(monkeypatch: pytest.MonkeyPatch, button: QMessageBox.StandardButton) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *_: button)


def saved_starts(path: Path) -> list[float]:
    (video,) = read_annotations(path).videos
    return video.segments[:, 0].tolist()


def fail_to_write(_: Saving) -> None:
    raise OutputError("the disk is full")


def test_saving_does_not_wait_for_the_file(
    qtbot: QtBot,
    workspace: Workspace,
    dialogs: Dialogs,
    saved: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    may_write, write = threading.Event(), Saving.write

    def write_later(saving: Saving) -> None:
        may_write.wait()
        write(saving)

    monkeypatch.setattr(Saving, "write", write_later)
    path = tmp_path / "a.json"
    assert dialogs.save_to(path)
    assert workspace.review.modified
    assert not path.exists()
    may_write.set()
    qtbot.waitUntil(lambda: not workspace.review.modified)
    assert saved == [path]
    assert saved_starts(path) == [1.0]


def test_the_file_that_was_saved_last_is_the_one_that_stays(
    dialogs: Dialogs, corrections: Corrections, saved: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    for start in (10.0, 20.0, 30.0):
        dialogs.save_to(path)
        corrections.draw(start, start + 1, "jump")
    dialogs.save_to(path)
    assert dialogs.may_leave()  # waits
    assert saved == [path] * 4
    assert saved_starts(path) == [1.0, 10.0, 20.0, 30.0]


def test_leaving_saves_first(
    workspace: Workspace, dialogs: Dialogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, Button.Save)
    path = tmp_path / "a.json"
    monkeypatch.setattr(dialogs, "_ask_where", lambda *_: path)
    assert dialogs.may_leave()
    assert not workspace.review.modified
    assert saved_starts(path) == [1.0]


def test_what_cannot_be_written_is_not_left(
    workspace: Workspace, dialogs: Dialogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, Button.Save)
    with monkeypatch.context() as patch:
        patch.setattr(Saving, "write", fail_to_write)
        patch.setattr(dialogs, "_ask_where", lambda *_: tmp_path / "a.json")
        assert not dialogs.may_leave()
    assert workspace.review.modified
    assert workspace.notices.latest is not None
    assert workspace.notices.latest.text == "the disk is full"
    monkeypatch.setattr(dialogs, "_ask_where", lambda *_: tmp_path / "b.json")
    assert dialogs.may_leave()
    assert saved_starts(tmp_path / "b.json") == [1.0]


def test_leaving_while_a_file_is_written_that_fails_asks(
    workspace: Workspace, dialogs: Dialogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Saving, "write", fail_to_write)
    answer(monkeypatch, Button.Cancel)
    dialogs.save_to(tmp_path / "a.json")
    assert not dialogs.may_leave()
    answer(monkeypatch, Button.Discard)
    assert dialogs.may_leave()
    assert workspace.review.modified


def test_nobody_is_asked_without_corrections(
    corrections: Corrections, dialogs: Dialogs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QMessageBox, "question", lambda *_: pytest.fail("it asked"))
    corrections.end()
    assert dialogs.may_leave()


def test_where_nothing_is_corrected_saving_says_so(
    workspace: Workspace, corrections: Corrections, dialogs: Dialogs, tmp_path: Path
) -> None:
    corrections.end()
    assert not dialogs.save_to(tmp_path / "a.json")
    assert workspace.notices.latest is not None
    assert workspace.notices.latest.text.startswith("nothing has been corrected yet")


def test_detections_are_exported_beside_the_window(
    qtbot: QtBot, workspace: Workspace, dialogs: Dialogs, tmp_path: Path
) -> None:
    path = tmp_path / "d.json"
    dialogs.export_to(path)
    qtbot.waitUntil(lambda: workspace.notices.latest is not None)
    assert workspace.notices.latest is not None
    assert workspace.notices.latest.text == f"Wrote {path}"
    assert read_detections(path)["video"].segments.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("typed", "kind", "written"),
    [
        ("d.json", "json", "d.json"),
        ("d.detections.json", "srt", "d.detections.srt"),  # only the kind was chosen
        ("d.csv", "json", "d.csv"),  # only the name was typed
        ("d", "json", "d.json"),
        ("d", "vtt", "d.vtt"),
        ("d.xyz", "json", "d.xyz"),
        ("d.xyz", "edl", "d.xyz.edl"),
        ("d.json", "labelstudio", "d.labelstudio.json"),
        ("d.EDL", "edl", "d.EDL"),
    ],
)
def test_the_name_and_the_kind_choose_the_file(typed: str, kind: str, written: str) -> None:
    assert path_in(Path("x") / typed, FORMATS[kind]) == Path("x") / written


@pytest.mark.parametrize("replaced", [True, False])
def test_a_kind_that_changes_the_name_replaces_no_file_unasked(
    replaced: bool, qtbot: QtBot, workspace: Workspace, dialogs: Dialogs, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = tmp_path / "d.srt"
    path.write_text("mine", encoding="utf-8")
    offered: list[str] = []

    def ask(*words: object) -> tuple[str, str]:
        offered.extend(str(words[3]).split(";;"))
        return str(tmp_path / "d.json"), "Subtitles (SubRip) (*.srt)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    answer(monkeypatch, Button.Yes if replaced else Button.No)
    dialogs.export()
    assert all(form.suffix in kind for form, kind in zip(FORMATS.values(), offered, strict=True))
    if replaced:
        qtbot.waitUntil(lambda: workspace.notices.latest is not None)
        assert path.read_text(encoding="utf-8").startswith("1\n00:00:01,000 --> 00:00:02,000\njump")
    else:
        assert path.read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "d.json").exists()
