"""Ruler: scrubbing, loop and chosen segment."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from lpat_viewer.models.selection import Chosen
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import LIGHT
from lpat_viewer.timeline.ruler import Ruler
from lpat_viewer.timeline.scale import GUTTER, MARGIN


def make_ruler(qtbot: QtBot, workspace: Workspace) -> Ruler:
    ruler = Ruler(workspace)
    qtbot.addWidget(ruler)
    ruler.resize(GUTTER + 600 + MARGIN, ruler.sizeHint().height())
    return ruler


def test_pressing_and_dragging_move_the_playhead(qtbot: QtBot, opened: Workspace) -> None:
    ruler, left = make_ruler(qtbot, opened), Qt.MouseButton.LeftButton
    qtbot.mousePress(ruler, left, pos=QPoint(GUTTER + 100, 10))
    assert opened.playhead.time == 10.0
    qtbot.mouseMove(ruler, QPoint(GUTTER + 250, 10))
    assert opened.playhead.time == 25.0
    qtbot.mouseRelease(ruler, left, pos=QPoint(GUTTER + 250, 10))
    assert (opened.time_range.start, opened.time_range.end) == (0.0, 60.0)


def test_loop_and_chosen_segment_are_marked(qtbot: QtBot, opened: Workspace) -> None:
    ruler = make_ruler(qtbot, opened)

    def marked(time: float) -> bool:
        pixel = QPoint(round(ruler.scale.x(time)), 2)
        return ruler.grab().toImage().pixelColor(pixel) != QColor(LIGHT.background)

    assert not marked(15)
    assert not marked(33)
    opened.playhead.set_loop((12.0, 18.0))
    opened.selection.choose(Chosen("detection", 0, 31.0, 35.0, "run"))
    assert marked(15)
    assert marked(33)
    assert not marked(25)


def test_the_handle_stands_at_the_playhead(qtbot: QtBot, opened: Workspace) -> None:
    ruler = make_ruler(qtbot, opened)
    opened.playhead.seek(33.0)
    image = ruler.grab().toImage()
    pixel = QPoint(round(ruler.scale.x(33.0)), ruler.height() - 8)
    assert image.pixelColor(pixel) == QColor(LIGHT.playhead)
