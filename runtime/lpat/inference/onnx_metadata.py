"""Replaces an entry of an ONNX file's `metadata_props` in its bytes, and leaves all else as it is.

An ONNX file is a protobuf message, `ModelProto`: fields one after the other, each a tag, then its
value. The entries are its fields 14, each a message of a key (1) and a value (2); where they stand
among the others means nothing. So nothing but these few bytes need be understood, and neither the
graph nor the package `onnx`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lpat.errors import ModelError

_ENTRY, _KEY, _VALUE = 14, 1, 2  # numbers of fields
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5  # kinds of values


def with_metadata(content: bytes, key: str, text: str) -> bytes:
    """The file's content with `text` as the one entry of a key.

    Raises:
        ModelError: it is no protobuf message.
    """
    parts, view = [], memoryview(content)
    for number, start, value, end in _fields(content):
        if number == _ENTRY and _key_of(content[value:end]) == key.encode():
            continue
        parts.append(view[start:end])
    entry = _field(_KEY, key.encode()) + _field(_VALUE, text.encode())
    return b"".join([*parts, _field(_ENTRY, entry)])


def _key_of(entry: bytes) -> bytes:
    return next(
        (entry[value:end] for number, _, value, end in _fields(entry) if number == _KEY), b""
    )


def _fields(message: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Of each field its number, where it starts, where its value does, and where it ends."""
    place = 0
    while place < len(message):
        start = place
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, end = place, _varint(message, place)[1]
        elif kind == _LENGTH:
            length, value = _varint(message, place)
            end = value + length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            value, end = place, place + (8 if kind == _EIGHT_BYTES else 4)
        else:
            raise _broken()
        if end > len(message):
            raise _broken()
        yield number, start, value, end
        place = end


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number in groups of seven bits, the lowest first, and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, place
    raise _broken()


def _field(number: int, value: bytes) -> bytes:
    """A field of bytes: its tag, their count, they."""
    return _of_varint(number << 3 | _LENGTH) + _of_varint(len(value)) + value


def _of_varint(number: int) -> bytes:
    groups = bytearray()
    while number >= 0x80:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def _broken() -> ModelError:
    return ModelError("expected an ONNX file, but its bytes are no protobuf message")
