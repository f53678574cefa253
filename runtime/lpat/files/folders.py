"""Folders: the user's cache, one for temporary files, and those that results are written to."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import shutil
import tempfile
import time
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from lpat.errors import OutputError
from lpat.files.atomic import output_error
from lpat.files.locks import try_lock

_PREFIX = "lpat-scratch-"
_LOCK = ".lock"
_SETTLING = 60.0
"""Seconds in which a process that made its folder will have locked it."""


def cache_folder() -> Path:
    """The user's folder for what can be made again: $LPAT_CACHE, or `lpat` among their caches."""
    own = os.environ.get("LPAT_CACHE")
    return Path(own) if own else user_cache_path("lpat", appauthor=False)


def data_folder() -> Path:
    """The user's folder for what isn't made again: `lpat` among their data."""
    return user_data_path("lpat", appauthor=False)


def claim_folder(path: Path) -> None:
    """Make a folder, so that hours of work aren't done for one that can't be written.

    Raises:
        OutputError: it can't be made, or nothing can be written into it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise output_error(path, error) from error


@functools.cache
def temporary_folder() -> Path:
    """A folder for temporary files, removed when the program ends.

    A process that is killed can't; the next one removes its folder, where the system has locks.

    Raises:
        OutputError: there is no place for temporary files.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)  # open to the end
    except OSError as error:
        raise OutputError(f"temporary files can't be written ({error.strerror})") from error
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if try_lock(handle):
        for other in folder.parent.glob(f"{_PREFIX}*"):
            if other != folder:
                _remove_if_left(other)
    return folder


def _remove_if_left(folder: Path) -> None:
    """Remove a folder whose process has ended."""
    with contextlib.suppress(OSError):
        if folder.stat().st_mtime > time.time() - _SETTLING:
            return
        handle = os.open(folder / _LOCK, os.O_RDWR)
        try:
            if try_lock(handle):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
