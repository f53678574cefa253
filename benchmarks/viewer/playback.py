"""How soon pictures of a long video are there: opening, steps, scrubbing; and memory.

    python -m benchmarks.viewer.playback [--hours 2] [--steps 300]

The video is synthetic, 1280 x 720 at 25 fps with a key frame every 250 frames, made once in the
system's folder for temporary files. Scrubbing is measured through the viewer's thread, with a
view of 960 x 540 pixels, until the first picture is there and until the exact one is.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import platform
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import cast

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import av
import numpy as np
from av.video.stream import VideoStream
from PySide6.QtCore import QCoreApplication, QEventLoop, QSize

from lpat.video.seeking import SeekableVideo
from lpat_viewer.playback.picture import Picture
from lpat_viewer.playback.reader import Reader
from lpat_viewer.playback.requests import Request

WIDTH, HEIGHT, RATE, GROUP = 1280, 720, 25, 250
ENCODED = 100  # seconds that are encoded; the rest repeats them
VIEW = QSize(960, 540)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=200, help="of opening and closing")
    parser.add_argument("--seeks", type=int, default=10_000)
    arguments = parser.parse_args()
    path, small = long_video(arguments.hours), long_video(60 / 3600)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print(f"memory, {small.name}:")
    print(growth(f"{arguments.rounds} rounds of opening", reopening(small), arguments.rounds))
    with SeekableVideo.open(small, cache_bytes=20_000_000) as video:
        print(growth(f"{arguments.seeks} seeks", seeking(video), arguments.seeks))

    print(f"\n{path.name}, {path.stat().st_size / 1e6:.0f} MB")
    print("| what | median | p95 | target |\n| --- | --- | --- | --- |")
    print(row("first frame, with opening", [opening(path) for _ in range(20)], "700 ms"))
    for count, name, idle, target in (
        (1, "step forwards", 0.0, "100 ms"),
        (-1, "step backwards", 0.0, "100 ms"),
        (-10, "ten back, without pause", 0.0, ""),
        (-10, "ten back, with 0.1 s between", 0.1, "100 ms"),
    ):
        print(row(name, list(steps(path, count, arguments.steps, idle)), target), flush=True)
    first, exact = scrubbing(path, arguments.requests)
    print(row("scrub, first picture", first, "150 ms"))
    print(row("scrub, exact frame", exact, ""))


def long_video(hours: float) -> Path:
    """A video of so many hours, from the folder for temporary files if it is there."""
    path = Path(tempfile.gettempdir()) / f"lpat-playback-{hours:.3g}h.mp4"
    if not path.exists():
        part = path.with_suffix(".part.mp4")
        encode(part, min(ENCODED, round(hours * 3600)))
        unfinished = path.with_suffix(".new.mp4")
        repeat(part, unfinished, hours * 3600)
        part.unlink()
        unfinished.rename(path)
    return path


def encode(path: Path, seconds: int) -> None:
    """Write moving shapes over a drifting texture."""
    texture = np.random.default_rng(0).integers(60, 200, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    texture = texture.repeat(8, axis=0).repeat(8, axis=1)
    with av.open(str(path), "w") as target:
        stream = cast(VideoStream, target.add_stream("libx264", rate=RATE))
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "veryfast", "g": str(GROUP), "sc_threshold": "0"}
        for number in range(seconds * RATE):
            picture = np.roll(texture, number // 2, axis=1)
            x, y = number * 7 % (WIDTH - 200), number * 3 % (HEIGHT - 200)
            picture[y : y + 200, x : x + 200] = (number * 5 % 256, 90, 200)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            target.mux(stream.encode(frame))
        target.mux(stream.encode())


def repeat(part: Path, path: Path, seconds: float) -> None:
    """Write the packets of a part again and again, each time later."""
    with av.open(str(part)) as source:
        stream = source.streams.video[0]
        packets = [
            (bytes(p), p.pts, p.dts, p.is_keyframe, p.time_base, p.duration)
            for p in source.demux(stream)
            if p.pts is not None
        ]
        length = sum(packet[-1] or 0 for packet in packets)
        with av.open(str(path), "w") as target:
            copy = target.add_stream_from_template(stream)
            times = max(round(seconds * RATE / len(packets)), 1)
            for number in range(times):
                for data, pts, dts, is_key, base, duration in packets:
                    packet = av.Packet(data)
                    packet.stream, packet.time_base = copy, base
                    packet.pts, packet.dts = pts + number * length, (dts or 0) + number * length
                    packet.duration, packet.is_keyframe = duration, is_key
                    target.mux(packet)


def opening(path: Path) -> float:
    """Seconds until the first frame is there."""
    started = time.perf_counter()
    with SeekableVideo.open(path) as video:
        frame = video.frame_at(0)
        assert frame is not None
        frame.bgr((VIEW.width(), VIEW.height()))
        return time.perf_counter() - started


def steps(path: Path, count: int, number: int, idle: float) -> Iterator[float]:
    """Seconds of each of some steps from the middle on, with so much idle time between them."""
    with SeekableVideo.open(path) as video:
        frame = video.frame_at(video.duration / 2)
        for _ in range(number):
            assert frame is not None
            started = time.perf_counter()
            frame = video.frame_after(frame, count)
            assert frame is not None
            frame.bgr((VIEW.width(), VIEW.height()))
            yield time.perf_counter() - started
            until = time.perf_counter() + idle
            while time.perf_counter() < until and video.prepare(frame.time):
                pass


def scrubbing(path: Path, number: int) -> tuple[list[float], list[float]]:
    """Seconds until the first and until the exact picture of random requests, one at a time."""
    application = QCoreApplication.instance() or QCoreApplication([])
    reader = Reader()
    reader.set_bounds(VIEW)
    loop = QEventLoop()
    arrived: list[tuple[float, bool]] = []

    def arrive(picture: Picture) -> None:
        arrived.append((time.perf_counter(), picture.exact))
        if picture.exact:
            loop.quit()

    reader.shown.connect(arrive)
    reader.failed.connect(print)
    reader.open(path)
    loop.exec()
    chance = random.Random(0)
    with SeekableVideo.open(path) as video:
        duration = video.duration
    first, exact = [], []
    for _ in range(number):
        arrived.clear()
        started = time.perf_counter()
        reader.ask(Request(chance.uniform(0, duration)))
        loop.exec()
        first.append(arrived[0][0] - started)
        exact.append(arrived[-1][0] - started)
    reader.stop()
    application.processEvents()
    return first, exact


def reopening(path: Path) -> Callable[[], None]:
    """A function that opens a video, shows two frames and closes it."""

    def once() -> None:
        with SeekableVideo.open(path) as video:
            video.frame_at(0)
            video.frame_at(0.5)

    return once


def seeking(video: SeekableVideo) -> Callable[[], None]:
    """A function that shows a frame anywhere, as scrubbing does."""
    chance = random.Random(0)

    def once() -> None:
        video.keyframe_near(chance.uniform(0, video.duration))

    return once


def growth(name: str, work: Callable[[], None], times: int) -> str:
    """A line on the memory after a tenth of some work, and after all of it."""
    sizes = []
    for number in range(times):
        work()
        if (number + 1) % max(times // 10, 1) == 0:
            gc.collect()
            sizes.append(resident_megabytes())
    return f"{name}: {sizes[0]:.0f} MB after a tenth, {sizes[-1]:.0f} MB at the end; " + " ".join(
        f"{size:.0f}" for size in sizes
    )


def resident_megabytes() -> float:
    """Memory that the process takes now; on Linux with glibc only.

    What was freed is given back first, else it counts how scattered that lies, not what is held.
    """
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def row(name: str, seconds: list[float], target: str) -> str:
    median, late = np.percentile(seconds, [50, 95]) * 1000
    return f"| {name} | {median:.1f} ms | {late:.1f} ms | {target} |"


if __name__ == "__main__":
    main()
