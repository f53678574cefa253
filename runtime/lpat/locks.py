"""Locks on files that end with the process that holds them, however it ends."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lpat.errors import OutputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

LOCK_NAME = ".lpat.lock"


def try_lock(handle: int) -> bool:
    """Whether an open file is locked now for this process alone; closing the file frees it.

    Never where the system has no such locks.
    """
    if fcntl is None:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """The folder is this process's to write into until the block ends.

    Raises:
        OutputError: another process holds it, or it can't be written.
    """
    path = folder / LOCK_NAME
    handle = _locked_file(path)
    try:
        os.truncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()}".encode())
    except OSError as error:
        os.close(handle)
        raise OutputError(f"{folder}: can't be written ({error.strerror})") from error
    try:
        yield
    finally:
        with suppress(OSError):  # before it is freed, so that nobody locks a name that goes
            path.unlink()
        os.close(handle)


def _locked_file(path: Path) -> int:
    """The lock file, open and locked; where the file system has no locks, open only."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise OutputError(f"{path.parent}: can't be written ({error.strerror})") from error
        if fcntl is None:
            return handle
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 200).decode(errors="replace") or "another process"
            os.close(handle)
            raise OutputError(f"{path.parent}: {holder} is writing into it already") from error
        except OSError:
            return handle
        with suppress(OSError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        os.close(handle)  # its holder ended and removed it meanwhile
