"""What an overlay adds to a video's pictures: the timeline's strip, and labels that are going on.

All is drawn as BGR, seldom; `overlay` puts it into every picture. The colours are those of the
report's timeline on a dark page: a class's colour belongs to its index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np

from lpat.report.class_colours import CLASS_COLOURS
from lpat.report.curves import (
    extremes,
    samples,
    spans_beyond,
    value_range,
    with_crossings,
)
from lpat.report.timeline import MOST_CLASSES, TICK_STEPS, clock_text
from lpat.types import Detections, Float64Array, Scores
from lpat.video.frame import Size, UInt8Array

Colour = tuple[int, int, int]
"""Blue, green, red."""

REGULAR, BOLD = 400, 600
"""Weights, as fonts have them."""

_HERSHEY = cv2.FONT_HERSHEY_DUPLEX
_HERSHEY_HEIGHT = 30.0  # pixels of a line at scale 1


def has_all_scripts() -> bool:
    """Whether letters beyond ASCII can be drawn."""
    return hasattr(cv2, "FontFace")


def text_width(text: str, size: int, weight: int = REGULAR) -> int:
    """Pixels across of `text` in letters of `size` pixels."""
    text = _printable(text)
    if has_all_scripts():
        _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, weight)  # pyright: ignore
        return int(width)
    (width, _), _ = cv2.getTextSize(text, _HERSHEY, size / _HERSHEY_HEIGHT, 1)
    return int(width)


def draw_text(
    image: UInt8Array,
    text: str,
    place: tuple[int, int],
    size: int,
    colour: Colour,
    weight: int = REGULAR,
) -> None:
    """Draw one line of `text` into a BGR image; `place` is where its baseline begins."""
    text = _printable(text)
    if has_all_scripts():
        cv2.putText(image, text, place, colour, _font(), size, weight)  # pyright: ignore
        return
    scale = size / _HERSHEY_HEIGHT
    cv2.putText(image, text, place, _HERSHEY, scale, colour, 1, cv2.LINE_AA)


def shortened(text: str, size: int, width: int, weight: int = REGULAR) -> str:
    """`text`, cut off with an ellipsis where it is wider than `width` pixels."""
    text = _printable(text)
    if text_width(text, size, weight) <= width:
        return text
    ellipsis = "…" if has_all_scripts() else "..."
    shortest, longest = 0, len(text)  # letters kept
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if text_width(text[:middle].rstrip() + ellipsis, size, weight) <= width:
            shortest = middle
        else:
            longest = middle - 1
    return text[:shortest].rstrip() + ellipsis


@cache
def _font() -> Any:
    return cv2.FontFace("sans")  # pyright: ignore - not in older versions


def _printable(text: str) -> str:
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return kept if has_all_scripts() else kept.encode("ascii", "replace").decode()


SMALLEST = 320
"""Pixels. A smaller picture is enlarged to it, and a narrower strip would not be legible."""

_SUBPIXEL = 4  # bits that OpenCV's drawing takes of a pixel's fraction


def _bgr(colour: str) -> Colour:
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)


PAPER, TEXT, NOTE, GRID = _bgr("#171a20"), _bgr("#d5d9e1"), _bgr("#969eac"), _bgr("#2b303a")
THRESHOLD, PLAYHEAD = _bgr("#f4f6fa"), _bgr("#ff6b63")


def class_colour(index: int | None) -> Colour:
    """The colour of a class's index; None stands for no class of the model."""
    return NOTE if index is None else _bgr(CLASS_COLOURS[index % len(CLASS_COLOURS)][1])


@dataclass(frozen=True)
class ClassRow:
    """A class that the strip shows. `index` is None for one that the model doesn't know."""

    name: str
    index: int | None


@dataclass(frozen=True)
class Layout:
    """Where everything lies, in pixels. What pictures are cut at is even, as their colours need."""

    picture: Size  # as it is shown
    left: int  # where it begins
    width: int  # of the whole
    text: int  # height of letters
    names: int  # width of the strip's column of names
    rows: tuple[ClassRow, ...]
    duration: float

    @property
    def pad(self) -> int:
        """Room around everything."""
        return self.text // 2

    @property
    def line(self) -> int:
        """Height of a line of text, or of a class's bars."""
        return round(1.5 * self.text)

    @property
    def curves(self) -> int:
        """Height of the panel of curves."""
        return 5 * self.text

    @property
    def bars(self) -> int:
        """Where the bars begin in the strip."""
        return 2 * self.pad + self.curves

    @property
    def ruler(self) -> int:
        """Where the ruler begins in the strip."""
        return self.bars + len(self.rows) * self.line

    @property
    def strip(self) -> int:
        """Height of the strip."""
        return _even(self.ruler + self.line + self.pad)

    def x(self, seconds: Float64Array | float) -> Float64Array:
        """Where times lie across the strip; those outside the video lie on its border."""
        share = np.clip(np.asarray(seconds, np.float64) / self.duration, 0, 1)
        first = self.names + 2 * self.pad
        return first + share * (self.width - 2 * self.pad - first)


