"""How fast the timeline is over two hours and a hundred classes, beside pyqtgraph's own curves.

    python -m benchmarks.viewer.timeline [--frames 300]

100 classes, 11 250 snippets, 10 000 segments. A frame is a new time range and all painting that
follows it, done at once. Panning and zooming go as a hand on a mouse or a touchpad does, through
all lengths from the whole video to a minute, at about 60 frames a second where there is time left;
what the timeline puts off until the hand rests counts to the frame in which it is done. The
baseline, in the same run and on the same ranges, is one `PlotDataItem` per class with clipping to
the view and automatic downsampling by peaks, without lanes, ruler or overview. Times are those on
the wall, and those of this thread on its core, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEventLoop
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.core.segments import smooth_scores
from lpat.types import Detections, Float32Array, Float64Array, Scores
from lpat_viewer.models.classes import COLOURS
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import LIGHT, class_colour
from lpat_viewer.timeline.timeline_view import TimelineView

CLASSES, SNIPPETS, SEGMENTS, SNIPPET_SECONDS = 100, 11_250, 10_000, 0.64
DURATION = SNIPPETS * SNIPPET_SECONDS
SIZE = (1280, 520)
FRAME = 1 / 60
HEADER = f"{'milliseconds':32}  median     p95  longest   of this thread on its core"
Range = tuple[float, float]


def synthetic_layer(random: np.random.Generator) -> Layer:
    """Scores that cross the threshold in runs, and detections as many as the target asks."""
    names = tuple(f"class {number:03}" for number in range(CLASSES))
    values = smooth_scores(SNIPPETS + 200, CLASSES, 0.1, random)[200:]
    values += random.normal(0, 0.1, values.shape).astype(np.float32)
    background = (0.2 * np.sin(np.arange(SNIPPETS) / 90)).astype(np.float32)
    probabilities = np.full(CLASSES + 1, 1 / (CLASSES + 1), np.float32)
    edges = np.arange(SNIPPETS + 1, dtype=np.float64) * SNIPPET_SECONDS
    starts = random.uniform(0, DURATION - 12, SEGMENTS)
    detections = Detections(
        names,
        np.stack([starts, starts + random.uniform(1, 12, SEGMENTS)], axis=1),
        random.integers(0, CLASSES, SEGMENTS),
        np.sort(random.uniform(0, 1, SEGMENTS))[::-1],
    )
    return Layer("model.onnx", detections, Scores(names, values, background, probabilities, edges))


def pans(frames: int) -> list[Range]:
    """A few pixels a frame, at each of several lengths."""
    ranges: list[Range] = []
    lengths = (DURATION / 2, DURATION / 8, 600.0, 60.0)
    for length in lengths:
        steps = frames // len(lengths)
        start = (DURATION - length) / 3
        ranges += [
            (start + n * length / 150, start + (n * 1 / 150 + 1) * length) for n in range(steps)
        ]
    return ranges


def zooms(frames: int) -> list[Range]:
    """In to a minute and out again, at a place off the middle."""
    shares = np.concatenate(
        [np.linspace(0, 1, frames // 2), np.linspace(1, 0, frames - frames // 2)]
    )
    lengths = DURATION * (60 / DURATION) ** shares
    at = 0.37
    return [(at * (DURATION - length), at * (DURATION - length) + length) for length in lengths]


@dataclass(frozen=True)
class Timing:
    """Seconds on the clock on the wall, and of this thread on its core."""

    wall: float
    core: float


def timed(act: Callable[[], object]) -> Timing:
    wall, core = time.perf_counter(), time.thread_time()
    act()
    return Timing(time.perf_counter() - wall, time.thread_time() - core)


def frame_timings(ranges: Sequence[Range], show: Callable[[Range], None]) -> list[Timing]:
    """Of each frame, with what was due of the events before it."""
    timings = []
    for shown in ranges:
        timings.append(timed(partial(show, shown)))
        time.sleep(max(FRAME - timings[-1].wall, 0))
    return timings


def report(name: str, timings: Sequence[Timing]) -> None:
    columns = []
    for taken in ([t.wall for t in timings], [t.core for t in timings]):
        numbers = (statistics.median(taken), float(np.quantile(taken, 0.95)), max(taken))
        columns.append("  ".join(f"{1e3 * seconds:6.1f}" for seconds in numbers))
    print(f"{name:32}  {columns[0]}    {columns[1]}", flush=True)


def process(view: QWidget) -> None:
    """Do all that is due, painting too."""
    QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
    QApplication.sendPostedEvents()


def make_lanes(workspace: Workspace) -> QWidget | None:
    """The lanes, where this version has them."""
    if find_spec("lpat_viewer.timeline.lanes") is None:
        return None
    from lpat_viewer.timeline.lanes import LanesView

    return LanesView(workspace)


def measure_timeline(layer: Layer, frames: int) -> None:
    workspace = Workspace()
    workspace.playhead.set_duration(DURATION)
    lanes = make_lanes(workspace)
    view = TimelineView(workspace, lanes=lanes)
    view.resize(*SIZE)
    view.show()
    process(view)
    print(f"timeline of {SIZE[0]} x {SIZE[1]} pixels, {'with' if lanes else 'without'} lanes")

    def open_scores() -> None:
        workspace.layers.put(layer)
        workspace.classes.set_shown(layer.detections.classes, True)
        process(view)

    print(HEADER)
    report("from scores to the first picture", [timed(open_scores)])

    def show(shown: Range) -> None:
        workspace.time_range.show(*shown)
        process(view)

    def settle() -> None:
        while not view.curves.refined:
            QTest.qWait(5)

    everything: list[Timing] = []
    for name, ranges in (("pan", pans(frames)), ("zoom", zooms(frames))):
        show(ranges[0])
        settle()
        taken = frame_timings(ranges[1:], show)
        report(name, taken)
        everything += taken
    report("both", everything)
    settle()
    workspace.time_range.fit()
    process(view)
    settle()

    def draw_anew() -> None:
        view.curves.draw_anew()
        process(view)

    report("all curves drawn anew", [timed(draw_anew) for _ in range(20)])
    moves = np.linspace(0, DURATION, frames)

    def move(shown: Range) -> None:
        workspace.playhead.seek(shown[0])
        process(view)

    report("the playhead moves", frame_timings([(time, time) for time in moves.tolist()], move))

    def grow() -> None:
        workspace.layers.put(layer)
        process(view)

    report("new scores while a model works", [timed(grow) for _ in range(20)])
    view.close()


def measure_baseline(values: Float32Array, edges: Float64Array, frames: int) -> None:
    print("baseline: a PlotDataItem per class")
    centres = (edges[:-1] + edges[1:]) / 2
    box = pg.ViewBox()
    plot = pg.PlotWidget(background="w", viewBox=box)
    plot.resize(*SIZE)

    def open_scores() -> None:
        for number in range(CLASSES):
            pen = pg.mkPen(class_colour(number % COLOURS, LIGHT), width=1)
            curve = plot.plot(centres, values[:, number], pen=pen)
            curve.setClipToView(True)
            curve.setDownsampling(auto=True, method="peak")
        box.setXRange(0, DURATION, padding=0)
        plot.show()
        process(plot)

    def show(shown: Range) -> None:
        box.setXRange(shown[0], shown[1], padding=0)
        process(plot)

    print(HEADER)
    report("from scores to the first picture", [timed(open_scores)])
    everything: list[Timing] = []
    for name, ranges in (("pan", pans(frames)), ("zoom", zooms(frames))):
        taken = frame_timings(ranges[1:], show)
        report(name, taken)
        everything += taken
    report("both", everything)
    plot.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=300)
    options = parser.parse_args()
    application = QApplication([])
    print(f"{os.cpu_count()} cores, {application.platformName()}")
    layer = synthetic_layer(np.random.default_rng(0))
    measure_timeline(layer, options.frames)
    assert layer.scores is not None
    measure_baseline(layer.scores.scores, layer.scores.edges, options.frames // 5)


if __name__ == "__main__":
    main()
