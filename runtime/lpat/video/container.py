"""Opening what holds a video, a file, a URL or a camera, so that it leads FFmpeg nowhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.error import ExitError, FFmpegError, ProtocolNotFoundError

from lpat.errors import VideoError
from lpat.files.kinds import VIDEO, kind_of
from lpat.parallel.threads import call_in_thread
from lpat.video.address import PROTOCOLS, Address, FileState, Url
from lpat.video.cameras import open_camera

_PLAYLISTS = (b"#EXTM3U", b"ffconcat version", b"<?xml", b"v=0")
_FIRST_BYTES = 1024
_PIPE_HINT = "; MP4 files with their index at the end can't be read from a pipe"

# Before version 19, PyAV fails on a title that isn't UTF-8 unless told not to.
OPEN_OPTIONS: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
)


def open_container(address: Address) -> InputContainer:
    """What holds the video, open for reading.

    Raises:
        VideoError: nothing is there or answers in time, or it is of no known format.
    """
    if isinstance(address, Url) and address.camera:
        return open_camera(address)
    return _open_url(address) if isinstance(address, Url) else _open_file(address)


@contextmanager
def access_errors_named(path: Path) -> Iterator[None]:
    """In the block, a file that isn't there or can't be read is a `VideoError` that names it."""
    try:
        yield
    except FileNotFoundError:
        raise VideoError.of(path, "no such file") from None
    except VideoError:
        raise
    except OSError as error:
        raise VideoError.of(path, f"can't be read ({error.strerror})") from error


def _open_file(path: Path) -> InputContainer:
    with access_errors_named(path):
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "not a file"
            if stat.S_ISDIR(status.st_mode):
                kind = "a folder" if os.access(path, os.R_OK) else "a folder that can't be read"
            raise VideoError.of(path, f"expected a video, but it is {kind}")
        if status.st_size == 0:
            raise VideoError.of(path, "expected a video, but it is empty (0 bytes)")
        with path.open("rb") as file:
            # FFmpeg gets an open file rather than a name: so a playlist can't have it open others,
            # and no name is ever mistaken for a protocol. On Windows it can't be passed on.
            if os.name == "nt":
                address, options = f"file:{path}", {"protocol_whitelist": "file"}
            else:
                address = "fd:"
                options = {"protocol_whitelist": "fd", "fd": str(file.fileno())}
            try:
                return av.open(address, options=options, **OPEN_OPTIONS)
            except FFmpegError as error:
                raise VideoError.of(path, f"expected a video, but {_fault(path, error)}") from error


def _fault(path: Path, error: FFmpegError) -> str:
    with path.open("rb") as file:
        start = file.read(_FIRST_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(_PLAYLISTS):
        return "it is a playlist, and only what you name yourself is opened: name its videos"
    if (kind := kind_of(path)) not in (None, VIDEO):
        return f"it is {kind}"
    if start.isascii() and b"\0" not in start:
        return "it is text"
    return f"it is broken or of an unknown format ({error.strerror})"


def _open_url(url: Url) -> InputContainer:
    if url.is_stdin:
        address, options = "fd:", {"protocol_whitelist": "fd", "fd": "0"}
        timeout = None  # whatever is at the other end of the pipe may take its time
    elif url.scheme in PROTOCOLS:
        address, options = url.text, {"protocol_whitelist": PROTOCOLS[url.scheme]}
        timeout = url.timeout
    else:
        known = ", ".join(PROTOCOLS)
        raise VideoError.of(url, f"expected a URL of {known}, not {url.scheme}")

    def connect() -> InputContainer:
        return av.open(address, options=options, timeout=timeout, **OPEN_OPTIONS)

    try:
        return call_in_thread(connect, InputContainer.close)
    except FFmpegError as error:
        raise VideoError.of(url, _refusal(url, error)) from error


def _refusal(url: Url, error: FFmpegError) -> str:
    if isinstance(error, ExitError):
        return f"no answer within {url.timeout:g} s"
    if isinstance(error, ProtocolNotFoundError):
        return f"this build of FFmpeg doesn't open {url.scheme} URLs, or what it leads to"
    reason = error.strerror or str(error.args[0])
    if isinstance(error, ValueError):  # invalid data
        hint = _PIPE_HINT if url.is_stdin else ""
        return f"expected a video, but it is broken or of an unknown format ({reason}{hint})"
    return f"can't be opened ({reason})"


def break_off_reason(address: Address, error: FFmpegError) -> str:
    """Why reading ended before the video did."""
    if isinstance(address, Url) and isinstance(error, ExitError):
        return f"nothing more came within {address.timeout:g} s"
    if isinstance(address, Url) and address.is_stdin:
        return f"the pipe can't be read any further ({error.strerror}{_PIPE_HINT})"
    if isinstance(address, Url) and address.camera:
        return f"the camera gives no more ({error.strerror})"
    if isinstance(address, Url):
        return f"the connection broke off ({error.strerror})"
    return f"it can't be read any further ({error.strerror})"


def start_of(container_start: int | None, picture: av.VideoFrame) -> float:
    """Seconds from a container's start, where players begin to count, to its first picture.

    Sound may begin earlier, and so may packets that can't be decoded.
    """
    if container_start is None or picture.pts is None or picture.time_base is None:
        return 0.0
    late = picture.pts * picture.time_base - Fraction(container_start, av.time_base)
    return max(round(float(late), 6), 0.0)


def require_same_while_read(path: Path, before: FileState) -> None:
    """See that a file that was read is still what it was when its state was `before`.

    One that was removed meanwhile was read to its end all the same: it stays until it is closed.

    Raises:
        VideoError: it isn't.
    """
    now = FileState.of(path)
    if now is None or now == before:
        return
    if before.is_replaced_by(now):
        raise VideoError.of(path, "was replaced while it was read")
    if now.size != before.size:
        sizes = f"from {before.size} to {now.size} bytes"
        raise VideoError.of(path, f"changed while it was read ({sizes})")
    raise VideoError.of(path, "was written to while it was read")
