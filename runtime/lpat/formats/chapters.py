"""Chapters, as FFmpeg's metadata files have them."""

from __future__ import annotations

import re
from itertools import pairwise

from lpat.formats.media import Media
from lpat.formats.spans import MILLISECONDS, Span, spans
from lpat.types import Detections

NOTHING = "-"
"""The title of the times between."""


def chapters_text(detections: Detections, media: Media) -> str:
    """A chapter for each time in which the same labels hold, from the file's start to the end.

    Chapters can't overlap, so two detections that do make three: `jump`, `jump, run` and `run`.
    Times without any have chapters too, as in MP4 a chapter lasts until the next. A video without
    detections has no chapters.
    """
    return ";FFMETADATA1\n" + "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={_escaped(title)}\n"
        for start, end, title in _chapters(
            spans(detections, MILLISECONDS, media.offset),
            round((media.offset + media.duration) * 1000),
        )
    )


def _chapters(found: list[Span], end_of_video: int) -> list[tuple[int, int, str]]:
    """Start, end and title of each chapter, in order of time."""
    if not found:
        return []
    borders = sorted(
        {0, end_of_video, *(time for span in found for time in (span.start, span.end))}
    )
    chapters: list[tuple[int, int, str]] = []
    waiting, current = found[::-1], []
    for start, end in pairwise(borders):
        current = [span for span in current if span.end > start]
        while waiting and waiting[-1].start <= start:
            current.append(waiting.pop())
        title = ", ".join(dict.fromkeys(span.label for span in current)) or NOTHING
        goes_on = bool(chapters) and chapters[-1][2] == title
        chapters.append((chapters.pop()[0] if goes_on else start, end, title))
    return chapters


def _escaped(text: str) -> str:
    escaped = re.sub(r"([=;#\\])", r"\\\1", text)
    # FFmpeg takes any line that ends in a backslash as one that goes on.
    return f"{escaped} " if escaped.endswith("\\") else escaped
