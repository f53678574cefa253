"""The tagging window, driven by its keys."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from lpat.annotations.reading import read_annotations
from lpat.annotations.tags import read_tags
from lpat.errors import OutputError
from lpat.features.cache import FeatureCache
from lpat.features.extractors import default_spec
from lpat.features.files import write_features
from lpat.files.folders import claim_folder
from lpat.types import Features
from lpat_viewer.program import Program
from lpat_viewer.tagging import tagging_window
from lpat_viewer.tagging.opening import open_folder
from lpat_viewer.tagging.tagging_window import TaggingWindow
from lpat_viewer.theme import class_colour, theme_of
from lpat_viewer.windows.settings import Settings

PAGE = Path(__file__).resolve().parents[3] / "docs" / "tagging.md"
Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def folder(tmp_path: Path, write_video_in: Callable[..., Path]) -> Path:
    """Three videos of a second."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in "abc":
        write_video_in(folder, f"{name}.mp4")
    return folder


@pytest.fixture
def program(qtbot: QtBot, tmp_path: Path) -> Iterator[Program]:
    program = Program(
        Settings(tmp_path / "settings.ini"), cache=FeatureCache(tmp_path / "cache"), device="cpu"
    )
    yield program
    program.end()


@pytest.fixture
def window(qtbot: QtBot, program: Program, folder: Path) -> TaggingWindow:
    program.open_tagging(open_folder(folder))
    qtbot.waitUntil(program.tagging[0].isActiveWindow)
    return program.tagging[0]


def press(
    window: TaggingWindow, *keys: Qt.Key, modifiers: Qt.KeyboardModifier | None = None
) -> None:
    for key in keys:
        QTest.keyClick(window, key, modifiers or Qt.KeyboardModifier.NoModifier)


def test_videos_are_tagged_by_keys(qtbot: QtBot, window: TaggingWindow) -> None:
    press(window, Key.Key_L)
    for label in ("jump", "run"):
        QTest.keyClicks(window.labels.text, label)
        QTest.keyClick(window.labels.text, Key.Key_Return)
    window.watching.view.setFocus()
    press(window, Key.Key_N, Key.Key_2, Key.Key_PageDown, Key.Key_0)
    assert window.store.finish()
    tags = {"a": ("jump", "run"), "b": ("run",), "c": ()}
    assert window.store.state.tags == read_tags(window.store.path).labels == tags
    assert window.progress_text.text() == "3 of 3 tagged"
    assert window.saved_text.text() == "saved in tags.json"
    press(window, Key.Key_Backspace)
    press(window, Key.Key_Z, modifiers=CTRL)
    press(window, Key.Key_9)  # there is no ninth label
    assert window.store.state.tags == tags


def test_moments_are_marked_seen_and_deleted(qtbot: QtBot, window: TaggingWindow) -> None:
    strip, playhead = window.strip, window.playhead
    qtbot.waitUntil(lambda: playhead.duration > 0)
    playhead.set_playing(False)
    window.labels.add("jump")
    press(window, Key.Key_1)  # not ticked any more: a moment ticks it
    playhead.seek(0.8)
    press(window, Key.Key_1, modifiers=CTRL)
    playhead.seek(0.1)
    press(window, Key.Key_K)
    state = window.store.state
    early, late = state.moments_of("a")
    assert state.tags_of("a") == ("jump",)
    assert [round(its.time, 1) for its in (early, late)] == [0.1, 0.8]
    assert window.videos.rows.data(window.videos.rows.index(0, 1)) == "jump (2 moments)"
    press(window, Key.Key_J)
    assert playhead.time == pytest.approx(late.time, abs=0.05)
    assert strip.near == late
    colours = {strip.grab().toImage().pixelColor(round(strip.place(its.time)), 5).name()
               for its in (early, late)}  # fmt: skip
    assert colours == {class_colour(0, theme_of(strip.palette())).name()}
    qtbot.mouseClick(
        strip, Qt.MouseButton.LeftButton, pos=QPoint(round(strip.place(early.time)) + 2, 5)
    )
    assert strip.near == early
    press(window, Key.Key_Delete)
    assert window.store.state.moments_of("a") == (late,)
    press(window, Key.Key_Z, modifiers=CTRL)
    assert window.store.finish()
    assert read_tags(window.store.path).marks("a") == (early, late)
    (video,) = read_annotations(window.store.path).videos
    assert video.moments == (early, late)