def layout_of(size: Size, scores: Scores, detections: Detections) -> Layout:
    """The layout for a video whose upright pictures have a size."""
    scale = max(1, -(-SMALLEST // max(size)))
    picture = (_even(size[0] * scale), _even(size[1] * scale))
    width = max(picture[0], SMALLEST)
    text = max(11, round(min(width, picture[1] * 16 / 9) / 60))
    rows = shown_classes(scores, detections)
    widest = max((text_width(row.name, text) for row in rows), default=0)
    names = min(max(widest, text_width("threshold", text)) + 3 * text // 2, round(0.3 * width))
    duration = float(scores.edges[-1]) if scores.edges[-1] > 0 else 1.0
    return Layout(picture, _even(width - picture[0]) // 4 * 2, width, text, names, rows, duration)


def shown_classes(scores: Scores, detections: Detections) -> tuple[ClassRow, ...]:
    """The classes to show, most probable first: detected, above the mean, the most probable one.

    At most as many as the timeline shows.
    """
    probability = dict(zip(scores.classes, map(float, scores.probabilities), strict=False))
    mean = sum(probability.values()) / max(len(probability), 1)
    names = {name for name in probability if probability[name] > mean}
    names |= set(sorted(probability, key=probability.__getitem__)[-1:])
    names |= {detections.classes[label] for label in detections.labels}
    ordered = sorted(names, key=lambda name: (-probability.get(name, -1.0), name))
    return tuple(
        ClassRow(name, scores.classes.index(name) if name in probability else None)
        for name in ordered[:MOST_CLASSES]
    )


def draw_strip(layout: Layout, scores: Scores, detections: Detections) -> UInt8Array:
    """The strip below the picture, without playhead and time (H, W, 3)."""
    strip = np.full((layout.strip, layout.width, 3), PAPER, np.uint8)
    _draw_ruler(strip, layout)
    _draw_curves(strip, layout, scores)
    for number, row in enumerate(layout.rows):
        top = layout.bars + number * layout.line
        colour = class_colour(row.index)
        _draw_bars(strip, layout, detections, row.name, top)
        base, chip = top + round(1.05 * layout.text), layout.text // 2
        cv2.rectangle(
            strip, (layout.pad, base - chip - 1), (layout.pad + chip, base - 1), colour, -1
        )
        room = layout.names - 2 * chip
        name = shortened(row.name, layout.text, room)
        draw_text(strip, name, (layout.pad + 2 * chip, base), layout.text, TEXT)
    _draw_key(strip, layout)
    return strip


def _draw_key(strip: UInt8Array, layout: Layout) -> None:
    """What the white line is, beside the curves."""
    base, chip = layout.pad + layout.curves - layout.text // 3, layout.text // 2
    middle = base - layout.text // 3
    end = (layout.pad + round(1.3 * chip), middle)
    cv2.line(strip, (layout.pad, middle), end, THRESHOLD, max(1, layout.text // 9))
    name = shortened("threshold", layout.text, layout.names - 2 * chip)
    draw_text(strip, name, (layout.pad + 2 * chip, base), layout.text, NOTE)


def draw_time(layout: Layout, seconds: int) -> UInt8Array:
    """The time for the strip's upper left corner, of one and a half lines."""
    image = np.full((_even(2 * layout.text), _even(layout.names), 3), PAPER, np.uint8)
    clock = clock_text(seconds, of=layout.duration)
    draw_text(image, clock, (layout.pad, round(1.4 * layout.text)), layout.text, TEXT, BOLD)
    return image


def draw_labels(
    layout: Layout, labels: Sequence[tuple[str, int | None, float]]
) -> UInt8Array | None:
    """A box of names, class indices and scores, one in a line; None if there are none."""
    size = round(1.15 * layout.text)
    line, pad = round(1.55 * size), layout.pad
    most = max(1, (layout.picture[1] // 2) // line)
    rows = [(name, f"{score:.2f}", class_colour(index)) for name, index, score in labels[:most]]
    if not rows:
        return None
    if hidden := len(labels) - len(rows):
        name, score, colour = rows[-1]
        rows[-1] = (name, f"{score}  +{hidden}", colour)
    widest = layout.picture[0] - 6 * pad
    scores = max(text_width(score, size) for _, score, _ in rows) + size // 2
    names = [shortened(name, size, max(widest - scores - size, size), BOLD) for name, _, _ in rows]
    across = max(text_width(name, size, BOLD) for name in names)
    width = min(_even(size + across + scores + pad), layout.picture[0])
    image = np.full((_even(len(rows) * line + pad // 2), width, 3), PAPER, np.uint8)
    for number, ((_, score, colour), name) in enumerate(zip(rows, names, strict=True)):
        base = number * line + round(1.12 * size)
        cv2.rectangle(
            image, (0, number * line + 2), (size // 3, (number + 1) * line - 1), colour, -1
        )
        draw_text(image, name, (size * 3 // 4, base), size, (255, 255, 255), BOLD)
        place = (size * 3 // 4 + across + size // 2, base)
        draw_text(image, score, place, size, TEXT)
    return image


def _draw_curves(strip: UInt8Array, layout: Layout, scores: Scores) -> None:
    """Shaded areas, a curve for each class, and the threshold on top of all."""
    curves = [row.index for row in layout.rows if row.index is not None]
    low, high = value_range(scores, curves)
    columns = max((layout.width - layout.names) // 3, 1)

    def points(seconds: Float64Array, values: Float64Array) -> np.ndarray:
        share = np.clip((values - low) / (high - low), 0, 1)  # what lies beyond is marked below
        y = layout.pad + layout.curves * (1 - share)
        places = np.stack((layout.x(seconds), y), axis=1) * (1 << _SUBPIXEL)
        return np.round(places).astype(np.int32)

    def line(seconds: Float64Array, values: Float64Array, colour: Colour, share: float) -> None:
        thickness = max(1, round(share * layout.text))
        cv2.polylines(
            strip, [points(seconds, values)], False, colour, thickness, cv2.LINE_AA, _SUBPIXEL
        )

    background = scores.background.astype(np.float64)
    for index in reversed(curves):
        score = scores.scores[:, index].astype(np.float64)
        kept = extremes(columns, score, score - background)
        seconds, above = samples(scores.edges, kept, score)
        _, threshold = samples(scores.edges, kept, background)
        x, upper, lower = with_crossings(seconds, above, threshold)
        outline = np.concatenate((points(x, np.maximum(upper, lower)), points(x, lower)[::-1]))
        shaded = strip.copy()
        cv2.fillPoly(shaded, [outline], class_colour(index), cv2.LINE_AA, _SUBPIXEL)
        cv2.addWeighted(shaded, 0.3, strip, 0.7, 0, strip)
        line(seconds, above, class_colour(index), 0.1)
    seconds, threshold = samples(scores.edges, extremes(columns, background), background)
    line(seconds, threshold, THRESHOLD, 0.08)
    values = np.column_stack((scores.background, scores.scores[:, curves]))
    size = max(3, layout.text // 3)
    for sign, bound, ends in ((1, high, values.max(axis=1)), (-1, low, values.min(axis=1))):
        for first, stop in spans_beyond(sign * ends, sign * bound):
            x = int(layout.x((scores.edges[first] + scores.edges[stop]) / 2))
            y = layout.pad + (0 if sign > 0 else layout.curves)
            base = y + sign * size
            corners = np.array([[x - size, base], [x + size, base], [x, y]], np.int32)
            cv2.fillPoly(strip, [corners], PLAYHEAD)


def _draw_bars(
    strip: UInt8Array, layout: Layout, detections: Detections, name: str, top: int
) -> None:
    """The detections of one class, stronger with a higher score, over a rail."""
    first, last = int(layout.x(0.0)), int(layout.x(layout.duration))
    inset = layout.line // 5
    middle = top + layout.line // 2
    cv2.line(strip, (first, middle), (last, middle), GRID, max(1, layout.text // 12))
    mine = [n for n, label in enumerate(detections.labels) if detections.classes[label] == name]
    highest = detections.scores.max(initial=0)
    index = next(row.index for row in layout.rows if row.name == name)
    full, paper = np.array(class_colour(index)), np.array(PAPER)
    for n in reversed(mine):  # the best on top
        if detections.segments[n, 0] >= layout.duration:
            continue
        start, end = np.round(layout.x(detections.segments[n])).astype(int).tolist()
        share = min(max(detections.scores[n] / highest, 0), 1) if highest > 0 else 1.0
        colour = (0.4 + 0.6 * share) * full + (0.6 - 0.6 * share) * paper
        corner = (max(end - 1, start), top + layout.line - inset - 1)
        cv2.rectangle(strip, (start, top + inset), corner, colour.tolist(), -1)


def _draw_ruler(strip: UInt8Array, layout: Layout) -> None:
    """Upright lines with the time below."""
    clock = clock_text(int(layout.duration), of=layout.duration)
    room = text_width(clock, layout.text) + 3 * layout.text
    fitting = max((layout.x(layout.duration) - layout.x(0.0)) / room, 1)
    steps = [step for step in TICK_STEPS if step >= 1]
    longest = steps[-1] * float(np.ceil(layout.duration / steps[-1] / fitting))
    step = next((step for step in steps if layout.duration / step <= fitting), longest)
    for number in range(int(layout.duration / step + 1e-9) + 1):
        x = round(float(layout.x(number * step)))
        cv2.line(strip, (x, layout.pad), (x, layout.ruler), GRID, 1)
        text = clock_text(number * step, of=layout.duration)
        width = text_width(text, layout.text)
        left = min(x - width // 2, layout.width - width - 2)
        draw_text(strip, text, (left, layout.ruler + round(1.2 * layout.text)), layout.text, NOTE)


def _even(pixels: float) -> int:
    """The next even number."""
    return 2 * int(-(-pixels // 2))
