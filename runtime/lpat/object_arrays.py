"""Arrays of a .npy file as plain lists; those of objects too, without loading their pickle."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpat.array_entries import entry_count, numbers_from_bytes
from lpat.errors import AnnotationError
from lpat.plain_pickles import read_plain_pickle

_MOST_BYTES = 1 << 25
"""Annotations of ten thousand videos take a megabyte; more is another file, or a trap."""

_MAGIC = b"\x93NUMPY"
# NumPy itself evaluates this as a literal of Python; Python 2 wrote some numbers with an L.
_HEADER = re.compile(
    rb"\{'descr': '([^']+)', 'fortran_order': (True|False), "
    rb"'shape': \(((?:[0-9]{1,9}L?,? ?)*)\),? ?\}\s*"
)


@dataclass(frozen=True)
class Header:
    """What a .npy file says of its array before the array itself."""

    code: str  # NumPy's word for what an entry is, with its byte order
    order: str  # "C" or "F"
    shape: tuple[int, ...]
    size: int  # bytes that the header takes: the array begins there

    @property
    def holds_objects(self) -> bool:
        """Whether the array is one of objects, and so a pickle."""
        return re.fullmatch(r"\|O[48]?", self.code) is not None


def header_of(content: bytes) -> Header:
    """The header that the first bytes of a .npy file are; more may follow.

    Raises:
        AnnotationError: no header, or one of a structured array.
    """
    # Magic, two bytes of version, and the header's length: two bytes, since version 2 four.
    start = 10 if content[6:7] == b"\x01" else 12
    end = start + int.from_bytes(content[8:start], "little")
    header = _HEADER.fullmatch(content, start, end)
    if not content.startswith(_MAGIC) or header is None:
        raise AnnotationError("expected one array in NumPy's format .npy")
    code, by_columns, sizes = (group.decode("latin-1") for group in header.groups())
    shape = tuple(map(int, re.findall("[0-9]+", sizes)))
    return Header(code, "F" if by_columns == "True" else "C", shape, end)


def read_array(path: Path) -> list[Any]:
    """Entries of a .npy file as lists within lists of text, bytes, numbers, booleans and None.

    Raises:
        AnnotationError: unreadable, too large, or anything but plain data.
    """
    try:
        with path.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise AnnotationError(f"{path}: no such file") from error
    except OSError as error:
        raise AnnotationError(f"{path}: can't be read ({error.strerror})") from error
    if len(content) > _MOST_BYTES:
        raise AnnotationError(f"{path}: expected at most {_MOST_BYTES} bytes")
    try:
        return _entries(content)
    except AnnotationError as error:
        raise AnnotationError(f"{path}: {error}") from error


def _entries(content: bytes) -> list[Any]:
    header = header_of(content)
    entry_count(header.shape)
    data = content[header.size :]
    if not header.holds_objects:
        return numbers_from_bytes(header.code, header.shape, data, header.order)
    entries = read_plain_pickle(data)
    if not isinstance(entries, list) or len(entries) != header.shape[0]:
        raise AnnotationError(f"expected a pickled array of {header.shape[0]} entries")
    return entries
