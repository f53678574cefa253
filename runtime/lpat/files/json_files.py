"""JSON files: read with one clear line for whatever is wrong with them, and written whole."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lpat.errors import AnnotationError
from lpat.files.atomic import read_whole, write_text

MOST_SECONDS = 1e12
"""No time of a video is as large; that of its nanoseconds is not yet."""


def read_text(path: Path) -> str:
    """Text of a UTF-8 file, with or without a byte order mark.

    Raises:
        AnnotationError: no such file, unreadable, or not UTF-8.
    """
    try:
        return read_whole(path, AnnotationError).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f"{path}: expected UTF-8 text, but byte {error.start} isn't"
        ) from error


def read_json(path: Path) -> Any:
    """Value of a JSON file, with numbers as of `json_value`.

    Raises:
        AnnotationError: unreadable, not JSON, or an object that names a key twice.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise AnnotationError(f"{path}: {twice!r} appears twice")
        return value

    try:
        return json_value(read_text(path), unique)
    except json.JSONDecodeError as error:
        raise AnnotationError(
            f"{path}: expected JSON, but line {error.lineno} column {error.colno}: {error.msg}"
        ) from error
    except RecursionError as error:
        raise AnnotationError(f"{path}: expected JSON, but it is nested too deeply") from error


def json_value(
    text: str | bytes, object_of: Callable[[list[tuple[str, Any]]], Any] | None = None
) -> Any:
    """Value of a JSON text; a whole number that no float holds is an infinite one.

    Raises:
        ValueError: it isn't JSON.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=object_of, parse_int=_whole)


def _whole(digits: str) -> int | float:
    """A whole number, or infinity in place of one of more digits than any float has."""
    return int(digits) if len(digits) <= sys.float_info.max_10_exp else float(digits)


def expect(value: Any, kind: type, name: str) -> Any:
    """`value`, which must be of the JSON kind given; `name` says where it stands."""
    if not isinstance(value, kind):
        raise AnnotationError(f"{name}: expected {_KINDS[kind]}, not {_kind_of(value)}")
    return value


def expect_times(value: Any, name: str) -> tuple[float, float]:
    """(start, end) of a segment in a list: two numbers of less than `MOST_SECONDS`, whichever."""
    if not (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(time, int | float) and not isinstance(time, bool) for time in value)
        and all(abs(time) < MOST_SECONDS for time in value)
    ):
        raise AnnotationError(
            f"{name}: expected a segment [start, end] in seconds, not {value!r:.80}"
        )
    start, end = map(float, value)
    return start, end


def expect_time(value: Any, name: str) -> float:
    """A time in seconds: a number of less than `MOST_SECONDS`, whichever its sign."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and abs(value) < MOST_SECONDS):
        raise AnnotationError(f"{name}: expected a time in seconds, not {value!r:.80}")
    return float(value)


_KINDS = {dict: "an object", list: "a list", str: "a string"}


def _kind_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool | int | float):
        return f"{value!r}"
    return next((words for kind, words in _KINDS.items() if isinstance(value, kind)), "other")


def json_text(value: Any) -> str:
    """`value` as indented JSON with a line end; NaN and infinity are refused.

    Text stays readable; only where a file name isn't Unicode all of it is escaped.
    """
    return _json(value, indent=1) + "\n"


def json_line(value: Any) -> str:
    """`value` as JSON without any line end; otherwise as `json_text`."""
    return _json(value, indent=None)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON, whole or not at all; NaN and infinity are refused."""
    write_text(path, json_text(value))


_SURROGATE = re.compile("[\ud800-\udfff]")


def _json(value: Any, indent: int | None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    if _SURROGATE.search(text):
        text = json.dumps(value, indent=indent, allow_nan=False)
    return text
