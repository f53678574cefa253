"""How curves, thresholds and gates are drawn as lines and areas."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from pyqtgraph.functions import create_qpolygonf, ndarray_from_qpolygonf
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPaintEngine, QPainter, QPen, QPolygonF

from lpat.report.curves import spans_beyond, with_crossings
from lpat.types import Float32Array, Float64Array
from lpat_viewer.theme import Theme, class_colour, mixed
from lpat_viewer.timeline.curve_raster import Size, Strokes, paint_stacked
from lpat_viewer.timeline.curves import CurveSet, Pyramid
from lpat_viewer.timeline.scale import TimeScale

MARK = 6  # pixels of a mark where values are cut
DENSE = 0.5
"""Points for a pixel from which on the curves of many classes are found by pixel."""

FEW = 8
"""As many curves as this are drawn smooth and each with its gate; of more, the current class."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """Curves of the active layer, with those of other layers behind them.

    Attributes:
        colours: numbers of the classes' colours.
        current: the class that stands out, if it is among them.
    """

    curves: CurveSet
    others: tuple[CurveSet, ...]
    colours: tuple[int, ...]
    current: str | None
    theme: Theme

    @property
    def few(self) -> bool:
        """Whether all curves stand out."""
        return len(self.curves) <= FEW

    @property
    def foreground(self) -> list[int]:
        """Numbers of the curves that stand out, the current one last."""
        labels = self.curves.labels
        rows = list(range(len(labels))) if self.few else []
        if self.current in labels:
            current = labels.index(self.current)
            rows = [row for row in rows if row != current] + [current]
        return rows

    def paint_background(self, painter: QPainter, frame: CurveFrame) -> None:
        """Draw the curves of many classes; all that takes long is here.

        Lines aren't smooth. The likeliest classes, which come first, are drawn last.
        """
        if self.few:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        rows = range(len(self.curves) - 1, -1, -1)
        size = Size(math.ceil(frame.times.width), math.ceil(frame.height))
        blocks = Blocks.of(self.curves.edges, frame.times)
        if is_vector(painter) or len(blocks.x) < size.width * DENSE:
            pens = [QPen(colour, 1) for colour in self._background_colours]
            paint_curves(painter, frame, self.curves, rows, pens)
            return
        lines = strokes(self.curves.pyramid, rows, blocks, frame)
        place = QPointF(frame.times.left, 0)
        paint_stacked(painter, place, lines, self._background_colours, size)

    @cached_property
    def _background_colours(self) -> list[QColor]:
        """Colours of the curves from the last to the first."""
        ground = QColor(self.theme.background)
        share = 0.45 if self.current in self.curves.labels else 0.8
        rows = range(len(self.curves) - 1, -1, -1)
        return [mixed(self._colour(row), ground, share) for row in rows]

    def paint_foreground(self, painter: QPainter, frame: CurveFrame) -> None:
        """Draw gates, other layers, the curves that stand out, and their thresholds."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        curves, rows = self.curves, self.foreground
        if not self.few and len(curves.thresholds) == 1:
            neutral = _faint(QColor(self.theme.text), 30)
            paint_gate(painter, frame, curves.edges, curves.envelope, curves.thresholds[0], neutral)
        for row in rows:
            paint_gate(
                painter,
                frame,
                curves.edges,
                curves.values[row],
                curves.threshold_of(row),
                _faint(self._colour(row), 70),
            )
        self._paint_others(painter, frame)
        paint_curves(painter, frame, curves, rows, [QPen(self._colour(row), 1) for row in rows])
        self._paint_thresholds(painter, frame, rows)
        paint_cuts(painter, frame, curves, QColor(self.theme.chosen))

    def _paint_others(self, painter: QPainter, frame: CurveFrame) -> None:
        ground = QColor(self.theme.background)
        standing_out = [self.curves.labels[row] for row in self.foreground]
        for other in self.others:
            rows = [row for row, label in enumerate(other.labels) if label in standing_out]
            numbers = [self.curves.labels.index(other.labels[row]) for row in rows]
            pens = [_dashed(mixed(self._colour(number), ground, 0.7), 1) for number in numbers]
            paint_curves(painter, frame, other, rows, pens)

    def _paint_thresholds(self, painter: QPainter, frame: CurveFrame, rows: list[int]) -> None:
        curves = self.curves
        blocks = Blocks.of(curves.edges, frame.times)
        if len(curves.thresholds) == 1:
            pens = [QPen(QColor(self.theme.threshold), 2.2)]
            rows = [0]
        else:
            pens = [_dashed(self._colour(row), 1.6) for row in rows]
        lines = polylines(curves.threshold_pyramid, rows, blocks, frame)
        for line, pen in zip(lines, pens, strict=True):
            stroke(painter, line, pen)

    def _colour(self, row: int) -> QColor:
        return class_colour(self.colours[row], self.theme)


