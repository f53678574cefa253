from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lpat_viewer.models.playhead import Playhead
from lpat_viewer.playback.audio import Audio
from lpat_viewer.playback.picture import VideoInfo


class FakeSink:
    """Keeps what it is given since it was started last."""

    def __init__(self) -> None:
        self.starts = 0
        self.playing = False
        self.data = b""

    def start(self) -> None:
        self.starts += 1
        self.playing, self.data = True, b""

    def write(self, data: bytes) -> None:
        assert len(data) <= self.room
        self.data += data

    @property
    def room(self) -> int:
        return 4000

    def stop(self) -> None:
        self.playing = False

    @property
    def first_second(self) -> float:
        """The time that its first sample stands for: sample n of the file is n // 480."""
        samples = np.frombuffer(self.data, np.int16)[::2]
        return float(samples[0]) / 100 if len(samples) else -1.0


@pytest.fixture
def sound(write_sound: Callable[..., Path]) -> VideoInfo:
    """Three seconds whose samples are the time in hundredths of a second."""
    return VideoInfo(write_sound(), 3.0, 64, 48, "", has_sound=True)


@pytest.fixture
def playhead() -> Playhead:
    playhead = Playhead()
    playhead.set_duration(3.0)
    return playhead


@pytest.fixture
def sink() -> FakeSink:
    return FakeSink()


@pytest.fixture
def audio(qtbot: QtBot, playhead: Playhead, sink: FakeSink) -> Iterator[Audio]:
    audio = Audio(playhead, make_sink=lambda: sink)
    yield audio
    audio.close()


def test_sound_starts_with_the_playhead_and_stops_with_it(qtbot, audio, playhead, sink, sound):
    audio.open(sound)
    assert audio.available
    playhead.seek(1.0)
    assert not sink.playing
    playhead.set_playing(True)
    qtbot.waitUntil(lambda: len(sink.data) > 4000)
    assert sink.first_second == 1.0
    playhead.set_playing(False)
    assert not sink.playing


def test_a_seek_starts_anew_there(qtbot, audio, playhead, sink, sound):
    audio.open(sound)
    playhead.set_playing(True)
    qtbot.waitUntil(lambda: len(sink.data) > 4000)
    playhead.seek(2.0)
    qtbot.waitUntil(lambda: sink.first_second == 2.0)
    assert sink.starts == 2


def test_only_speed_one_is_heard(audio, playhead, sink, sound):
    audio.open(sound)
    playhead.set_speed(2.0)
    playhead.set_playing(True)
    assert not sink.playing
    playhead.set_speed(1.0)
    assert sink.playing
    playhead.set_speed(0.5)
    assert not sink.playing


def test_mute_is_silent_at_once(audio, playhead, sink, sound):
    audio.open(sound)
    playhead.set_playing(True)
    audio.set_muted(True)
    assert audio.muted
    assert not sink.playing
    audio.set_muted(False)
    assert sink.playing


def test_without_a_device_or_sound_all_is_silent(qtbot, playhead, sink, sound):
    deaf = Audio(playhead, make_sink=lambda: None)
    deaf.open(sound)
    mute_video = Audio(playhead, make_sink=lambda: sink)
    mute_video.open(VideoInfo(sound.path, 3.0, 64, 48, ""))
    playhead.set_playing(True)
    assert not deaf.available
    assert not mute_video.available
    assert not sink.playing
