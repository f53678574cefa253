"""Chapters, as FFmpeg's metadata files have them."""

from __future__ import annotations

import re
from itertools import pairwise

from lpat.formats.spans import MILLISECONDS, Span, spans
from lpat.media import Media
from lpat.types import Detections


def chapters_text(detections: Detections, media: Media) -> str:
    """A chapter for each time in which the same labels hold; none where there are none.

    Chapters can't overlap, so two detections that do make three: `jump`, `jump, run` and `run`.
    """
    return ";FFMETADATA1\n" + "".join(
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={_escaped(title)}\n"
        for start, end, title in _chapters(spans(detections, MILLISECONDS))
    )


def _chapters(found: list[Span]) -> list[tuple[int, int, str]]:
    """Start, end and title of each chapter, in order of time."""
    borders = sorted({time for span in found for time in (span.start, span.end)})
    chapters: list[tuple[int, int, str]] = []
    waiting, current = list(reversed(found)), []
    for start, end in pairwise(borders):
        current = [span for span in current if span.end > start]
        while waiting and waiting[-1].start <= start:
            current.append(waiting.pop())
        title = ", ".join(dict.fromkeys(span.label for span in current))
        if chapters and chapters[-1][1:] == (start, title):
            chapters[-1] = (chapters[-1][0], end, title)
        elif title:
            chapters.append((start, end, title))
    return chapters


def _escaped(text: str) -> str:
    return re.sub(r"([=;#\\])", r"\\\1", text)
