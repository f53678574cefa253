"""Lanes: drive the models and look at the pixels, drive the mouse and look at the models."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QContextMenuEvent, QHelpEvent, QMouseEvent, QRegion, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from lpat_viewer.models.corrections import Corrections
from lpat_viewer.models.target import as_chosen
from lpat_viewer.models.workspace import Workspace
from lpat_viewer.theme import LIGHT
from lpat_viewer.timeline.lane_tools import LaneTools, segment_menu
from lpat_viewer.timeline.lanes import LanesView
from lpat_viewer.timeline.scale import GUTTER, MARGIN

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
POPUPS = pytest.mark.qt_log_ignore("This plugin does not support")  # Qt's offscreen platform


@pytest.fixture
def corrections(judged: Workspace) -> Corrections:
    return Corrections(judged)


@pytest.fixture
def lanes(qtbot: QtBot, judged: Workspace, corrections: Corrections) -> LanesView:
    """Ten pixels a second."""
    view = LanesView(judged)
    LaneTools(view, judged, corrections)
    qtbot.addWidget(view)
    view.resize(GUTTER + 600 + MARGIN, 300)
    view.show()
    return view


def place(view: LanesView, label: str, kind: str, time: float) -> QPoint:
    """A point in the lane of a class and kind, at a time."""
    row = view.layout_of_lanes.row_of(label)
    assert row is not None
    (lane,) = (lane for lane in row.lanes if lane.track.kind == kind)
    x = round(view.scale.x(time))
    return QPoint(x, lane.top + lane.height // 2 + 2 - view.offset)


def drag(
    view: LanesView, start: QPoint, end: QPoint, modifiers: Qt.KeyboardModifier = NONE
) -> None:
    QTest.mousePress(view, LEFT, modifiers, start)
    move(view, end, modifiers)
    QTest.mouseRelease(view, LEFT, modifiers, end)


def move(view: LanesView, place: QPoint, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """With the left button held: `QTest.mouseMove` takes no modifiers."""
    where = view.mapToGlobal(QPointF(place))
    kind = QEvent.Type.MouseMove
    QApplication.sendEvent(
        view, QMouseEvent(kind, QPointF(place), where, Qt.MouseButton.NoButton, LEFT, modifiers)
    )


def times(workspace: Workspace) -> list[tuple[float, float, str, str]]:
    return [(s.start, s.end, s.label, s.state) for s in workspace.review.segments]


def colour_at(view: LanesView, point: QPoint) -> QColor:
    return view.grab().toImage().pixelColor(point)


def test_a_hit_is_filled_and_a_false_alarm_is_not(lanes: LanesView) -> None:
    assert colour_at(lanes, place(lanes, "jump", "detection", 15)) == QColor(LIGHT.hit)
    alarm = place(lanes, "jump", "detection", 42)
    image = lanes.grab().toImage()
    inside = {image.pixelColor(alarm + QPoint(dx, 0)).name() for dx in range(-8, 9)}
    assert {LIGHT.false_alarm, LIGHT.background} <= inside


def test_a_missed_truth_looks_unlike_a_found_one(lanes: LanesView) -> None:
    assert colour_at(lanes, place(lanes, "jump", "truth", 15)) == QColor(LIGHT.truth)
    assert colour_at(lanes, place(lanes, "jump", "truth", 52)) != QColor(LIGHT.truth)


def test_segments_follow_the_visible_time(judged: Workspace, lanes: LanesView) -> None:
    judged.time_range.show(20, 30)
    background = QColor(LIGHT.background)
    assert colour_at(lanes, place(lanes, "jump", "detection", 25)) == background
    judged.time_range.show(14, 16)
    assert colour_at(lanes, place(lanes, "jump", "detection", 15)) == QColor(LIGHT.hit)


def test_parts_painted_anew_look_as_in_the_whole(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    judged.selection.choose(as_chosen(judged.review.segments[0]))
    corrections.reject()
    judged.time_range.show(5, 55)
    picture = lanes.grab()
    whole = picture.toImage()
    for x in range(0, lanes.width(), 5):
        lanes.render(picture, QPoint(x, 0), QRegion(x, 0, 1, lanes.height()))
    assert picture.toImage() == whole


def test_a_pixel_is_painted_without_looking_at_segments_again(
    lanes: LanesView, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes.grab()
    monkeypatch.setattr(
        "lpat_viewer.timeline.lanes.draw_lane", lambda *_, **__: pytest.fail("it was drawn anew")
    )
    x = place(lanes, "jump", "detection", 15).x()
    assert not lanes.grab(QRect(x, 0, 1, lanes.height())).isNull()


def test_hidden_classes_have_no_row(judged: Workspace, lanes: LanesView) -> None:
    judged.classes.set_shown(["jump"], False)
    assert [row.label for row in lanes.layout_of_lanes.rows] == ["run"]
    judged.classes.set_shown(["run"], False)
    assert lanes.layout_of_lanes.rows == ()
    assert not lanes.grab().isNull()


def test_a_click_chooses_and_seeks(judged: Workspace, lanes: LanesView) -> None:
    QTest.mouseClick(lanes, LEFT, pos=place(lanes, "run", "detection", 32))
    chosen = judged.selection.chosen
    assert chosen is not None
    assert (chosen.kind, chosen.label, chosen.start) == ("detection", "run", 30.0)
    assert judged.playhead.time == pytest.approx(32.0)
    assert "model.onnx: hit" in lanes.accessibleDescription()
    QTest.mouseClick(lanes, LEFT, pos=place(lanes, "run", "detection", 50))
    assert judged.selection.chosen is None
    assert judged.playhead.time == pytest.approx(50.0)


def test_a_double_click_loops_and_one_beside_ends_the_loop(
    judged: Workspace, lanes: LanesView
) -> None:
    QTest.mouseDClick(lanes, LEFT, pos=place(lanes, "run", "detection", 32))
    assert judged.playhead.loop == (30.0, 35.0)
    assert judged.playhead.time == 30.0
    QTest.mouseDClick(lanes, LEFT, pos=place(lanes, "run", "detection", 50))
    assert judged.playhead.loop is None


def test_dragging_beside_the_review_pans(judged: Workspace, lanes: LanesView) -> None:
    judged.time_range.show(10, 40)
    drag(lanes, place(lanes, "jump", "detection", 15), place(lanes, "jump", "detection", 20))
    assert judged.time_range.start == pytest.approx(5.0)
    assert not judged.review.begun


def test_dragging_an_end_resizes_in_one_step(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    start = place(lanes, "jump", "review", 20)
    QTest.mousePress(lanes, LEFT, pos=start)
    move(lanes, start + QPoint(10, 0))
    move(lanes, start + QPoint(30, 0))
    assert times(judged)[0] == (10.0, 20.0, "jump", "proposed")  # a preview so far
    assert judged.playhead.time == pytest.approx(23.0)  # the video shows where it would end
    QTest.mouseRelease(lanes, LEFT, pos=start + QPoint(30, 0))
    assert times(judged)[0] == (10.0, 23.0, "jump", "accepted")
    corrections.undo()
    assert not corrections.can_undo


def test_dragging_the_middle_moves(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    start = place(lanes, "jump", "review", 15)
    drag(lanes, start, start + QPoint(-20, 0))
    assert times(judged)[0] == (8.0, 18.0, "jump", "accepted")
    assert judged.selection.chosen is not None
    assert judged.selection.chosen.start == 8.0


def test_ends_snap_to_those_of_the_class_and_to_the_playhead(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    judged.playhead.seek(25.0)
    end = place(lanes, "jump", "review", 20)
    drag(lanes, end, end + QPoint(46, 0))
    assert times(judged)[0][:2] == (10.0, 25.0)
    end = place(lanes, "jump", "review", 44)
    drag(lanes, end, end + QPoint(64, 0))  # the truth begins at 50
    assert times(judged)[2][:2] == (40.0, 50.0)


@pytest.mark.parametrize("modifier", ["AltModifier", "ControlModifier"])
def test_with_alt_or_ctrl_nothing_snaps(
    judged: Workspace, corrections: Corrections, lanes: LanesView, modifier: str
) -> None:
    corrections.begin()
    end = place(lanes, "jump", "review", 44)
    drag(lanes, end, end + QPoint(64, 0), Qt.KeyboardModifier[modifier])
    assert times(judged)[2][:2] == (40.0, pytest.approx(50.4))


def test_dragging_an_end_of_a_detection_begins_and_resizes_its_copy(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    end = place(lanes, "jump", "detection", 20)
    drag(lanes, end, end + QPoint(30, 0))
    assert times(judged)[0] == (10.0, 23.0, "jump", "accepted")
    assert corrections.segment is not None
    end = place(lanes, "jump", "detection", 20)  # the copy ends at 23, and goes with the cursor
    drag(lanes, end, end + QPoint(70, 0))
    assert times(judged)[0] == (10.0, 27.0, "jump", "accepted")
    corrections.undo()
    corrections.undo()
    assert times(judged)[0] == (10.0, 20.0, "jump", "proposed")


def test_dragging_at_the_border_scrolls(
    qtbot: QtBot, judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    judged.time_range.show(5.0, 25.0)
    end = place(lanes, "jump", "review", 20)
    QTest.mousePress(lanes, LEFT, NONE, end)
    move(lanes, QPoint(lanes.width() - 1, end.y()))
    qtbot.waitUntil(lambda: judged.time_range.end > 26.0)
    move(lanes, QPoint(lanes.width() - 100, end.y()))  # back from the border: it stands still
    shown = judged.time_range.start, judged.time_range.end
    ended = lanes.scale.time(lanes.width() - 100)
    assert judged.playhead.time == pytest.approx(ended)
    QTest.mouseRelease(lanes, LEFT, NONE, QPoint(lanes.width() - 100, end.y()))
    assert times(judged)[0][:2] == (10.0, pytest.approx(ended))
    assert (judged.time_range.start, judged.time_range.end) == shown


def test_moving_what_begins_out_of_sight_turns_no_pages(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    judged.time_range.show(15.0, 30.0)
    middle = place(lanes, "jump", "review", 18)
    drag(lanes, middle, middle + QPoint(40, 0))
    assert judged.time_range.start == 15.0
    assert times(judged)[0][0] == pytest.approx(11.0, abs=0.03)


def test_a_click_in_the_review_changes_nothing_but_the_choice(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    QTest.mouseClick(lanes, LEFT, pos=place(lanes, "jump", "review", 15))
    assert not corrections.can_undo
    assert judged.selection.chosen is not None
    assert judged.playhead.time == pytest.approx(15.0)


def test_escape_drops_what_is_dragged(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    corrections.begin()
    start = place(lanes, "jump", "review", 15)
    QTest.mousePress(lanes, LEFT, pos=start)
    move(lanes, start + QPoint(50, 0))
    assert judged.playhead.time == pytest.approx(15.0)
    QTest.keyClick(lanes, Qt.Key.Key_Escape)
    assert judged.playhead.time == 0.0
    QTest.mouseRelease(lanes, LEFT, pos=start + QPoint(50, 0))
    assert times(judged)[0] == (10.0, 20.0, "jump", "proposed")
    assert not corrections.can_undo


def test_shift_and_dragging_draws_in_the_row_of_a_class(
    judged: Workspace, lanes: LanesView
) -> None:
    drag(lanes, place(lanes, "run", "truth", 5), place(lanes, "run", "truth", 3), SHIFT)
    assert times(judged)[0] == (3.0, 5.0, "run", "accepted")
    assert judged.selection.chosen is not None
    assert judged.selection.chosen.kind == "review"


def test_in_draw_mode_dragging_draws_over_segments_too(judged: Workspace, lanes: LanesView) -> None:
    tools = lanes.findChild(LaneTools)
    assert tools is not None
    tools.set_drawing(True)
    drag(lanes, place(lanes, "run", "truth", 33), place(lanes, "run", "truth", 38))
    assert (33.0, 38.0, "run", "accepted") in times(judged)
    tools.set_drawing(False)
    assert not tools.drawing


@POPUPS
def test_the_menu_corrects(judged: Workspace, lanes: LanesView) -> None:
    point = place(lanes, "jump", "detection", 15)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, point, lanes.mapToGlobal(point))
    QApplication.sendEvent(lanes, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    actions = {action.text(): action for action in menu.actions()}
    actions["Split here"].trigger()
    assert [segment[:2] for segment in times(judged)[:2]] == [(10.0, 15.0), (15.0, 20.0)]
    actions["Reject"].trigger()
    assert times(judged)[0][3] == "rejected"
    menu.close()


@POPUPS
def test_the_menu_key_opens_the_menu_of_what_is_chosen(judged: Workspace, lanes: LanesView) -> None:
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint())
    QApplication.sendEvent(lanes, event)
    assert QApplication.activePopupWidget() is None
    QTest.mouseClick(lanes, LEFT, pos=place(lanes, "jump", "detection", 10))
    QApplication.sendEvent(lanes, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    enabled = {action.text() for action in menu.actions() if action.isEnabled()}
    assert enabled == {"Accept", "Reject", "Merge with next", "Remove", "Relabel to"}
    menu.close()


def test_the_menu_relabels_to_the_other_classes(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    QTest.mouseClick(lanes, LEFT, pos=place(lanes, "jump", "detection", 15))
    menu = segment_menu(lanes, judged, corrections, 15.0)
    actions = menu.actions()  # held: what an old PySide6 gives of one lives as long as that one
    (labels,) = (action.menu() for action in actions if action.text() == "Relabel to")
    (run,) = labels.actions()  # type: ignore[union-attr]
    run.trigger()
    assert times(judged)[0] == (10.0, 20.0, "run", "accepted")


@POPUPS
def test_the_tip_tells_of_times_score_and_verdict(lanes: LanesView) -> None:
    point = place(lanes, "jump", "detection", 42)
    QApplication.sendEvent(lanes, QHelpEvent(QEvent.Type.ToolTip, point, lanes.mapToGlobal(point)))
    lines = QToolTip.text().split("\n")
    assert lines[:2] == ["jump", "0:40.00 - 0:44.00 (4.00 s)"]
    assert lines[2].startswith("score 0.4")
    assert lines[3] == "model.onnx: false alarm"
    QToolTip.hideText()


def test_the_gutter_chooses_the_class(judged: Workspace, lanes: LanesView) -> None:
    point = place(lanes, "run", "truth", 0)
    QTest.mouseClick(lanes, LEFT, pos=QPoint(20, point.y()))
    assert judged.classes.current == "run"
    assert judged.playhead.time == 0.0


def test_rows_scroll_by_wheel_and_to_what_is_chosen(
    judged: Workspace, corrections: Corrections, lanes: LanesView
) -> None:
    lanes.resize(lanes.width(), 50)
    last = lanes.layout_of_lanes.rows[-1].label
    assert last == "run"
    turn(lanes, -120, Qt.KeyboardModifier.ControlModifier)
    assert lanes.offset > 0
    turn(lanes, 1200, Qt.KeyboardModifier.ControlModifier)
    assert lanes.offset == 0
    assert judged.time_range.length == 60.0
    corrections.draw(1.0, 2.0, "run")
    assert lanes.offset > 0
    turn(lanes, 120, Qt.KeyboardModifier.NoModifier)
    assert judged.time_range.length < 60.0


def turn(view: LanesView, angle: int, modifiers: Qt.KeyboardModifier) -> None:
    place = QPointF(300, 20)
    event = QWheelEvent(
        place, view.mapToGlobal(place), QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton,
        modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


@pytest.mark.parametrize("label", ["swim", ""])
def test_without_any_class_shift_and_dragging_asks_for_one(
    label: str, qtbot: QtBot, workspace: Workspace
) -> None:
    workspace.set_video(Path("video.mp4"))
    view = LanesView(workspace)
    LaneTools(view, workspace, Corrections(workspace), ask_label=lambda: label)
    qtbot.addWidget(view)
    view.resize(GUTTER + 600 + MARGIN, 300)
    start, end = QPoint(GUTTER + 100, 50), QPoint(GUTTER + 200, 50)
    drag(view, start, end, SHIFT)
    assert workspace.notices.latest is not None
    assert workspace.notices.latest.text == "There is nothing to correct: video.mp4 isn't open yet"
    workspace.playhead.set_duration(60.0)
    assert "Shift and drag" in view.message
    drag(view, start, end, SHIFT)
    if label:
        assert times(workspace) == [(10.0, 20.0, "swim", "accepted")]
        assert view.message == ""
    else:
        assert times(workspace) == []
        assert workspace.notices.latest.text == "A segment needs a class: nothing was drawn"
