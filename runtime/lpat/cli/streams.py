"""Standard streams that cost a command nothing: what can't be said is dropped, and work goes on.

They may be closed (a service, `>&-`), absent (pythonw), full, or without anybody who reads.
"""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import Any, TextIO

_DESCRIPTORS = (0, 1, 2)


class _DroppingWriter(io.RawIOBase):
    """Writes to a descriptor; what that doesn't take is dropped, and `failure` says why."""

    def __init__(self, descriptor: int) -> None:
        self.failure: OSError | None = None
        self._file = io.FileIO(descriptor, "w", closefd=False)

    def writable(self) -> bool:
        """Always true."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._file.fileno()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._file.isatty()

    def write(self, data: Any, /) -> int:
        """How many bytes were written, or dropped."""
        try:
            while (written := self._file.write(data)) is None:  # a pipe that is full for now
                select.select([], [self._file], [])
            return written
        except OSError as error:
            self.failure = error
            return memoryview(data).nbytes


def make_streams_safe() -> None:
    """Let sys.stdout and sys.stderr never raise for what can't be written or encoded.

    Missing ones lead nowhere. Their descriptors are taken: else the next file that is opened would
    get what libraries print. Streams that someone else has put in their place stay.
    """
    for descriptor in _DESCRIPTORS:
        try:
            os.fstat(descriptor)
        except OSError:  # closed; the lowest that is free is given out first
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = _safe(sys.stdout)
    sys.stderr = _safe(sys.stderr)


def failure_of(stream: object) -> OSError | None:
    """Why something that was written to such a stream was dropped; None if nothing was."""
    if not isinstance(stream, io.TextIOWrapper):
        return None
    stream.flush()
    raw = _raw(stream)
    return raw.failure if isinstance(raw, _DroppingWriter) else None


def is_left(stream: object) -> bool:
    """Whether nobody reads what is written to such a stream any longer."""
    failure = failure_of(stream)
    return failure is not None and failure.errno == errno.EPIPE


def _safe(stream: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    raw = _raw(stream)
    if not isinstance(raw, io.FileIO):  # of a test, or safe already
        return stream
    writer = _DroppingWriter(raw.fileno())
    buffer: Any = writer if raw is stream.buffer else io.BufferedWriter(writer)
    return io.TextIOWrapper(
        buffer,
        encoding=stream.encoding,
        errors="backslashreplace",  # a file's name may hold what can't be printed
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _raw(stream: io.TextIOWrapper) -> object:
    """What a stream writes to at last; Python may be told to use no buffer."""
    return getattr(stream.buffer, "raw", stream.buffer)
