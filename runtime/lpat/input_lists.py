"""Lists of inputs in files, as written by hand, by `find` or by another program."""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

from lpat.errors import UsageError
from lpat.video.address import is_url


def read_list(argument: str) -> list[str]:
    """The entries of the list `@file`, or of `@-` the one on standard input.

    One a line, without empty lines and those that begin with `#`; or, if there are NULs, separated
    by these and all taken as they are (`find -print0`). What isn't found from the working folder is
    looked for beside the list. UTF-16 with a byte order mark is understood.

    Raises:
        UsageError: the list can't be read, or is empty.
    """
    name = argument.removeprefix("@")
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{argument}: no such file or list {name!r}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{argument}: the list can't be read ({reason})") from error
    entries = _entries(content)
    if not entries:
        raise UsageError(f"{argument}: expected a list of inputs, but it is empty")
    if name == "-":
        return entries
    folder = Path(name).parent
    return [_found(entry, folder) for entry in entries]


def _entries(content: bytes) -> list[str]:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = os.fsencode(content.decode("utf-16", errors="replace"))
    content = content.removeprefix(codecs.BOM_UTF8)
    if b"\0" in content:
        return [os.fsdecode(entry) for entry in content.split(b"\0") if entry]
    lines = (os.fsdecode(line).rstrip("\r") for line in content.split(b"\n"))
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _found(entry: str, folder: Path) -> str:
    """The entry, from the list's folder on if it isn't to be found otherwise."""
    if is_url(entry) or os.path.lexists(entry):
        return entry
    beside = folder / entry
    is_pattern = any(character in entry for character in "*?[")
    if os.path.lexists(beside) or (is_pattern and not _matches(entry) and _matches(str(beside))):
        return str(beside)
    return entry


def _matches(pattern: str) -> bool:
    path = Path(pattern)
    start = Path(path.anchor)
    try:
        return next(iter(start.glob(str(path.relative_to(start)))), None) is not None
    except (ValueError, OSError):
        return False
