"""How fast motion features are extracted, against decoding alone, in times real time.

    python -m benchmarks.video.extraction VIDEO...

Both are run in turn on each file, `--repeats` times; the best of each counts, as whatever else
the machine does can only slow a run down. `--flow dis tvl1` compares the extractor's own flow with
another in its place.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.video.pair_flows import PAIR_FLOWS
from lpat.motion.extractor import MotionExtractor
from lpat.motion.flow import flow_fields
from lpat.video.reader import Video
from lpat.video.resampling import resample


def decode(path: Path) -> float:
    """Duration of the video, after decoding all of it."""
    with Video.open(path) as video:
        deque(video, maxlen=0)
        return video.duration


def extract(path: Path, flow: str) -> float:
    """Duration of the video, after extracting its features."""
    extractor = MotionExtractor()
    spec = extractor.spec()
    with Video.open(path) as video:
        ticks = resample(video, spec.fps)
        with closing(flow_fields(ticks, appearance=False, pair_flow=PAIR_FLOWS[flow])) as fields:
            deque(extractor.features_of(fields, spec), maxlen=0)
        return video.duration


def seconds(work: Callable[[Path], float], path: Path) -> float:
    started = time.perf_counter()
    work(path)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--flow", choices=PAIR_FLOWS, nargs="+", default=["dis"])
    arguments = parser.parse_args()
    works = [decode, *(partial(extract, flow=flow) for flow in arguments.flow)]
    print(f"{os.cpu_count()} cores, {cv2.getNumThreads()} OpenCV threads")
    print("| video | flow | seconds | decode alone | extraction | extraction / decode |")
    print("| --- | --- | --- | --- | --- | --- |")
    total, totals = 0.0, np.zeros(len(works))
    for path in arguments.videos:
        duration = decode(path)  # also brings the file into memory
        runs = [[seconds(work, path) for work in works] for _ in range(arguments.repeats)]
        best = np.min(runs, axis=0)
        total, totals = total + duration, totals + best
        print_rows(path.name, arguments.flow, duration, best)
    print_rows("all", arguments.flow, total, totals)


def print_rows(
    name: str, flows: Sequence[str], duration: float, times: NDArray[np.float64]
) -> None:
    """A row for each flow, from the times of decoding alone and of extraction with each."""
    decoding, *extracting = times
    for flow, taken in zip(flows, extracting, strict=True):
        rates = f"{duration / decoding:.1f} x | {duration / taken:.1f} x"
        print(
            f"| {name} | {flow} | {duration:.1f} | {rates} | {taken / decoding:.2f} |", flush=True
        )


if __name__ == "__main__":
    main()
