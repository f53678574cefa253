"""How fast scores become segments, beside a plain copy of the scores and beside vectorised NumPy.

Level sets come beside the segments: how many times as long they take.

    python -m benchmarks.core.segments

All three run in the same process on the same scores, on one thread, and times are those of that
thread on its core, so that other work on the machine counts less. NumPy must find the same segments
and scores; it computes the scores by prefix sums of each class.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lpat.core import extract_level_sets, extract_segments
from lpat.types import Float32Array, Float64Array

ROUNDS = 7
SIZES = ((11_250, 100), (100_000, 200), (1_000_000, 20))  # snippets, classes
FOREGROUND = (0.02, 0.1, 0.25)  # share of scores above the threshold
SNIPPETS_PER_RUN = 20
HEADER = (
    "snippets  classes  foreground    runs  a run lasts    copy  segments    NumPy  "
    "copy/segments  NumPy/segments  level sets        levels/segments"
)


@dataclass(frozen=True)
class Timing:
    """Medians in seconds."""

    snippets: int
    classes: int
    foreground: float
    runs: int
    length: float  # of a run, mean, in snippets
    copy_seconds: float
    seconds: float
    numpy_seconds: float
    sets: int
    sets_seconds: float

    def __str__(self) -> str:
        """A line of the table."""
        return (
            f"{self.snippets:8}  {self.classes:7}  {self.foreground:10.0%}  {self.runs:6}  "
            f"{self.length:11.1f}  {1e3 * self.copy_seconds:4.1f} ms  "
            f"{1e3 * self.seconds:5.1f} ms  {1e3 * self.numpy_seconds:4.0f} ms  "
            f"{self.copy_seconds / self.seconds:13.2f}  {self.numpy_seconds / self.seconds:14.1f}  "
            f"{self.sets:10}  {1e3 * self.sets_seconds:5.1f} ms  "
            f"{self.sets_seconds / self.seconds:13.2f}"
        )


def smooth_scores(T: int, C: int, foreground: float, random: np.random.Generator) -> Float32Array:
    """Scores (T, C), of which a share lies above 0 in runs of about the length that actions have.

    A first-order autoregressive series of each class, smoothed once more so that it crosses the
    threshold once and not back and forth, and shifted.
    """
    decay = np.float32(np.exp(-1 / SNIPPETS_PER_RUN))
    scores = random.standard_normal((T, C), np.float32)
    for _ in range(2):
        for t in range(1, T):
            scores[t] = decay * scores[t - 1] + (1 - decay) * scores[t]
    level = np.quantile(scores[:: max(1, T // 1000)], 1 - foreground)
    return np.ascontiguousarray((scores - level) / scores.std(), np.float32)


def numpy_segments(
    scores: Float32Array, threshold: Float32Array, edges: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Segments (N, 2) and their four readings (N, 4), by class, then time."""
    T, C = scores.shape
    margin = scores.astype(np.float64) - threshold[:, None]
    above = np.zeros((T + 2, C), np.int8)
    above[1:-1] = margin > 0
    change = np.diff(above, axis=0)
    labels, first = np.nonzero((change == 1).T)
    _, stop = np.nonzero((change == -1).T)

    def sums(values: Float64Array) -> Float64Array:
        return np.concatenate([np.zeros((1, values.shape[1])), values.cumsum(axis=0)])

    def means(prefix: Float64Array, start: np.ndarray, end: np.ndarray) -> Float64Array:
        return (prefix[end, labels] - prefix[start, labels]) / np.maximum(end - start, 1)

    score_sums = sums(scores.astype(np.float64))
    width = np.maximum(1, (stop - first) // 4)
    before, after = np.maximum(first - width, 0), np.minimum(stop + width, T)
    outside = score_sums[first, labels] - score_sums[before, labels]
    outside += score_sums[after, labels] - score_sums[stop, labels]
    count = (first - before) + (after - stop)
    level = means(
        np.broadcast_to(sums(threshold[:, None].astype(np.float64)), (T + 1, C)), first, stop
    )
    outer = np.where(count > 0, outside / np.maximum(count, 1), level)
    maximum = np.maximum.reduceat(
        scores.T.ravel(), np.column_stack([labels * T + first, labels * T + stop]).ravel()[:-1]
    )[::2]
    readings = [
        means(sums(1 / (1 + np.exp(-margin))), first, stop),
        means(sums(margin), first, stop),
        maximum,
        means(score_sums, first, stop) - outer,
    ]
    return np.column_stack([edges[first], edges[stop]]), np.column_stack(readings)


def measure(
    sizes: Sequence[tuple[int, int]] = SIZES, foreground: Sequence[float] = FOREGROUND
) -> Iterator[Timing]:
    """Timings of each size and share of foreground; raises if NumPy finds anything else."""
    for T, C in sizes:
        for share in foreground:
            scores = smooth_scores(T, C, share, np.random.default_rng(0))
            threshold, edges = np.zeros(T, np.float32), np.arange(T + 1, dtype=np.float64) * 0.64
            classes, copy = np.arange(C), np.empty_like(scores)

            extract = partial(
                extract_segments, scores, threshold, edges, classes, boundary="snippet"
            )
            extract_sets = partial(
                extract_level_sets, scores, threshold, edges, classes, boundary="snippet"
            )
            runs = extract()
            segments, readings = numpy_segments(scores, threshold, edges)
            found = (runs.mean_probability, runs.mean_margin, runs.maximum_score, runs.contrast)
            np.testing.assert_array_equal(runs.segments, segments)
            np.testing.assert_allclose(np.column_stack(found), readings, rtol=0, atol=2e-6)
            yield Timing(
                T,
                C,
                float((scores > 0).mean()),
                len(runs),
                float(np.diff(runs.snippets).mean()),
                _median(partial(np.copyto, copy, scores)),
                _median(extract),
                _median(partial(numpy_segments, scores, threshold, edges), rounds=1),
                len(extract_sets()),
                _median(extract_sets),
            )


def _median(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Seconds of this thread on its core."""

    def seconds() -> float:
        start = time.thread_time()
        work()
        return time.thread_time() - start

    return statistics.median(seconds() for _ in range(rounds))


def report() -> None:
    """Print the table."""
    print(HEADER)
    for timing in measure():
        print(timing, flush=True)


def main() -> None:
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    report()


if __name__ == "__main__":
    main()
