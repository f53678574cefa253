"""Edit decision lists (CMX 3600), which every editing program reads."""

from __future__ import annotations

from lpat.formats.spans import one_line, spans
from lpat.formats.time_code import TimeCode
from lpat.media import Media
from lpat.types import Detections


def edl_text(detections: Detections, media: Media) -> str:
    """The detections cut from the video and joined in order of time, each marked by its label.

    Joined, as an edit list has one picture at a time and detections may overlap. Time codes count
    from the video's first frame, whatever time code it carries.
    """
    code = TimeCode.of(media.rate)
    lines = [
        f"TITLE: {one_line(media.name)}",
        f"FCM: {'DROP FRAME' if code.drops else 'NON-DROP FRAME'}",
    ]
    record = 0
    for number, span in enumerate(spans(detections, code.rate), 1):
        end = record + span.end - span.start
        times = " ".join(map(code.text, (span.start, span.end, record, end)))
        lines += [
            "",
            f"{number:03}  AX       V     C        {times}",
            f"* FROM CLIP NAME: {one_line(media.path.name)}",
            f"* LOC: {code.text(record)} GREEN   {span.label}",
            f"* LABEL: {span.label}",
            f"* SCORE: {span.score}",
        ]
        record = end
    return "\n".join(lines) + "\n"
