"""Open files that vanish, are replaced or can't be written, in the whole viewer: one line each."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lpat.annotations.reading import read_annotations
from lpat.features.extractors import default_spec
from lpat.files.json_files import write_json
from lpat_viewer.models.notices import Notice
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

ANNOTATIONS = {"database": {"video": {"annotations": [{"label": "class_0", "segment": [0, 1]}]}}}
DETECTIONS = {"results": {"video": [{"label": "class_0", "score": 0.5, "segment": [0.2, 0.9]}]}}


class Desk:
    """A folder of files, and the whole viewer over them; `lines` are all notices so far."""

    def __init__(self, qtbot: QtBot, folder: Path, video: Path, model: Path) -> None:
        self.qtbot, self.folder, self.video, self.model = qtbot, folder, video, model
        self.annotations = folder / "annotations.json"
        self.detections = folder / "detections.json"
        write_json(self.annotations, ANNOTATIONS)
        write_json(self.detections, DETECTIONS)
        self.viewer = Viewer(Settings(folder.parent / "settings.ini"), cache=None)
        self.viewer.window.show()
        self.workspace = self.viewer.workspace
        self.lines: list[Notice] = []
        self.workspace.notices.changed.connect(self._listen)

    def _listen(self) -> None:
        latest = self.workspace.notices.latest
        if latest is not None:
            self.lines.append(latest)

    def open(self, *paths: Path) -> None:
        """Open paths, and wait until the video shows."""
        self.viewer.open([*paths, self.video])
        self.wait(lambda: self.viewer.player.info is not None)

    def wait(self, holds: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(holds)

    def wait_for_line(self, start: str) -> None:
        """Wait until a notice begins so."""
        self.wait(lambda: any(line.text.startswith(start) for line in self.lines))

    def command(self, text: str) -> None:
        """Do what a menu's command does."""
        next(c for c in self.viewer.window.commands if c.text == text).run()

    def write(self, path: Path) -> None:
        """Save, export or picture, by the name, and wait until it is written or can't be."""
        dialogs = self.viewer.dialogs
        writers = {"a": dialogs.save_to, "e": dialogs.export_to, "p": dialogs.save_picture_to}
        writers[path.name[0]](path)
        self.viewer.writer.finish()

    @property
    def texts(self) -> list[str]:
        return [line.text for line in self.lines]


@pytest.fixture
def desk(
    qtbot: QtBot, tmp_path: Path, write_video: Callable[..., Path], make_model: Callable[..., Path]
) -> Iterator[Desk]:
    """Four seconds of noise, which take a while to decode, and files of all kinds beside them."""
    folder = tmp_path / "open"
    folder.mkdir()
    random = np.random.default_rng(0)
    pictures = (random.integers(0, 255, (120, 160, 3), np.uint8) for _ in range(100))
    video = write_video("open/video.mp4", pts=range(100), pictures=pictures)
    desk = Desk(qtbot, folder, video, make_model(folder / "model.onnx", default_spec()))
    yield desk
    desk.viewer.close()


def test_a_video_that_vanishes_while_it_plays_goes_on_and_is_a_line(desk: Desk) -> None:
    desk.open()
    playhead = desk.workspace.playhead
    playhead.set_loop((0.0, 3.0))  # so that it plays however late the line comes
    playhead.set_playing(True)
    desk.wait(lambda: playhead.time > 0.1)
    desk.video.unlink()
    desk.wait_for_line(f"{desk.video}: the file is gone")
    assert playhead.playing
    assert desk.viewer.player.picture is not None
    assert len(desk.lines) == 1


def test_a_video_that_is_replaced_is_a_line_and_is_read_again(
    desk: Desk, write_video: Callable[..., Path]
) -> None:
    desk.open()
    write_video("new.mp4", pts=range(50)).replace(desk.video)
    desk.wait_for_line(f"{desk.video}: the file has changed; F5 reads it again")
    desk.command("Read open files again")
    desk.wait(lambda: desk.workspace.playhead.duration == pytest.approx(2))
    assert len(desk.lines) == 1


def test_a_video_that_is_cut_short_while_it_is_open_is_a_line(desk: Desk) -> None:
    desk.open()
    os.truncate(desk.video, 10_000)
    desk.workspace.playhead.seek(3.5)
    desk.wait_for_line(f"{desk.video}: was cut short while it was open")


def test_a_video_that_vanishes_during_detection_is_detected_to_its_end(desk: Desk) -> None:
    desk.open(desk.model)
    layers = desk.workspace.layers
    desk.wait(lambda: layers.active is not None)
    desk.video.unlink()
    desk.wait_for_line(f"{desk.video}: the file is gone")
    desk.wait(lambda: not desk.viewer.detector.running)
    assert layers.active is not None
    assert layers.active.complete
    assert len(desk.lines) == 1


def test_a_folder_that_vanishes_is_one_line_and_corrections_can_be_saved(desk: Desk) -> None:
    desk.open(desk.annotations, desk.detections)
    desk.command("Correct the truth")
    shutil.rmtree(desk.folder)
    desk.wait(lambda: bool(desk.lines))
    assert "video.mp4" in desk.texts[0]
    assert "annotations.json" in desk.texts[0]
    assert len(desk.lines) == 1
    other = desk.folder.parent / "elsewhere.json"
    assert desk.viewer.dialogs.save_to(other)
    assert desk.viewer.writer.finish()
    (video,) = read_annotations(other).videos
    assert video.segments.tolist() == [[0, 1]]


def test_files_that_turned_into_nonsense_are_a_line_each_and_what_was_read_stays(
    desk: Desk,
) -> None:
    desk.open(desk.model, desk.annotations, desk.detections)
    truth = desk.workspace.truth
    files = (desk.annotations, desk.detections, desk.model)
    for path in files:
        path.write_text("nonsense")
    desk.wait_for_line("")
    desk.lines.clear()
    desk.command("Read open files again")
    desk.wait(lambda: len(desk.lines) >= len(files))
    for path in files:
        assert [text for text in desk.texts if text.startswith(f"{path}: expected ")]
    assert desk.workspace.truth is truth
    assert "detections.json" in [layer.name for layer in desk.workspace.layers.all]


@pytest.mark.parametrize("name", ["a.json", "e.json", "p.png", "p.svg"])
def test_what_cannot_be_written_is_a_line_and_leaves_nothing(desk: Desk, name: str) -> None:
    desk.open(desk.annotations, desk.detections)
    desk.command("Correct the truth")
    (desk.folder / "file").touch()
    path = desk.folder / "file" / name
    desk.write(path)
    desk.wait_for_line(f"{path}: can't be written (")
    assert desk.workspace.review.begun


@pytest.mark.parametrize("name", ["a.json", "e.json", "p.png", "p.svg"])
def test_on_a_full_disk_the_old_file_stays(desk: Desk, name: str) -> None:
    resource = pytest.importorskip("resource")
    desk.open(desk.annotations, desk.detections)
    desk.command("Correct the truth")
    path = desk.folder / name
    old = json.dumps(ANNOTATIONS)
    path.write_text(old)
    before = sorted(desk.folder.iterdir())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, limits[1]))
    try:
        desk.write(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    desk.wait_for_line(f"{path}: can't be written (")
    assert path.read_text() == old
    assert sorted(desk.folder.iterdir()) == before
