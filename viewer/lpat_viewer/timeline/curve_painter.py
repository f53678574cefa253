"""How curves, thresholds and gates become lines and areas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from pyqtgraph.functions import create_qpolygonf, ndarray_from_qpolygonf
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPaintEngine, QPainter, QPen, QPolygonF

from lpat.types import BoolArray, Float32Array, Float64Array
from lpat_viewer.timeline.curves import CurveSet
from lpat_viewer.timeline.pyramid import Pyramid
from lpat_viewer.timeline.scale import TimeScale


@dataclass(frozen=True)
class Frame:
    """Where times and values lie: values from `low` at the bottom to `high` at the top."""

    times: TimeScale
    low: float
    high: float
    height: float

    def y(self, values: Float32Array | float) -> Float32Array | float:
        """Pixels from the top."""
        return (self.high - values) * (self.height / (self.high - self.low))

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
        """Those that the frame's times meet, and one more at either side."""
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
    painter: QPainter, frame: Frame, curves: CurveSet, rows: Sequence[int], pens: Sequence[QPen]
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
    across = np.linspace(0, (pixels - 1) / ratio, count) if count > 1 else np.zeros(1)
    across -= across.mean()
    places = {(d, d) for d in across.tolist()}
    if pen.widthF() > 1:
        places |= {(d, -d) for d in across.tolist()}
    for dx, dy in places:
        painter.drawPolyline(polyline.translated(dx, dy) if count > 1 else polyline)


def is_vector(painter: QPainter) -> bool:
    """Whether lines stay lines where it paints."""
    engine = painter.paintEngine()
    return engine is not None and engine.type() == QPaintEngine.Type.SVG


def polylines(
    pyramid: Pyramid, rows: Sequence[int], blocks: Blocks, frame: Frame
) -> Iterator[QPolygonF]:
    """The lines of some rows; the same polygon every time, with other points in it.

    A block of several snippets is a vertical stroke from its least to its greatest value. Every
    other one goes down, so that strokes are joined along the curve and not across it.
    """
    level = pyramid.level(blocks.step)
    count = blocks.stop - blocks.first
    if count <= 0:
        return
    points = 1 if level.step == 1 else 2
    polygon = create_qpolygonf(count * points)
    memory = ndarray_from_qpolygonf(polygon)
    memory[:, 0] = np.repeat(blocks.x, points)
    upward = np.arange(blocks.first, blocks.stop) % 2 == 0
    y = memory[:, 1].reshape(count, points)
    for row in rows:
        least = level.minima[row, blocks.first : blocks.stop]
        if points == 1:
            y[:, 0] = frame.y(least)
        else:
            greatest = level.maxima[row, blocks.first : blocks.stop]
            y[:, 0] = frame.y(np.where(upward, least, greatest))
            y[:, 1] = frame.y(np.where(upward, greatest, least))
        yield polygon


def paint_gate(
    painter: QPainter,
    frame: Frame,
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
        x, top, bottom = with_crossings(x, top, bottom, above)
    polygon = create_qpolygonf(2 * len(x))
    memory = ndarray_from_qpolygonf(polygon)
    memory[:, 0] = np.concatenate([x, x[::-1]])
    memory[:, 1] = frame.y(np.concatenate([np.maximum(top, bottom), bottom[::-1]]))
    painter.save()
    # The curves cover the borders, so these needn't be smooth, which would take four times as long.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(polygon)
    painter.restore()


def with_crossings(
    x: Float64Array, top: Float32Array, bottom: Float32Array, above: BoolArray
) -> tuple[Float64Array, Float32Array, Float32Array]:
    """The same curves with a point more wherever, linear between points, they cross."""
    before = np.flatnonzero(above[1:] != above[:-1])
    margin = (top - bottom).astype(np.float64)
    share = margin[before] / (margin[before] - margin[before + 1])

    def between(values: np.ndarray) -> np.ndarray:
        return values[before] + share * (values[before + 1] - values[before])

    crossing = between(bottom)
    return (
        np.insert(x, before + 1, between(x)),
        np.insert(top, before + 1, crossing),
        np.insert(bottom, before + 1, crossing),
    )
