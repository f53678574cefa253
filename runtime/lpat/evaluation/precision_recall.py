"""Precision over recall, for each class and threshold, by the matching that gives the AP."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpat.evaluation.matching import Matching
from lpat.types import BoolArray, Float64Array, Int64Array

LEVELS = 101
"""Recall levels at which classes are averaged: 0, 0.01, ..., 1."""


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision and recall at each true detection of a class, best first.

    Where the protocol interpolates, the precision is the best at that recall or beyond. Its sum
    over the class's truths is the average precision. Axis F: true detection.
    """

    recall: Float64Array  # (F,)
    precision: Float64Array  # (F,)


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurves:
    """Curves of each class at each threshold, as they are and at fixed recall levels.

    At a level, precision is that at the first true detection that reaches it; 0 beyond the last.
    """

    tious: Float64Array  # (K,)
    classes: tuple[str, ...]  # (C,)
    curves: tuple[tuple[PrecisionRecall, ...], ...]  # [K][C]
    at_levels: Float64Array  # (K, C, LEVELS)
    counted: BoolArray  # (C,) classes that the mean is over

    @property
    def levels(self) -> Float64Array:
        """Recall (LEVELS,) at which precisions are given."""
        return np.linspace(0, 1, LEVELS)

    @property
    def mean(self) -> Float64Array:
        """Mean precision (K, LEVELS) over the classes that the protocol counts."""
        if not self.counted.any():
            return np.zeros((len(self.tious), LEVELS))
        return self.at_levels[:, self.counted].mean(axis=1)


def precision_recall_curves(matching: Matching, tious: Float64Array) -> PrecisionRecallCurves:
    """Precision over recall of each class at each of `tious` (K,), by the protocol's matching."""
    truths = matching.truth_counts
    curves = tuple(
        tuple(
            _curve(ranks, int(count), matching.options.interpolated)
            for ranks, count in zip(_ranks_of_true(matching, matches), truths, strict=True)
        )
        for matches in matching.matches(tious)
    )
    at_levels = np.array(
        [
            [_at_levels(curve, int(n)) for curve, n in zip(at_threshold, truths, strict=True)]
            for at_threshold in curves
        ]
    )
    counted = (matching.detection_counts > 0) | (matching.options.empty_class == "zero")
    return PrecisionRecallCurves(tious, matching.classes, curves, at_levels, counted)


def _ranks_of_true(matching: Matching, matches: Int64Array) -> list[Int64Array]:
    """Ranks of the true detections of each class, ascending."""
    true = matches >= 0
    classes, ranks = matching.detections.classes[true], matching.ranks(matches)[true]
    order = np.lexsort((ranks, classes))
    borders = np.searchsorted(classes[order], np.arange(1, len(matching.classes)))
    return np.split(ranks[order], borders)


def _curve(ranks: Int64Array, truths: int, interpolated: bool) -> PrecisionRecall:
    found = np.arange(1, len(ranks) + 1)
    precision = found / (ranks + 1)
    if interpolated:
        precision = np.maximum.accumulate(precision[::-1])[::-1]
    return PrecisionRecall(found / truths, precision)


def _at_levels(curve: PrecisionRecall, truths: int) -> Float64Array:
    """Precision (LEVELS,) at the first true detection that reaches each recall level."""
    hundredths = np.arange(LEVELS) * truths
    needed = np.maximum(-(-hundredths // (LEVELS - 1)), 1)  # true detections, rounded up
    reached = needed <= len(curve.precision)
    precision = np.zeros(LEVELS)
    precision[reached] = curve.precision[needed[reached] - 1]
    return precision
