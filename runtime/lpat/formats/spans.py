"""What formats without fractions of their unit write: whole units, in order of time, in lanes."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from lpat.types import Detections

MILLISECONDS = Fraction(1000)
"""In a second: the unit of everything that isn't counted in frames."""

_NO_XML = "\ufffe\uffff"  # beside control characters, these can't be written in XML


@dataclass(frozen=True, order=True)
class Span:
    """A detection in whole units, [start, end); its label is one line of visible text."""

    start: int
    end: int
    label: str
    score: float


def spans(detections: Detections, units_per_second: Fraction, start: float = 0.0) -> list[Span]:
    """Detections in order of time, rounded to the nearest unit; none is shorter than one.

    `start` is when the first picture comes, in seconds of the clock that the units count.
    """
    labels = [one_line(label) for label in detections.classes]
    origin, found = Fraction(start), []
    for segment, label, score in zip(
        detections.segments.tolist(),
        detections.labels.tolist(),
        detections.scores.tolist(),
        strict=True,
    ):
        times = (Fraction(time) + origin for time in segment)
        first, last = (_nearest(time * units_per_second) for time in times)
        found.append(Span(first, max(last, first + 1), labels[label], float(f"{score:.6g}")))
    return sorted(found)


def lanes(found: Iterable[Span]) -> Mapping[str, list[Span]]:
    """Spans of each label, by label, in lanes in which none overlaps another.

    The first lane of a label has its name; `jump (2)` holds what overlaps spans in `jump`.
    """
    rows: dict[str, list[list[Span]]] = {}
    for span in sorted(found):
        mine = rows.setdefault(span.label, [])
        free = next((lane for lane in mine if lane[-1].end <= span.start), None)
        if free is None:
            mine.append([span])
        else:
            free.append(span)
    named: dict[str, list[Span]] = {}
    for label in sorted(rows):
        for number, lane in enumerate(rows[label], 1):
            name = label if number == 1 else f"{label} ({number})"
            while name in named:  # a class may be called "jump (2)"
                name += "'"
            named[name] = lane
    return named


def one_line(text: str) -> str:
    """Text without line breaks and control characters; never empty.

    Blanks in a row become one.
    """
    return " ".join(writable(text).split()) or "?"


def writable(text: str) -> str:
    """Text that UTF-8 and XML can hold, blanks instead of line breaks and control characters.

    Half characters, as names that aren't UTF-8 have, are escaped.
    """
    encodable = text.encode("utf-8", "backslashreplace").decode()
    return "".join(" " if _breaks(character) else character for character in encodable)


def _breaks(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"} or character in _NO_XML


def _nearest(value: Fraction) -> int:
    return math.floor(value + Fraction(1, 2))
