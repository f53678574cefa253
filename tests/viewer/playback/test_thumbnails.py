from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lpat_viewer.playback import thumbnails as module
from lpat_viewer.playback.thumbnails import Thumbnails


@pytest.fixture
def thumbnails(qtbot: QtBot) -> Iterator[Thumbnails]:
    thumbnails = Thumbnails(24)
    yield thumbnails
    thumbnails.close()


@pytest.fixture
def path(write_video: Callable[..., Path]) -> Path:
    """Two seconds with a key frame every half."""
    return write_video(pts=range(50), options={"g": "12", "bf": "0", "sc_threshold": "0"})


def number(thumbnails: Thumbnails, time: float) -> int | None:
    """Which of the uniform pictures is there for a time."""
    image = thumbnails.image(time)
    return None if image is None else round((image.pixelColor(5, 5).green() - 20) / 3)


def test_pictures_come_for_all_times_asked(qtbot, thumbnails, path):
    thumbnails.open(path)
    thumbnails.ask([0.0, 0.6, 1.2, 1.8])
    qtbot.waitUntil(lambda: all(thumbnails.image(t) for t in (0.0, 0.6, 1.2, 1.8)))
    image = thumbnails.image(0.6)
    assert image is not None
    assert (image.width(), image.height()) == (32, 24)


def test_exact_pictures_replace_those_near(qtbot, thumbnails, path):
    thumbnails.open(path)
    thumbnails.ask([1.8])
    qtbot.waitUntil(lambda: thumbnails.image(1.8) is not None)
    assert number(thumbnails, 1.8) in (35, 36, 37)  # colours are rounded
    thumbnails.ask([1.8], exact=True)
    qtbot.waitUntil(lambda: number(thumbnails, 1.8) in (44, 45, 46))
    thumbnails.ask([1.8])
    assert number(thumbnails, 1.8) in (44, 45, 46)


def test_the_latest_times_win(qtbot, thumbnails, path):
    thumbnails.open(path)
    for n in range(500):
        thumbnails.ask([n / 500 * 2 + 0.001])
    thumbnails.ask([1.5])
    qtbot.waitUntil(lambda: thumbnails.image(1.5) is not None)
    made = sum(thumbnails.image(n / 500 * 2 + 0.001) is not None for n in range(500))
    assert made < 500


def test_those_used_longest_ago_make_room(qtbot, thumbnails, path, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    thumbnails.open(path)
    thumbnails.ask([0.0, 0.5, 1.0])
    qtbot.waitUntil(lambda: thumbnails.image(1.0) is not None)
    assert thumbnails.image(0.0) is not None  # used just now
    thumbnails.ask([1.5])
    qtbot.waitUntil(lambda: thumbnails.image(1.5) is not None)
    assert thumbnails.image(0.0) is not None
    assert thumbnails.image(0.5) is None


def test_another_video_forgets_those_of_the_one_before(qtbot, thumbnails, path, write_video):
    other = write_video("other.mp4", pts=range(50), size=(96, 48))
    thumbnails.open(path)
    thumbnails.ask([0.5])
    qtbot.waitUntil(lambda: thumbnails.image(0.5) is not None)
    with qtbot.waitSignal(thumbnails.changed):
        thumbnails.open(other)
    assert thumbnails.image(0.5) is None
    thumbnails.ask([0.5])
    qtbot.waitUntil(lambda: thumbnails.image(0.5) is not None)
    assert thumbnails.image(0.5).width() == 48


def test_a_file_that_can_not_be_read_has_none(qtbot, thumbnails, path, tmp_path):
    thumbnails.open(tmp_path / "none.mp4")
    thumbnails.ask([0.5])
    thumbnails.open(path)
    thumbnails.ask([1.0])
    qtbot.waitUntil(lambda: thumbnails.image(1.0) is not None)
    assert thumbnails.image(0.5) is None
