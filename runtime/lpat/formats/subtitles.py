"""Subtitles: a cue with the label for each detection. Cues of different classes may overlap."""

from __future__ import annotations

from html import escape

from lpat.formats.media import Media
from lpat.formats.spans import MILLISECONDS, spans
from lpat.types import Detections


def srt_text(detections: Detections, media: Media) -> str:
    """SubRip. It has no escapes: an arrow, which marks times, becomes one that doesn't."""
    return "".join(
        f"{number}\n{_clock(span.start, ',')} --> {_clock(span.end, ',')}\n"
        f"{span.label.replace('-->', '→')}\n\n"
        for number, span in enumerate(spans(detections, MILLISECONDS, media.offset), 1)
    )


def vtt_text(detections: Detections, media: Media) -> str:
    """WebVTT."""
    return "WEBVTT\n" + "".join(
        f"\n{_clock(span.start, '.')} --> {_clock(span.end, '.')}\n"
        f"{escape(span.label, quote=False)}\n"
        for span in spans(detections, MILLISECONDS, media.offset)
    )


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{rest:03}"
