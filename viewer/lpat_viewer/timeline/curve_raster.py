"""Many curves over each other as pixels, of which only the topmost are painted.

A hundred curves cover each other many times over, and painting each of them whole takes longer
than a frame may. So each becomes a run of rows in every column of pixels, and which curve is on
top of a pixel is found for all curves at once. Lines are rounded to pixels as Qt rounds them, but
where they turn: there a run may end a pixel earlier or later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter

from lpat.types import Float32Array, Float64Array, Int64Array

if TYPE_CHECKING:
    import numpy.typing as npt

HALF = np.float32(0.5)


@dataclass(frozen=True, eq=False)
class Strokes:
    """Points of curves (K, N) in pixels: at each x a stroke from `entered` to `left`, y both.

    Lines lead from where a stroke is left to where the next is entered; N is one at least.
    """

    x: Float64Array  # (N,), not decreasing
    entered: Float32Array
    left: Float32Array


@dataclass(frozen=True)
class Size:
    """Pixels of a picture."""

    width: int
    height: int


def paint_stacked(
    painter: QPainter, place: QPointF, strokes: Strokes, colours: Sequence[QColor], size: Size
) -> None:
    """Paint curves, each over those before it; pixels count from a place on."""
    top = topmost(*runs_of(strokes, size), size.height)
    palette = np.array([0, *(colour.rgba() for colour in colours)], np.uint32)
    pixels = palette[top]
    image = QImage(
        pixels.data,
        size.width,
        size.height,
        4 * size.width,
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    painter.drawImage(place, image)  # copies the pixels, which end with this function


def runs_of(strokes: Strokes, size: Size) -> tuple[Int64Array, Int64Array]:
    """Rows (K, width) from the first to before the last, which each curve covers in each column.

    None where the last isn't greater than the first.
    """
    x, count = strokes.x, len(strokes.x)
    borders = np.arange(size.width + 1, dtype=np.float64)
    after = np.searchsorted(x, borders)
    before = np.clip(after - 1, 0, count - 1)
    after = np.minimum(after, count - 1)
    length = x[after] - x[before]
    share = np.divide(borders - x[before], length, out=np.zeros_like(borders), where=length > 0)
    at = strokes.left[:, before]
    at += (strokes.entered[:, after] - at) * share.astype(np.float32)
    start, end = at[:, :-1], at[:, 1:]

    # Where a line falls, Qt looks where it is at the middle of a pixel, and else at its border.
    shift = np.where(end > start, HALF, np.float32(0))
    top, bottom = np.minimum(start, end), np.maximum(start, end)
    flat = bottom - top <= 1
    row = np.floor(start + shift * (end - start))
    first = np.where(flat, row, np.ceil(top - shift))
    last = np.where(flat, row + 1, np.ceil(bottom - shift))

    columns = np.floor(x).astype(np.int64)
    begin, stop = np.searchsorted(columns, [0, size.width])
    columns = columns[begin:stop]
    if len(columns):
        one, other = strokes.entered[:, begin:stop], strokes.left[:, begin:stop]
        firsts = np.flatnonzero(np.diff(columns, prepend=-1))
        columns = columns[firsts]
        highest = np.floor(np.minimum(one, other) + HALF)
        lowest = np.floor(np.maximum(one, other) + HALF)
        if len(firsts) < stop - begin:
            highest = np.minimum.reduceat(highest, firsts, axis=1)
            lowest = np.maximum.reduceat(lowest, firsts, axis=1)
        first[:, columns] = np.minimum(first[:, columns], highest)
        last[:, columns] = np.maximum(last[:, columns], lowest)
    outside = (borders[1:] <= x[0]) | (borders[:-1] > x[-1])
    last[:, outside] = 0
    first[:, outside] = 0
    bounds = 0, size.height
    return np.clip(first, *bounds).astype(np.int64), np.clip(last, *bounds).astype(np.int64)


def topmost(first: Int64Array, last: Int64Array, height: int) -> npt.NDArray[np.unsignedinteger]:
    """Which of the curves is on top (height, W): its number from 1 on, 0 where there is none.

    Curves cover rows (K, W) from `first` to before `last` of each column; the later is on top.

    A run is the union of two of the greatest power of two that it holds. So each is noted twice,
    at the rows where such runs begin, and runs are halved until they are a row long.
    """
    count, width = first.shape
    plane = height * width
    lengths = np.maximum(last - first, 0)
    powers = np.array([0, *(n.bit_length() - 1 for n in range(1, height + 1))])[lengths]
    table = np.zeros((int(powers.max(initial=0)) + 1) * plane + 1, np.min_scalar_type(count))
    places = powers * plane + np.arange(width)
    starts = np.where(lengths > 0, places + first * width, -1)
    ends = np.where(lengths > 0, places + (last - (1 << powers)) * width, -1)
    for number in range(count):
        table[starts[number]] = table[ends[number]] = number + 1
    table = table[:-1].reshape(-1, height, width)
    for power in range(len(table) - 1, 0, -1):
        half, run = 1 << (power - 1), table[power]
        halves = table[power - 1]
        np.maximum(halves, run, out=halves)
        np.maximum(halves[half:], run[:-half], out=halves[half:])
    return table[0]
