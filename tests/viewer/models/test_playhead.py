"""The one moment that all views show."""

import pytest
from pytestqt.qtbot import QtBot

from lpat_viewer.models.playhead import FASTEST, SLOWEST, Playhead


@pytest.fixture
def playhead(qtbot: QtBot) -> Playhead:
    """At the start of ten seconds."""
    playhead = Playhead()
    playhead.set_duration(10.0)
    return playhead


def test_a_time_beyond_the_video_is_its_nearest_end(playhead: Playhead) -> None:
    playhead.seek(11.0)
    assert playhead.time == 10.0
    playhead.seek(-1.0)
    assert playhead.time == 0.0


def test_a_change_is_told_and_no_change_is_not(playhead: Playhead) -> None:
    told: list[float] = []
    playhead.time_changed.connect(told.append)
    playhead.seek(2.0)
    playhead.seek(2.0)
    assert told == [2.0]


def test_time_moves_at_the_speed(playhead: Playhead) -> None:
    playhead.set_speed(4.0)
    playhead.advance(0.5)
    assert playhead.time == 2.0


@pytest.mark.parametrize(("asked", "given"), [(0.01, SLOWEST), (2.0, 2.0), (100.0, FASTEST)])
def test_the_speed_has_limits(playhead: Playhead, asked: float, given: float) -> None:
    playhead.set_speed(asked)
    assert playhead.speed == given


def test_playing_stops_at_the_end_and_begins_anew_from_there(playhead: Playhead) -> None:
    playhead.set_playing(True)
    playhead.advance(10.5)
    assert (playhead.time, playhead.playing) == (10.0, False)
    playhead.set_playing(True)
    assert (playhead.time, playhead.playing) == (0.0, True)


def test_a_loop_goes_back_to_its_start(playhead: Playhead) -> None:
    playhead.set_loop((2.0, 3.0))
    playhead.seek(2.9)
    playhead.advance(0.2)
    assert playhead.time == 2.0


def test_a_loop_is_gone_to_from_outside(playhead: Playhead) -> None:
    playhead.set_loop((2.0, 3.0))
    playhead.seek(8.0)
    playhead.advance(0.1)
    assert playhead.time == 2.0


def test_nothing_plays_without_a_video(qtbot: QtBot) -> None:
    playhead = Playhead()
    playhead.set_playing(True)
    assert not playhead.playing


def test_a_shorter_video_keeps_the_time_within_it(playhead: Playhead) -> None:
    playhead.seek(9.0)
    playhead.set_duration(5.0)
    assert playhead.time == 5.0


def test_another_video_begins_at_its_start_and_stands_still(playhead: Playhead) -> None:
    playhead.set_loop((1.0, 2.0))
    playhead.seek(4.0)
    playhead.set_playing(True)
    playhead.reset(7.0)
    assert (playhead.time, playhead.duration) == (0.0, 7.0)
    assert (playhead.playing, playhead.loop) == (False, None)
