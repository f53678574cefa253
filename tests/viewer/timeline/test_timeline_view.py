"""The timeline as a whole: rows that line up, the playhead's line, following, pictures."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from lpat.errors import OutputError, UsageError
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import LIGHT
from lpat_viewer.timeline.row import TimelineRow
from lpat_viewer.timeline.scale import GUTTER, MARGIN
from lpat_viewer.timeline.snapshot import save_picture
from lpat_viewer.timeline.timeline_view import TimelineView


@pytest.fixture
def view(qtbot: QtBot, opened: Workspace) -> TimelineView:
    """A minute over 600 pixels, with plain rows in place of thumbnails and lanes."""
    view = TimelineView(opened, strip=TimelineRow(opened), lanes=TimelineRow(opened))
    qtbot.addWidget(view)
    view.resize(GUTTER + 600 + MARGIN, 500)
    with qtbot.waitExposed(view):
        view.show()
    assert view.curves.curves is not None
    return view


def test_a_time_lies_at_the_same_pixel_in_all_rows(view: TimelineView) -> None:
    view.workspace.time_range.show(12.3, 45.6)
    for row in (view.ruler, view.curves):
        assert row.mapTo(view, QPoint(0, 0)).x() == 0
        assert row.scale == view.scale
    frame = view.curves.frame.times
    assert (frame.start, frame.end, frame.width) == pytest.approx((12.3, 45.6, 600.0))


def test_the_line_stands_at_the_playhead_over_all_rows(view: TimelineView) -> None:
    view.workspace.playhead.seek(30.5)
    assert view.playhead_x == GUTTER + 305
    image = view.grab().toImage()
    heights = (view.ruler.geometry().bottom() + 3, view.curves.mapTo(view, QPoint(0, 50)).y(), 490)
    for y in heights:
        assert image.pixelColor(GUTTER + 305, y) == QColor(LIGHT.playhead)
    view.workspace.time_range.show(40, 50)
    assert view.playhead_x is None


def test_seeking_shows_where_to(view: TimelineView) -> None:
    view.workspace.time_range.show(0, 10)
    view.workspace.playhead.seek(30.0)
    assert view.workspace.time_range.start <= 30.0 <= view.workspace.time_range.end


def test_playing_is_followed_until_the_user_looks_elsewhere(view: TimelineView) -> None:
    playhead, shown = view.workspace.playhead, view.workspace.time_range
    shown.show(0, 10)
    playhead.seek(9.0)
    playhead.set_playing(True)
    playhead.advance(2.0)
    assert shown.start <= 11.0 <= shown.end
    shown.show(40, 50)
    playhead.advance(1.0)
    assert (shown.start, shown.end) == (40.0, 50.0)
    playhead.set_playing(False)
    playhead.set_playing(True)
    assert shown.start <= 12.0 <= shown.end
    playhead.set_playing(False)


def test_the_cursor_on_any_row_is_read_out_by_the_curves(qtbot: QtBot, view: TimelineView) -> None:
    view.workspace.classes.set_current("run")
    qtbot.mouseMove(view.ruler, QPoint(GUTTER + 325, 10))
    assert view.hover.time == 32.5
    assert "run" in view.curves.reading
    view.hover.set_time(None)
    assert view.curves.reading == ""


def test_a_png_is_twice_as_fine_as_the_screen(view: TimelineView, tmp_path: Path) -> None:
    save_picture(view, tmp_path / "timeline.PNG")
    image = QImage(str(tmp_path / "timeline.PNG"))
    assert (image.width(), image.height()) == (2 * view.width(), 2 * view.height())
    assert [path.name for path in tmp_path.iterdir()] == ["timeline.PNG"]


def test_an_svg_has_curves_of_lines_and_no_pixels(view: TimelineView, tmp_path: Path) -> None:
    save_picture(view, tmp_path / "timeline.svg")
    text = (tmp_path / "timeline.svg").read_text(encoding="utf-8")
    assert "<image" not in text
    longest = max(re.findall(r'<polyline[^>]* points="([^"]*)"', text), key=len)
    assert len(longest.split()) == 120  # a point for each snippet


def test_pictures_that_cannot_be_written_are_refused(view: TimelineView, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.gif: pictures end in \.png or \.svg, not '\.gif'"):
        save_picture(view, tmp_path / "a.gif")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        save_picture(view, tmp_path / "file" / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
