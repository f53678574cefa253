"""Curves as pixels: against the same found pixel by pixel, and against lines that Qt paints."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from pytestqt.qtbot import QtBot

from lpat.types import Int64Array
from lpat_viewer.timeline.curve_raster import Size, Strokes, paint_stacked, runs_of, topmost

SIZE = Size(200, 80)


def strokes(x: list[float], entered: list[float], left: list[float]) -> Strokes:
    one, other = (np.array([values], np.float32) for values in (entered, left))
    return Strokes(np.array(x), one, other)


def rows(lines: Strokes, column: int) -> tuple[int, int]:
    first, last = runs_of(lines, SIZE)
    return int(first[0, column]), int(last[0, column])


def random_strokes(seed: int, *, points: int, curves: int = 30, joined: bool = False) -> Strokes:
    """Curves through the whole picture, and a little beyond it."""
    random = np.random.default_rng(seed)
    x = np.linspace(-3, SIZE.width + 3, points)
    values = random.normal(SIZE.height / 2, SIZE.height / 5, (2, curves, points))
    entered, left = values.astype(np.float32)
    return Strokes(x, entered, entered if joined else left)


def topmost_one_by_one(first: Int64Array, last: Int64Array, height: int) -> Int64Array:
    top = np.zeros((height, first.shape[1]), np.int64)
    for number, (begins, ends) in enumerate(zip(first, last, strict=True), 1):
        for column, (begin, end) in enumerate(zip(begins, ends, strict=True)):
            top[begin:end, column] = number
    return top


@pytest.mark.parametrize("curves", [1, 7, 300])
def test_the_later_of_two_curves_is_on_top(curves: int) -> None:
    random = np.random.default_rng(curves)
    first = random.integers(0, 40, (curves, 25))
    last = np.clip(first + random.integers(-3, 40, first.shape), 0, 40)
    np.testing.assert_array_equal(topmost(first, last, 40), topmost_one_by_one(first, last, 40))


def test_no_run_leaves_the_picture_empty() -> None:
    none = np.zeros((3, 5), np.int64)
    assert not topmost(none, none, 4).any()


def test_a_level_line_takes_one_row_from_its_first_point_to_its_last() -> None:
    line = strokes([10.5, 90.5], [30.2, 30.2], [30.2, 30.2])
    assert rows(line, 50) == (30, 31)
    assert rows(line, 9) == rows(line, 91) == (0, 0)


def test_a_stroke_takes_the_rows_between_its_ends() -> None:
    line = strokes([20.5, 60.5], [40.0, 10.0], [10.0, 10.0])
    assert rows(line, 20) == (10, 40)


def test_strokes_that_share_a_column_are_one_run() -> None:
    line = strokes([20.1, 20.4, 20.7, 60.5], [10.0, 30.0, 5.0, 20.0], [12.0, 33.0, 20.0, 20.0])
    assert rows(line, 20) == (5, 33)


def test_what_lies_beyond_the_picture_is_left_out() -> None:
    line = strokes([-50.0, 20.5, 900.0], [-9.0, -9.0, -9.0], [-9.0, 200.0, -9.0])
    assert rows(line, 20) == (0, SIZE.height)
    assert rows(line, 3) == (0, 0)


def image_of(paint: Callable[[QPainter], None]) -> npt.NDArray[np.uint32]:
    image = QImage(SIZE.width, SIZE.height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(0)
    painter = QPainter(image)
    paint(painter)
    painter.end()
    return np.frombuffer(image.constBits(), np.uint32).reshape(SIZE.height, SIZE.width).copy()


@pytest.mark.parametrize(("points", "joined"), [(190, False), (120, False), (190, True)])
def test_curves_are_those_that_qt_paints_but_for_ends_of_runs(
    qtbot: QtBot, points: int, joined: bool
) -> None:
    lines = random_strokes(points, points=points, joined=joined)
    colours = [QColor(10 + number, 100, 200) for number in range(len(lines.left))]

    def by_qt(painter: QPainter) -> None:
        for entered, left, colour in zip(lines.entered, lines.left, colours, strict=True):
            painter.setPen(QPen(colour, 1))
            ends = np.stack((entered, left), axis=1).tolist()
            painter.drawPolyline(
                QPolygonF(
                    [QPointF(x, y) for x, pair in zip(lines.x, ends, strict=True) for y in pair]
                )
            )

    def by_pixel(painter: QPainter) -> None:
        paint_stacked(painter, QPointF(0, 0), lines, colours, SIZE)

    wanted, got = image_of(by_qt), image_of(by_pixel)
    assert (wanted != 0).mean() > 0.5
    assert (wanted != got).mean() < 0.05


def test_a_curve_is_where_qt_paints_it_but_for_ends_of_runs(qtbot: QtBot) -> None:
    """No pixel is off by more than one row."""
    lines = random_strokes(0, points=150, curves=1)
    polygon = QPolygonF(
        [
            QPointF(x, y)
            for x, *ends in zip(lines.x, lines.entered[0], lines.left[0], strict=True)
            for y in map(float, ends)
        ]
    )

    def by_qt(painter: QPainter) -> None:
        painter.setPen(QPen(QColor("black"), 1))
        painter.drawPolyline(polygon)

    wanted = image_of(by_qt) != 0
    got = image_of(lambda p: paint_stacked(p, QPointF(0, 0), lines, [QColor("black")], SIZE)) != 0
    for one, other in ((wanted, got), (got, wanted)):
        near = other | np.roll(other, 1, axis=0) | np.roll(other, -1, axis=0)
        assert (one & ~near).sum() <= 0.005 * one.sum()
