"""How fast motion features are extracted, against decoding alone, in times real time.

    python benchmarks/extraction.py VIDEO...

Both are run in turn on each file, `--repeats` times; the best of each counts, as whatever else
the machine does can only slow a run down.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import cv2

from lpat.motion import MotionExtractor
from lpat.snippets import resample
from lpat.video import Video


def decode(path: Path) -> float:
    """Duration of the video, after decoding all of it."""
    with Video.open(path) as video:
        deque(video, maxlen=0)
        return video.duration


def extract(path: Path) -> float:
    """Duration of the video, after extracting its features."""
    extractor = MotionExtractor()
    spec = extractor.spec()
    with Video.open(path) as video:
        deque(extractor.extract(resample(video, spec.fps), spec), maxlen=0)
        return video.duration


def seconds(work: Callable[[Path], float], path: Path) -> float:
    started = time.perf_counter()
    work(path)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, {cv2.getNumThreads()} OpenCV threads")
    print("| video | seconds | decode alone | extraction | extraction / decode |")
    print("| --- | --- | --- | --- | --- |")
    total = decoding = extracting = 0.0
    for path in arguments.videos:
        duration = decode(path)  # also brings the file into memory
        runs = [(seconds(decode, path), seconds(extract, path)) for _ in range(arguments.repeats)]
        best_decoding, best_extracting = (min(times) for times in zip(*runs, strict=True))
        total += duration
        decoding += best_decoding
        extracting += best_extracting
        print(row(path.name, duration, best_decoding, best_extracting), flush=True)
    print(row("all", total, decoding, extracting))


def row(name: str, duration: float, decoding: float, extracting: float) -> str:
    rates = f"{duration / decoding:.1f} x | {duration / extracting:.1f} x"
    return f"| {name} | {duration:.1f} | {rates} | {extracting / decoding:.2f} |"


if __name__ == "__main__":
    main()
