"""Arrays of .npy files, of objects too, without loading their pickle.

`read_array` gives small ones as plain lists. `find_arrays` finds large arrays of numbers within one
of objects: W-TALC's features are such a file, one array (T, D) for each video, a gigabyte together.
The pickle is taken apart as in `lpat.files.safe_pickle`, but what is long in it is skipped: of an
array's bytes only their place is kept. So a file is searched in milliseconds, all of it is checked
before any of it is used, and each array is mapped or read when it is wanted.
"""

from __future__ import annotations

import math
import pickletools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lpat.errors import AnnotationError, FeatureError
from lpat.files.atomic import read_whole
from lpat.files.safe_pickle import (
    ACTIONS,
    Dtype,
    Named,
    PickleMachine,
    entry_count,
    numbers_from_bytes,
    read_plain_pickle,
)

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
    content = read_whole(path, AnnotationError, _MOST_BYTES + 1)
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


_LONGEST_HEADER = 1 << 12
_SHORT = 1 << 10
"""Bytes of text that names, dtypes and the like may take; what is longer is skipped."""

_FLOATS = frozenset({"f2", "f4", "f8"})
_OPCODES = {opcode.code.encode("latin-1"): opcode for opcode in pickletools.opcodes}
# Bytes that an instruction's length takes, before as many bytes as it says.
_COUNTED = {
    "SHORT_BINSTRING": 1,
    "BINSTRING": 4,
    "SHORT_BINBYTES": 1,
    "BINBYTES": 4,
    "SHORT_BINUNICODE": 1,
    "BINUNICODE": 4,
}


@dataclass(frozen=True)
class ByteRange:
    """Bytes of a file that were skipped; those of text are Latin-1 that was written as UTF-8."""

    offset: int
    length: int
    is_text: bool


@dataclass(frozen=True)
class ArrayPlace:
    """An array of floats within a file: what it is, and where its entries lie."""

    dtype: np.dtype
    shape: tuple[int, ...]
    order: str
    data: bytes | ByteRange

    def read(self, path: Path) -> np.ndarray:
        """The array; entries that lie in the file as they are are mapped, not read.

        Raises:
            FeatureError: the file has become another one, or its text is no array's.
        """
        try:
            return self._entries(path).reshape(self.shape, order="F" if self.order == "F" else "C")
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())[:200]
            raise FeatureError(f"{path}: an array of {self.shape} can't be read: {reason}") from (
                error
            )

    def _entries(self, path: Path) -> np.ndarray:
        if isinstance(self.data, bytes):
            return np.frombuffer(self.data, self.dtype)
        if not self.data.is_text:
            count = self.data.length // self.dtype.itemsize
            return np.memmap(path, self.dtype, "r", self.data.offset, (count,))
        with path.open("rb") as opened:
            opened.seek(self.data.offset)
            text = opened.read(self.data.length)
        return np.frombuffer(text.decode("utf-8").encode("latin-1"), self.dtype)


def leading_header(path: Path) -> Header | None:
    """What a .npy file says of its array; None of another file.

    Raises:
        OSError: it can't be read.
    """
    with path.open("rb") as opened:
        try:
            return header_of(opened.read(_LONGEST_HEADER))
        except AnnotationError:
            return None


def numbers_from_objects(path: Path) -> str:
    """The command line that makes numbers of a .npy file of objects: it unpickles the file.

    A dict of arrays becomes an .npz beside it with an array for each video, rows of a list become
    the rows of one array in place.
    """
    loaded = f"numpy.load({str(path)!r}, allow_pickle=True)"
    if _is_one_object(path):
        made = f"numpy.savez({str(path.with_suffix('.npz'))!r}, **{loaded}.item())"
    else:
        made = f"numpy.save({str(path)!r}, numpy.array(list({loaded}), 'f4'))"
    return f'python -c "import numpy; {made}"'


def _is_one_object(path: Path) -> bool:
    """Whether a file is a .npy of one object without axes, as NumPy saves a dict."""
    header = leading_header(path)
    return header is not None and header.holds_objects and not header.shape


