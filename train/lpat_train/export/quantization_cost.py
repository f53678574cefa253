"""What a network of reduced precision costs in accuracy, and gains in size and speed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lpat.annotations.reading import VideoAnnotation
from lpat.core import best_overlaps
from lpat.errors import UsageError
from lpat.evaluation.average_precision import evaluate
from lpat.model.model import Model
from lpat.segments.detect import detect
from lpat.types import Detections, Features, Float64Array, Scores

Videos = Callable[[], Iterator[tuple[str, Features]]]
"""Names and features of videos, from the first to the last whenever it is called."""

TIOUS = (0.5, 0.9)
_MEAN_TIOUS = np.linspace(0.1, 0.7, 7)
_ROUNDS = 5
_TIMED_SNIPPETS = 2000


@dataclass(frozen=True)
class Cost:
    """One network beside another of float32, on the same videos."""

    videos: int
    snippets: int
    scores: float  # largest differences
    background: float
    probabilities: float
    deviation: float  # of scores and background from float32, in their own standard deviations
    detections: int
    kept: tuple[float, ...]  # share of float32's detections that are there at each of TIOUS
    mean_average_precisions: tuple[float, float] | None  # float32's, and this one's
    size_ratio: float
    speed_ratio: float  # how many times as fast on this machine's CPU

    def lines(self) -> list[str]:
        """The cost in words, for the terminal."""
        kept = ", ".join(
            f"{share:.1%} at tIoU {tiou:g}" for share, tiou in zip(self.kept, TIOUS, strict=True)
        )
        lines = [
            f"beside float32, on {self.snippets} snippets of {self.videos} videos:",
            f"  largest differences: scores {self.scores:.2g}, background {self.background:.2g}, "
            f"probabilities {self.probabilities:.2g}; usual one {self.deviation:.2%} of the "
            "scores' deviation",
            f"  of {self.detections} detections stay {kept}",
        ]
        if self.mean_average_precisions is not None:
            before, after = self.mean_average_precisions
            lines.append(f"  mAP (tIoU 0.1 to 0.7): {before:.1%} -> {after:.1%}")
        lines.append(
            f"  {self.size_ratio:.2f} of the size, {self.speed_ratio:.2f} times as fast on this CPU"
        )
        return lines


def cost_of(
    reduced: Model,
    full: Model,
    videos: Videos,
    truth: Sequence[VideoAnnotation] | None = None,
) -> Cost:
    """The cost of `reduced` beside `full` on the videos, and by the `truth` of some of them.

    Raises:
        ModelError: scores that aren't finite, or features that don't fit.
        UsageError: none of the videos is in the truth.
        AnnotationError: the truth has no segment times.
    """
    differences = _Differences()
    results: tuple[dict[str, Detections], dict[str, Detections]] = ({}, {})
    kept = []
    for name, features in videos():
        expected, found = full.score(features), reduced.score(features)
        differences.add(expected, found)
        for scores, by_name in zip((expected, found), results, strict=True):
            by_name[name] = detect(scores, full.metadata.post_processing)
        kept.append(kept_detections(results[0][name], results[1][name]))
    precisions = None
    if truth is not None:
        judged = [video for video in truth if video.name in results[0]]
        if not judged:
            raise UsageError("annotations: expected some of the videos, but none is in them")
        before, after = (
            float(evaluate(judged, result, tious=_MEAN_TIOUS).average) for result in results
        )
        precisions = (before, after)
    detections = sum(map(len, results[0].values()))
    counts = np.sum(kept, axis=0)
    scores, background, probabilities = differences.largest
    return Cost(
        len(kept),
        differences.snippets,
        float(scores),
        float(background),
        float(probabilities),
        differences.deviation,
        detections,
        tuple((counts / detections).tolist()) if detections else (1.0,) * len(TIOUS),
        precisions,
        reduced.path.stat().st_size / full.path.stat().st_size,
        _speed_ratio(reduced, full),
    )


class _Differences:
    """Differences of one network's outputs from another's, summed up video by video."""

    def __init__(self) -> None:
        self.snippets = 0
        self.largest = np.zeros(3)
        self._sums = np.zeros((2, 4))  # count, sum, squares, squared differences

    def add(self, expected: Scores, found: Scores) -> None:
        """Take one video's in."""
        names = ("scores", "background", "probabilities")
        pairs = [(getattr(expected, name), getattr(found, name)) for name in names]
        self.snippets += len(expected.background)
        self.largest = np.maximum(self.largest, [np.abs(a - b).max() for a, b in pairs])
        for index, (a, b) in enumerate(pairs[:2]):
            squares = [np.square(values, dtype=np.float64).sum() for values in (a, a - b)]
            self._sums[index] += (a.size, a.sum(dtype=np.float64), *squares)

    @property
    def deviation(self) -> float:
        """Root mean squared difference in standard deviations, of scores or background."""
        count, total, squares, differences = self._sums.T
        spread = np.sqrt(np.maximum(squares / count - (total / count) ** 2, 1e-12))
        return float((np.sqrt(differences / count) / spread).max())


def kept_detections(expected: Detections, found: Detections) -> Float64Array:
    """How many detections have one of their class among the found, at each of TIOUS."""
    overlaps, _ = best_overlaps(
        detection_videos=np.zeros(len(expected), np.int64),
        detection_classes=expected.labels,
        detection_segments=expected.segments,
        truth_videos=np.zeros(len(found), np.int64),
        truth_classes=found.labels,
        truth_segments=found.segments,
        lowest_tiou=min(TIOUS),
        snippets_per_second=None,
    )
    return np.array([(overlaps[:, 0] >= tiou).sum() for tiou in TIOUS], np.float64)


def _speed_ratio(reduced: Model, full: Model) -> float:
    """How many times as fast one is as the other, in turns, on random features."""
    spec = full.metadata.features
    values = np.random.default_rng(0).standard_normal((_TIMED_SNIPPETS, spec.dimension))
    inputs = {"features": values.astype(np.float32)[None]}
    seconds: dict[Model, list[float]] = {reduced: [], full: []}
    for _ in range(_ROUNDS):
        for localizer, times in seconds.items():
            start = time.perf_counter()
            localizer.session.run(["scores"], inputs)
            times.append(time.perf_counter() - start)
    return statistics.median(seconds[full]) / statistics.median(seconds[reduced])
