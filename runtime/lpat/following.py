"""Videos that are still being written or sent, read as they come."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import av
from av.container import InputContainer
from av.error import FFmpegError

from lpat.errors import VideoError
from lpat.video import _OPEN_OPTIONS, Video, _shown, _video_stream

STDIN = Path("-")
"""Stands for standard input."""

POLL = 0.05
"""Seconds between two looks whether there is more."""

_HEAD = 1 << 16
_MP4_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"})


class Feed:
    """The bytes of a file that grows, or of a pipe; each read waits until there are some.

    A pipe ends when its writer closes it. A file ends when it hasn't grown for `timeout` seconds.
    Either ends at once after `stop`, which any thread or signal handler may call.

    Raises:
        VideoError: it can't be read, or isn't such a file.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.path = path
        self.timeout = timeout
        self._stopped = False
        try:
            self._descriptor = os.dup(0) if path == STDIN else os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            raise VideoError(f"{_shown(path)}: no such file") from None
        except OSError as error:
            raise VideoError(f"{_shown(path)}: can't be read ({error.strerror})") from error
        mode = os.fstat(self._descriptor).st_mode
        self._grows = stat.S_ISREG(mode)
        if stat.S_ISDIR(mode):
            self.close()
            raise VideoError(f"{_shown(path)}: expected a video, but it is a folder")

    def read(self, size: int) -> bytes:
        """At most `size` bytes, as soon as there are any; none at the end."""
        deadline = time.monotonic() + self.timeout
        while not self._stopped:
            if not self._is_ready():
                continue
            data = os.read(self._descriptor, size)
            if data or not self._grows or time.monotonic() >= deadline:
                return data
            time.sleep(POLL)
        return b""

    def stop(self) -> None:
        """Let what was read be the end."""
        self._stopped = True

    def close(self) -> None:
        """Release it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def holds_late_index(self) -> bool:
        """Whether it is an MP4 whose pictures come before the index that says where they are."""
        if not self._grows:
            return False
        head = os.pread(self._descriptor, _HEAD, 0)
        place = 0
        while (kind := head[place + 4 : place + 8]) in _MP4_BOXES:
            if kind in {b"moov", b"mdat"}:
                return kind == b"mdat"
            place += max(8, int.from_bytes(head[place : place + 4], "big"))
        return False

    def _is_ready(self) -> bool:
        """Whether a read returns at once, after waiting a moment for that."""
        if self._grows or sys.platform == "win32":  # which can't tell: `stop` then waits too
            return True
        return bool(select.select([self._descriptor], [], [], POLL)[0])


def video_from(feed: Feed) -> Video:
    """The video that a feed brings. It is decoded by one thread: several hold pictures back.

    Raises:
        VideoError: there is no video in it, or none that can be read before it is complete.
    """
    if feed.holds_late_index():
        try:  # complete, perhaps
            return Video.open(feed.path, threads=1)
        except VideoError:
            raise _late_index(feed) from None
    container = _open_container(feed)
    try:
        stream = _video_stream(feed.path, container)
    except VideoError:
        container.close()
        raise
    stream.codec_context.thread_count = 1
    return Video(feed.path, container, stream)


class _Readable(Protocol):
    def read(self, size: int) -> bytes: ...


class _Bytes:
    """A feed as FFmpeg needs it: it can't be sought, and closing it is not FFmpeg's to do."""

    def __init__(self, feed: Feed) -> None:
        self.read = feed.read


def _open_container(feed: Feed) -> InputContainer:
    # Whatever a playlist in the feed says, nothing else is opened.
    options = {"protocol_whitelist": "none"}
    try:
        return av.open(_Bytes(feed), "r", options=options, **_OPEN_OPTIONS)
    except FFmpegError as error:
        if feed.holds_late_index():
            raise _late_index(feed) from None
        name = "standard input" if feed.path == STDIN else _shown(feed.path)
        raise VideoError(
            f"{name}: expected a video, but it is broken or of an unknown format ({error.strerror})"
        ) from error


def _late_index(feed: Feed) -> VideoError:
    return VideoError(
        f"{_shown(feed.path)}: a plain MP4 can't be read before it is complete, as its index comes "
        "last; record it fragmented (-movflags frag_keyframe+empty_moov), or as .mkv or .ts"
    )
