"""The numbers behind the curves: which classes, against which threshold, at which times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lpat.segments.detect import manual_threshold
from lpat.segments.post_processing import Threshold
from lpat.types import Float32Array, Float64Array, Scores
from lpat_viewer.models.display import Curves
from lpat_viewer.timeline.pyramid import Pyramid


@dataclass(frozen=True, eq=False)
class CurveSet:
    """Curves of some classes of a layer, K of C, as they are displayed.

    Attributes:
        name: the layer's.
        edges: borders (T + 1,) of the snippets' times; a value is drawn at its snippet's centre.
        values: scores (K, T), or their difference to the threshold.
        thresholds: what the values are held against, (1, T) for all classes or (K, T) for each;
            zeros in place of what the difference was taken to.
        scores: the scores themselves (K, T).
        score_thresholds: what they are held against, (1, T) or (K, T).
    """

    name: str
    labels: tuple[str, ...]
    edges: Float64Array
    values: Float32Array
    thresholds: Float32Array
    scores: Float32Array
    score_thresholds: Float32Array

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def snippets(self) -> int:
        """T, their number."""
        return self.values.shape[1]

    @cached_property
    def pyramid(self) -> Pyramid:
        """The values at many resolutions."""
        return Pyramid(self.values)

    @cached_property
    def threshold_pyramid(self) -> Pyramid:
        """The thresholds at many resolutions."""
        return Pyramid(self.thresholds)

    @cached_property
    def envelope(self) -> Float32Array:
        """The greatest value (T,) of any class; there must be one."""
        return self.values.max(axis=0)

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """The least and greatest of values and thresholds; (0, 1) without any."""
        if self.values.size == 0:
            return 0.0, 1.0
        both = (self.values, self.thresholds)
        return min(float(v.min()) for v in both), max(float(v.max()) for v in both)

    def threshold_of(self, number: int) -> Float32Array:
        """The threshold (T,) of a class, by its place among the labels."""
        return self.thresholds[min(number, len(self.thresholds) - 1)]

    def snippet_at(self, time: float) -> int | None:
        """The snippet that a time lies in."""
        number = int(np.searchsorted(self.edges, time, side="right")) - 1
        return number if 0 <= number < self.snippets else None

    def nearest(self, snippet: int, value: float) -> int:
        """The class whose value at a snippet is nearest to one; there must be a class."""
        return int(np.abs(self.values[:, snippet] - value).argmin())

    def reading(self, number: int, snippet: int) -> tuple[float, float]:
        """Score and threshold of a class at a snippet."""
        row = min(number, len(self.score_thresholds) - 1)
        return float(self.scores[number, snippet]), float(self.score_thresholds[row, snippet])


def curve_set(
    name: str, scores: Scores, labels: Sequence[str], curves: Curves, threshold: Threshold
) -> CurveSet:
    """Curves of those of the classes that the scores know, in the order of `labels`."""
    columns = {label: number for number, label in enumerate(scores.classes)}
    known = tuple(label for label in labels if label in columns)
    rows = scores.scores.T[[columns[label] for label in known]]
    values = np.ascontiguousarray(rows, np.float32)
    if threshold == "predicted":
        thresholds = np.asarray(scores.background, np.float32)[None]
    else:
        thresholds = np.ascontiguousarray(manual_threshold(values.T).T)
    if curves == "scores":
        return CurveSet(name, known, scores.edges, values, thresholds, values, thresholds)
    zero = np.zeros((1, values.shape[1]), np.float32)
    return CurveSet(name, known, scores.edges, values - thresholds, zero, values, thresholds)
