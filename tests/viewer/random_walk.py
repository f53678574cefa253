"""A random walk through the whole viewer: commands, mouse, files, in any order and at any moment.

The test takes a short one. A long one, over and over with other seeds until time is up:

    python tests/viewer/random_walk.py ONE.mp4 TWO.mp4 model.onnx [--minutes 10] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random
from types import TracebackType

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QPoint,
    QPointF,
    Qt,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QInputDialog,
    QMenu,
    QMessageBox,
    QWidget,
)

from lpat.features.cache import FeatureCache
from lpat.features.extraction import extract_features
from lpat.features.extractors import default_spec
from lpat.features.files import write_features
from lpat.files.json_files import write_json
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

LEFT_OUT = ("Quit", "Full screen")
BUTTONS = QMessageBox.StandardButton
NO_BUTTON, LEFT = Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
LABELS = ("class_0", "class_1", "a label of mine", "")


class Walk:
    """Steps taken at random, each followed by a look at what must always hold."""

    def __init__(self, viewer: Viewer, files: Sequence[Path], folder: Path, random: Random) -> None:
        self.viewer, self.workspace = viewer, viewer.workspace
        self.files, self.folder, self.random = files, folder, random
        self.taken: list[str] = []  # what was done, the latest last
        self._steps: list[tuple[int, Callable[[], str]]] = [
            (40, self.command),
            (25, self.mouse),
            (8, self.pick_row),
            (4, self.open_files),
            (1, self.close_video),
            (5, self.seek),
            (5, self.wait),
            (1, self.resize),
            (1, self.retrace),
        ]

    def step(self) -> None:
        """One of the steps below; what goes wrong names the last ones."""
        weights, steps = zip(*self._steps, strict=True)
        (step,) = self.random.choices(steps, weights)
        self.taken.append(step.__name__)
        try:
            done = step()
            self.taken[-1] = f"{step.__name__} {done}"
            if self.random.random() < 0.5:
                QApplication.processEvents()
            self._close_popups()
            self.check()
        except BaseException as error:
            error.add_note("\n  ".join(["after", *self.taken[-30:]]))
            raise

    def command(self) -> str:
        """One of the menus' commands, if it can be done."""
        commands = [c for c in self.viewer.window.commands if c.text not in LEFT_OUT]
        command = self.random.choice(commands)
        if not command.enabled():
            return f"({command.text})"
        self.taken[-1] = command.text
        command.run()
        return command.text

    def mouse(self) -> str:
        """Press, drag, click twice, turn the wheel or ask for a menu, anywhere on the timeline."""
        timeline = self.viewer.timeline
        rows = [w for w in (timeline, *timeline.findChildren(QWidget)) if w.isVisible()]
        if not rows:
            return "(no timeline)"
        row = self.random.choice(rows)
        places = [self._place(row) for _ in range(self.random.randint(2, 5))]
        modifiers = self.random.choice(
            [Qt.KeyboardModifier.NoModifier] * 3
            + [Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier]
        )
        act = self.random.choice(["drag", "drag", "double", "wheel", "menu", "hover", "drop"])
        self.taken[-1] = f"{act} on {type(row).__name__} {places}"
        match act:
            case "wheel":
                turn = QPoint(self.random.choice([0, 0, 120]), self.random.randint(-480, 480))
                self._wheel(row, places[0], turn, modifiers)
            case "menu":
                reason = QContextMenuEvent.Reason.Mouse
                where = places[0]
                QApplication.sendEvent(
                    row, QContextMenuEvent(reason, where, row.mapToGlobal(where))
                )
                self._choose_of_menu()
            case "double":
                QTest.mouseDClick(row, LEFT, modifiers, places[0])
            case "hover":
                self._move(row, places[0], NO_BUTTON, modifiers)
            case _:
                QTest.mousePress(row, LEFT, modifiers, places[0])
                for place in places[1:]:
                    self._move(row, place, LEFT, modifiers)
                if act == "drop":  # something else happens while the button is held
                    self.command()
                QTest.mouseRelease(row, LEFT, modifiers, places[-1])
        return f"{act} on {type(row).__name__}"

    def pick_row(self) -> str:
        """A click or a double click into a list or table."""
        lists = [v for v in self.viewer.window.findChildren(QAbstractItemView) if v.isVisible()]
        if not lists:
            return "(no list)"
        view = self.random.choice(lists)
        place = self._place(view.viewport())
        click = self.random.choice([QTest.mouseClick, QTest.mouseClick, QTest.mouseDClick])
        click(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, place)
        return f"{type(view).__name__} {view.accessibleName()}"

    def open_files(self) -> str:
        """Some files, in any order, while others may still be read."""
        good, bad = self.files[:-3], self.files[-3:]
        paths = self.random.sample(good, self.random.randint(1, 3))
        if self.random.random() < 0.2:
            paths.insert(self.random.randint(0, len(paths)), self.random.choice(bad))
        self.viewer.open(paths)
        return ", ".join(path.name for path in paths)

    def close_video(self) -> str:
        self.viewer.dialogs.close_video()
        return ""

    def seek(self) -> str:
        """Anywhere, also where there is no video any more."""
        duration = self.workspace.playhead.duration
        time_wanted = self.random.uniform(-0.1, 1.1) * duration
        self.workspace.playhead.seek(time_wanted)
        return f"{time_wanted:.2f}"

    def wait(self) -> str:
        QTest.qWait(self.random.choice([1, 5, 20, 100]))
        return ""

    def resize(self) -> str:
        width, height = self.random.randint(300, 1500), self.random.randint(200, 1000)
        self.viewer.window.resize(width, height)
        return f"{width} x {height}"

    def retrace(self) -> str:
        """All steps of correcting back and forth again."""
        review, corrections = self.workspace.review, self.viewer.corrections
        last, steps = review.segments, 0
        while review.redo_name is not None:
            corrections.redo()
        last = review.segments
        while review.undo_name is not None:
            corrections.undo()
            steps += 1
        first = review.segments
        for _ in range(steps):
            corrections.redo()
        assert review.segments == last
        for _ in range(steps):
            corrections.undo()
        assert review.segments == first
        for _ in range(self.random.randint(0, steps)):
            corrections.redo()
        return f"{steps} steps"

    def check(self) -> None:
        """What holds always."""
        playhead, shown = self.workspace.playhead, self.workspace.time_range
        duration = playhead.duration
        assert 0 <= playhead.time <= duration, (playhead.time, duration)
        assert 0 <= shown.start < shown.end <= shown.duration + 1e-9, (shown.start, shown.end)
        assert shown.duration >= duration
        segments = self.workspace.review.segments
        assert all(a.start <= b.start for a, b in pairwise(segments))
        assert len({segment.identity for segment in segments}) == len(segments)
        for segment in segments:
            assert 0 <= segment.start < segment.end, segment
            assert segment.label, segment
        active = self.workspace.layers.active
        assert active is None or active in self.workspace.layers.all
        if self.workspace.video is None:
            assert not self.viewer.detector.running
            assert not self.workspace.layers.all
            assert not self.workspace.review.begun
        chosen = self.workspace.selection.chosen
        if chosen is not None and chosen.kind == "review":
            assert any(segment.identity == chosen.number for segment in segments), chosen

    def _place(self, widget: QWidget) -> QPoint:
        """A place on a widget, or a little beside it."""
        return QPoint(
            self.random.randint(-5, widget.width() + 5),
            self.random.randint(-5, widget.height() + 5),
        )

    def _move(
        self, row: QWidget, place: QPoint, held: Qt.MouseButton, modifiers: Qt.KeyboardModifier
    ) -> None:
        there = QPointF(place)
        QApplication.sendEvent(
            row,
            QMouseEvent(
                QEvent.Type.MouseMove, there, row.mapToGlobal(there), NO_BUTTON, held, modifiers
            ),
        )

    def _wheel(
        self, row: QWidget, place: QPoint, turn: QPoint, modifiers: Qt.KeyboardModifier
    ) -> None:
        there = QPointF(place)
        QApplication.sendEvent(
            row,
            QWheelEvent(
                there, row.mapToGlobal(there), QPoint(), turn, NO_BUTTON, modifiers,
                Qt.ScrollPhase.NoScrollPhase, False,
            ),
        )  # fmt: skip

    def _choose_of_menu(self) -> None:
        menu = QApplication.activePopupWidget()
        if isinstance(menu, QMenu):
            actions = [action for action in menu.actions() if action.isEnabled()]
            if actions:
                self.random.choice(actions).trigger()

    def _close_popups(self) -> None:
        while (popup := QApplication.activePopupWidget()) is not None:
            popup.close()

    # What the dialogs answer

    def answer_files(self, *_: object) -> tuple[list[str], str]:
        count = self.random.randint(0, 3)
        return [str(path) for path in self.random.sample(self.files, count)], ""

    def answer_save(self, *_: object) -> tuple[str, str]:
        names = ("saved.json", "exported.json", "picture.png", "picture.svg", "odd.xyz", "")
        name = self.random.choice(names)
        return (str(self.folder / "saved" / name) if name else ""), ""

    def answer_folder(self, *_: object) -> str:
        return str(self.random.choice([self.folder, self.folder / "nothing", ""]))

    def answer_label(self, *_: object) -> tuple[str, bool]:
        return self.random.choice(LABELS), self.random.random() < 0.8

    def answer_question(self, *_: object) -> QMessageBox.StandardButton:
        return self.random.choice([BUTTONS.Save, BUTTONS.Discard, BUTTONS.Cancel])

    def answer_box(self, box: QMessageBox) -> int:
        self.random.choice(box.buttons()).click()
        return 0

    def answer_dialogs(self, replace: Callable[[object, str, object], object]) -> None:
        """Answer all dialogs in the user's place; `replace` sets an attribute."""
        replace(QFileDialog, "getOpenFileNames", self.answer_files)
        replace(QFileDialog, "getSaveFileName", self.answer_save)
        replace(QFileDialog, "getExistingDirectory", self.answer_folder)
        replace(QInputDialog, "getItem", self.answer_label)
        replace(QMessageBox, "question", self.answer_question)
        answer_box = self.answer_box
        replace(QMessageBox, "exec", lambda box: answer_box(box))  # noqa: PLW0108 - is given the box


