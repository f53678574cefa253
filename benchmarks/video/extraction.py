"""What motion features cost beside decoding alone, and how many times real time they are made.

    python -m benchmarks.video.extraction VIDEO... [--size 320x240 1280x720]

With `--size` the first `--seconds` of each video are encoded anew at each size (H.264). Decoding
alone, by as many threads, and extraction run in turn on each file, `--repeats` times; the best of
each counts, as whatever else the machine does can only slow a run down. `--flow dis tvl1` compares
the extractor's own flow with another in its place. Memory is the most that a process took in its
life which did nothing else than to extract the file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from benchmarks.video.pair_flows import PAIR_FLOWS
from lpat.features.extraction import stream_features
from lpat.features.extractors import default_spec
from lpat.motion.extractor import MotionExtractor
from lpat.motion.flow import flow_fields
from lpat.parallel.processes import available_cores
from lpat.video.frame import Size
from lpat.video.reader import Video
from lpat.video.resampling import resample

Work = Callable[[Path], float]
"""Does it to a video, and gives the video's duration."""


def decode(path: Path) -> float:
    with stream_features(path, default_spec()) as stream:
        deque(stream.video, maxlen=0)
        return stream.video.duration


def extract(path: Path, flow: str) -> float:
    spec = default_spec()
    with stream_features(path, spec) as stream:
        ticks = resample(stream.video, spec.fps)
        if flow == "dis":
            vectors = MotionExtractor().extract(ticks, spec)
        else:
            fields = flow_fields(ticks, appearance=False, pair_flow=PAIR_FLOWS[flow])
            vectors = MotionExtractor().features_of(fields, spec)
        with closing(vectors):
            deque(vectors, maxlen=0)
        return stream.video.duration


def peak_memory(path: Path, flow: str) -> float:
    """MB that this process took at most, having extracted the video."""
    extract(path, flow)
    # Not `getrusage`: that counts the process which began this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024


def costs(work: Work, path: Path) -> tuple[float, float]:
    """Seconds of all cores, and of the clock."""
    started, busy = time.perf_counter(), time.process_time()
    work(path)
    return time.process_time() - busy, time.perf_counter() - started


def resized(path: Path, size: Size, seconds: float, folder: Path) -> Path:
    """A video's first seconds, encoded anew at a size."""
    place = folder / f"{path.stem}_{size[0]}x{size[1]}.mp4"
    with Video.open(path) as video, av.open(str(place), "w") as output:
        rate = Fraction(video.frame_rate or 25).limit_denominator(1001)
        stream = output.add_stream("libx264", rate=rate, options={"crf": "23"})
        if not isinstance(stream, VideoStream):
            raise TypeError("libx264 isn't an encoder of pictures")
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for frame in video:
            if frame.time >= seconds:
                break
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame.rgb(size), "rgb24")))
        output.mux(stream.encode(None))
    return place


def files(arguments: argparse.Namespace, folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """What is measured together, and its name."""
    if not arguments.size:
        yield "as given", arguments.videos
    for size in arguments.size:
        width, height = size.split("x")
        both = int(width), int(height)
        yield size, [resized(path, both, arguments.seconds, folder) for path in arguments.videos]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--size", nargs="+", default=[], help="WIDTHxHEIGHT")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--flow", choices=PAIR_FLOWS, nargs="+", default=["dis"])
    arguments = parser.parse_args()
    works = [decode, *(partial(extract, flow=flow) for flow in arguments.flow)]
    print(f"{available_cores()} of {os.cpu_count()} cores, {cv2.getNumThreads()} for flow")
    print("| videos | | CPU ms a second | of decoding alone | times real time | memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, paths in files(arguments, Path(folder)):
            measure(name, paths, works, arguments)


def measure(name: str, paths: list[Path], works: list[Work], arguments: argparse.Namespace) -> None:
    """Print a row of decoding alone, and one of extraction with each flow."""
    duration = sum(decode(path) for path in paths)  # also brings the files into memory
    runs = [
        [[costs(work, path) for work in works] for path in paths] for _ in range(arguments.repeats)
    ]
    best = np.min(runs, axis=0).sum(axis=0)  # (works, 2)
    for label, (busy, clock) in zip(["decoding alone", *arguments.flow], best, strict=True):
        memory = ""
        if label in arguments.flow:
            start = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(1, start) as process:
                memory = f"{process.submit(peak_memory, paths[0], label).result():.0f} MB"
        print(
            f"| {name} | {label} | {1000 * busy / duration:.1f} | {busy / best[0, 0]:.2f} |"
            f" {duration / clock:.1f} x | {memory} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