def test_a_table_is_told_to_have_no_place_for_moments(qtbot: QtBot, window: TaggingWindow) -> None:
    window.labels.add("jump")
    assert window.store.finish()
    window.save_to(window.folder / "tags.csv")
    press(window, Key.Key_1, modifiers=CTRL)
    assert window.store.state.moments == {}
    assert window.notices.latest is not None
    assert "a table has no place for moments" in window.notices.latest.text
    assert window.store.finish()


def test_the_current_video_plays_as_fast_as_it_is_set(qtbot: QtBot, window: TaggingWindow) -> None:
    for _ in range(9):
        press(window, Key.Key_Greater)
    assert window.watching.speed.currentText() == "8 x"
    qtbot.waitUntil(lambda: window.playhead.time == window.playhead.duration > 0)
    press(window, Key.Key_P, Key.Key_N)
    assert window.playhead.speed == 8
    assert window.watching.title.text() == "b"


def test_a_click_ticks_a_label_and_chooses_a_video(qtbot: QtBot, window: TaggingWindow) -> None:
    window.labels.add("jump")
    window.videos.selectRow(2)
    assert window.store.state.current == "c"
    window.labels.table.cellClicked.emit(0, 1)
    assert window.store.state.tags == {"a": ("jump",), "c": ("jump",)}
    window.untagged_only.click()
    assert [window.videos.rows.name(n) for n in range(window.videos.rows.rowCount())] == ["b", "c"]
    window.go_to_untagged()
    assert window.store.state.listed == ("b",)


def test_typing_finds_a_label_and_adds_one(window: TaggingWindow) -> None:
    window.store.update(window.store.state.with_labels(["long jump", "run"]))
    window.labels.text.setText("JUM")
    assert window.labels.hint.text() == "Enter ticks 'long jump'"
    assert [window.labels.table.isRowHidden(row) for row in range(2)] == [False, True]
    window.labels.new.click()  # what was typed, not what was found
    assert window.store.state.tags == {"a": ("JUM",)}
    window.labels.add("a;b")
    assert window.notices.latest is not None
    assert "without ';'" in window.notices.latest.text


def test_a_model_suggests_and_what_it_is_least_sure_of_comes_first(
    qtbot: QtBot,
    window: TaggingWindow,
    tmp_path: Path,
    make_model: Callable[..., Path],
) -> None:
    spec = default_spec()
    cache = FeatureCache(tmp_path / "cache")
    for scale, name in enumerate("abc"):
        values = np.full((20, spec.dimension), scale / 10, np.float32)
        write_features(
            cache.path_of(window.store.source(name).file, spec), Features(values, spec, 1.0)
        )
    window.suggester.start(make_model(tmp_path / "model.onnx", spec))
    qtbot.waitUntil(lambda: window.suggester.text == "model.onnx suggests")
    state = window.store.state
    assert state.labels == ("class_0", "class_1")
    assert state.suggestions.keys() == {"a", "b", "c"}
    assert not window.videos.isColumnHidden(2)
    window.uncertain_first.click()
    distances = [
        min(abs(p - 0.5) for p in state.suggestions[name].values())
        for name in window.store.state.listed
    ]
    assert distances == sorted(distances)
    assert len(set(distances)) > 1
    assert window.store.state.current == "a"  # what is open stays so


def test_a_folder_that_cannot_be_written_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, program: Program, folder: Path, tmp_path: Path
) -> None:
    def refuse(path: Path) -> None:
        if path == folder:
            raise OutputError(f"{path}: can't be written (read-only)")
        claim_folder(path)

    monkeypatch.setattr(tagging_window, "claim_folder", refuse)
    program.open_tagging(open_folder(folder))
    window = program.tagging[0]
    assert window.notices.latest is not None
    assert "choose another place for the tags" in window.notices.latest.text
    assert window.place.isVisibleTo(window)
    chosen = tmp_path / "tags.csv"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(chosen.with_suffix("")), "T (*.csv)")
    )
    window.place.click()
    window.labels.add("jump")
    assert window.store.finish()
    assert read_tags(chosen).labels == {"a": ("jump",)}
    assert not window.place.isVisibleTo(window)


