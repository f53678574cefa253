"""The numbers behind the curves, at every resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lpat.report.curves import robust_range
from lpat.segments.detect import manual_threshold
from lpat.segments.post_processing import Threshold
from lpat.types import Float32Array, Float64Array, Scores
from lpat_viewer.models.display import Curves


@dataclass(frozen=True, eq=False)
class Level:
    """Least and greatest values (C, blocks) of `step` snippets each; the last may have fewer."""

    step: int
    minima: Float32Array
    maxima: Float32Array


class Pyramid:
    """Levels of blocks of 1, 2, 4, ... snippets over `values` (C, T), T of which may be none.

    Blocks begin at the first snippet on every level, so what is drawn doesn't flicker as it moves.
    """

    def __init__(self, values: Float32Array) -> None:
        self.values = values
        self._levels = {1: Level(1, values, values)}

    def level(self, step: int) -> Level:
        """The finest level whose blocks have at least `step` snippets, or the coarsest."""
        coarsest = 1 << max(self.values.shape[1] - 1, 0).bit_length()
        step = min(1 << (step - 1).bit_length(), coarsest)
        if step not in self._levels:
            finer = self._levels[max(known for known in self._levels if known < step)]
            self._levels[step] = _merged(finer, step // finer.step)
        return self._levels[step]


def _merged(level: Level, count: int) -> Level:
    """The level whose blocks are `count` of this one's, straight from it."""
    minima, maxima = (
        _merged_blocks(extreme, values, count)
        for extreme, values in ((np.minimum, level.minima), (np.maximum, level.maxima))
    )
    return Level(count * level.step, minima, maxima)


def _merged_blocks(extreme: np.ufunc, values: Float32Array, count: int) -> Float32Array:
    classes, whole = len(values), values.shape[1] // count
    merged = np.empty((-(-values.shape[1] // count), classes), np.float32)
    blocks = values.T[: whole * count].reshape(whole, count, classes)
    merged[:whole] = blocks[:, 0]
    for number in range(1, count):  # much quicker than to reduce along the axis
        extreme(merged[:whole], blocks[:, number], out=merged[:whole])
    if len(merged) > whole:
        extreme.reduce(values.T[whole * count :], axis=0, out=merged[whole])
    return merged.T


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
        return float(self.lowest.min()), float(self.highest.max())

    @cached_property
    def highest(self) -> Float64Array:
        """The greatest (T,) of each snippet's values and thresholds."""
        most = self.thresholds.max(axis=0)
        return (np.maximum(self.envelope, most) if len(self) else most).astype(np.float64)

    @cached_property
    def lowest(self) -> Float64Array:
        """The least (T,) of each snippet's values and thresholds."""
        least = self.thresholds.min(axis=0)
        return (np.minimum(self.values.min(axis=0), least) if len(self) else least).astype(
            np.float64
        )

    @cached_property
    def axis_range(self) -> tuple[float, float]:
        """What of the values the axis shows: all, but for a few that would make the rest flat."""
        if self.values.size == 0:
            return self.extremes
        return robust_range(self.lowest, self.highest)

    @property
    def cut(self) -> tuple[float | None, float | None]:
        """The least value and the greatest, where the axis doesn't reach them, or None."""
        (low, high), (least, greatest) = self.axis_range, self.extremes
        return least if least < low else None, greatest if greatest > high else None

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
    # In memory the classes of a snippet stay beside each other, which is quicker to go through.
    numbers = np.array([columns[label] for label in known], np.intp)
    values = np.take(scores.scores, numbers, axis=1).astype(np.float32, copy=False).T
    if threshold == "predicted":
        thresholds = np.asarray(scores.background, np.float32)[None]
    else:
        thresholds = np.ascontiguousarray(manual_threshold(values.T).T)
    if curves == "scores":
        return CurveSet(name, known, scores.edges, values, thresholds, values, thresholds)
    zero = np.zeros((1, values.shape[1]), np.float32)
    return CurveSet(name, known, scores.edges, values - thresholds, zero, values, thresholds)
