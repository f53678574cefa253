"""The panel of curves in a timeline: class scores, the threshold, and the area between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lpat.types import Float64Array, Int64Array, Scores

COLOURS = (
    # Light page, dark page; after Okabe and Ito, told apart by colour-blind readers too.
    ("#0072b2", "#56a8e0"),
    ("#d55e00", "#f0803c"),
    ("#009e73", "#2cc295"),
    ("#b5478c", "#e08cc0"),
    ("#b8860b", "#e6b422"),
    ("#2f9fc9", "#8fd3f0"),
    ("#6a51a3", "#a993e0"),
    ("#7a6a53", "#b8a78c"),
)
LEFT, RIGHT, TOP, CURVE_HEIGHT = 84, 14, 36, 150
PIXELS_PER_COLUMN = 3  # of a long video's curve, each drawn by its extremes


@dataclass(frozen=True)
class Frame:
    """Where seconds and scores lie in the picture."""

    width: int
    duration: float
    low: float
    high: float

    def x(self, seconds: Float64Array | float) -> Float64Array:
        """Horizontal places; times outside the video lie on its border."""
        share = np.clip(np.asarray(seconds, np.float64) / self.duration, 0, 1)
        return LEFT + share * (self.width - LEFT - RIGHT)

    def y(self, values: Float64Array | float) -> Float64Array:
        """Vertical places in the panel of curves."""
        share = (np.asarray(values, np.float64) - self.low) / (self.high - self.low)
        return TOP + CURVE_HEIGHT * (1 - share)


def colour_class(index: int | None) -> str:
    """Name of the style that carries a class's colour; None stands for no known class."""
    return "c-other" if index is None else f"c{index % len(COLOURS)}"


def value_range(scores: Scores, curves: list[int]) -> tuple[float, float]:
    """Lowest and highest score of the panel, a little beyond what is drawn."""
    values = np.concatenate((scores.background, scores.scores[:, curves].ravel()))
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 1.0
    return low - margin, high + margin


def draw_curves(scores: Scores, curves: list[int], frame: Frame) -> Iterator[str]:
    """Shaded areas, then a curve for each class, then the threshold on top of all."""
    background = scores.background.astype(np.float64)
    columns = max((frame.width - LEFT - RIGHT) // PIXELS_PER_COLUMN, 1)
    for index in reversed(curves):
        score = scores.scores[:, index].astype(np.float64)
        kept = extremes(columns, score, score - background)
        seconds, above = samples(scores.edges, kept, score)
        _, threshold = samples(scores.edges, kept, background)
        shade = _shade(seconds, above, threshold, frame)
        if shade:
            yield f'<path class="shade {colour_class(index)}" d="{shade}"/>'
        dashes = " again" if index >= len(COLOURS) else ""
        line = _polyline(frame.x(seconds), frame.y(above))
        yield f'<path class="score {colour_class(index)}{dashes}" d="M{line}"/>'
    seconds, threshold = samples(scores.edges, extremes(columns, background), background)
    dense = " dense" if len(seconds) > columns else ""
    yield f'<path class="threshold{dense}" d="M{_polyline(frame.x(seconds), frame.y(threshold))}"/>'


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


def _shade(
    seconds: Float64Array, above: Float64Array, threshold: Float64Array, frame: Frame
) -> str:
    """Path around the areas in which one line lies above the other, "" if there are none."""
    seconds, above, threshold = with_crossings(seconds, above, threshold)
    inside = above >= threshold
    # Only runs with some height count, not single points where the lines touch.
    steps = np.flatnonzero(np.diff(np.concatenate(([0], inside.astype(int), [0]))))
    paths = []
    for first, last in steps.reshape(-1, 2):
        if (above[first:last] > threshold[first:last]).any():
            x = frame.x(seconds[first:last])
            there = _polyline(x, frame.y(above[first:last]))
            back = _polyline(x[::-1], frame.y(threshold[first:last][::-1]))
            paths.append(f"M{there} {back}Z")
    return "".join(paths)


def with_crossings(
    seconds: Float64Array, above: Float64Array, threshold: Float64Array
) -> tuple[Float64Array, Float64Array, Float64Array]:
    """The same lines with a point of both added wherever they cross."""
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


def _polyline(x: Float64Array, y: Float64Array) -> str:
    """Points of a path, to a tenth of a pixel."""
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
