"""A user's way through the viewer, in a real window: run by test_window.py in a process of its own.

Opens a video with its annotations and a model, waits for detections, steps and jumps, corrects,
saves; leaves pictures of the window in the folder that is given. Anything amiss ends it at once.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QDeadlineTimer, Qt, QtMsgType, qInstallMessageHandler
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDockWidget

from lpat.annotations.reading import read_annotations
from lpat.features.cache import FeatureCache
from lpat.formats.detections import read_detections
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.layers_dock import LayersPanel
from lpat_viewer.windows.settings import Settings

SECONDS = 300
Key = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    """Let the window live until something holds."""
    deadline = QDeadlineTimer(SECONDS * 1000)
    while not holds():
        if deadline.hasExpired():
            raise TimeoutError(f"waited {SECONDS} s for {what}")
        QTest.qWait(10)


class Tour:
    """The viewer, its keys, and pictures of it."""

    def __init__(self, viewer: Viewer, folder: Path) -> None:
        self.viewer, self.folder = viewer, folder
        self.window, self.workspace = viewer.window, viewer.workspace

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier | None = None) -> None:
        """Type a key into the window."""
        QTest.keyClick(self.window, key, modifiers or Qt.KeyboardModifier.NoModifier)

    def picture(self, name: str) -> None:
        """Keep what the window shows."""
        QTest.qWait(100)
        if not self.window.grab().save(str(self.folder / f"{name}.png")):
            raise OSError(f"{name}.png can't be written")

    def take(self, video: Path, annotations: Path, model: Path) -> None:
        """All of it."""
        self.open(video, annotations, model)
        self.step()
        self.jump()
        self.move_level()
        self.correct_and_save()
        self.export()

    def open(self, video: Path, annotations: Path, model: Path) -> None:
        """Open all; the model runs by itself, and what it finds is what the command finds."""
        layers = self.workspace.layers
        self.viewer.open([annotations, model, video])
        wait_until("a picture", lambda: self.viewer.player.picture is not None)
        wait_until("detections", lambda: layers.active is not None and layers.active.complete)
        assert layers.active is not None
        assert layers.active.name == model.name
        assert len(layers.active.detections) > 0
        assert self.workspace.truth is not None
        assert self.workspace.verdicts is not None
        assert self.workspace.notices.latest is None
        self.picture("1-opened")

    def step(self) -> None:
        """Frame by frame, forwards and back; play and pause."""
        playhead = self.workspace.playhead
        start = playhead.time
        times = [start]
        for _ in range(3):
            before = playhead.time
            self.press(Key.Key_Right)
            wait_until("the next frame", lambda before=before: playhead.time > before)
            times.append(playhead.time)
        steps = [after - before for before, after in pairwise(times)]
        assert all(abs(step - 0.04) < 1e-3 for step in steps), steps
        self.press(Key.Key_Left)
        wait_until("the frame before", lambda: playhead.time == times[2])
        self.press(Key.Key_Space)
        assert playhead.playing
        wait_until("time to pass", lambda: playhead.time > times[3] + 0.2)
        self.press(Key.Key_Space)
        assert not playhead.playing
        wait_until("the picture of that time", self.shows_the_playhead)

    def shows_the_playhead(self) -> bool:
        """Whether the picture is the frame of the playhead's time."""
        picture = self.viewer.player.picture
        return picture is not None and 0 <= self.workspace.playhead.time - picture.time < 0.05

    def jump(self) -> None:
        """To detections, and into them."""
        playhead, selection = self.workspace.playhead, self.workspace.selection
        self.press(Key.Key_Home)
        assert playhead.time == 0
        self.press(Key.Key_J)
        assert selection.chosen is not None
        assert playhead.time == selection.chosen.start
        self.press(Key.Key_F, SHIFT)
        shown = self.workspace.time_range
        assert shown.length < shown.duration
        self.picture("2-zoomed")
        self.press(Key.Key_F)
        assert shown.length == shown.duration
        self.press(Key.Key_V)
        self.picture("3-difference")
        self.press(Key.Key_V)

    def move_level(self) -> None:
        """More false alarms let more be found, in the panel where models are listed."""
        layers = self.workspace.layers
        panel = self.window.findChild(LayersPanel)
        assert panel is not None
        dock = panel.parentWidget()
        assert isinstance(dock, QDockWidget)
        dock.raise_()
        own = layers.active
        assert own is not None
        for percent, name in ((50.0, "4-lower-level"), (0.1, "5-higher-level")):
            panel.level.rate.setValue(percent)
            moved = layers.active
            assert moved is not None
            assert len(moved.detections) > 0
            assert moved.detections.segments.tolist() != own.detections.segments.tolist()
            self.picture(name)
        QTest.mouseClick(panel.level.reset, Qt.MouseButton.LeftButton)
        assert layers.active is not None
        assert layers.active.detections.segments.tolist() == own.detections.segments.tolist()
        self.viewer.video.setFocus()
        self.press(Key.Key_Home)
        self.press(Key.Key_J)  # what was chosen might have been another at the moved level

    def correct_and_save(self) -> None:
        """Accept one, reject one, draw one; undo, redo; save; what is saved is read back."""
        review = self.workspace.review
        self.press(Key.Key_A)
        wait_until("the review", lambda: review.begun)
        self.press(Key.Key_R)
        self.press(Key.Key_N)
        drawn = len(review.segments)
        self.press(Key.Key_Z, CTRL)
        assert len(review.segments) == drawn - 1
        self.press(Key.Key_Y, CTRL)
        assert len(review.segments) == drawn
        states = [segment.state for segment in review.segments]
        assert states.count("rejected") == 1
        self.picture("6-correcting")
        path = self.folder / "saved.json"
        self.viewer.dialogs.save_to(path)
        wait_until("the file", lambda: not review.modified)
        saved = {video.name: video for video in read_annotations(path).videos}
        assert len(saved[self.workspace.name].segments) == states.count("accepted")

    def export(self) -> None:
        """Detections and a picture of the timeline; an error is one line in the window."""
        path = self.folder / "exported.json"
        self.viewer.dialogs.export_to(path)
        wait_until("the file", path.exists)
        assert list(read_detections(path)) == [self.workspace.name]
        for suffix in (".png", ".svg"):
            self.viewer.dialogs.save_picture_to(self.folder / f"timeline{suffix}")
        assert self.viewer.writer.finish()  # no news of these comes after what follows
        self.viewer.open([self.folder / "missing.mp4"])
        notices = self.workspace.notices
        wait_until(
            "the error", lambda: notices.latest is not None and notices.latest.kind == "error"
        )
        assert self.viewer.window.messages.text.endswith("missing.mp4: no such file")
        self.picture("7-error")


def main() -> None:
    video, annotations, model, folder = map(Path, sys.argv[1:5])
    complaints: list[str] = []

    def listen(kind: QtMsgType, _: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg:
            complaints.append(text)

    qInstallMessageHandler(listen)
    application = QApplication(sys.argv[:1])
    viewer = Viewer(Settings(folder / "settings.ini"), cache=FeatureCache(folder / "cache"))
    tour = Tour(viewer, folder)
    try:
        viewer.window.show()
        viewer.window.activateWindow()  # there may be no window manager to do it
        if not QTest.qWaitForWindowActive(viewer.window, SECONDS * 1000):
            raise TimeoutError("the window doesn't become active")
        tour.take(video, annotations, model)
        viewer.workspace.review.mark_saved()
        viewer.window.close()
    finally:
        viewer.close()
    application.processEvents()
    assert not complaints, complaints


if __name__ == "__main__":
    main()