def _faint(colour: QColor, alpha: int) -> QColor:
    return QColor(colour.red(), colour.green(), colour.blue(), alpha)


def _dashed(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.DashLine)


@dataclass(frozen=True)
class CurveFrame:
    """Where times and values lie: values from `low` at the bottom to `high` at the top."""

    times: TimeScale
    low: float
    high: float
    height: float

    def y(self, values: Float32Array | Float64Array | float) -> Float32Array | float:
        """Pixels from the top."""
        return (self.high - values) * (self.height / (self.high - self.low))

    def y_nearby(self, values: Float32Array | Float64Array) -> Float32Array:
        """`y`, but what lies far off the axis is drawn a little beyond it."""
        return np.clip(self.y(values), -self.height, 2 * self.height)

    def value(self, y: float) -> float:
        """The value at a pixel from the top."""
        return self.high - y * (self.high - self.low) / self.height


@dataclass(frozen=True)
class Blocks:
    """Blocks of snippets about a pixel wide, from `first` to before `stop`, that a frame shows."""

    step: int
    first: int
    stop: int
    x: Float64Array  # of their centres

    @classmethod
    def of(cls, edges: Float64Array, times: TimeScale) -> Blocks:
        """The blocks that the visible times meet, and one more at either side."""
        snippets = len(edges) - 1
        seconds = (edges[-1] - edges[0]) / max(snippets, 1)
        wanted = times.seconds_per_pixel / seconds if seconds > 0 else 1
        step = 1 << max(0, int(np.ceil(np.log2(max(wanted, 1)) - 1e-9)))
        within = np.searchsorted(edges, [times.start, times.end])
        first = max(int(within[0]) // step - 1, 0)
        stop = min(int(within[1]) // step + 2, -(-snippets // step))
        borders = edges[np.minimum(np.arange(first, stop + 1) * step, snippets)]
        return cls(step, first, stop, times.x((borders[:-1] + borders[1:]) / 2))

    @property
    def snippets(self) -> slice:
        """The snippets in them."""
        return slice(self.first * self.step, self.stop * self.step)


def paint_curves(
    painter: QPainter,
    frame: CurveFrame,
    curves: CurveSet,
    rows: Sequence[int],
    pens: Sequence[QPen],
) -> None:
    """Draw some of the curves, in this order; pens are theirs."""
    blocks = Blocks.of(curves.edges, frame.times)
    lines = polylines(curves.pyramid, rows, blocks, frame)
    for polyline, pen in zip(lines, pens, strict=True):
        stroke(painter, polyline, pen)


def stroke(painter: QPainter, polyline: QPolygonF, pen: QPen) -> None:
    """Draw a polyline.

    On pixels, a line that goes up and down takes fifty times as long with a pen two pixels wide as
    with one of one pixel. So a wide line is drawn as several thin ones beside each other.
    """
    device = painter.device()
    if is_vector(painter) or device is None:
        painter.setPen(pen)
        painter.drawPolyline(polyline)
        return
    hairline = QPen(pen)
    hairline.setWidth(1)
    hairline.setCosmetic(True)
    painter.setPen(hairline)
    ratio = device.devicePixelRatio()
    pixels = pen.widthF() * ratio
    count = max(round(min(pixels, 3 * ratio)), 1)
    if count == 1:
        painter.drawPolyline(polyline)
        return
    across = np.linspace(0, (pixels - 1) / ratio, count)
    across -= across.mean()
    places = {(d, d) for d in across.tolist()}
    if pen.widthF() > 1:
        places |= {(d, -d) for d in across.tolist()}
    for dx, dy in places:
        painter.drawPolyline(polyline.translated(dx, dy))


def is_vector(painter: QPainter) -> bool:
    """Whether lines stay lines where it paints."""
    engine = painter.paintEngine()
    return engine is not None and engine.type() == QPaintEngine.Type.SVG


def strokes(pyramid: Pyramid, rows: Sequence[int], blocks: Blocks, frame: CurveFrame) -> Strokes:
    """The points of some rows; x counts from where the times of the frame begin.

    A block of several snippets is a vertical stroke from its least to its greatest value. Every
    other one goes down, so that strokes are joined along the curve and not across it.
    """
    level = pyramid.level(blocks.step)
    chosen = (list(rows), slice(blocks.first, blocks.stop))
    least = frame.y_nearby(level.minima[chosen])
    x = blocks.x - frame.times.left
    if level.step == 1:
        return Strokes(x, least, least)
    greatest = frame.y_nearby(level.maxima[chosen])
    upward = np.arange(blocks.first, blocks.stop) % 2 == 0
    return Strokes(x, np.where(upward, least, greatest), np.where(upward, greatest, least))


def polylines(
    pyramid: Pyramid, rows: Sequence[int], blocks: Blocks, frame: CurveFrame
) -> Iterator[QPolygonF]:
    """The lines of some rows, through their strokes; the same polygon, with other points in it."""
    count = blocks.stop - blocks.first
    if count <= 0:
        return
    lines = strokes(pyramid, rows, blocks, frame)
    ends = (lines.entered,) if lines.entered is lines.left else (lines.entered, lines.left)
    polygon = create_qpolygonf(count * len(ends))
    memory = ndarray_from_qpolygonf(polygon)
    memory[:, 0] = np.repeat(blocks.x, len(ends))
    y = memory[:, 1].reshape(count, len(ends))
    for row in range(len(rows)):
        for number, values in enumerate(ends):
            y[:, number] = values[row]
        yield polygon


def paint_cuts(painter: QPainter, frame: CurveFrame, curves: CurveSet, colour: QColor) -> None:
    """Mark at the borders where values lie beyond the axis."""
    if not len(curves):
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for sign, bound, ends, border in (
        (1, frame.high, curves.highest, 0.0),
        (-1, frame.low, curves.lowest, frame.height),
    ):
        for first, stop in spans_beyond(sign * ends, sign * bound):
            x = frame.times.x(float(curves.edges[first] + curves.edges[stop]) / 2)
            base = border + sign * MARK
            corners = ((x - MARK, base), (x + MARK, base), (x, border))
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))


