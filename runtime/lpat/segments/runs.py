"""Runs of snippets above the threshold, found while the snippets come one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpat.segments.post_processing import Boundary
from lpat.types import BoolArray, Float32Array, Float64Array, Int64Array


@dataclass(frozen=True, eq=False)
class ClosedRuns:
    """Runs that have ended, as parallel arrays of length N; what `lpat.core.Runs` says of them."""

    classes: Int64Array
    segments: Float64Array  # (N, 2) [start, end) in seconds
    mean_probability: Float64Array
    mean_margin: Float64Array
    maximum_score: Float64Array

    @property
    def contrast(self) -> Float64Array:
        """The mean margin: what follows a run isn't known yet, so the threshold stands in."""
        return self.mean_margin

    def __len__(self) -> int:
        return len(self.classes)


class OpenRuns:
    """The runs of each class that have begun and not yet ended.

    What `extract_segments` finds of a whole video comes out run by run, each with the first snippet
    that isn't part of it. What is kept doesn't grow: a run is its sums, however long it lasts.
    """

    def __init__(self, classes: int, boundary: Boundary, minimum_snippets: int) -> None:
        self._crosses = boundary == "crossing"
        self._minimum_snippets = minimum_snippets
        self._edge = 0.0  # where the next snippet begins, in seconds
        self._centre = 0.0  # of the last snippet
        self._margin: Float64Array | None = None  # (C,) of the last snippet
        self._lengths = np.zeros(classes, np.int64)  # snippets of the open run, 0 where none is
        self._starts = np.zeros(classes)
        self._gates = np.zeros(classes)  # sum of sigmoid(margin)
        self._margins = np.zeros(classes)
        self._maxima = np.full(classes, -np.inf)

    def step(self, scores: Float32Array, background: float, end: float) -> ClosedRuns:
        """Take the next snippet, which ends at `end`: the runs of the snippets before it that end.

        `scores` are (C,). The runs are in the order of their classes.
        """
        margin = scores.astype(np.float64) - background
        centre = (self._edge + end) / 2
        above, before = margin > 0, self._lengths > 0
        borders = self._borders(margin, centre)
        closed = self._closed(before & ~above, borders)
        self._starts = np.where(above & ~before, borders, self._starts)
        self._lengths = np.where(above, self._lengths + 1, 0)
        self._gates = np.where(above, self._gates + 1 / (1 + np.exp(-np.maximum(margin, 0))), 0.0)
        self._margins = np.where(above, self._margins + margin, 0.0)
        self._maxima = np.where(above, np.maximum(self._maxima, scores), -np.inf)
        self._edge, self._centre, self._margin = end, centre, margin
        return closed

    @property
    def open(self) -> dict[int, float]:
        """The classes of runs that haven't ended, and where they begin, in seconds.

        Runs that are still too short to count are left out.
        """
        classes = np.flatnonzero(self._lengths >= max(self._minimum_snippets, 1))
        return {int(number): float(self._starts[number]) for number in classes}

    def finish(self) -> ClosedRuns:
        """The runs that the end of the video ends."""
        return self._closed(self._lengths > 0, np.full(len(self._lengths), self._edge))

    def _borders(self, margin: Float64Array, centre: float) -> Float64Array:
        """Where (C,) a run that begins or ends between the last snippet and the next does so."""
        if not self._crosses or self._margin is None:
            return np.full(len(margin), self._edge)
        before, after = np.abs(self._margin), np.abs(margin)
        total = before + after
        share = np.divide(before, total, out=np.zeros_like(total), where=total > 0)
        return self._centre + (centre - self._centre) * share

    def _closed(self, ends_now: BoolArray, ends: Float64Array) -> ClosedRuns:
        long_enough = self._lengths >= self._minimum_snippets
        classes = np.flatnonzero(ends_now & long_enough & (self._starts < ends))
        lengths = self._lengths[classes]
        return ClosedRuns(
            classes,
            np.stack([self._starts[classes], ends[classes]], axis=1),
            self._gates[classes] / lengths,
            self._margins[classes] / lengths,
            self._maxima[classes],
        )
