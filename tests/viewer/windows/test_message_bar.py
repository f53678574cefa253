"""The line that says what went wrong."""

from pytestqt.qtbot import QtBot

from lpat_viewer.models.notices import Notices
from lpat_viewer.windows.message_bar import MessageBar


def test_an_error_shows_on_one_line_until_it_is_dismissed(qtbot: QtBot) -> None:
    notices = Notices()
    bar = MessageBar(notices)
    qtbot.addWidget(bar)
    assert bar.isHidden()
    notices.error("x.mp4: expected a video,\nbut it is empty")
    assert not bar.isHidden()
    assert bar.text == "x.mp4: expected a video, but it is empty"
    assert not bar._timer.isActive()
    notices.dismiss()
    assert bar.isHidden()


def test_a_note_goes_by_itself(qtbot: QtBot) -> None:
    notices = Notices()
    bar = MessageBar(notices)
    qtbot.addWidget(bar)
    bar._timer.setInterval(1)
    notices.tell("Saved")
    with qtbot.waitSignal(notices.changed):
        pass
    assert bar.isHidden()


def test_an_error_after_a_note_stays(qtbot: QtBot) -> None:
    notices = Notices()
    bar = MessageBar(notices)
    qtbot.addWidget(bar)
    notices.tell("Saved")
    notices.error("broken")
    assert not bar._timer.isActive()


def test_errors_that_come_together_are_read_one_by_one(qtbot: QtBot) -> None:
    notices = Notices()
    bar = MessageBar(notices)
    qtbot.addWidget(bar)
    for text in ("one", "two", "one"):
        notices.error(text)
    assert (bar.text, bar._earlier.text()) == ("one", "1 more")
    notices.dismiss()
    assert (bar.text, bar._earlier.text()) == ("two", "")
    notices.tell("Saved")
    notices.error("three")
    notices.dismiss()
    assert bar.text == "two"
    notices.dismiss()
    assert bar.isHidden()
