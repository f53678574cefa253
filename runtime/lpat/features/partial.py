"""The first features of a video whose extraction was cut off, for the run that goes on with it.

A part file holds a byte, 1 if the video was decoded by one thread, and a record for each snippet:
its float32 row (D,) and the CRC-32 of that. A record is written at once, so whatever a kill leaves
is whole, and what a power cut leaves is told by its sum.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Generator, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

from lpat.features.cache import PART, remove_abandoned_parts
from lpat.files.locks import try_lock
from lpat.types import FeatureSpec, Float32Array
from lpat.video.address import Address, file_key

_SUM = 4  # bytes


class FeaturePart:
    """Rows (D,) of a video's features on disk; nothing is kept without a `handle`.

    `single`: they are of a video decoded by one thread, as a damaged one's are.
    """

    def __init__(
        self, path: Path | None = None, handle: int | None = None, dimension: int = 1
    ) -> None:
        self.path = path
        self.single = False
        self._handle = handle
        self._size = 4 * dimension + _SUM  # bytes of a record
        self._count = 0
        if handle is not None:
            self.single = os.pread(handle, 1, 0) == b"\1"
            while self._row(self._count) is not None:
                self._count += 1

    def __len__(self) -> int:
        return self._count

    @property
    def is_kept(self) -> bool:
        """Whether there is a file."""
        return self._handle is not None

    def followed_by(self, rows: Iterable[Float32Array], first: int) -> Generator[Float32Array]:
        """The first rows on disk, then others, which are numbered from `first` on and written."""
        for number in range(first):
            row = self._row(number)
            if row is None:
                raise OSError("the part of a video's features changed while it was read")
            yield row
        self._restart_at(first)
        for row in rows:
            self._append(row)
            yield row

    def restart(self, *, single: bool) -> None:
        """Forget all rows."""
        self.single = single
        self._restart_at(0)

    def _row(self, number: int) -> Float32Array | None:
        """The row of a record; None where there's no whole one."""
        if self._handle is None:
            return None
        record = os.pread(self._handle, self._size, 1 + number * self._size)
        row, its_sum = record[:-_SUM], record[-_SUM:]
        if len(record) < self._size or zlib.crc32(row).to_bytes(_SUM, "little") != its_sum:
            return None
        return np.frombuffer(row, np.float32)

    def _restart_at(self, count: int) -> None:
        self._count = count
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 1 + count * self._size)
            self._write(bytes([self.single]), 0)

    def _append(self, row: Float32Array) -> None:
        content = np.ascontiguousarray(row, np.float32).tobytes()
        record = content + zlib.crc32(content).to_bytes(_SUM, "little")
        self._write(record, 1 + self._count * self._size)
        self._count += 1

    def _write(self, content: bytes, place: int) -> None:
        """A disk that takes no more costs the next run its time, not this one its result."""
        if self._handle is not None:
            try:
                whole = os.pwrite(self._handle, content, place) == len(content)
            except OSError:
                whole = False
            self._handle = self._handle if whole else None


@contextlib.contextmanager
def open_part(folder: Path | None, video: Address, spec: FeatureSpec) -> Iterator[FeaturePart]:
    """The part of a video's features in a folder, of the video as it is now.

    Whoever has the features safe elsewhere removes it by its path. None is kept without a row, of
    what is no file, where the folder can't be written, and while another process is at the same
    video. Parts that nobody has gone on with for long are removed.
    """
    path = None if folder is None else _path_of(folder, video, spec)
    handle = None if path is None else _opened(path)
    if path is None or handle is None:
        yield FeaturePart()
        return
    part = FeaturePart(path, handle, spec.dimension)
    try:
        remove_abandoned_parts(path.parent)
        yield part
    finally:
        if not len(part):
            path.unlink(missing_ok=True)
        os.close(handle)


def _path_of(folder: Path, video: Address, spec: FeatureSpec) -> Path | None:
    try:
        if not isinstance(video, Path) or not video.is_file():
            return None
    except OSError:  # as of a name that is too long
        return None
    return folder / f"{video.stem[:80]}-{file_key(video, asdict(spec))[:24]}{PART}"


def _opened(path: Path) -> int | None:
    """The file, made if need be, open and locked."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        return None
    if try_lock(handle) and os.fstat(handle).st_nlink:
        return handle
    os.close(handle)
    return None
