"""Files read whole, and written whole or not at all."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from lpat.errors import LpatError, OutputError
from lpat.files.locks import try_lock

_DISK_FAILURES = {
    number
    for name in ("ENOSPC", "EDQUOT", "EFBIG", "EROFS", "EIO")
    if (number := getattr(errno, name, None)) is not None
}
_PREFIX, _SUFFIX = ".lpat-", ".part"  # of temporary files


class _SystemError(Protocol):
    """What an `OSError` says, and FFmpeg's errors say too."""

    @property
    def errno(self) -> int | None:
        """The system's number for it."""
        ...

    @property
    def strerror(self) -> str | None:
        """What that means."""
        ...


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends without error.

    Readers see the old file or the new one, never a part, whenever the process dies. What it
    leaves then, `remove_abandoned` finds.

    Raises:
        OutputError: the folder can't be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = _temporary_file(path.parent)
    except OSError as error:
        raise output_error(path, error) from error
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        if os.name == "nt":  # where an open file can't be renamed
            handle = _closed(handle)
        temporary.replace(path)
    except LpatError:  # what was being read failed
        raise
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        _closed(handle)
        temporary.unlink(missing_ok=True)


def takes_no_more(error: OutputError) -> bool:
    """Whether it is the disk that fails, as when it is full: so will whatever is written next."""
    return error.errno in _DISK_FAILURES


def keep_backup(path: Path) -> Path:
    """A copy of a file beside it, under a name that was free: `NAME.bak`, `NAME.2.bak`, ...

    Raises:
        OutputError: it can't be read, or the copy not written.
    """
    numbers = (f".{number}" if number > 1 else "" for number in itertools.count(1))
    backups = (path.with_name(f"{path.name}{number}.bak") for number in numbers)
    backup = next(backup for backup in backups if not backup.exists())
    try:
        with atomic_path(backup) as temporary:
            shutil.copyfile(path, temporary)
    except OutputError as error:
        failure = OutputError(f"{path}: can't be written (without a backup: {error})")
        failure.errno = error.errno
        raise failure from error
    return backup


def remove_abandoned(folder: Path) -> int:
    """How many temporary files of processes that have died were removed from a folder.

    A process that still writes holds a lock on its own, so theirs stay.
    """
    removed = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.name.endswith(_SUFFIX):
                with suppress(OSError), open(entry.path, "rb") as file:  # noqa: PTH123
                    if try_lock(file.fileno()):
                        os.unlink(entry.path)  # noqa: PTH108
                        removed += 1
    return removed


def output_error(path: Path, error: _SystemError) -> OutputError:
    """The error of a file or folder that can't be written."""
    failure = OutputError(f"{path}: can't be written ({error.strerror or error})")
    failure.errno = error.errno
    return failure


def _temporary_file(folder: Path) -> tuple[int, Path]:
    """A new file, locked, and its handle. It is made again if removed before it was locked."""
    while True:
        handle, name = tempfile.mkstemp(dir=folder, prefix=_PREFIX, suffix=_SUFFIX)
        try_lock(handle)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)


def _closed(handle: int) -> int:
    """-1, for a handle that is closed now."""
    if handle >= 0:
        os.close(handle)
    return -1


def read_whole(path: Path, error: type[LpatError], most: int | None = None) -> bytes:
    """The bytes of a file, or the first `most` of them.

    Raises:
        error: no such file, or it can't be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(-1 if most is None else most)
    except FileNotFoundError as reason:
        raise error(f"{path}: no such file") from reason
    except OSError as reason:
        raise error(f"{path}: can't be read ({reason.strerror})") from reason


def write_text(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write `text` with the line ends it has, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding=encoding, newline="")


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
