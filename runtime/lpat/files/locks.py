"""Locks on folders and on files in use, which end with the process that holds them."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
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


@contextmanager
def turn_at(path: Path) -> Iterator[None]:
    """Waits until no other block of this kind, in any process, works on a file; then it is ours.

    The file itself may be absent or replaced meanwhile: a hidden one beside it is locked. Where the
    system has no locks, nothing is waited for.

    Raises:
        OutputError: the folder can't be written.
    """
    lock = path.with_name(f".{path.name}.lock")
    handle = _locked_file(lock, wait=True)
    try:
        yield
    finally:
        with suppress(OSError):
            lock.unlink()
        os.close(handle)


def _locked_file(path: Path, *, wait: bool = False) -> int:
    """The lock file, open and locked; where the file system has no locks, open only."""
    while True:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise OutputError(f"{path.parent}: can't be written ({error.strerror})") from error
        if fcntl is None:
            return handle
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
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


class FilesInUse:
    """Which files of one folder are in use, by any process, from `FilesInUse.of(folder)`.

    Those are not removed. A lease is a lock on one byte of the folder's `.leases` file, at a place
    that the name gives. The system drops it however its process ends, and any number costs one
    open file. Windows removes no file that is open anyway.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".leases"
        self._file: int | None = None
        self._held: Counter[int] = Counter()
        self._lock = threading.RLock()  # the end of an object may release at any moment

    @staticmethod
    @functools.cache
    def of(folder: Path) -> FilesInUse:
        """The one of a folder: closing a second file would drop the locks of the first."""
        return FilesInUse(folder)

    def hold(self, name: str) -> Callable[[], None]:
        """Keep a file from being removed until the function that is given back is called."""
        place = _place_of(name)
        with self._lock:
            self._held[place] += 1
            if self._held[place] == 1:
                self._set("LOCK_SH", place)
        return functools.partial(self._release, place)

    def remove(self, path: Path) -> bool:
        """Remove a file unless it is in use; whether it is gone."""
        place = _place_of(path.name)
        with self._lock:
            if self._held[place] or not self._set("LOCK_EX", place):
                return False
            try:
                path.unlink(missing_ok=True)
            except OSError:
                return False
            finally:
                self._set("LOCK_UN", place)
            return True

    def _release(self, place: int) -> None:
        with self._lock:
            self._held[place] -= 1
            if not self._held[place]:
                del self._held[place]
                self._set("LOCK_UN", place)

    def _set(self, kind: str, place: int) -> bool:
        """Lock or unlock a byte; whether that was possible at once."""
        if fcntl is None:
            return True
        with contextlib.suppress(OSError):
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            at_once = 0 if kind == "LOCK_UN" else fcntl.LOCK_NB
            fcntl.lockf(self._file, getattr(fcntl, kind) | at_once, 1, place)
            return True
        return False


def _place_of(name: str) -> int:
    return int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:7])
