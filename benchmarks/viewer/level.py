"""How long it takes until what the level's slider finds shows: two hours of 20 classes.

    python -m benchmarks.viewer.level [--classes 20] [--shown 8] [--instances 60] [--moves 100]

Curves, lanes, the table of segments and the counts are there, painted into memory without a screen.
The video shows some of the classes, which the model selects. Each move goes from the slider to
segments and counts that are painted; curves follow once the slider rests, and are timed apart.

In milliseconds, the median and the 95th percentile: of the GUI thread on its core, so that other
work on the machine counts less, and of the clock, with the wait for detections of another thread.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication, QWidget

from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.segments.level import RATES, LevelTable
from lpat.segments.post_processing import PostProcessing
from lpat.types import PredictedEnds, Scores
from lpat_viewer.detection.level_mover import LevelMover
from lpat_viewer.jobs import Jobs
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.levels import Level
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.curves_view import CurvesView
from lpat_viewer.timeline.lanes import LanesView
from lpat_viewer.windows.level_box import STEPS, LevelBox
from lpat_viewer.windows.segment_table import SegmentTable

STRIDE = 0.32  # seconds
DURATION = 7200.0


def made_up(classes: int, chosen: int, instances: int) -> tuple[Scores, VideoAnnotation]:
    """Smooth noise, and so many instances of each class that the video shows; and the truth."""
    random, snippets = np.random.default_rng(0), int(DURATION / STRIDE)
    labels = tuple(f"class {number:02}" for number in range(classes))
    window = np.hanning(15) / np.sqrt((np.hanning(15) ** 2).sum())
    margins = np.stack(
        [np.convolve(random.normal(size=snippets), window, "same") for _ in labels], axis=1
    )
    margins -= 1.9  # so that 3 % of the noise lies above
    segments, shown = [], []
    for number, label in enumerate(labels[:chosen]):
        starts = random.integers(0, snippets - 40, instances)
        for start, length in zip(starts, random.integers(6, 40, instances), strict=True):
            margins[start : start + length, number] += 3
            segments.append([start * STRIDE, (start + length) * STRIDE])
            shown.append(label)
    ends = PredictedEnds(
        random.random((snippets, classes)).astype(np.float32),
        20 * random.random((snippets, 2)).astype(np.float32),
    )
    scores = Scores(
        labels,
        margins.astype(np.float32),
        np.zeros(snippets, np.float32),
        (np.arange(classes + 1) < chosen).astype(np.float32),
        np.linspace(0, snippets * STRIDE, snippets + 1),
        ends,
    )
    truth = VideoAnnotation("video", None, DURATION, labels, np.array(segments), tuple(shown))
    return scores, truth


def opened(scores: Scores, truth: VideoAnnotation) -> Workspace:
    """The video with its truth and a layer whose level can be moved."""
    random = np.random.default_rng(1).normal(size=200_000)
    quantiles = np.quantile(random, 1 - np.array(RATES)) - 1.9
    margins = np.tile(quantiles[:, None], len(scores.classes)).astype(np.float64)
    options = PostProcessing(proposals="levels")
    level = Level(scores, LevelTable(0.03, RATES, margins), options, 0.03)
    workspace = Workspace()
    workspace.set_video(Path("video.mp4"))
    workspace.playhead.set_duration(DURATION)
    workspace.set_annotations(Annotations(Path("annotations.json"), (truth,)))
    workspace.layers.put(Layer("model.onnx", level.results()[1], scores, level=level))
    return workspace


def measure(name: str, step: Callable[[int], object], count: int, shown: Callable[[], str]) -> None:
    """Time a step, which gets its number."""
    spent, passed = [], []
    for number in range(count):
        begun, at = time.thread_time(), time.perf_counter()
        step(number)
        spent.append((time.thread_time() - begun) * 1000)
        passed.append((time.perf_counter() - at) * 1000)
    cells = (f"{np.percentile(its, q):8.1f}" for its in (spent, passed) for q in (50, 95))
    print(f"{name:24} {' '.join(cells)}   {shown()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--shown", type=int, default=8)
    parser.add_argument("--instances", type=int, default=60)
    parser.add_argument("--moves", type=int, default=100)
    options = parser.parse_args()
    application = QApplication([])
    workspace = opened(*made_up(options.classes, options.shown, options.instances))
    jobs = Jobs()
    mover = LevelMover(workspace, jobs)
    box = LevelBox(workspace, move=mover.move)
    curves = CurvesView(workspace)
    views: list[QWidget] = [box, curves, LanesView(workspace)]
    views.append(SegmentTable(workspace))
    for view in views:
        view.resize(1600, 500)
        view.show()
    application.processEvents()

    def move(first: int, last: int) -> Callable[[int], None]:
        def step(number: int) -> None:
            box.slider.setValue(first + (number * 7) % (last - first))
            application.processEvents()  # it asks for the level
            while mover.running:
                application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            application.processEvents()  # what follows is painted

        return step

    def draw(_: int) -> None:
        curves.draw_anew()
        curves.repaint()
        application.processEvents()

    print(f"{'milliseconds':24} {'GUI thread':>17} {'clock':>17}")
    print(f"{'':24} {'median':>8} {'p95':>8} {'median':>8} {'p95':>8}")
    for name, first, last in (
        ("0.1 to 3 %", 0, STEPS * 55 // 100),
        ("3 to 10 %", STEPS * 55 // 100, STEPS * 74 // 100),
        ("10 to 50 %", STEPS * 74 // 100, STEPS),
    ):
        measure(f"slider, {name}", move(first, last), options.moves, box.found.text)
    measure("curves, once it rests", draw, 10, lambda: "")
    for view in views:
        view.close()
    jobs.stop()


if __name__ == "__main__":
    main()
