"""The moving picture of the README: the viewer finds the actions of one of the demo's videos.

    lpat-demo demo    # once
    python -m benchmarks.viewer.moving_picture demo docs/images/viewer.gif \\
        --still docs/images/viewer.png

Real windows on a virtual display (Xvfb), grabbed: a model runs and its curves grow, the playhead
goes from detection to detection, and other rates of false alarms move the threshold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

SIZE = (1100, 860)
TITLE = "How the viewer finds actions"
COLOURS, OF_THE_WINDOW = 200, 72
"""All, and those of the window itself, which are kept exactly."""

BEST = 5
"""Detections that the playhead goes to, in their middle."""

RATES = (0.03, 0.01, 0.003, 0.001, 0.003, 0.01, 0.03)
"""Of false alarms, one after the other: the model's own, fewer, and back."""


@dataclass
class Film:
    """Pictures of a window, and how many milliseconds each is shown."""

    viewer: Viewer
    pictures: list[Image.Image] = field(default_factory=list[Image.Image])
    times: list[int] = field(default_factory=list[int])

    def take(self, milliseconds: int) -> None:
        """Grab the window as it is once it has painted everything."""
        QTest.qWait(60)
        grabbed = self.viewer.window.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        rows = bytes(grabbed.constBits())
        size = (grabbed.width(), grabbed.height())
        picture = Image.frombytes("RGB", size, rows, "raw", "RGB", grabbed.bytesPerLine())
        self.pictures.append(picture)
        self.times.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write all as a GIF of one palette that shows itself again and again."""
        palette = self._palette()
        frames = [
            picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in self.pictures
        ]
        frames[0].save(
            path, save_all=True, append_images=frames[1:], duration=self.times, loop=0,
            optimize=True, comment=TITLE.encode(),
        )  # fmt: skip

    def _palette(self) -> Image.Image:
        """The colours that most pixels of the window have, then the best for its other pixels."""
        pixels = np.concatenate([np.asarray(picture).reshape(-1, 3) for picture in self.pictures])
        colours, counts = np.unique(pixels, axis=0, return_counts=True)
        kept = colours[np.argsort(-counts)[:OF_THE_WINDOW]]
        others = Image.fromarray(pixels[None]).quantize(COLOURS - OF_THE_WINDOW)
        picture = Image.new("P", (1, 1))
        picture.putpalette([*kept.ravel().tolist(), *(others.getpalette() or [])])
        return picture


@contextmanager
def virtual_display() -> Iterator[None]:
    """A display of its own for all windows that are made within."""
    program = shutil.which("Xvfb")
    if program is None:
        raise SystemExit("expected Xvfb, a virtual display (Debian's package xvfb)")
    reading, writing = os.pipe()
    screen = f"{SIZE[0]}x{SIZE[1]}x24"
    server = subprocess.Popen(
        [program, "-displayfd", str(writing), "-screen", "0", screen, "-nolisten", "tcp"],
        pass_fds=[writing], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(writing)
    try:
        with os.fdopen(reading) as lines:
            os.environ.update(QT_QPA_PLATFORM="xcb", DISPLAY=f":{lines.readline().strip()}")
        yield
    finally:
        server.terminate()
        server.wait()


def wait_until(holds: Callable[[], bool]) -> None:
    while not holds():
        QTest.qWait(5)


def film_viewer(film: Film, demo: Path, video: str) -> None:
    """What a user does, picture by picture."""
    viewer = film.viewer
    workspace = viewer.workspace

    def complete() -> bool:
        return any(layer.complete for layer in workspace.layers.all)

    viewer.open([demo / "annotations.json", demo / "videos" / f"{video}.mp4"])
    wait_until(lambda: viewer.player.picture is not None and workspace.playhead.duration > 0)
    QTest.qWait(1000)  # thumbnails
    film.take(1200)
    viewer.detector.add_model(demo / "model.onnx")
    grown: list[None] = []
    workspace.layers.changed.connect(lambda: grown.append(None))
    while not complete():
        wait_until(lambda: bool(grown) or complete())
        grown.clear()
        film.take(350)
    wait_until(lambda: not viewer.detector.running)
    film.take(1800)
    layer = workspace.layers.all[0]
    found = layer.detections
    best = np.sort(found.segments[np.argsort(-found.scores)[:BEST]].mean(axis=1))
    for time in best:
        workspace.playhead.seek(float(time))
        QTest.qWait(300)  # the exact frame, after the key frame near it
        film.take(900)
    for rate in RATES:
        workspace.move_level(layer.name, rate)
        film.take(700 if rate not in (RATES[0], min(RATES)) else 1500)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("demo", type=Path, help="the folder that lpat-demo wrote")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--still", type=Path, help="where a picture that stands goes")
    parser.add_argument("--video", default="test_00", help="which of the demo's")
    options = parser.parse_args()
    with virtual_display(), tempfile.TemporaryDirectory() as folder:
        application = QApplication([])
        viewer = Viewer(Settings(Path(folder) / "settings.ini"), cache=None)
        viewer.window.setFixedSize(*SIZE)
        viewer.window.show()
        film = Film(viewer)
        try:
            film_viewer(film, options.demo, options.video)
        finally:
            viewer.close()
            application.processEvents()
        film.save(options.picture)
        if options.still is not None:
            film.pictures[-1].save(options.still, optimize=True)
    print(
        f"{options.picture}: {len(film.pictures)} pictures, {options.picture.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
