"""Cameras, of which a made-up source takes the place: FFmpeg's lavfi is a device input too."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError, err_check

from lpat.errors import UsageError, VideoError
from lpat.inputs import find_inputs, live_input
from lpat.video import cameras
from lpat.video.address import Url
from lpat.video.cameras import DEVICE_INPUTS, DeviceInput, address_of, device_input
from lpat.video.reader import Video

CAMERA = Url("camera:0")


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Camera N sends N seconds of a test picture."""
    device = DeviceInput("lavfi", "{}", "testsrc=size=64x48:rate=10:duration={}")
    monkeypatch.setattr(cameras, "DEVICE_INPUTS", {sys.platform: device})


@pytest.mark.usefixtures("made_up")
def test_frames_of_a_camera_have_their_times() -> None:
    with Video.open("camera:2", live=True) as video:
        times = [frame.time for frame in video]
    np.testing.assert_allclose(times, np.arange(20) / 10, atol=1e-9)
    assert video.duration == pytest.approx(2.0)
    assert video.broken_off is None


def test_a_camera_has_a_name_and_is_never_kept() -> None:
    assert (CAMERA.camera, CAMERA.stem, CAMERA.suffix) == ("0", "camera:0", "")
    assert not CAMERA.is_kept
    assert Url("camera:").camera == Url("https://camera:80/a.mp4").camera == ""


def test_a_camera_is_a_live_input_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live_input("camera:0").path == CAMERA
    with pytest.raises(UsageError, match=r"^camera:0: a camera has no end: read it live"):
        find_inputs(["camera:0"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "camera:0").touch()
    assert live_input("camera:0").path == Path("camera:0")


@pytest.mark.parametrize(
    ("platform", "camera", "expected"),
    [
        ("linux", "0", "/dev/video0"),
        ("linux", "/dev/video3", "/dev/video3"),
        ("linux", "Desk", "/dev/video2"),
        ("darwin", "1", "1:none"),
        ("darwin", "FaceTime HD Camera", "FaceTime HD Camera:none"),
        ("win32", "1", "video=/dev/video2"),
        ("win32", "Desk", "video=/dev/video2"),
        ("win32", "Unlisted", "video=Unlisted"),
    ],
)
def test_what_ffmpeg_calls_a_camera(
    platform: str, camera: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [
        av.DeviceInfo("/dev/video0", "Lid", True, ["video"]),
        av.DeviceInfo("microphone", "Desk", False, ["audio"]),
        av.DeviceInfo("/dev/video2", "Desk", False, ["video"]),
    ]
    monkeypatch.setattr(av, "enumerate_input_devices", lambda form: listed)
    url = Url(f"camera:{camera}")
    assert address_of(url, device_input(url, platform)) == expected


def test_a_place_that_no_camera_has_is_told_with_those_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = [av.DeviceInfo("id", "Desk", True, ["video"])]
    monkeypatch.setattr(av, "enumerate_input_devices", lambda form: listed)
    with pytest.raises(VideoError, match=r"^camera:1: no such camera; there are: id \(Desk\)$"):
        address_of(Url("camera:1"), DEVICE_INPUTS["win32"])


def test_a_platform_of_which_nothing_is_known_is_told() -> None:
    with pytest.raises(VideoError, match="on linux, darwin, win32, not on plan9"):
        device_input(CAMERA, "plan9")


def test_a_pyav_without_device_inputs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cameras, "DEVICE_INPUTS", {sys.platform: DeviceInput("nothing", "{}")})
    with pytest.raises(VideoError, match=r"^camera:0: this PyAV lacks FFmpeg's input 'nothing'"):
        Video.open(CAMERA)


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux has cameras")
@pytest.mark.parametrize(
    ("camera", "message"),
    [
        ("987", "no such camera: /dev/video987; "),
        ("/dev/null", r"/dev/null can't be opened as a camera \(.+\); "),
    ],
)
def test_what_is_no_camera_is_one_clear_line(camera: str, message: str) -> None:
    with pytest.raises(VideoError, match=f"^camera:{camera}: {message}") as caught:
        Video.open(f"camera:{camera}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EACCES, "no permission to read /dev/video0: on Linux, users of the group `video`"),
        (errno.EBUSY, "/dev/video0 is in use by another program"),
    ],
)
def test_a_camera_that_refuses_says_why(
    number: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        err_check(-number)

    device = DeviceInput("lavfi", "{}", "/dev/video{}")
    monkeypatch.setattr(cameras, "DEVICE_INPUTS", {sys.platform: device})
    monkeypatch.setattr(av, "open", refuse)
    with pytest.raises(VideoError, match=f"^camera:0: {message}") as caught:
        Video.open(CAMERA)
    assert isinstance(caught.value.__cause__, FFmpegError)
