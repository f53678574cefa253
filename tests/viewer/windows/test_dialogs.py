"""Saving beside the window, and leaving what isn't saved."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.annotations.writing import annotations_document
from lpat.errors import OutputError
from lpat.files.json_files import write_json
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


@pytest.fixture
def truth_file(workspace: Workspace, truth: VideoAnnotation, tmp_path: Path) -> Path:
    """The open annotations: three segments of the open video."""
    path = tmp_path / "truth.json"
    write_json(path, annotations_document([truth]))
    workspace.set_annotations(read_annotations(path))
    return path


def test_saving_proposes_a_file_that_is_not_there(
    qtbot: QtBot, dialogs: Dialogs, truth_file: Path, saved: list[Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    proposed: list[Path] = []

    def take_it(*words: object) -> tuple[str, str]:
        proposed.append(Path(str(words[2])))
        return str(words[2]), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", take_it)
    monkeypatch.setattr(QMessageBox, "question", lambda *_: pytest.fail("it asked"))
    before, folder = truth_file.read_bytes(), truth_file.parent
    for count, save in enumerate((dialogs.save, dialogs.save_as), start=1):
        save()
        qtbot.waitUntil(lambda count=count: len(saved) == count)
    assert proposed == [folder / "truth.corrected.json", folder / "truth.corrected-2.json"]
    assert saved_starts(proposed[0]) == [1.0]
    assert truth_file.read_bytes() == before


def test_saving_over_the_truth_says_what_goes_and_keeps_it(
    qtbot: QtBot, dialogs: Dialogs, corrections: Corrections, truth_file: Path,
    saved: list[Path], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    before, asked = truth_file.read_bytes(), []
    answers = iter([Button.Cancel, Button.Yes])

    def ask(*words: object) -> QMessageBox.StandardButton:
        asked.append(str(words[2]))
        return next(answers)

    monkeypatch.setattr(QMessageBox, "question", ask)
    assert not dialogs.save_to(truth_file)
    assert truth_file.read_bytes() == before
    assert dialogs.save_to(truth_file)
    qtbot.waitUntil(lambda: len(saved) == 1)
    for text in asked:
        assert "truth.json knows video 'video' already: 3 of its 3 segments" in text
        assert "replaced by what was accepted here (1 segment)" in text
    backup = truth_file.with_name("truth.json.bak")
    assert backup.read_bytes() == before
    assert saved_starts(truth_file) == [1.0]
    corrections.undo()  # of what was saved here, saving again may take away what it will, unasked
    dialogs.save()
    qtbot.waitUntil(lambda: len(saved) == 2)
    assert saved_starts(truth_file) == []
    assert len(asked) == 2
    assert [path.name for path in truth_file.parent.glob("*.bak")] == [backup.name]


def test_what_somebody_else_wrote_meanwhile_is_asked_about(
    qtbot: QtBot, dialogs: Dialogs, saved: list[Path], truth: VideoAnnotation, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = tmp_path / "a.json"
    dialogs.save_to(path)
    qtbot.waitUntil(lambda: len(saved) == 1)
    write_json(path, annotations_document([truth]))
    answer(monkeypatch, Button.Cancel)
    assert not dialogs.save_to(path)
    assert read_annotations(path).videos[0].segment_labels == truth.segment_labels


def test_detections_do_not_replace_annotations(
    workspace: Workspace, dialogs: Dialogs, truth_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = truth_file.read_bytes()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(truth_file), ""))
    dialogs.export()
    assert workspace.notices.latest is not None
    assert "truth.json: holds annotations" in workspace.notices.latest.text
    assert truth_file.read_bytes() == before


def test_a_picture_whose_name_lacks_the_ending_replaces_none_unasked(
    dialogs: Dialogs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "timeline.png"
    path.write_bytes(b"mine")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "timeline"), ""))
    answer(monkeypatch, Button.No)
    dialogs.save_picture()
    assert path.read_bytes() == b"mine"


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
