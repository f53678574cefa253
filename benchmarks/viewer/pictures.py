"""Makes the pictures of the viewer, going through the afternoon of docs/tagging.md.

    lpat-demo --output demo                   # videos, what is true of them, a model
    xvfb-run -s "-screen 0 1400x1000x24" python -m benchmarks.viewer.pictures demo docs/images

tags the demo's training videos, corrects those that the demo's model is most uncertain of by what
is true, and marks them as reviewed, all through the windows. With --train it trains on the tags
first, and on the reviewed videos at the end, by the window that trains, and prints what both models
reach on the demo's test videos: some minutes more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PySide6.QtCore import QDeadlineTimer, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from lpat.annotations.reading import VideoAnnotation, read_annotations
from lpat.features.cache import FeatureCache
from lpat.judging import evaluate
from lpat.localizer import Localizer
from lpat_viewer.models.editing import accept_truth
from lpat_viewer.models.landmarks import show_chosen
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.target import as_chosen
from lpat_viewer.program import Program
from lpat_viewer.tagging.opening import open_folder
from lpat_viewer.tagging.tagging_window import TaggingWindow
from lpat_viewer.training.training_window import TrainingWindow
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

WIDTH = 900
COLOURS = 112
SECONDS = 1800
REVIEWED = 3
Key = Qt.Key
CTRL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
PLAIN = Qt.KeyboardModifier.NoModifier


def wait_until(what: str, holds: Callable[[], bool]) -> None:
    deadline = QDeadlineTimer(1000 * SECONDS)
    while not holds():
        if deadline.hasExpired():
            raise TimeoutError(f"waited {SECONDS} s for {what}")
        QTest.qWait(20)


def save(widget: QWidget, path: Path, width: int = WIDTH) -> None:
    """A picture of a window as a small file: of few colours, those that it has most."""
    QTest.qWait(400)
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    if image.width() > width:
        image = image.scaledToWidth(width, Qt.TransformationMode.SmoothTransformation)
        image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    pixels = rows[:, : 3 * image.width()].reshape(-1, 3).astype(np.float32)
    kinds, counts = np.unique(pixels, axis=0, return_counts=True)
    weights = np.sqrt(counts)  # so that small marks keep their colours
    random = np.random.default_rng(0)
    sample = kinds[random.choice(len(kinds), 20_000, p=weights / weights.sum())]
    ending = (cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    cv2.setRNGSeed(0)
    _, _, centres = cv2.kmeans(sample, COLOURS, np.empty(0), ending, 1, cv2.KMEANS_PP_CENTERS)
    palette = centres.round().clip(0, 255)
    nearest = np.concatenate([
        np.square(part[:, None] - palette).sum(axis=2).argmin(axis=1)
        for part in np.array_split(pixels, 64)
    ]).astype(np.uint8)  # fmt: skip
    few = QImage(image.width(), image.height(), QImage.Format.Format_Indexed8)
    few.setColorTable([QColor(*map(int, colour)).rgb() for colour in palette])
    places = np.frombuffer(few.bits(), np.uint8).reshape(few.height(), few.bytesPerLine())
    places[:, : few.width()] = nearest.reshape(few.height(), few.width())
    if not few.save(str(path), quality=0):
        raise OSError(f"{path} can't be written")
    print(f"{path}: {path.stat().st_size // 1024} KiB")


def press(window: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.keyClick(window, key, modifiers)


class Afternoon:
    """The windows, the videos in them, and what is true of these."""

    def __init__(
        self, demo: Path, work: Path, out: Path, cache: FeatureCache, videos: int | None
    ) -> None:
        self.out, self.demo, self.folder = out, demo, Path("videos")
        self.truth = {
            video.name: video for video in read_annotations(demo / "annotations.json").videos
        }
        self.folder.mkdir()
        for path in sorted((demo / "videos").glob("training_*"))[:videos]:
            shutil.copy(path, self.folder)
        self.program = Program(Settings(work / "settings.ini"), cache=cache)

    def tag(self) -> TaggingWindow:
        """Every video gets its labels, and a few some moments."""
        program, truth = self.program, self.truth
        program.open_tagging(open_folder(self.folder))
        (window,) = program.tagging
        window.resize(1000, 600)
        window.plays_at_once = False
        for name in window.store.state.videos:
            wait_until("the video", lambda: window.playhead.duration > 0)
            for label in truth[name].labels:
                window.labels.add(label)
            if name.endswith(("2", "9")):
                segments = zip(truth[name].segments, truth[name].segment_labels, strict=True)
                for (start, end), label in segments:
                    window.playhead.seek((start + end) / 2)
                    number = window.store.state.labels.index(label)
                    press(window, Key(Key.Key_1 + number), CTRL)
            if name == "training_09":
                save(window, self.out / "afternoon-1-tag.png")
            press(window, Key.Key_N)
        wait_until("the tags", window.store.finish)
        return window

    def train(self, picture: str, model: Path, *, trains: bool) -> None:
        """What there is to train on; then it is done, if it is to be."""
        window = self.training_window()
        window.resize(620, 420)
        save(window, self.out / picture, 620)
        if trains:
            window.model.setText(str(model))
            window.train.click()
            wait_until("training", lambda: not window.running)
            print(window.message.text())
        window.close()

    def training_window(self) -> TrainingWindow:
        self.program.train(self.folder, self.folder / "tags.json", lambda model: None)
        window = self.program.training
        assert window is not None
        window.resize(620, 560)
        wait_until("the plan", lambda: window.plan is not None)
        return window

    def review(self, model: Path) -> None:
        """The most uncertain videos: seen, corrected by what is true, marked as reviewed."""
        viewer = self.program.viewer
        self.program.show([self.folder / "tags.json", model, self.folder])
        window, playlist = viewer.window, viewer.workspace.playlist
        wait_until("the videos", lambda: len(playlist.inputs) > 0)
        window.resize(1200, 860)
        press(window, Key.Key_6, ALT)
        press(window, Key.Key_U, CTRL)
        wait_until(
            "all to be looked at", lambda: len(playlist.probabilities) == len(playlist.inputs)
        )
        viewer.opener.open_input(playlist.listed[0])
        for number in range(REVIEWED):
            wait_until("detections", lambda: self.detected(viewer))
            if number == 0:
                viewer.workspace.notices.dismiss()
                wait_until("thumbnails", lambda: viewer.jobs.running == 0)
                save(window, self.out / "afternoon-3-see.png")
            self.correct(viewer, "afternoon-4-correct.png" if number == 0 else "")
            wait_until("the mark", lambda: viewer.reviewing.marked)
            if number == REVIEWED - 1:
                save(window, self.out / "afternoon-5-reviewed.png")
            press(window, Key.Key_PageDown)
        viewer.workspace.review.end()

    def correct(self, viewer: Viewer, picture: str) -> None:
        """Accept what overlaps what is true, and draw it as it is."""
        workspace, truth = viewer.workspace, self.truth[viewer.workspace.name]
        press(viewer.window, Key.Key_B, CTRL)
        first = workspace.review.segments
        while proposed := [s for s in workspace.review.segments if s.state == "proposed"]:
            if picture and len(proposed) <= max(len(first) - 3, 1):
                save(viewer.window, self.out / picture)
                picture = ""
            show_chosen(workspace, as_chosen(proposed[0]))
            press(viewer.window, Key.Key_A if overlaps(proposed[0], truth) else Key.Key_R)
        workspace.review.apply("Correct", [*accept_truth(truth)])
        press(viewer.window, Key.Key_D, CTRL)

    @staticmethod
    def detected(viewer: Viewer) -> bool:
        layer = viewer.workspace.layers.active
        return layer is not None and layer.complete and not viewer.detector.running

    def judge(self, models: list[Path]) -> None:
        """What models reach on the videos of which training knows nothing."""
        tests = sorted((self.demo / "videos").glob("test_*"))
        for model in models:
            localizer = Localizer(model, "cpu")
            found = {path.stem: localizer.detect(path) for path in tests}
            result = evaluate(
                self.demo / "annotations.json", found, subset="test", tious=[0.5, 0.7]
            )
            print(f"{model.name}: {result}")


def show_viewer(demo: Path, work: Path, out: Path, cache: FeatureCache) -> None:
    """A test video with what is true, as it is seen in light windows and corrected in dark ones."""
    program = Program(Settings(work / "viewer.ini"), cache=cache)
    viewer, workspace = program.viewer, program.viewer.workspace
    viewer.window.resize(1200, 900)
    program.show([demo / "annotations.json", demo / "model.onnx", demo / "videos" / "test_06.mp4"])
    wait_until("detections", lambda: Afternoon.detected(viewer))
    workspace.playhead.seek(15.5)
    wait_until("thumbnails", lambda: viewer.jobs.running == 0)
    save(viewer.window, out / "viewer.png")
    press(viewer.window, Key.Key_B, CTRL)
    press(viewer.window, Key.Key_Q)
    for key in (Key.Key_A, Key.Key_R):
        press(viewer.window, key)
    use_dark_colours()
    save(viewer.window, out / "viewer-correcting.png")
    workspace.review.end()
    program.end()


def use_dark_colours() -> None:
    QApplication.setStyle("Fusion")
    palette = QPalette(QColor("#2b2f36"))
    palette.setColor(QPalette.ColorRole.Base, QColor("#16191d"))
    QApplication.setPalette(palette)


def overlaps(segment: ReviewedSegment, truth: VideoAnnotation) -> bool:
    start, end, label = segment.start, segment.end, segment.label
    return any(
        its == label and min(end, b) - max(start, a) > 0.5 * (max(end, b) - min(start, a))
        for (a, b), its in zip(truth.segments, truth.segment_labels, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("demo", type=Path, help="what lpat-demo has made")
    parser.add_argument("out", type=Path, help="the folder of the pictures")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--videos", type=int, help="so many of the training videos, not all")
    parser.add_argument("--cache", type=Path, help="features of before, and for later")
    arguments = parser.parse_args()
    QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        demo, out = arguments.demo.resolve(), arguments.out.resolve()
        cache = FeatureCache((arguments.cache or Path(folder) / "cache").resolve())
        os.chdir(folder)  # so that windows show short paths
        afternoon = Afternoon(demo, Path(folder), out, cache, arguments.videos)
        models = [Path("first.onnx"), Path("second.onnx")]
        try:
            afternoon.tag()
            afternoon.train("afternoon-2-train.png", models[0], trains=arguments.train)
            if not arguments.train:
                shutil.copy(demo / "model.onnx", models[0])
            afternoon.review(models[0])
            afternoon.train("afternoon-6-again.png", models[1], trains=arguments.train)
            if arguments.train:
                afternoon.judge(models)
        finally:
            afternoon.program.end()
        show_viewer(demo, Path(folder), out, cache)


if __name__ == "__main__":
    main()
