from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSize
from pytestqt.qtbot import QtBot

from lpat_viewer.models.playhead import Playhead
from lpat_viewer.playback.player import Player
from lpat_viewer.playback.video_view import HINT_TEXT, LETTERBOX, VideoView


@pytest.fixture
def player(qtbot: QtBot) -> Iterator[Player]:
    player = Player(Playhead())
    yield player
    player.close()


@pytest.fixture
def view(qtbot: QtBot, player: Player) -> VideoView:
    view = VideoView(player)
    qtbot.addWidget(view)
    view.resize(400, 200)
    view.show()
    return view


@pytest.fixture
def green(write_video: Callable[..., Path]) -> Path:
    """Green pictures twice as high as wide."""
    picture = np.full((128, 64, 3), (0, 200, 0), np.uint8)
    return write_video("green.mp4", pts=range(10), pictures=[picture] * 10)


def show(qtbot: QtBot, player: Player, path: Path) -> None:
    with qtbot.waitSignal(player.opened):
        player.open(path)
    qtbot.waitUntil(lambda: player.picture is not None)


def test_nothing_open_says_what_to_do(view):
    image = view.grab().toImage()
    assert image.pixelColor(0, 0) == LETTERBOX
    colours = {image.pixelColor(x, 100).lightness() for x in range(400)}
    assert max(colours) > 80
    assert view.picture_rectangle() == QRectF()
    assert (view.accessibleName(), view.accessibleDescription()) == ("Video", HINT_TEXT)


def test_the_picture_keeps_its_shape_in_a_dark_frame(qtbot, view, player, green):
    show(qtbot, player, green)
    assert view.picture_rectangle() == QRectF(150, 0, 100, 200)
    image = view.grab().toImage()
    assert image.pixelColor(200, 100).green() > 150
    assert image.pixelColor(100, 100) == image.pixelColor(300, 100) == LETTERBOX


def test_the_picture_follows_the_size_of_the_view(qtbot, view, player, green):
    show(qtbot, player, green)
    view.resize(400, 100)
    assert view.picture_rectangle() == QRectF(175, 0, 50, 100)
    qtbot.waitUntil(lambda: player.picture.image.size() == QSize(50, 100))


def test_the_overlay_tells_time_size_and_rate(qtbot, view, player, green):
    assert view.overlay_text() == ""
    show(qtbot, player, green)
    player.step(3)
    qtbot.waitUntil(lambda: player.picture.time == 0.12)
    assert view.overlay_text().split("   ") == ["0:00.120", "64 x 128", "25 fps"]
    plain = view.grab().toImage()
    view.set_overlay(True)
    assert view.has_overlay
    assert view.grab().toImage() != plain


def test_screen_readers_are_told_what_is_open(qtbot, view, player, green):
    show(qtbot, player, green)
    assert view.accessibleDescription() == "green.mp4, 64 x 128, 25 fps"
    with qtbot.waitSignal(player.failed):
        player.open(green.with_name("none.mp4"))
    assert view.accessibleDescription() == HINT_TEXT
