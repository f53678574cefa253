"""Writing that leaves whole files only, and naming that names the file."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lpat.errors import LpatError, OutputError


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` that takes its place when the block ends without error.

    Readers see the old file or the new one, never a part, whenever the process dies.

    Raises:
        OutputError: the folder can't be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        os.close(handle)
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror})") from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except LpatError:  # what was being read failed
        raise
    except OSError as error:
        raise OutputError(f"{path}: can't be written ({error.strerror or error})") from error
    finally:
        temporary.unlink(missing_ok=True)


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
        raise OutputError(f"{path}: can't be written ({error.strerror})") from error


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


_SURROGATE = re.compile("[\ud800-\udfff]")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all; NaN and infinity are refused.

    Text stays readable; only where a file name isn't Unicode all of it is escaped.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    if _SURROGATE.search(text):
        text = json.dumps(value, indent=1, allow_nan=False)
    write_text(path, text + "\n")


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
