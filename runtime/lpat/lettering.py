"""Text drawn into pictures, in any script that OpenCV can.

From version 5 on, OpenCV has fonts for most scripts built in. Before, it has ASCII alone, so other
letters become question marks.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2

from lpat.video.frame import UInt8Array

Colour = tuple[int, int, int]
"""Blue, green, red."""

REGULAR, BOLD = 400, 600
"""Weights, as fonts have them."""

_HERSHEY = cv2.FONT_HERSHEY_DUPLEX
_HERSHEY_HEIGHT = 30.0  # pixels of a line at scale 1


def has_all_scripts() -> bool:
    """Whether letters beyond ASCII can be drawn."""
    return hasattr(cv2, "FontFace")


def text_width(text: str, size: int, weight: int = REGULAR) -> int:
    """Pixels across of `text` in letters of `size` pixels."""
    text = _printable(text)
    if has_all_scripts():
        _, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, weight)  # pyright: ignore
        return int(width)
    (width, _), _ = cv2.getTextSize(text, _HERSHEY, size / _HERSHEY_HEIGHT, 1)
    return int(width)


def draw_text(
    image: UInt8Array,
    text: str,
    place: tuple[int, int],
    size: int,
    colour: Colour,
    weight: int = REGULAR,
) -> None:
    """Draw one line of `text` into a BGR image; `place` is where its baseline begins."""
    text = _printable(text)
    if has_all_scripts():
        cv2.putText(image, text, place, colour, _font(), size, weight)  # pyright: ignore
        return
    scale = size / _HERSHEY_HEIGHT
    cv2.putText(image, text, place, _HERSHEY, scale, colour, 1, cv2.LINE_AA)


def shortened(text: str, size: int, width: int, weight: int = REGULAR) -> str:
    """`text`, cut off with an ellipsis where it is wider than `width` pixels."""
    text = _printable(text)
    if text_width(text, size, weight) <= width:
        return text
    ellipsis = "…" if has_all_scripts() else "..."
    shortest, longest = 0, len(text)  # letters kept
    while shortest < longest:
        middle = (shortest + longest + 1) // 2
        if text_width(text[:middle].rstrip() + ellipsis, size, weight) <= width:
            shortest = middle
        else:
            longest = middle - 1
    return text[:shortest].rstrip() + ellipsis


@cache
def _font() -> Any:
    return cv2.FontFace("sans")  # pyright: ignore - not in older versions


def _printable(text: str) -> str:
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return kept if has_all_scripts() else kept.encode("ascii", "replace").decode()
