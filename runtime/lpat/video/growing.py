"""Videos that are still being written or sent, read as they come."""

from __future__ import annotations

import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
from av.error import FFmpegError

from lpat.errors import VideoError
from lpat.video.container import OPEN_OPTIONS, access_errors_named
from lpat.video.header_checks import video_stream
from lpat.video.reader import Video

if TYPE_CHECKING:
    from typing import BinaryIO

POLL = 0.05
"""Seconds between two looks whether there is more."""

_HEAD = 1 << 16
_MP4_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"})


class GrowingFile:
    """A file's bytes; a read at its end waits for more.

    It ends when it hasn't grown for `timeout` seconds, or at once after `stop`, which any thread
    or signal handler may call.

    Raises:
        VideoError: it can't be read, or isn't a file.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self.timeout = timeout
        self._stopped = False
        with access_errors_named(path):
            if not stat.S_ISREG(path.stat().st_mode):
                raise VideoError.of(path, "expected a file that grows; a pipe is read from - only")
            self._file = path.open("rb", buffering=0)

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """At most `size` bytes, as soon as there are any; none at the end."""
        deadline = time.monotonic() + self.timeout
        while not self._stopped:
            data = self._file.read(size)
            if data or time.monotonic() >= deadline:
                return data or b""
            time.sleep(POLL)
        return b""

    def stop(self) -> None:
        """Let what was read so far be all."""
        self._stopped = True

    def index_comes_last(self) -> bool:
        """Whether it is an MP4 whose pictures stand before the index that tells where they are."""
        with self.path.open("rb") as file:
            head = file.read(_HEAD)
        place = 0
        while (kind := head[place + 4 : place + 8]) in _MP4_BOXES:
            if kind in {b"moov", b"mdat"}:
                return kind == b"mdat"
            place += max(8, int.from_bytes(head[place : place + 4], "big"))
        return False


def follow(file: GrowingFile) -> Video:
    """The video in a growing file, to be decoded by one thread.

    Raises:
        VideoError: there is no video in it, or none that can be read before it is complete.
    """
    if file.index_comes_last():
        try:
            return Video.open(file.path, threads=1, live=True)  # it may be complete
        except VideoError:
            raise _late_index(file) from None
    try:
        # Only `read` is shown, so that nothing is sought: some formats would look at the end first.
        # Whatever a playlist says, FFmpeg opens nothing else.
        container = av.open(
            cast("BinaryIO", _Bytes(file)), options={"protocol_whitelist": "none"}, **OPEN_OPTIONS
        )
    except FFmpegError as error:
        if file.index_comes_last():
            raise _late_index(file) from None
        empty = file.path.stat().st_size == 0
        fault = "empty (0 bytes)" if empty else f"broken or of an unknown format ({error.strerror})"
        raise VideoError.of(file.path, f"expected a video, but it is {fault}") from error
    try:
        stream = video_stream(file.path, container)
    except VideoError:
        container.close()
        raise
    stream.codec_context.thread_count = 1
    return Video(file.path, container, stream)


class _Bytes:
    def __init__(self, file: GrowingFile) -> None:
        self.read = file.read


def _late_index(file: GrowingFile) -> VideoError:
    return VideoError.of(
        file.path,
        "a plain MP4 can't be read before it is complete, as its index comes last; record .mkv, "
        ".ts or fragmented MP4 (-movflags frag_keyframe+empty_moov)",
    )
