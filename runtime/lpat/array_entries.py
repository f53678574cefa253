"""Entries of NumPy arrays as nested lists of Python's own values, from what a file says of them."""

from __future__ import annotations

import math
import re
import sys
from typing import Any

import numpy as np

from lpat.errors import AnnotationError

MOST_ENTRIES = 1 << 22
_MOST_DIMENSIONS = 16
_PLAIN = re.compile(r"[<>|=]([biu]1|[iu][248]|f[248]|[SU][1-9][0-9]{0,5})")


def entry_count(shape: tuple[Any, ...]) -> int:
    """What an array of this shape comes to: entries, or lists where (1000000, 0) has no entry.

    Raises:
        AnnotationError: no shape, or more than `MOST_ENTRIES`.
    """
    if not all(type(size) is int and size >= 0 for size in shape):
        raise AnnotationError("expected an array's shape, but it isn't one of whole numbers")
    count = math.prod(max(size, 1) for size in shape)
    if not 0 < len(shape) <= _MOST_DIMENSIONS or count > MOST_ENTRIES:
        raise AnnotationError(
            f"expected an array of 1 to {_MOST_DIMENSIONS} dimensions and at most {MOST_ENTRIES} "
            f"entries"
        )
    return count


def numbers_from_bytes(code: str, shape: tuple[int, ...], data: bytes, order: str) -> list[Any]:
    """Entries of an array of numbers, booleans or text; `order` is "C" or "F".

    `code` is NumPy's word for what an entry is, with its byte order: "<f8", "|S17".

    Raises:
        AnnotationError: other entries, too few bytes or too many, or text that isn't Unicode.
    """
    if not _PLAIN.fullmatch(code):
        raise AnnotationError(f"expected an array of numbers or text, not of {code!r:.100}")
    dtype = np.dtype(code)
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise AnnotationError(f"expected an array of {expected} bytes, not of {len(data)}")
    if dtype.kind == "U":
        points = np.frombuffer(data, np.dtype("u4").newbyteorder(dtype.byteorder))
        if (points > sys.maxunicode).any():
            raise AnnotationError("expected an array of text, but it isn't Unicode")
    return reshaped(np.frombuffer(data, dtype).tolist(), shape, order)


def reshaped(entries: list[Any], shape: tuple[int, ...], order: str) -> list[Any]:
    """Entries as lists within lists, of this shape; `order` is "C" or "F".

    Raises:
        AnnotationError: another number of entries.
    """
    if len(entries) != math.prod(shape):
        raise AnnotationError(f"expected an array of shape {shape}, not {len(entries)} entries")
    array = np.empty(len(entries), object)
    for index, entry in enumerate(entries):  # at once, NumPy would look into lists
        array[index] = entry
    return array.reshape(shape, order="F" if order == "F" else "C").tolist()