def paint_gate(
    painter: QPainter,
    frame: CurveFrame,
    edges: Float64Array,
    values: Float32Array,
    threshold: Float32Array,
    colour: QColor,
) -> None:
    """Fill between `values` (T,) and `threshold` (T,) where they lie above it."""
    blocks = Blocks.of(edges, frame.times)
    top, bottom = values[blocks.snippets], threshold[blocks.snippets]
    above = top > bottom
    if not above.any():
        return
    x = blocks.x
    if blocks.step > 1:
        starts = np.arange(0, len(top), blocks.step)
        top = np.maximum.reduceat(np.where(above, top, bottom), starts)
        bottom = np.minimum.reduceat(bottom, starts)
        top = np.where(np.logical_or.reduceat(above, starts), top, bottom)
    else:
        x, top, bottom = with_crossings(x, top.astype(np.float64), bottom.astype(np.float64))
    polygon = create_qpolygonf(2 * len(x))
    memory = ndarray_from_qpolygonf(polygon)
    memory[:, 0] = np.concatenate([x, x[::-1]])
    memory[:, 1] = frame.y_nearby(np.concatenate([np.maximum(top, bottom), bottom[::-1]]))
    painter.save()
    # The curves cover the borders, so these needn't be smooth, which would take four times as long.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(polygon)
    painter.restore()
