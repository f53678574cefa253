"""Curves as points: which snippets draw them, and where lines cross."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lpat.types import Float64Array, Int64Array, Scores

FAR = 3.0
"""Spans of the rest from which on a few snippets' values are off the axis."""

FEW_SNIPPETS = 0.02
"""Share of the snippets that are few, if they aren't three at most."""


def robust_range(lowest: Float64Array, highest: Float64Array) -> tuple[float, float]:
    """Range of the values' axis, of each snippet's lowest and highest value (T,), at least one.

    It holds them all, unless those of a few snippets lie so far off that the rest would be flat:
    then half a span more than the rest's, on that side.
    """
    low, high = float(lowest.min()), float(highest.max())
    few = min(max(3, int(np.ceil(FEW_SNIPPETS * len(lowest)))), len(lowest) // 4)
    bottom = float(np.partition(lowest, few)[few])
    top = -float(np.partition(-highest, few)[few])
    span = top - bottom
    if span > 0:
        low = low if bottom - low <= FAR * span else bottom - span / 2
        high = high if high - top <= FAR * span else top + span / 2
    return low, high


def spans_beyond(values: Float64Array, bound: float) -> list[tuple[int, int]]:
    """Runs [first, stop) of snippets whose values (T,) are above a bound."""
    beyond = np.concatenate([[0], values > bound, [0]]).astype(np.int8)
    borders = np.flatnonzero(np.diff(beyond)).reshape(-1, 2)
    return [(int(first), int(stop)) for first, stop in borders]


def value_range(scores: Scores, curves: list[int]) -> tuple[float, float]:
    """Lowest and highest score of the panel, a little beyond what is drawn."""
    values = np.column_stack((scores.background, scores.scores[:, curves])).astype(np.float64)
    low, high = robust_range(values.min(axis=1), values.max(axis=1))
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def extremes(columns: int, *curves: Float64Array) -> Int64Array:
    """Snippets that draw the curves: all of them, or each column's lowest and highest points."""
    count = len(curves[0])
    if count <= 2 * columns:
        return np.arange(count)
    borders = np.linspace(0, count, columns + 1).astype(int)
    kept = {0, count - 1}
    for first, last in pairwise(borders):
        for curve in curves:
            kept |= {
                first + int(curve[first:last].argmin()),
                first + int(curve[first:last].argmax()),
            }
    return np.array(sorted(kept))


def samples(
    edges: Float64Array, kept: Int64Array, values: Float64Array
) -> tuple[Float64Array, Float64Array]:
    """Seconds and values of the kept snippets' middles, and flat on to both ends."""
    middles = (edges[:-1] + edges[1:])[kept] / 2
    seconds = np.concatenate((edges[:1], middles, edges[-1:]))
    return seconds, values[np.concatenate((kept[:1], kept, kept[-1:]))]


def with_crossings(
    seconds: Float64Array, above: Float64Array, threshold: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Two lines, with a point of both added wherever they cross."""
    margin = above - threshold
    before = np.flatnonzero(margin[:-1] * margin[1:] < 0)
    share = margin[before] / (margin[before] - margin[before + 1])

    def at_crossing(values: Float64Array) -> Float64Array:
        return values[before] + share * (values[before + 1] - values[before])

    level = at_crossing(threshold)
    return (
        np.insert(seconds, before + 1, at_crossing(seconds)),
        np.insert(above, before + 1, level),
        np.insert(threshold, before + 1, level),
    )
