"""How long non-maximum suppression of one class takes, beside the plain quadratic loop in C++.

    python -m benchmarks.core.suppression [--tiou 0.5] [--largest 1000000]

Both run in the same process on the same segments, and must keep the same ones. The loop is compiled
on the spot (benchmarks/core/baselines), and is timed up to 100 000 segments only. Times are those
of the one thread on its core, so that other work on the machine counts less.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lpat.core import suppress
from lpat.types import Float64Array, Int64Array

COUNTS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
LARGEST_OF_BASELINE = 100_000
ROUNDS = 5
SOURCE = Path(__file__).parent / "baselines" / "quadratic_nms.cpp"

Suppress = Callable[[Float64Array, Float64Array, float], Int64Array]
Random = np.random.Generator


def _spans(starts: Float64Array, lengths: Float64Array) -> Float64Array:
    return np.column_stack([starts, starts + lengths])


def _one_long(random: Random, N: int) -> Float64Array:
    segments = _spans(random.uniform(0, N, N), random.uniform(1, 2, N))
    segments[0] = [0, N]
    return segments


def _six_decades(random: Random, N: int) -> Float64Array:
    return _spans(random.uniform(0, 1e6, N), 10 ** random.uniform(0, 6, N))


def _overlapping(random: Random, N: int) -> Float64Array:
    return np.column_stack([-random.uniform(0, 1, N), random.uniform(0, 1, N)])


SCENES: Mapping[str, Callable[[Random, int], Float64Array]] = {
    "scattered": lambda random, N: _spans(random.uniform(0, N, N), random.uniform(1, 6, N)),
    "crowded": lambda random, N: _spans(random.uniform(0, 1000, N), random.uniform(1, 21, N)),
    "disjoint": lambda random, N: _spans(np.arange(N, dtype=float), np.full(N, 0.9)),
    "one long, many short": _one_long,
    "six decades of length": _six_decades,
    "all overlapping": _overlapping,
    "all long": lambda random, N: _spans(random.uniform(0, 1, N), np.full(N, 1e4)),
    "nested": lambda random, N: np.column_stack([np.arange(N), 2.0 * N - np.arange(N)]) / N,
    "equal": lambda random, N: np.tile([1.0, 2.0], (N, 1)),
}


@dataclass(frozen=True)
class Timing:
    """Medians for one scene and count; `baseline_seconds` is None where it would take too long."""

    scene: str
    count: int
    kept: int
    seconds: float
    baseline_seconds: float | None

    @property
    def nanoseconds(self) -> float:
        """Time divided by N log2 N."""
        return 1e9 * self.seconds / (self.count * math.log2(self.count))

    def __str__(self) -> str:
        ratio = ""
        if self.baseline_seconds is not None:
            seconds = self.baseline_seconds
            ratio = f"{1e3 * seconds:11.1f} ms {seconds / self.seconds:8.1f} x"
        return (
            f"{self.scene:22} {self.count:8} {self.kept / self.count:7.1%}"
            f"{1e3 * self.seconds:10.2f} ms {self.nanoseconds:7.1f}{ratio}"
        )


HEADER = (
    f"{'segments':22} {'N':>8} {'stay':>7} {'lpat':>12} {'ns/NlogN':>8} {'loop':>13} {'ratio':>9}"
)


def compiled_baseline(folder: Path) -> Suppress:
    """The plain loop, compiled by the machine's C++ compiler into the folder."""
    library = folder / "quadratic_nms.so"
    options = ["-std=c++20", "-O3", "-shared", "-fPIC"]
    subprocess.run(["c++", *options, "-o", str(library), str(SOURCE)], check=True)
    function = ctypes.CDLL(str(library)).quadratic_nms
    function.restype = ctypes.c_int64

    def baseline(segments: Float64Array, scores: Float64Array, tiou: float) -> Int64Array:
        kept = np.empty(len(scores), np.int64)
        size = function(
            segments.ctypes, scores.ctypes, ctypes.c_int64(len(scores)), ctypes.c_double(tiou),
            kept.ctypes,
        )  # fmt: skip
        return kept[:size]

    return baseline


def measure(
    counts: Sequence[int] = COUNTS, tiou: float = 0.5, scenes: Sequence[str] = tuple(SCENES)
) -> Iterator[Timing]:
    """Timings scene by scene, of segments with random scores.

    Raises:
        RuntimeError: the two keep different segments.
    """
    with tempfile.TemporaryDirectory() as folder:
        baseline = compiled_baseline(Path(folder))
        for scene in scenes:
            for count in counts:
                yield _timing(scene, count, tiou, baseline)


def _timing(scene: str, count: int, tiou: float, baseline: Suppress) -> Timing:
    random = np.random.default_rng(0)
    segments = np.ascontiguousarray(SCENES[scene](random, count))
    scores = random.uniform(0, 1, count)
    classes = np.zeros(count, np.int64)
    seconds, kept = _timed(lambda: suppress(segments, classes, scores, tiou=tiou), ROUNDS)
    if count > LARGEST_OF_BASELINE:
        return Timing(scene, count, len(kept), seconds, None)
    baseline_seconds, expected = _timed(lambda: baseline(segments, scores, tiou), 1)
    if not np.array_equal(kept, expected):
        raise RuntimeError(f"{scene}, {count} segments: expected {expected}, not {kept}")
    return Timing(scene, count, len(kept), seconds, baseline_seconds)


def _timed(call: Callable[[], Int64Array], rounds: int) -> tuple[float, Int64Array]:
    times = []
    result = np.zeros(0, np.int64)
    for _ in range(rounds):
        start = time.thread_time()
        result = call()
        times.append(time.thread_time() - start)
    return statistics.median(times), result


def report(tiou: float, counts: Sequence[int]) -> None:
    """Print the table."""
    print(HEADER)
    for timing in measure(counts, tiou):
        print(timing, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tiou", type=float, default=0.5)
    parser.add_argument("--largest", type=int, default=COUNTS[-1])
    arguments = parser.parse_args()
    print(f"tIoU {arguments.tiou:g}")
    report(arguments.tiou, [count for count in COUNTS if count <= arguments.largest])


if __name__ == "__main__":
    main()
