"""Cameras of this machine, `camera:0` or `camera:NAME`, opened by FFmpeg's device inputs."""

from __future__ import annotations

import errno
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.format import ContainerFormat

from lpat.errors import VideoError
from lpat.parallel.threads import call_in_thread
from lpat.video.address import Url


@dataclass(frozen=True)
class DeviceInput:
    """An input of FFmpeg by which a system's cameras are read.

    Addresses have `{}` in the place of what the user gave.
    """

    form: str
    by_name: str
    by_number: str | None = None  # None: a number is a place in FFmpeg's list
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    hint: str = ""  # to whom no camera opens


DEVICE_INPUTS: Mapping[str, DeviceInput] = {
    "linux": DeviceInput("v4l2", "{}", "/dev/video{}"),
    # Cameras of Macs refuse FFmpeg's own choice of 29.97 pictures a second.
    "darwin": DeviceInput(
        "avfoundation", "{}:none", "{}:none", {"framerate": "30"},
        "; may this terminal use the camera (System Settings, Privacy & Security)?",
    ),
    "win32": DeviceInput("dshow", "video={}"),
}  # fmt: skip
"""By `sys.platform`."""


def open_camera(url: Url) -> InputContainer:
    """A camera, open for reading.

    Raises:
        VideoError: there is none of this name, it isn't ours to read, something else uses it, or
            FFmpeg can't read cameras here.
    """
    device = device_input(url)
    try:
        ContainerFormat(device.form, "r")
    except ValueError:
        raise VideoError.of(
            url,
            f"this PyAV lacks FFmpeg's input {device.form!r}, by which cameras are read here; "
            "PyAV's own wheels have it",
        ) from None
    address = address_of(url, device)

    def connect() -> InputContainer:
        return av.open(address, format=device.form, options=dict(device.options))

    try:
        return call_in_thread(connect, InputContainer.close)
    except FFmpegError as error:
        raise VideoError.of(url, _refusal(address, device, error)) from error


def device_input(url: Url, platform: str = sys.platform) -> DeviceInput:
    """What reads cameras on a platform.

    Raises:
        VideoError: it isn't known.
    """
    if platform not in DEVICE_INPUTS:
        known = ", ".join(DEVICE_INPUTS)
        raise VideoError.of(url, f"cameras are read on {known}, not on {platform}")
    return DEVICE_INPUTS[platform]


def address_of(url: Url, device: DeviceInput) -> str:
    """What FFmpeg calls a camera, given by number, by name or as FFmpeg calls it.

    Raises:
        VideoError: a number is needed that no camera has.
    """
    camera = url.camera
    if camera.isdecimal() and device.by_number is not None:
        return device.by_number.format(camera)
    cameras = known_cameras(device)
    if camera.isdecimal():
        if int(camera) >= len(cameras):
            raise VideoError.of(url, f"no such camera{_those_there(cameras)}")
        camera = list(cameras)[int(camera)]
    named = (name for name, title in cameras.items() if title == camera)
    return device.by_name.format(next(named, camera))


def known_cameras(device: DeviceInput) -> dict[str, str]:
    """The cameras that are there, as FFmpeg and as people call them; none if FFmpeg can't tell."""
    with suppress(FFmpegError, ValueError):
        found = av.enumerate_input_devices(device.form)
        return {it.name: it.description for it in found if "audio" not in it.media_types}
    return {}


def _refusal(address: str, device: DeviceInput, error: FFmpegError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"no such camera: {address}{_those_there(known_cameras(device))}"
    if isinstance(error, PermissionError):
        return f"no permission to read {address}: on Linux, users of the group `video` may"
    if error.errno == errno.EBUSY:
        return f"{address} is in use by another program"
    reason = error.strerror or str(error)
    there = _those_there(known_cameras(device))
    return f"{address} can't be opened as a camera ({reason}){there}{device.hint}"


def _those_there(cameras: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name} ({title})" for name, title in cameras.items())
    return f"; there are: {listed}" if listed else "; FFmpeg finds none on this machine"