def find_arrays(path: Path) -> list[ArrayPlace]:
    """The arrays of floats that are the entries of a .npy file, in its order.

    Raises:
        FeatureError: unreadable, broken, or another entry than an array of floats.
    """
    try:
        with path.open("rb") as opened:
            return _arrays(opened, path.stat().st_size)
    except FileNotFoundError as error:
        raise FeatureError(f"{path}: no such file") from error
    except OSError as error:
        raise FeatureError(f"{path}: can't be read ({error.strerror})") from error
    except (AnnotationError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        if _is_one_object(path):
            reason += f"; if you trust the file, convert it by: {numbers_from_objects(path)}"
        raise FeatureError(f"{path}: {reason}") from error


def _arrays(opened: BinaryIO, size: int) -> list[ArrayPlace]:
    header = header_of(opened.read(_LONGEST_HEADER))
    if not header.holds_objects:
        return _slices(header.code, header.shape, header.order, header.size, size)
    opened.seek(header.size)
    machine = _Finder()
    for name, argument in _instructions(opened, size):
        if isinstance(argument, ByteRange):
            machine.push(argument)
        else:
            machine.carry_out(name, argument)
    entries = machine.result()
    if not isinstance(entries, list) or header.shape != (len(entries),):
        raise AnnotationError(f"expected a pickled array of shape {header.shape}")
    for index, entry in enumerate(entries):
        if not isinstance(entry, ArrayPlace) or len(entry.shape) != 2:
            shown = f"shape {entry.shape}" if isinstance(entry, ArrayPlace) else "something else"
            raise AnnotationError(f"entry {index}: expected an array (T, D) of floats, not {shown}")
    return entries


def _slices(
    code: str, shape: tuple[int, ...], order: str, start: int, size: int
) -> list[ArrayPlace]:
    """The arrays of an array (N, T, D): what NumPy makes of arrays that are equally long."""
    if len(shape) != 3 or order != "C" or code[1:] not in _FLOATS:
        raise AnnotationError(
            f"expected an array of arrays (T, D) of floats, not one of {code!r:.20}, shape {shape}"
        )
    dtype = np.dtype(code)
    length = math.prod(shape[1:]) * dtype.itemsize
    if start + shape[0] * length != size:
        raise AnnotationError(f"expected {start + shape[0] * length} bytes, not {size}")
    places = (ByteRange(start + index * length, length, False) for index in range(shape[0]))
    return [ArrayPlace(dtype, shape[1:], order, place) for place in places]


def _instructions(opened: BinaryIO, size: int) -> Iterator[tuple[str, Any]]:
    """Instructions of a pickle with their arguments, as `pickletools` gives them.

    Text and bytes that are long come as a `ByteRange`. An instruction that isn't known ends it
    before its argument is read.
    """
    reader = _Reader(opened)
    while True:
        code = opened.read(1)
        opcode = _OPCODES.get(code)
        if opcode is None:
            raise AnnotationError("expected a whole pickle, but it ends or isn't one")
        if opcode.name not in ACTIONS:
            raise AnnotationError(f"expected arrays, not the pickle instruction {opcode.name}")
        width = _COUNTED.get(opcode.name)
        if width is not None:
            yield opcode.name, _counted(opened, opcode.name, width, size)
        else:
            argument = None if opcode.arg is None else opcode.arg.reader(reader)  # type: ignore[arg-type]
            yield opcode.name, argument
        if opcode.name == "STOP":
            return


def _counted(opened: BinaryIO, name: str, width: int, size: int) -> str | bytes | ByteRange:
    length = int.from_bytes(opened.read(width), "little")
    start = opened.tell()
    if start + length > size:
        raise AnnotationError("expected a whole pickle, but it ends in the middle of an array")
    if length > _SHORT:
        opened.seek(length, 1)
        return ByteRange(start, length, name == "BINUNICODE")
    data = opened.read(length)
    if name.endswith("UNICODE"):
        return str(data, "utf-8", "surrogatepass")
    return data.decode("latin-1") if name.endswith("STRING") else data


class _Reader:
    """A file that reads no more than a name or a number at once, whatever is asked of it."""

    def __init__(self, opened: BinaryIO) -> None:
        self._opened = opened

    def read(self, size: int) -> bytes:
        return self._opened.read(min(size, _SHORT))

    def readline(self) -> bytes:
        return self._opened.readline(_SHORT)


class _Finder(PickleMachine):
    """Carries out a pickle in which arrays of floats are but places."""

    kinds = (*PickleMachine.kinds, ArrayPlace)

    def value_of_call(self, called: Any, arguments: Any) -> Any:
        """Python 3 writes bytes in protocol 2 as text, and how to encode it."""
        match called, arguments:
            case Named.ENCODE, (ByteRange() as text, "latin1"):
                return text
        return super().value_of_call(called, arguments)

    def entries(self, dtype: Dtype, shape: Sequence[Any], data: Any, order: str) -> Any:
        """The place of an array of floats; any other array is plain data."""
        shape = tuple(shape)
        if dtype.code not in _FLOATS or not isinstance(data, bytes | ByteRange):
            return super().entries(dtype, shape, data, order)
        entry_count(shape[:1])
        if dtype.order not in ("<", ">", "=", "|"):
            raise AnnotationError(f"expected a byte order, not {dtype.order!r:.20}")
        if not all(type(size) is int and 0 <= size < 1 << 31 for size in shape):
            raise AnnotationError("expected an array's shape, but it isn't one of whole numbers")
        kind = np.dtype(("=" if dtype.order == "|" else dtype.order) + dtype.code)
        expected = math.prod(shape) * kind.itemsize
        length = data.length if isinstance(data, ByteRange) else len(data)
        is_text = isinstance(data, ByteRange) and data.is_text
        # UTF-8 takes one or two bytes for each of Latin-1; reading tells which.
        if not (expected == length or (is_text and expected <= length <= 2 * expected)):
            raise AnnotationError(f"expected an array of {expected} bytes, not of {length}")
        return ArrayPlace(kind, shape, order, data)
