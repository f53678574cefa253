"""How long mean average precision takes, beside a straightforward implementation in pandas.

    python -m benchmarks.core.average_precision [--full]

Both judge the same detections by the same protocol (activitynet, nine thresholds) in the same
process, and must agree to 1e-9. The baseline is written for this benchmark in the way in which such
code usually is: a loop over classes, one over detections, and one over thresholds. It takes about a
quarter of a millisecond for each detection, so at ActivityNet's size it judges ten of the 200
classes, and ours the same ten beside it; with --full, all of them, which takes a minute and a half.

Growth goes to a hundred times ActivityNet's size, 50 million detections (needs 6 GB), each size in
a process of its own, which says how much memory it had at most while it judged.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.core.baselines.pandas_precision import pandas_precisions
from lpat.core import average_precisions
from lpat.evaluation.protocols import PROTOCOLS, Protocol
from lpat.types import Float64Array

TIOUS = np.arange(1, 10) / 10
BASELINE_CLASSES = 10
Arrays = dict[str, Any]


@dataclass(frozen=True)
class Size:
    """How much there is to judge."""

    name: str
    classes: int
    videos: int
    truths: int
    detections: int

    def times(self, factor: int) -> Size:
        """As many videos, truths and detections more; the classes stay."""
        return Size(
            f"{self.name} x {factor}",
            self.classes,
            self.videos * factor,
            self.truths * factor,
            self.detections * factor,
        )


THUMOS14 = Size("THUMOS'14", 20, 212, 3_358, 20_000)
ACTIVITYNET = Size("ActivityNet", 200, 4_728, 7_654, 500_000)
GROWTH = (THUMOS14, ACTIVITYNET, *(ACTIVITYNET.times(factor) for factor in (4, 20, 100)))


def random_events(size: Size, seed: int = 0) -> Arrays:
    """Truths, and detections of which half lie near one of its class; every class has a truth."""
    random = np.random.default_rng(seed)
    G, N = size.truths, size.detections
    truth_videos = random.integers(0, size.videos, G)
    truth_classes = np.arange(G) % size.classes
    truths = random.uniform(0, 180, (G, 2))
    truths[:, 1] = truths[:, 0] + random.lognormal(1.5, 1, G)
    videos, classes = random.integers(0, size.videos, N), random.integers(0, size.classes, N)
    segments, scores = random.uniform(0, 180, (N, 2)), random.random(N)
    segments[:, 1] = segments[:, 0] + random.lognormal(1.5, 1, N)
    step = 1_000_000  # bounds the memory that making them takes
    for first in range(0, N, step):
        part = slice(first, min(first + step, N))
        near = np.flatnonzero(random.random(part.stop - first) < 0.5) + first
        chosen = random.integers(0, G, len(near))
        length = np.diff(truths[chosen])
        videos[near], classes[near] = truth_videos[chosen], truth_classes[chosen]
        shaken = truths[chosen] + random.normal(0, 0.15, (len(near), 2)) * length
        segments[near] = np.sort(shaken, axis=1)
        scores[near] += 0.3
    return {
        "detection_videos": videos,
        "detection_classes": classes,
        "detection_segments": segments,
        "detection_scores": scores,
        "truth_videos": truth_videos,
        "truth_classes": truth_classes,
        "truth_segments": truths,
        "ambiguous_videos": np.zeros(0, np.int64),
        "ambiguous_segments": np.zeros((0, 2)),
        "class_count": size.classes,
    }


def first_classes(events: Arrays, count: int) -> Arrays:
    """The events of the first classes only."""
    kept = dict(events, class_count=count)
    for side in ("detection", "truth"):
        of_classes = events[f"{side}_classes"] < count
        for name in [name for name in events if name.startswith(side)]:
            kept[name] = events[name][of_classes].copy()
    return kept


def judge(events: Arrays, protocol: Protocol = "activitynet", threads: int = 0) -> Float64Array:
    """Average precision (C, K)."""
    return average_precisions(**events, tious=TIOUS, **asdict(PROTOCOLS[protocol]), threads=threads)


@dataclass(frozen=True)
class Comparison:
    """Seconds of both on the same events."""

    name: str
    detections: int
    seconds: float
    baseline_seconds: float

    def __str__(self) -> str:
        """A line of the table."""
        return (
            f"{self.name:32}  {self.detections:10,}  {1e3 * self.seconds:9.2f} ms  "
            f"{self.baseline_seconds:7.1f} s  {self.baseline_seconds / self.seconds:6.0f}x"
        )


@dataclass(frozen=True)
class Growth:
    """Medians of one size, and the most memory that judging added to its input."""

    name: str
    detections: int
    input_bytes: int
    seconds: float
    one_thread_seconds: float
    added_bytes: int

    def __str__(self) -> str:
        """A line of the table."""
        memory = (self.input_bytes + self.added_bytes) / self.input_bytes
        return (
            f"{self.name:18}  {self.detections:11,}  {1e3 * self.seconds:10.1f} ms  "
            f"{1e3 * self.one_thread_seconds:10.1f} ms  "
            f"{1e9 * self.seconds / self.detections:6.0f} ns  "
            f"{self.input_bytes / 1e6:8.1f} MB  {memory:6.2f}x"
        )


def compare(full: bool) -> Iterator[Comparison]:
    """Ours beside the baseline; raises if they disagree."""
    activitynet = random_events(ACTIVITYNET)
    cases = [(THUMOS14.name, random_events(THUMOS14))]
    if full:
        cases.append((ACTIVITYNET.name, activitynet))
    else:
        some = first_classes(activitynet, BASELINE_CLASSES)
        cases.append((f"{ACTIVITYNET.name}, {BASELINE_CLASSES} of its classes", some))
    for name, events in cases:
        start = time.perf_counter()
        expected = pandas_precisions(events, TIOUS)
        baseline = time.perf_counter() - start
        np.testing.assert_allclose(judge(events), expected, rtol=0, atol=1e-9)
        seconds = _median(lambda events=events: judge(events))
        yield Comparison(name, len(events["detection_videos"]), seconds, baseline)


def measure_growth(size: Size) -> Growth:
    """In this process, so that its peak is this size's."""
    events = random_events(size)
    _forget_peak()
    before = _peak()
    judge(events, threads=1)
    added = _peak() - before
    return Growth(
        size.name,
        size.detections,
        sum(values.nbytes for values in events.values() if isinstance(values, np.ndarray)),
        _median(lambda: judge(events), rounds=3),
        _median(lambda: judge(events, threads=1), rounds=3),
        added,
    )


