"""Which files of a folder are in use, by any process: those are not removed.

A lease is a lock on one byte of the folder's `.leases` file, at a place that the name gives. The
system drops it however its process ends, and any number costs one open file.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where a file that is open isn't removed anyway
    fcntl = None


class Leases:
    """The leases of one folder that this process knows of, from `Leases.of(folder)`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".leases"
        self._file: int | None = None
        self._held: Counter[int] = Counter()
        self._lock = threading.RLock()  # the end of an object may release at any moment

    @staticmethod
    @functools.cache
    def of(folder: Path) -> Leases:
        """The one of a folder: closing a second file would drop the locks of the first."""
        return Leases(folder)

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
