from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from lpat_viewer.models.workspace import Workspace
from lpat_viewer.playback.thumbnails import Thumbnails
from lpat_viewer.timeline.scale import GUTTER, MARGIN
from lpat_viewer.timeline.thumbnail_strip import HEIGHT, ThumbnailStrip


class Asked(Thumbnails):
    """Remembers what was asked, and gives red pictures at once."""

    def __init__(self) -> None:
        super().__init__(HEIGHT)
        self.requests: list[tuple[list[float], bool]] = []
        self.red = QImage(80, 52, QImage.Format.Format_RGB32)
        self.red.fill(Qt.GlobalColor.red)

    def ask(self, times: Sequence[float], *, exact: bool = False) -> None:
        self.requests.append((list(times), exact))

    def image(self, time: float) -> QImage | None:
        asked = self.requests[-1][0] if self.requests else []
        return self.red if time in asked else None


@pytest.fixture
def thumbnails(qtbot: QtBot) -> Asked:
    return Asked()


@pytest.fixture
def strip(qtbot: QtBot, opened: Workspace, thumbnails: Asked) -> ThumbnailStrip:
    strip = ThumbnailStrip(opened, thumbnails)
    qtbot.addWidget(strip)
    strip.resize(GUTTER + MARGIN + 600, HEIGHT)
    strip.show()
    return strip


def test_as_many_as_fit_lie_over_all_of_the_visible_time(strip, opened):
    times = strip.times()
    assert times == [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]  # 600 pixels a minute
    opened.time_range.show(10.0, 40.0)
    assert strip.times() == [10.0, 15.0, 20.0, 25.0, 30.0, 35.0]


def test_panning_keeps_the_times_asked(strip, opened, thumbnails):
    opened.time_range.show(10.0, 40.0)
    asked = len(thumbnails.requests)
    opened.time_range.pan(1.0)
    assert strip.times() == [10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0]
    opened.time_range.pan(1.0)
    assert len(thumbnails.requests) == asked + 1


def test_close_pictures_are_asked_exactly(strip, opened, thumbnails):
    assert not thumbnails.requests[-1][1]
    opened.time_range.show(10.0, 12.0)
    assert thumbnails.requests[-1][1]


def test_pictures_stand_at_their_times(strip):
    image = strip.grab().toImage()
    for x, is_picture in (
        (GUTTER + 1, True),
        (GUTTER + 79, True),
        (GUTTER + 95, False),
        (5, False),
    ):
        assert (image.pixelColor(x, HEIGHT // 2) == Qt.GlobalColor.red) is is_picture


def test_pressing_and_dragging_moves_the_playhead(qtbot, strip, opened):
    qtbot.mousePress(strip, Qt.MouseButton.LeftButton, pos=QPoint(GUTTER + 100, 20))
    assert opened.playhead.time == pytest.approx(10.0)
    qtbot.mouseMove(strip, QPoint(GUTTER + 300, 20))
    assert opened.playhead.time == pytest.approx(30.0)
    qtbot.mouseRelease(strip, Qt.MouseButton.LeftButton, pos=QPoint(GUTTER + 300, 20))
    assert opened.time_range.start == 0


@pytest.fixture
def real(qtbot: QtBot) -> Iterator[Thumbnails]:
    real = Thumbnails(HEIGHT)
    yield real
    real.close()


def test_nothing_is_pictured_without_a_video(qtbot, workspace, real):
    strip = ThumbnailStrip(workspace, real)
    qtbot.addWidget(strip)
    assert strip.times() == []
    assert strip.accessibleName() == "Thumbnails"


def test_a_video_opened_later_is_pictured(
    qtbot: QtBot, workspace: Workspace, real: Thumbnails, write_video: Callable[..., Path]
):
    strip = ThumbnailStrip(workspace, real)
    qtbot.addWidget(strip)
    strip.resize(GUTTER + MARGIN + 600, HEIGHT)
    strip.show()
    path = write_video(pts=range(50))
    workspace.video_changed.connect(lambda: real.open(workspace.video))
    for _ in range(2):
        workspace.set_video(path)
        workspace.playhead.set_duration(2.0)
        qtbot.waitUntil(lambda: all(real.image(time) for time in strip.times()))
        assert strip.times() == [0.0, 0.5, 1.0, 1.5]