def growth(largest: int) -> Iterator[Growth]:
    """Sizes up to so many detections, each in a new process."""
    spawn = multiprocessing.get_context("spawn")
    for size in GROWTH:
        if size.detections <= largest:
            with spawn.Pool(1) as pool:
                yield pool.apply(measure_growth, (size,))


def _median(work: Callable[[], object], rounds: int = 7) -> float:
    def seconds() -> float:
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return statistics.median(seconds() for _ in range(rounds))


def _forget_peak() -> None:
    """Makes the kernel count the process's highest memory anew (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> int:
    """The process's highest resident memory in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("expected VmHWM in /proc/self/status")


def report(full: bool, largest: int) -> None:
    """Print both tables."""
    print(f"{len(TIOUS)} thresholds, protocol activitynet, {os.cpu_count()} cores")
    print(f"{'':32}  {'detections':>10}  {'lpat':>12}  {'pandas':>9}   ratio")
    for comparison in compare(full):
        print(comparison, flush=True)
    print(
        f"\n{'':18}  {'detections':>11}  {'all cores':>13}  {'one thread':>13}  "
        f"{'each':>9}  {'input':>11}   memory"
    )
    for line in growth(largest):
        print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="all classes for the baseline too")
    parser.add_argument("--largest", type=int, default=GROWTH[-1].detections)
    options = parser.parse_args()
    report(options.full, options.largest)


if __name__ == "__main__":
    main()