def test_folders_that_name_labels_are_offered(
    qtbot: QtBot, program: Program, folder: Path, write_video_in: Callable[..., Path]
) -> None:
    for name in ("jump", "nothing", "run"):
        (folder / name).mkdir()
    (folder / "a.mp4").rename(folder / "jump" / "x.mp4")
    shutil.copy(folder / "jump" / "x.mp4", folder / "nothing" / "x.mp4")
    write_video_in(folder / "run", "y.mp4", pts=range(30))
    (folder / "b.mp4").unlink()
    program.open_tagging(open_folder(folder))
    window = program.tagging[0]
    assert window.notices.latest is not None
    assert "Do the folders name what videos show (jump, run)?" in window.notices.latest.text
    window.store.update(window.store.state.at("c").typed("swim"))
    window.take_labels_of_folders()
    qtbot.waitUntil(lambda: window.store.state.tagged == 2)
    assert window.store.state.tags == {"c": ("swim",), "y": ("run",)}
    assert window.notices.latest.text.startswith("1 video tagged as their folders are called")
    window.notices.dismiss()
    assert "in which something happens and nothing does" in window.notices.latest.text
    window.store.undo()
    assert window.store.state.tags == {"c": ("swim",)}


def test_closing_asks_about_tags_that_could_not_be_saved(
    monkeypatch: pytest.MonkeyPatch, window: TaggingWindow
) -> None:
    window.store.path.write_text("broken meanwhile")
    window.labels.add("jump")
    buttons = QMessageBox.StandardButton
    answers = iter([buttons.Cancel, buttons.Discard])
    monkeypatch.setattr(QMessageBox, "question", lambda *_: next(answers))
    assert not window.close()
    assert window.close()


def test_a_folder_is_opened_in_one_window(program: Program, folder: Path) -> None:
    program.open_tagging(open_folder(folder))
    program.open_tagging(open_folder(folder))
    assert len(program.tagging) == 1
    assert program.close()
    program.open_tagging(open_folder(folder))
    assert len(program.tagging) == 1
    assert program.tagging[0].isVisible()


def test_the_menu_of_the_viewer_opens_it(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, program: Program, folder: Path, tmp_path: Path
) -> None:
    chosen = [str(tmp_path / "none"), str(folder)]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: chosen[0])
    program.show([])
    notices = program.viewer.workspace.notices
    run = next(c for c in program.viewer.window.commands if c.text.startswith("Tag the videos")).run
    run()
    qtbot.waitUntil(lambda: notices.latest is not None)
    assert notices.latest is not None
    assert "expected a folder of videos" in notices.latest.text
    chosen.pop(0)
    run()
    qtbot.waitUntil(lambda: len(program.tagging) == 1)
    qtbot.waitUntil(lambda: program.tagging[0].player.info is not None)
    program.tagging[0].show_in_viewer()
    qtbot.waitUntil(lambda: program.viewer.workspace.video == folder / "a.mp4")


def test_a_thousand_videos_are_opened_without_decoding_one_but_the_first(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, program: Program, tmp_path: Path
) -> None:
    for number in range(1000):
        (tmp_path / f"v{number:04}.mp4").touch()
    opened: list[Path | None] = []
    monkeypatch.setattr(
        "lpat_viewer.playback.reader.Reader.open", lambda _, path: opened.append(path)
    )
    folder = open_folder(tmp_path)
    assert len(folder.videos) == 1000
    program.open_tagging(folder)
    window = program.tagging[0]
    qtbot.waitUntil(window.isActiveWindow)
    window.store.update(window.store.state.with_labels(f"label {n}" for n in range(100)))
    for _ in range(10):
        press(window, Key.Key_3, Key.Key_N)
    assert window.store.finish()
    assert window.progress_text.text() == "10 of 1000 tagged"
    assert len([path for path in opened if path is not None]) == 11


@pytest.mark.parametrize("change", ["page", "keys"])
def test_the_commands_are_those_of_the_page_and_no_key_means_two(
    window: TaggingWindow, change: str
) -> None:
    form = QKeySequence.SequenceFormat.PortableText
    keys = [s.toString(form) for command in window.commands for s in command.sequences]
    if change == "keys":
        assert len(keys) == len(set(keys))
        return
    rows = [
        f"| {c.menu} | {c.text.rstrip('…')} | "
        f"{', '.join(f'`{sequence.toString(form)}`' for sequence in c.sequences)} |"
        for c in window.commands
    ]
    table = "\n".join(["| menu | command | keys |", "| --- | --- | --- |", *rows])
    assert table in PAGE.read_text(encoding="utf-8"), f"docs/tagging.md should have:\n{table}"
