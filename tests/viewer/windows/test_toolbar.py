"""Toolbar, legend and start page: what leads to the commands, and what explains the timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lpat_viewer.models.workspace import Workspace
from lpat_viewer.timeline.snapshot import save_picture
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.legend import Legend
from lpat_viewer.windows.settings import Settings


@pytest.fixture
def viewer(qtbot: QtBot, tmp_path: Path) -> Iterator[Viewer]:
    """The whole viewer, nothing open; one video was opened before."""
    settings = Settings(tmp_path / "settings.ini")
    (tmp_path / "before.mp4").touch()
    settings.remember(tmp_path / "gone.mp4")
    settings.remember(tmp_path / "before.mp4")
    viewer = Viewer(settings, cache=None)
    yield viewer
    viewer.close()


def test_buttons_do_and_show_what_the_commands_do(
    qtbot: QtBot, viewer: Viewer, write_video: Callable[..., Path]
) -> None:
    buttons, playhead = viewer.toolbar.buttons, viewer.workspace.playhead
    assert not any(buttons[name].isEnabled() for name in ("Play", "Undo", "Detect"))
    viewer.open([write_video()])
    qtbot.waitUntil(lambda: viewer.player.info is not None)
    buttons["Play"].trigger()
    assert playhead.playing
    assert buttons["Play"].isChecked()
    buttons["Play"].trigger()
    assert not playhead.playing
    buttons["Faster"].trigger()
    assert viewer.toolbar.speed.text() == f"{playhead.speed:g} x" == "1.25 x"
    viewer.corrections.draw(0.1, 0.5, "jump")
    assert buttons["Undo"].isEnabled()
    buttons["Undo"].trigger()
    assert not buttons["Undo"].isEnabled()
    assert buttons["Redo"].isEnabled()


def test_the_start_page_shows_while_no_video_is_open(
    qtbot: QtBot, viewer: Viewer, write_video: Callable[..., Path], tmp_path: Path
) -> None:
    page = viewer.start_page
    assert page.isVisibleTo(viewer.window)
    assert [button.text().split()[0] for button in page.recent] == ["before.mp4"]
    viewer.open([write_video()])
    qtbot.waitUntil(lambda: viewer.player.info is not None)
    assert not page.isVisibleTo(viewer.window)
    viewer.dialogs.close_video()
    assert page.isVisibleTo(viewer.window)
    assert [button.text().split()[0] for button in page.recent] == ["video.mp4", "before.mp4"]
    page.recent[0].click()
    qtbot.waitUntil(lambda: viewer.workspace.video == tmp_path / "video.mp4")


def test_the_legend_explains_what_there_is(judged: Workspace, tmp_path: Path) -> None:
    legend = Legend(judged)
    assert legend.names == ("hit", "false alarm", "miss", "threshold")
    save_picture(legend, tmp_path / "legend.png")  # it paints
    judged.set_annotations(None)
    assert legend.names == ("threshold",)
    judged.layers.clear()
    assert legend.names == ()
    assert legend.isHidden()