def write_files(folder: Path, videos: Sequence[Path], model: Path) -> list[Path]:
    """All kinds of files: those, and annotations, detections, features and, the last three, bad
    ones, written into a folder.

    Its `cache` has the first video's features, so that models are soon done with that one.
    """
    seconds = [0.2, 0.7, 1.5, 2.0]
    names = [video.stem for video in videos]
    timed = {
        name: {
            "annotations": [
                {"label": f"class_{n % 2}", "segment": [start, start + 0.4]}
                for n, start in enumerate(seconds)
            ]
        }
        for name in names[:1]
    }
    write_json(folder / "annotations.json", {"database": timed})
    found = {
        name: [
            {"label": f"class_{n % 2}", "score": 0.9 - n / 10, "segment": [start, start + 0.5]}
            for n, start in enumerate(seconds)
        ]
        for name in names
    }
    write_json(folder / "detections.json", {"results": found})
    (folder / "broken.mp4").write_bytes(b"no video")
    (folder / "broken.json").write_text("{")
    extraction = extract_features(videos[0], default_spec())
    cache = FeatureCache(folder / "cache")
    cache.put(cache.path_of(videos[0], default_spec()), extraction.features)
    write_features(folder / "one.safetensors", extraction.features)
    written = (
        "annotations.json", "detections.json", "one.safetensors",
        "broken.mp4", "broken.json", "gone.mp4",
    )  # fmt: skip
    return [*videos, model, *(folder / name for name in written)]


