"""Pieces of SVG into which text is put escaped."""

from __future__ import annotations

import re
import string
from html import escape
from typing import Any

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Escaping(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        return escape(readable(format(value, format_spec)))


def readable(text: str) -> str:
    """The text with characters that XML forbids replaced by U+FFFD."""
    return _FORBIDDEN.sub("\ufffd", text)


def element(template: str, *values: object, **named: object) -> str:
    """A template of `str.format` with values put in, escaped so that none can be read as markup."""
    return _Escaping().vformat(template, values, named)
