"""The whole viewer: time to a window, the longest wait of a click, memory over many videos.

    python -m benchmarks.viewer.window [--rounds 200] [--seeks 10000]

Opens and closes a video again and again with a model's detections, annotations and thumbnails, then
seeks through it, and prints the resident memory at the quarters of each, what was freed given back;
the first quarter of the seeks fills the cache of decoded frames. A heartbeat in the
window's thread measures the longest time that nothing else got its turn.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import av
import numpy as np
from PySide6.QtCore import QCoreApplication, QElapsedTimer, QEvent, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from benchmarks.viewer.playback import resident_megabytes
from lpat.annotations.reading import Annotations, VideoAnnotation
from lpat.types import Detections
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

SECONDS = 60
SIZE = (640, 360)


def write_video(path: Path) -> None:
    """A minute of moving noise."""
    random = np.random.default_rng(0)
    width, height = SIZE
    wide = random.integers(0, 255, (height, width + 2 * 25 * SECONDS, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": "250"}
        for number in range(25 * SECONDS):
            picture = np.ascontiguousarray(wide[:, 2 * number : 2 * number + width])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode())


def some_detections(random: np.random.Generator) -> Detections:
    starts = np.sort(random.uniform(0, SECONDS - 2, 200))
    return Detections(
        ("jump", "run"),
        np.stack([starts, starts + random.uniform(0.2, 2, 200)], axis=1),
        random.integers(0, 2, 200),
        random.uniform(0, 1, 200),
    )


class Heartbeat:
    """Notes the longest pause between two turns of a timer in the window's thread."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._clock = QElapsedTimer()
        self._timer = QTimer(interval=0)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self.longest = 0.0
        self._clock.start()
        self._timer.start()

    def skip(self) -> None:
        """Leave out what took place since the last turn: the measuring itself."""
        self._clock.restart()

    def stop(self) -> float:
        """Milliseconds of the longest pause."""
        self._timer.stop()
        return self.longest

    def _beat(self) -> None:
        self.longest = max(self.longest, self._clock.nsecsElapsed() / 1e6)
        self._clock.restart()


def wait_until(holds) -> None:
    while not holds():
        QTest.qWait(1)


def settle() -> None:
    """Let what was deleted go."""
    for _ in range(3):
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seeks", type=int, default=10_000)
    options = parser.parse_args()
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "video.mp4"
        write_video(video)
        started = time.perf_counter()
        application = QApplication([])
        viewer = Viewer(Settings(Path(folder) / "settings.ini"), cache=None)
        viewer.window.show()
        QTest.qWaitForWindowExposed(viewer.window)
        print(f"{os.cpu_count()} cores, {application.platformName()}")
        print(f"to a window: {time.perf_counter() - started:.2f} s (imports not counted)")
        truth = VideoAnnotation(
            "video", None, SECONDS, ("jump",), np.array([[5.0, 9.0]]), ("jump",)
        )  # fmt: skip
        viewer.workspace.set_annotations(Annotations(Path("a.json"), (truth,)))
        viewer.workspace.add_detections(Path("d.json"), {"video": some_detections(random)})
        heartbeat = Heartbeat()

        def open_and_close() -> None:
            viewer.open([video])
            wait_until(lambda: viewer.player.picture is not None)
            viewer.dialogs.close_video()
            wait_until(lambda: viewer.player.picture is None)
            settle()

        def seek() -> None:
            viewer.workspace.playhead.seek(float(random.uniform(0, SECONDS)))
            QTest.qWait(1)

        for name, act, count in (
            ("open and close", open_and_close, options.rounds),
            ("seek", seek, options.seeks),
        ):
            if act is seek:
                viewer.open([video])
                wait_until(lambda: viewer.player.picture is not None)
            heartbeat.start()
            marks = []
            for number in range(count + 1):
                if number % max(count // 4, 1) == 0:
                    marks.append(f"{resident_megabytes():.0f}")
                    heartbeat.skip()
                act()
            print(
                f"{name}, {count} times: resident megabytes {' '.join(marks)}; "
                f"longest pause of the window {heartbeat.stop():.0f} ms"
            )
        viewer.close()


if __name__ == "__main__":
    main()
