"""The bar of the whole video."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import LIGHT
from lpat_viewer.timeline.overview import Overview, covered_pixels
from lpat_viewer.timeline.scale import GUTTER, MARGIN, TimeScale

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def overview(qtbot: QtBot, opened: Workspace) -> Overview:
    """A minute over 600 pixels, of which the timeline shows [10, 20)."""
    overview = Overview(opened)
    qtbot.addWidget(overview)
    overview.resize(GUTTER + 600 + MARGIN, overview.sizeHint().height())
    opened.time_range.show(10, 20)
    return overview


def visible(overview: Overview) -> tuple[float, float]:
    shown = overview.workspace.time_range
    return shown.start, shown.end


def test_the_visible_part_is_dragged(qtbot: QtBot, overview: Overview) -> None:
    qtbot.mousePress(overview, LEFT, pos=QPoint(GUTTER + 110, 10))
    assert visible(overview) == (10.0, 20.0)
    qtbot.mouseMove(overview, QPoint(GUTTER + 310, 10))
    assert visible(overview) == pytest.approx((30.0, 40.0))
    qtbot.mouseRelease(overview, LEFT, pos=QPoint(GUTTER + 310, 10))
    qtbot.mouseMove(overview, QPoint(GUTTER + 110, 10))
    assert visible(overview) == pytest.approx((30.0, 40.0))


def test_pressing_elsewhere_centres_it(qtbot: QtBot, overview: Overview) -> None:
    qtbot.mousePress(overview, LEFT, pos=QPoint(GUTTER + 450, 10))
    assert visible(overview) == pytest.approx((40.0, 50.0))
    assert overview.workspace.playhead.time == 0.0
    qtbot.mouseMove(overview, QPoint(GUTTER + 999, 10))
    assert visible(overview) == pytest.approx((50.0, 60.0))


def test_detections_of_shown_classes_are_marked(overview: Overview) -> None:
    def marked(time: float) -> bool:
        y = overview.height() // 4
        image = overview.grab().toImage()
        empty = image.pixelColor(round(overview.scale.x(57.0)), y)
        return image.pixelColor(round(overview.scale.x(time)), y) != empty

    assert [marked(time) for time in (32.0, 37.0, 42.0)] == [True, False, True]
    overview.workspace.classes.set_shown(["run"], False)
    assert [marked(time) for time in (32.0, 37.0, 42.0)] == [False, False, True]


def test_the_playhead_is_shown(overview: Overview) -> None:
    overview.workspace.playhead.seek(51.0)
    pixel = QPoint(round(overview.scale.x(51.0)), 12)
    assert overview.grab().toImage().pixelColor(pixel) == QColor(LIGHT.playhead)


@pytest.mark.parametrize(
    ("segments", "pixels"),
    [
        ([], []),
        ([(1, 2), (1.5, 3)], [(10, 30)]),
        ([(1, 2), (4, 4.01)], [(10, 20), (40, 41)]),
        ([(9.99, 12)], [(99, 101)]),
    ],
)
def test_segments_cover_whole_pixels(
    segments: list[tuple[float, float]], pixels: list[tuple[int, int]]
) -> None:
    scale = TimeScale(0.0, 10.0, 0.0, 100.0)
    assert covered_pixels(scale, np.array(segments, np.float64).reshape(-1, 2)) == pixels
