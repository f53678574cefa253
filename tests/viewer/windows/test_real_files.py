"""Real files through the whole viewer: played, sought, stepped, detected; bad ones are a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lpat.features.extractors import default_spec
from lpat_viewer.windows.application import Viewer
from lpat_viewer.windows.settings import Settings

GOOD = (
    "-video-with-dash-.mp4", "arm_wrestling.mp4", "av1_video.mkv", "corrupted.mp4",
    "h264_10bits.mp4", "h265_10bits.mp4", "no_duration.webm", "transparent.webm", "unordered.mov",
    "v_Basketball_g01_c01.avi", "v_GGSY1Qvo990.mp4", "v_ZNVhz7ctTq0.mp4", "video_0.mov",
    "video_180.mov", "video_270.mov", "video_90.mov",
)  # fmt: skip
BAD = {
    "FlashVideo.flv": "expected a video",
    "WindowsMediaVideo.wmv": "no picture can be decoded",
    "empty.webm": "expected a video, but it is empty",
    "no_video_stream.mp4": "expected a video",
}


@pytest.fixture
def viewer(qtbot: QtBot, tmp_path: Path, make_model: Callable[..., Path]) -> Iterator[Viewer]:
    """The whole viewer with a model, and no video."""
    viewer = Viewer(Settings(tmp_path / "settings.ini"), cache=None)
    viewer.window.show()
    viewer.open([make_model(tmp_path / "model.onnx", default_spec())])
    qtbot.waitUntil(lambda: len(viewer.detector.models) == 1)
    yield viewer
    viewer.close()


@pytest.mark.parametrize("name", GOOD)
def test_a_real_video_is_played_sought_stepped_and_detected(
    qtbot: QtBot, viewer: Viewer, shared_data: Path, name: str
) -> None:
    workspace, player = viewer.workspace, viewer.player
    playhead = workspace.playhead
    viewer.open([shared_data / "clips" / name])
    qtbot.waitUntil(lambda: player.info is not None)
    assert player.picture is not None
    assert playhead.duration > 0
    qtbot.waitUntil(lambda: bool(workspace.layers.all))
    viewer.detector.cancel()  # a few seconds of the long ones say enough

    playhead.set_playing(True)
    played = min(0.1, playhead.duration / 2)
    qtbot.waitUntil(lambda: playhead.time > played)
    playhead.set_playing(False)
    wanted = 0.6 * playhead.duration
    playhead.seek(wanted)
    qtbot.waitUntil(lambda: _shows(viewer, wanted))
    player.step(-1)
    qtbot.waitUntil(lambda: playhead.time < wanted)
    before = playhead.time
    player.step(1)
    qtbot.waitUntil(lambda: playhead.time > before)
    latest = workspace.notices.latest
    assert latest is None or latest.text.endswith("parts could not be decoded")


def test_parts_that_could_not_be_decoded_are_told(
    qtbot: QtBot, viewer: Viewer, shared_data: Path
) -> None:
    viewer.open([shared_data / "clips" / "corrupted.mp4"])
    notices = viewer.workspace.notices
    qtbot.waitUntil(lambda: notices.latest is not None)
    assert notices.latest is not None
    assert notices.latest.kind == "warning"
    assert notices.latest.text.endswith("corrupted.mp4: 1 parts could not be decoded")


@pytest.mark.parametrize(("name", "reason"), BAD.items())
def test_a_bad_file_is_one_line_and_the_window_goes_on(
    qtbot: QtBot,
    viewer: Viewer,
    shared_data: Path,
    write_video: Callable[..., Path],
    name: str,
    reason: str,
) -> None:
    workspace, bad = viewer.workspace, shared_data / "clips" / name
    viewer.open([bad])
    qtbot.waitUntil(lambda: workspace.notices.latest is not None)
    qtbot.waitUntil(lambda: not viewer.detector.running)
    assert workspace.notices.latest is not None
    assert workspace.notices.latest.kind == "error"
    assert viewer.window.messages.text.startswith(f"{bad}: {reason}")
    assert viewer.player.picture is None
    viewer.open([write_video()])
    qtbot.waitUntil(lambda: viewer.player.picture is not None)
    qtbot.waitUntil(lambda: bool(workspace.layers.all))


def _shows(viewer: Viewer, time: float) -> bool:
    """Whether the picture is the frame of a time."""
    picture = viewer.player.picture
    return picture is not None and picture.exact and abs(picture.time - time) < 0.5
