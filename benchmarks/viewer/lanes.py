"""How long lanes of 10 000 segments of 100 classes take to pan, zoom, correct and list.

    python -m benchmarks.viewer.lanes [--segments 10000] [--classes 100] [--frames 200]

Widgets are painted into memory, without a screen. Milliseconds of the one thread on its core, so
that other work on the machine counts less: the median and the 95th percentile.
"""

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.types import Detections
from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.landmarks import go_to_next
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.lanes import LanesView
from lpat_viewer.timeline.scale import GUTTER
from lpat_viewer.windows.segment_table import SegmentTable

DURATION = 7200.0


def opened(segments: int, classes: int) -> Workspace:
    """A video of two hours, detections and a tenth as many truths."""
    random = np.random.default_rng(0)
    labels = tuple(f"class {number:03}" for number in range(classes))

    def some(count: int) -> tuple[np.ndarray, np.ndarray]:
        starts = random.uniform(0, DURATION - 30, count)
        times = np.stack([starts, starts + random.uniform(0.5, 20, count)], axis=1)
        return times, random.integers(0, classes, count)

    times, numbers = some(segments)
    scores = np.sort(random.uniform(0, 1, segments))[::-1].copy()
    truth_times, truth_numbers = some(segments // 10)
    truth_labels = tuple(labels[number] for number in truth_numbers)
    truth = VideoAnnotation("video", None, DURATION, labels, truth_times, truth_labels)
    workspace = Workspace()
    workspace.set_video(Path("video.mp4"))
    workspace.playhead.set_duration(DURATION)
    workspace.set_annotations(Annotations(Path("annotations.json"), (truth,)))
    workspace.layers.put(Layer("model.onnx", Detections(labels, times, numbers, scores)))
    return workspace


def measure(name: str, step: Callable[[int], object], count: int) -> None:
    """Time a step, which gets its number."""
    spent = []
    for number in range(count):
        begun = time.thread_time()
        step(number)
        spent.append((time.thread_time() - begun) * 1000)
    print(f"{name:32} {np.median(spent):8.2f} {np.percentile(spent, 95):8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--segments", type=int, default=10_000)
    parser.add_argument("--classes", type=int, default=100)
    parser.add_argument("--frames", type=int, default=200)
    options = parser.parse_args()
    application = QApplication([])
    workspace = opened(options.segments, options.classes)
    corrections = Corrections(workspace)
    lanes = LanesView(workspace)
    lanes.resize(1600, 500)
    lanes.show()
    application.processEvents()  # once exposed, `repaint` paints at once
    shown = workspace.time_range

    def pan(number: int) -> None:
        shown.pan(shown.length / 50 * (1 if number % 100 < 50 else -1))
        lanes.repaint()

    def zoom(number: int) -> None:
        shown.zoom(0.9 if number % 100 < 50 else 1 / 0.9, 3000.0)
        lanes.repaint()

    def scroll(number: int) -> None:
        lanes.scroll_by(40 if number % 100 < 50 else -40)
        lanes.repaint()

    def play(number: int) -> None:
        lanes.repaint(GUTTER + number % 1400, 0, 2, lanes.height())

    def correct(_: int) -> None:
        corrections.accept()
        lanes.repaint()

    print(f"{options.segments} segments of {options.classes} classes, 1600 x 500 pixels\n")
    print(f"{'milliseconds':32} {'median':>8} {'p95':>8}")
    for window in (60.0, 600.0, 7200.0):
        shown.show(3000.0, 3000.0 + window)
        measure(f"pan, {window:.0f} s in sight", pan, options.frames)
    shown.fit()
    measure("zoom", zoom, options.frames)
    measure("a pixel, as while playing", play, options.frames)
    measure("scroll", scroll, options.frames)
    measure("next error", lambda _: go_to_next(workspace, "error"), 20)
    measure("begin correcting", lambda _: (corrections.end(), corrections.begin()), 5)
    workspace.playhead.seek(0.0)
    go_to_next(workspace, "review")
    measure("accept, and go on", correct, 50)
    table = SegmentTable(workspace)
    table.resize(600, 500)
    table.show()
    application.processEvents()
    measure("table: refresh", lambda _: table.refresh(), 20)
    orders = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder
    measure("table: sort", lambda n: table.table.sortByColumn(n % 7, orders[n % 2]), 28)
    measure("table: paint", lambda _: table.table.viewport().repaint(), 20)
    lanes.close()
    table.close()


if __name__ == "__main__":
    main()
