"""Marking videos as reviewed: what is written, asked and shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from lpat.annotations.reading import read_annotations
from lpat.annotations.reviewed import read_reviewed, reviewed_in
from lpat.files.json_files import read_json, write_json
from lpat.inputs import Input
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.playlist import Playlist
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.windows.playlist_panel import PlaylistPanel
from lpat_viewer.windows.reviewing import Reviewing
from lpat_viewer.windows.writing import Writer

Button = QMessageBox.StandardButton


class Window:
    """A viewer without its views, `video` of a folder open, whose `tags.json` says `jump`."""

    def __init__(self, folder: Path) -> None:
        self.jobs, self.parent, self.workspace = Jobs(), QWidget(), Workspace()
        self.corrections = Corrections(self.workspace)
        writer = Writer(self.jobs, self.workspace.notices, self.parent)
        self.reviewing = Reviewing(self.workspace, self.corrections, self.jobs, writer, self.parent)
        self.tagged: list[Path] = []
        self.reviewing.tags_changed.connect(self.tagged.append)
        names = ["video", "other"]
        inputs = [Input(name, folder / f"{name}.mp4") for name in names]
        self.workspace.playlist.set_inputs(inputs)
        self.workspace.set_annotations(read_annotations(folder / "tags.json"))
        self.open(inputs[0])

    def open(self, source: Input) -> None:
        self.workspace.playlist.set_current(source)
        self.workspace.set_video(source.file, source.name)
        self.workspace.playhead.set_duration(60.0)

    def mark(self, qtbot: QtBot, *segments: tuple[float, float, str]) -> None:
        for segment in segments:
            self.corrections.draw(*segment)
        self.reviewing.toggle()
        qtbot.waitUntil(lambda: not self.jobs.running)

    @property
    def told(self) -> str:
        latest = self.workspace.notices.latest
        return "" if latest is None else latest.text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the videos would lie, with tags."""
    tags = {"video": {"labels": ["jump"]}, "other": {"labels": ["run"]}}
    write_json(tmp_path / "tags.json", {"database": tags})
    return tmp_path


@pytest.fixture
def windows(qtbot: QtBot) -> Iterator[list[Window]]:
    windows: list[Window] = []
    yield windows
    for window in windows:
        window.jobs.stop()
        window.parent.deleteLater()