def main() -> None:
    """Walk until time is up; the first thing amiss ends it, with the steps that led there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+", help="two videos, then a model")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=400, help="with one viewer")
    options = parser.parse_args()
    amiss: list[str] = []
    _listen(amiss)
    application = QApplication(sys.argv[:1])
    end = time.monotonic() + 60 * options.minutes
    seed = options.seed
    *videos, model = options.files
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            random = Random(seed)
            files = write_files(folder, videos, model)
            viewer = Viewer(Settings(folder / "settings.ini"), cache=FeatureCache(folder / "cache"))
            viewer.window.show()
            walk = Walk(viewer, files, folder, random)
            walk.answer_dialogs(setattr)
            try:
                for _ in range(options.steps):
                    walk.step()
                    if amiss:
                        raise RuntimeError("\n  ".join([amiss[0], "after", *walk.taken[-30:]]))
            finally:
                viewer.close()
                application.processEvents()
                QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            print(f"seed {seed}: {options.steps} steps, {threading.active_count()} threads")
        seed += 1


def _listen(amiss: list[str]) -> None:
    """Collect what pytest would fail for."""

    def tell(*about: object) -> None:
        amiss.append(" ".join(map(str, about)))
        print(*about, file=sys.stderr)

    def tell_exception(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        traceback.print_exception(kind, error, trace)
        tell(repr(error))

    def tell_message(kind: QtMsgType, _: object, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and "This plugin does not support" not in text:
            tell(text)

    sys.excepthook = tell_exception
    sys.unraisablehook = threading.excepthook = lambda event: tell_exception(
        event.exc_type, event.exc_value, event.exc_traceback
    )
    qInstallMessageHandler(tell_message)


if __name__ == "__main__":
    main()
