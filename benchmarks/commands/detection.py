"""How fast lpat-detect works, how busy it keeps the cores, and how much memory it takes.

    python -m benchmarks.commands.detection MODEL VIDEO... [--parts one,batch,memory] [--hours 10]

MODEL takes `motion` features. VIDEO are some of 320x240, best a dozen of half a minute or more.

`one`: a video of 320x240 and one of 1280x720, joined of the given ones and encoded with x264 at
about 4 Mbit/s (a camera's grain is put over the larger one, which would be blurred without). What
the command takes from start to end, and the same in a running process, are compared with decoding
alone, by FFmpeg with threads of its own choice.

`batch`: all videos through one command. Busy is the CPU time of all its processes over wall time
times cores; "steady" is the middle 80 % of the time.

`memory`: a video of half an hour and one of `--hours`, each one second's packets over and over
(one frame per second of 64x48: what costs time is left out, and the snippets are as many as in any
video). The highest sum of the resident memory of all processes counts, pages that they share
counted in each.

For Linux. Runs that are compared follow each other, and the best of `--repeats` counts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

from lpat.features.extraction import extract_features
from lpat.localizer import Localizer
from lpat.video.reader import Video

CORES = len(os.sched_getaffinity(0))
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PAUSE = 0.05


@dataclass(frozen=True)
class Run:
    """What a command took: seconds, CPU seconds of all its processes, and bytes."""

    wall: float
    cpu: float
    steady: float  # share of the cores
    memory: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--parts", default="one,batch,memory")
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--seconds", type=float, default=120.0, help="of the videos of `one`")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{CORES} cores; {_load()}")
    with tempfile.TemporaryDirectory() as name:
        for part in options.parts.split(","):
            {"one": _one, "batch": _batch, "memory": _memory}[part](options, Path(name))


def _one(options: argparse.Namespace, folder: Path) -> None:
    print("\n| video | duration | decode alone | in process | command | in process / decode |")
    print("| --- | --- | --- | --- | --- | --- |")
    localizer = Localizer(options.model, "cpu")
    for size in ((320, 240), (1280, 720)):
        path = folder / f"{size[1]}.mp4"
        _join(options.videos, path, size, options.seconds)
        duration = _decode(path)
        times = [
            (_seconds(_decode, path), _seconds(_detect, path, localizer), _run(options, [path]))
            for _ in range(options.repeats)
        ]
        decoding, inside = min(its[0] for its in times), min(its[1] for its in times)
        command = min(its[2].wall for its in times)
        rates = " | ".join(f"{duration / its:.1f} x" for its in (decoding, inside, command))
        print(
            f"| {size[0]}x{size[1]}, {path.stat().st_size * 8e-6 / duration:.1f} Mbit/s "
            f"| {duration:.0f} s | {rates} | {inside / decoding:.2f} |",
            flush=True,
        )
    print(_load())


def _batch(options: argparse.Namespace, folder: Path) -> None:
    durations = [_decode(path) for path in options.videos]
    run = min((_run(options, options.videos) for _ in range(options.repeats)), key=lambda r: r.wall)
    print(
        f"\nbatch: {len(durations)} videos of {sum(durations):.0f} s in {run.wall:.1f} s, "
        f"{sum(durations) / run.wall:.1f} x real time; "
        f"busy {run.cpu / run.wall / CORES:.0%}, steady {run.steady:.0%}; "
        f"{run.memory / 1e6:.0f} MB; {_load()}",
        flush=True,
    )


def _memory(options: argparse.Namespace, folder: Path) -> None:
    print("\n| video | command | x real time | memory of all processes |")
    print("| --- | --- | --- | --- |")
    for hours in (0.5, options.hours):
        path = folder / "long.mkv"
        _loop(path, round(hours * 3600))
        run = _run(options, [path])
        print(
            f"| {hours:g} h | {run.wall:.1f} s | {hours * 3600 / run.wall:.0f} x "
            f"| {run.memory / 1e6:.0f} MB |",
            flush=True,
        )
    print(_load())


def _run(options: argparse.Namespace, videos: list[Path]) -> Run:
    """lpat-detect on some videos, its processes watched, nothing taken from a cache."""
    with tempfile.TemporaryDirectory() as output:
        words = [options.model, *videos, "--output", output, "--device", "cpu", "--no-cache"]
        code = "from lpat.cli.detect import main; main()"
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)], stdout=subprocess.DEVNULL
        )
        samples: list[tuple[float, float]] = []
        memory = 0
        while process.poll() is None:
            seconds, resident = _usage(process.pid)
            memory = max(memory, resident)
            samples.append((time.perf_counter() - start, seconds))
            time.sleep(PAUSE)
        wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"lpat-detect ended with {process.returncode}")
    times, used = np.array(samples).T
    used = np.maximum.accumulate(used)  # of a worker that has ended, its parent knows soon
    early, late = np.interp([0.1 * wall, 0.9 * wall], times, used)
    return Run(wall, float(used[-1]), float((late - early) / (0.8 * wall) / CORES), memory)


def _usage(root: int) -> tuple[float, int]:
    """CPU seconds and resident bytes of a process and all below it."""
    parents, usage = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        number = int(folder.name)
        parents[number] = int(fields[1])
        usage[number] = (sum(map(int, fields[11:15])) / TICKS, int(fields[21]) * PAGE)
    family = {root}
    while more := {child for child, its in parents.items() if its in family} - family:
        family |= more
    found = [usage[member] for member in family if member in usage]
    return sum(its[0] for its in found), sum(its[1] for its in found)


def _decode(path: Path) -> float:
    """Duration of a video, after decoding all of it."""
    with Video.open(path) as video:
        deque(video, maxlen=0)
        return video.duration


def _detect(path: Path, localizer: Localizer) -> None:
    localizer.detect(extract_features(path, localizer.metadata.features).features)


def _seconds(work, *arguments) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def _load() -> str:
    return f"load of the machine in the last minute {os.getloadavg()[0]:.1f}"


def _join(videos: list[Path], path: Path, size: tuple[int, int], seconds: float) -> None:
    """Write videos one after another, over and over, as one of `size` and so many seconds."""
    random = np.random.default_rng(0)
    grain = random.normal(0, 3, (8, size[1], size[0])).round().astype(np.int16)
    rate = {"crf": "20"} if size == (320, 240) else {"b": "4000000"}
    with av.open(str(path), "w") as container:
        stream = _stream(container, size, 25, {"preset": "medium", **rate})
        for number, frame in zip(range(round(25 * seconds)), _frames(videos), strict=False):
            scaled = frame.reformat(*size, format="yuv420p", interpolation="BICUBIC").to_ndarray()
            if size != (320, 240):
                luma = scaled[: size[1]]
                luma[:] = np.clip(luma + grain[random.integers(8)], 16, 235)
            picture = av.VideoFrame.from_ndarray(scaled, "yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _frames(videos: list[Path]) -> Iterator[av.VideoFrame]:
    while True:
        for path in videos:
            with av.open(str(path)) as container:
                yield from container.decode(video=0)


def _loop(path: Path, seconds: int) -> None:
    """Write a video of one frame per second: half a minute encoded once, its packets repeated."""
    random = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = _stream(container, (64, 48), 1, {"g": "30", "bf": "0"})
        packets = []
        for number in range(30):
            picture = random.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 1)
            packets += stream.encode(frame)
        packets += stream.encode(None)
        base = cast(Fraction, packets[0].time_base)
        content = [(bytes(packet), packet.pts * base, packet.is_keyframe) for packet in packets]
        for number in range(seconds):
            data, time_, keyframe = content[number % len(content)]
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, 1000)
            packet.pts = packet.dts = int(1000 * (time_ + number // len(content) * len(content)))
            packet.duration, packet.is_keyframe = 1000, keyframe
            container.mux(packet)


def _stream(container, size: tuple[int, int], rate: int, options: dict[str, str]) -> VideoStream:
    stream = cast(VideoStream, container.add_stream("libx264", rate=rate, options=options))
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = Fraction(1, rate)
    return stream


if __name__ == "__main__":
    main()