@pytest.fixture
def window(windows: list[Window], folder: Path) -> Window:
    windows.append(Window(folder))
    return windows[0]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is answered to questions about tags, by the start of a button; then what was asked."""
    texts: list[str] = []

    def answer(box: QMessageBox) -> int:
        wanted = texts.pop(0)
        texts.append(box.text())
        button = next(b for b in box.buttons() if b.text().replace("&", "").startswith(wanted))
        button.click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    return texts


def test_what_is_marked_as_reviewed_is_what_training_reads(
    qtbot: QtBot, window: Window, folder: Path
) -> None:
    reviewing, workspace = window.reviewing, window.workspace
    assert reviewing.can_mark
    window.mark(qtbot, (1.0, 2.0, "jump"), (5.0, 6.5, "jump"))
    assert reviewing.marked
    assert not workspace.review.modified
    assert window.told == "video is reviewed: 2 instances, says reviewed.json"
    labels = read_annotations(folder / "tags.json").labels_by_video(None)
    marked = read_reviewed(folder / "reviewed.json", labels)
    assert marked["video"].segments.tolist() == [[1.0, 2.0], [5.0, 6.5]]
    assert workspace.playlist.reviewed == {"video"}


def test_what_is_corrected_after_marking_is_marked_anew(
    qtbot: QtBot, window: Window, folder: Path
) -> None:
    window.mark(qtbot, (1.0, 2.0, "jump"))
    window.corrections.resize(end=3.0)
    assert not window.reviewing.marked
    window.mark(qtbot)
    assert reviewed_in(folder / "reviewed.json")["video"].segments.tolist() == [[1.0, 3.0]]


def test_a_video_isnt_reviewed_any_more_and_its_segments_are_kept_here(
    qtbot: QtBot, window: Window, folder: Path
) -> None:
    window.mark(qtbot, (1.0, 2.0, "jump"))
    window.corrections.end()
    assert window.workspace.truth is not None
    assert window.workspace.truth.segments.tolist() == [[1.0, 2.0]]  # as it was marked
    window.mark(qtbot)
    assert not window.reviewing.marked
    assert reviewed_in(folder / "reviewed.json") == {}
    assert [s.end for s in window.workspace.review.segments] == [2.0]
    assert window.workspace.review.modified
    window.mark(qtbot)
    assert window.reviewing.marked


def test_what_is_still_to_be_judged_isnt_reviewed(
    qtbot: QtBot, window: Window, folder: Path
) -> None:
    window.mark(qtbot)
    assert window.told.startswith("Not marked as reviewed: no instances are marked yet")
    window.corrections.draw(1.0, 2.0, "jump")
    segments = window.workspace.review.segments
    window.workspace.review.apply("Doubt", [*segments, type(segments[0])(9, 4.0, 5.0, "jump", 0.5)])
    window.mark(qtbot)
    assert "1 segment is still to be judged" in window.told
    assert not (folder / "reviewed.json").exists()


def test_labels_that_contradict_the_tags_are_told_and_may_become_the_tags(
    qtbot: QtBot, window: Window, folder: Path, answers: list[str]
) -> None:
    answers.append("Cancel")
    window.mark(qtbot, (1.0, 2.0, "run"))
    assert answers == [
        "tags.json contradicts it: its segments show 'run', but its labels say 'jump'; "
        "correct one of both."
    ]
    assert not (folder / "reviewed.json").exists()
    answers[:] = ["Mark all the same"]
    window.mark(qtbot)
    assert window.reviewing.marked
    window.mark(qtbot)
    answers[:] = ["Tag it so: run"]
    window.mark(qtbot)
    assert window.reviewing.marked
    assert window.tagged == [folder / "tags.json"]
    labels = read_annotations(folder / "tags.json").labels_by_video(None)
    assert labels == {"video": ("run",), "other": ("run",)}
    assert list(read_reviewed(folder / "reviewed.json", labels)) == ["video"]


def test_tags_that_another_program_changed_meanwhile_are_those_that_count(
    qtbot: QtBot, window: Window, folder: Path, answers: list[str]
) -> None:
    write_json(folder / "tags.json", {"database": {"video": {"labels": ["jump", "run"]}}})
    answers.append("Cancel")
    window.mark(qtbot, (1.0, 2.0, "jump"))
    assert "its labels say 'jump', 'run'" in answers[0]


def test_tags_with_times_arent_changed_by_marking(
    qtbot: QtBot, window: Window, folder: Path, answers: list[str]
) -> None:
    rows = [{"label": "jump", "segment": [1, 2]}]
    write_json(folder / "tags.json", {"database": {"video": {"annotations": rows}}})
    answers.append("Mark all the same")  # which is the only way: no button tags it
    window.mark(qtbot, (1.0, 2.0, "run"))
    assert window.reviewing.marked
    assert read_json(folder / "tags.json")["database"]["video"]["annotations"] == rows


@pytest.mark.parametrize("replaces", [True, False])
def test_two_windows_lose_nothing_to_each_other(
    qtbot: QtBot,
    windows: list[Window],
    window: Window,
    folder: Path,
    replaces: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    windows.append(Window(folder))
    other = windows[1]
    qtbot.waitUntil(lambda: not other.jobs.running)
    other.open(other.workspace.playlist.inputs[1])
    other.mark(qtbot, (7.0, 8.0, "run"))
    window.mark(qtbot, (1.0, 2.0, "jump"))
    assert sorted(reviewed_in(folder / "reviewed.json")) == ["other", "video"]
    for each in windows:  # each sees what the other has marked
        qtbot.waitUntil(lambda each=each: each.workspace.playlist.reviewed == {"video", "other"})

    asked: list[str] = []

    def ask(*words: Any) -> QMessageBox.StandardButton:
        asked.append(words[2])
        return Button.Yes if replaces else Button.No

    monkeypatch.setattr(QMessageBox, "question", ask)
    other.reviewing._watcher.blockSignals(True)  # it notices too late
    window.corrections.resize(end=3.0)
    window.mark(qtbot)
    other.open(other.workspace.playlist.inputs[0])
    other.mark(qtbot, (4.0, 5.0, "jump"))
    assert "has marked 1 instances of video in reviewed.json meanwhile" in asked[0]
    ends = reviewed_in(folder / "reviewed.json")["video"].segments[:, 1].tolist()
    assert ends == ([5.0] if replaces else [3.0])
    backup = folder / "reviewed.json.bak"
    assert backup.exists() == replaces
    if replaces:
        assert reviewed_in(backup)["video"].segments[:, 1].tolist() == [3.0]


@pytest.mark.parametrize("content", ["{", '{"database": {"x": {"labels": ["jump"]}}}'])
def test_a_broken_file_is_told_and_left_alone(
    qtbot: QtBot, windows: list[Window], folder: Path, content: str
) -> None:
    path = folder / "reviewed.json"
    path.write_text(content, encoding="utf-8")
    window = Window(folder)
    windows.append(window)
    qtbot.waitUntil(lambda: "reviewed.json" in window.told)
    window.mark(qtbot, (1.0, 2.0, "jump"))
    assert "another file can be chosen" in window.told
    assert path.read_text(encoding="utf-8") == content
    assert window.workspace.review.modified
    window.reviewing.take_file(folder / "mine.json")
    window.mark(qtbot)
    assert list(reviewed_in(folder / "mine.json")) == ["video"]
    assert window.reviewing.marked


@pytest.mark.parametrize("place", ["gone", "tags.json"])
def test_a_folder_that_cannot_be_written_is_told(
    qtbot: QtBot, window: Window, folder: Path, place: str
) -> None:
    window.reviewing.take_file(folder / place / "reviewed.json")
    window.mark(qtbot, (1.0, 2.0, "jump"))
    assert f"{place}: can't be written" in window.told
    assert "another file can be chosen" in window.told
    assert window.workspace.review.modified
    assert not window.reviewing.marked


def test_the_list_shows_what_is_reviewed_and_what_is_most_uncertain(qtbot: QtBot) -> None:
    opened: list[Input] = []
    playlist = Playlist()
    panel = PlaylistPanel(playlist, opened.append)
    qtbot.addWidget(panel)
    inputs = [Input(name, Path(f"{name}.mp4")) for name in ("a", "b", "c", "d")]
    playlist.set_inputs(inputs)
    playlist.set_current(inputs[0])
    playlist.set_reviewed({"a", "c"})

    def texts() -> list[str]:
        return [panel.list.item(row).text() for row in range(panel.list.count())]

    assert texts() == ["a   ✓ reviewed", "b", "c   ✓ reviewed", "d"]
    assert panel.count.text() == "1 of 4; 2 of 4 reviewed"
    panel.to_review.click()
    playlist.set_probabilities({"b": {"jump": 0.9}, "d": {"jump": 0.45}, "a": {"jump": 0.7}})
    assert texts() == ["d", "a   ✓ reviewed", "b"]  # the open one stays until one goes on
    assert panel.list.currentRow() == 1
    following = playlist.neighbour(1)
    assert following == inputs[1]
    playlist.set_current(following)
    assert texts() == ["d", "b"]
    panel.list.itemActivated.emit(panel.list.item(0))
    assert opened == [inputs[3]]
