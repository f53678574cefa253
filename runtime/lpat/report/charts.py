"""Charts as SVG: curves over two axes, and bars of parts. Their colours are those of the page.

No meaning is told by colour alone: curves differ by their dashes, and parts of bars carry their
figures and stand in the order of the legend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lpat.report.svg import element
from lpat.types import Float64Array

MOST_CURVES = 6  # the page has as many colours and dashes
MOST_LETTERS = 26  # of a name in a legend


@dataclass(frozen=True, eq=False)
class Curve:
    """Points (N,) joined by lines, left to right."""

    name: str
    x: Float64Array
    y: Float64Array


@dataclass(frozen=True)
class Axis:
    """A labelled range, marked at some values."""

    label: str
    low: float
    high: float
    marks: Sequence[float]

    def places(self, values: Float64Array, start: float, end: float) -> Float64Array:
        """Where values lie between two pixels; those beyond the range, at its end."""
        share = (np.clip(values, self.low, self.high) - self.low) / (self.high - self.low)
        return start + share * (end - start)


@dataclass(frozen=True)
class Bar:
    """A row of parts, a value each; `note` stands at its end."""

    label: str
    values: Sequence[float]
    note: str = ""


def percent_axis(label: str) -> Axis:
    """An axis from 0 to 100, marked by fifths."""
    return Axis(label, 0, 100, (0, 20, 40, 60, 80, 100))


def curve_chart_svg(
    curves: Sequence[Curve], x: Axis, y: Axis, *, width: int = 988, height: int = 360
) -> str:
    """Curves, at most `MOST_CURVES`, with a legend to their right."""
    if not 0 < len(curves) <= MOST_CURVES:
        raise ValueError(f"expected 1 to {MOST_CURVES} curves, not {len(curves)}")
    left, right, top, bottom = 62, width - 260, 18, height - 50
    parts = [_opened(f"{y.label} over {x.label}", width, height)]
    for mark, place in zip(y.marks, y.places(np.array(y.marks), bottom, top), strict=True):
        parts.append(f'<path class="level" d="M{left},{place:.1f}H{right}"/>')
        parts.append(f'<text class="end" x="{left - 8}" y="{place + 4:.1f}">{mark:g}</text>')
    for mark, place in zip(x.marks, x.places(np.array(x.marks), left, right), strict=True):
        parts.append(f'<path class="level" d="M{place:.1f},{top}V{bottom}"/>')
        parts.append(f'<text class="middle" x="{place:.1f}" y="{bottom + 18}">{mark:g}</text>')
    parts.append(f'<path class="axis" d="M{left},{top}V{bottom}H{right}"/>')
    middle = (left + right) / 2
    parts.append(
        element('<text class="middle" x="{}" y="{}">{}</text>', middle, height - 12, x.label)
    )
    centre = (top + bottom) / 2
    parts.append(
        element(
            '<text class="middle" transform="translate(18 {}) rotate(-90)">{}</text>',
            centre,
            y.label,
        )
    )
    for number, curve in enumerate(curves):
        points = _points(curve, x, y, (left, right, top, bottom))
        line = top + 14 + 24 * number
        parts.append(f'<path class="line k{number}" d="M{points}"/>')
        parts.append(f'<path class="line k{number}" d="M{right + 20},{line - 4}h34"/>')
        parts.append(
            element(
                '<text class="name" x="{}" y="{}">{}</text>', right + 62, line, _short(curve.name)
            )
        )
    return "\n".join(parts) + "\n</svg>"


def small_curve_svg(curve: Curve, x: Axis, y: Axis, note: str) -> str:
    """One curve under its name and a note, small enough for many to stand side by side."""
    width, height, left, right, top, bottom = 188, 184, 34, 176, 52, 160
    parts = [
        _opened(f"{curve.name}: {y.label} over {x.label}", width, height),
        element('<text class="strong" x="10" y="20">{}</text>', _short(curve.name)),
        element('<text x="10" y="36">{}</text>', note),
    ]
    for mark in (y.low, (y.low + y.high) / 2, y.high):
        place = y.places(np.array(mark), bottom, top)
        parts.append(f'<path class="level" d="M{left},{place:.1f}H{right}"/>')
        parts.append(f'<text class="end" x="{left - 5}" y="{place + 4:.1f}">{mark:g}</text>')
    for mark, side in ((x.low, ""), (x.high, ' class="end"')):
        place = x.places(np.array(mark), left, right)
        parts.append(f'<text{side} x="{place:.1f}" y="{bottom + 15}">{mark:g}</text>')
    points = _points(curve, x, y, (left, right, top, bottom))
    parts.append(f'<path class="axis" d="M{left},{top}V{bottom}H{right}"/>')
    parts.append(f'<path class="line k0" d="M{points}"/>')
    return "\n".join(parts) + "\n</svg>"


def bar_chart_svg(
    bars: Sequence[Bar],
    names: Sequence[str],
    *,
    label: str,
    colours: Sequence[int] | None = None,
    whole: float | None = None,
    width: int = 988,
) -> str:
    """A row for each bar, its parts end to end, each with its share if there is room.

    A bar's parts are shares of its sum; with `whole` they are lengths out of that, and carry no
    figure, so the note should. `names` are those of the parts, and `colours` their numbers on the
    page; a single part needs no legend.
    """
    colours = range(len(names)) if colours is None else colours
    row, left, right = 28, 188, width - 144
    legend = len(names) > 1
    top = 38 if legend else 12
    parts = [_opened(label, width, top + row * len(bars) + 6)]
    if legend:
        parts.extend(_legend(names, colours, left))
    for number, bar in enumerate(bars):
        y = top + row * number
        parts.append(
            element(
                '<text class="name end" x="{}" y="{}">{}</text>',
                left - 10,
                y + 16,
                _short(bar.label),
            )
        )
        total = whole if whole is not None else sum(bar.values)
        start = float(left)
        for name, colour, value in zip(names, colours, bar.values, strict=True):
            if not (total > 0 and value > 0):
                continue
            length = value / total * (right - left)
            parts.append(
                f'<rect class="piece f{colour}" x="{start:.1f}" y="{y}" width="{length:.1f}" '
                f'height="{row - 6}">{element("<title>{}: {:g}</title>", name, value)}</rect>'
            )
            if whole is None and length >= 30:
                share = f"{100 * value / total:.0f}%"
                parts.append(
                    f'<text class="share" x="{start + length / 2:.1f}" y="{y + 15}">{share}</text>'
                )
            start += length
        end = right if whole is None else start
        parts.append(element('<text x="{:.1f}" y="{}">{}</text>', end + 10, y + 16, bar.note))
    return "\n".join(parts) + "\n</svg>"


def _opened(label: str, width: int, height: int) -> str:
    return element(
        '<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" width="{width}" '
        'height="{height}" viewBox="0 0 {width} {height}" aria-label="{label}">',
        width=width,
        height=height,
        label=label,
    )


def _points(curve: Curve, x: Axis, y: Axis, frame: tuple[int, int, int, int]) -> str:
    """The curve within the frame's left, right, top and bottom."""
    left, right, top, bottom = frame
    across, down = x.places(curve.x, left, right), y.places(curve.y, bottom, top)
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(across, down, strict=True))


def _legend(names: Sequence[str], colours: Sequence[int], left: int) -> Iterator[str]:
    """A square and a name for each part, side by side."""
    place = float(left)
    for name, colour in zip(names, colours, strict=True):
        yield f'<rect class="f{colour}" x="{place:.0f}" y="11" width="12" height="12"/>'
        yield element('<text class="name" x="{:.0f}" y="21">{}</text>', place + 17, name)
        place += 38 + 6.7 * len(name)


def _short(name: str) -> str:
    """A name with at most `MOST_LETTERS` letters."""
    return name if len(name) <= MOST_LETTERS else name[: MOST_LETTERS - 1] + "…"
