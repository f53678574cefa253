from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from lpat_viewer.models.playhead import Playhead
from lpat_viewer.playback import player as player_module
from lpat_viewer.playback.picture import Picture, VideoInfo
from lpat_viewer.playback.player import Player

GROUPS = {"g": "12", "bf": "2", "sc_threshold": "0"}


@pytest.fixture
def playhead() -> Playhead:
    return Playhead()


@pytest.fixture
def player(qtbot: QtBot, playhead: Playhead) -> Iterator[Player]:
    player = Player(playhead)
    yield player
    player.close()


# 52 frames over two seconds and a half: half a second is missing, the last come faster.
PTS = [*(40 * n + 500 * (n > 40) for n in range(50)), 2510, 2520]


@pytest.fixture
def path(write_video: Callable[..., Path]) -> Path:
    return write_video("v.mkv", pts=PTS, time_base=Fraction(1, 1000), options=GROUPS)


def number(picture: Picture | None) -> int:
    """Which of the uniform pictures it is."""
    assert picture is not None
    return round((picture.image.pixelColor(5, 5).green() - 20) / 3)


def shows(player: Player, time: float) -> Callable[[], bool]:
    """Whether the exact frame of a time is there."""

    def is_shown() -> bool:
        picture = player.picture
        return picture is not None and picture.exact and picture.time == time

    return is_shown


def opened(qtbot: QtBot, player: Player, path: Path) -> VideoInfo:
    with qtbot.waitSignal(player.opened):
        player.open(path)
    assert player.info is not None
    return player.info


def test_opening_shows_the_first_frame_and_sets_the_duration(qtbot, player, playhead, path):
    info = opened(qtbot, player, path)
    assert (info.path, info.width, info.height) == (path, 64, 48)
    assert info.rate.endswith(" fps")
    # The frame before the last lasted less than the file says, so the last one does, too.
    assert playhead.duration == info.duration == pytest.approx(2.53)
    qtbot.waitUntil(shows(player, 0.0))
    assert number(player.picture) == 0


def test_the_picture_follows_the_playhead(qtbot, player, playhead, path):
    opened(qtbot, player, path)
    for time, frame in ((1.0, 25), (1.9, 40), (0.139, 3), (2.515, 50)):
        playhead.seek(time)
        expected = {25: 1.0, 40: 1.6, 3: 0.12, 50: 2.51}[frame]
        qtbot.waitUntil(shows(player, expected))
        assert number(player.picture) == frame


def test_steps_are_real_frames_and_move_the_playhead(qtbot, player, playhead, path):
    opened(qtbot, player, path)
    playhead.seek(1.62)
    for count, time in ((1, 2.14), (-1, 1.6), (-10, 1.2), (10, 1.6), (100, 2.52), (-200, 0.0)):
        player.step(count)
        qtbot.waitUntil(lambda expected=time: playhead.time == expected)
        assert shows(player, time)()


def test_steps_that_come_at_once_add_up(qtbot, player, playhead, path):
    opened(qtbot, player, path)
    for _ in range(3):
        player.step(10)
    player.step(-1)
    qtbot.waitUntil(shows(player, 29 * 0.04))
    assert playhead.time == 29 * 0.04


def test_a_seek_after_a_step_wins(qtbot, player, playhead, path):
    opened(qtbot, player, path)
    player.step(10)
    playhead.seek(1.0)
    qtbot.waitUntil(shows(player, 1.0))
    assert playhead.time == 1.0


def test_of_many_seeks_the_last_is_shown(qtbot, player, playhead, path):
    opened(qtbot, player, path)
    for n in range(200):
        playhead.seek(n % 50 * 0.05)
    playhead.seek(0.8)
    qtbot.waitUntil(shows(player, 0.8))


def test_playing_moves_to_the_end_and_stops_at_the_last_frame(
    qtbot, player, playhead, path, monkeypatch
):
    opened(qtbot, player, path)
    pictures: list[float] = []
    now = 0.0

    def patient_clock() -> float:
        """It goes on by a hundredth once the picture of the playhead's time is there."""
        nonlocal now
        wanted = max(pts for pts in PTS if pts / 1000 <= playhead.time) / 1000
        now += 0.01 * (player.picture is not None and player.picture.time >= wanted)
        return now

    monkeypatch.setattr(player_module, "clock", SimpleNamespace(monotonic=patient_clock))

    def note() -> None:
        if player.picture is not None:
            pictures.append(player.picture.time)

    player.picture_changed.connect(note)
    playhead.set_speed(4.0)
    playhead.set_playing(True)
    qtbot.waitUntil(lambda: not playhead.playing)
    assert playhead.time == playhead.duration
    qtbot.waitUntil(shows(player, 2.52))
    assert len(pictures) > 30
    assert pictures == sorted(pictures)


def test_stepping_stops_playing(qtbot, player, playhead, path):
    opened(qtbot, player, path)
    playhead.set_speed(0.1)
    playhead.set_playing(True)
    player.step(1)
    assert not playhead.playing
    qtbot.waitUntil(lambda: playhead.time == 0.04)


def test_pictures_are_no_larger_than_asked_nor_than_the_video(qtbot, player, playhead, path):
    player.set_target_size(QSize(32, 1000))
    opened(qtbot, player, path)
    qtbot.waitUntil(shows(player, 0.0))
    assert player.picture.image.size() == QSize(32, 24)
    player.set_target_size(QSize(1000, 1000))
    qtbot.waitUntil(lambda: player.picture.image.size() == QSize(64, 48))


def test_what_can_not_be_opened_is_one_line(qtbot, player, tmp_path):
    with qtbot.waitSignal(player.failed) as failed:
        player.open(tmp_path / "none.mp4")
    assert failed.args == [f"{tmp_path / 'none.mp4'}: no such file"]
    assert player.picture is None
    assert player.info is None


def test_a_file_replaced_while_open_is_one_line(qtbot, player, playhead, write_video):
    path = write_video("v.mkv", pts=range(2000), options=GROUPS)
    opened(qtbot, player, path)
    path.rename(path.with_name("old.mkv"))
    playhead.set_speed(0.1)
    with qtbot.waitSignal(player.failed) as failed:
        playhead.set_playing(True)
        playhead.seek(70.0)
    assert failed.args == [f"{path}: no such file"]
    assert not playhead.playing


def test_another_video_takes_its_place(qtbot, player, playhead, path, write_video):
    opened(qtbot, player, path)
    playhead.seek(2.0)
    other = write_video("other.mp4", pts=range(10), size=(80, 40))
    player.open(path)
    assert player.picture is None
    assert playhead.time == 0
    info = opened(qtbot, player, other)
    assert (info.width, info.height) == (80, 40)
    qtbot.waitUntil(lambda: player.picture is not None and player.picture.image.width() == 80)


def test_a_closed_player_opens_again(qtbot, player, path):
    opened(qtbot, player, path)
    player.close()
    assert player.picture is None
    opened(qtbot, player, path)


def test_no_request_without_a_video_does_harm(player, playhead):
    player.step(1)
    playhead.seek(1.0)
    player.open(None)
    assert player.picture is None
