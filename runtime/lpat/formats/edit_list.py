"""Edit decision lists (CMX 3600), which every editing program reads, and SMPTE time code."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lpat.formats.media import Media
from lpat.formats.spans import one_line, spans
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


_BROADCAST = (Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))
_HIGHEST = 60


@dataclass(frozen=True)
class TimeCode:
    """How the frames of a video are counted; `of` chooses it."""

    rate: Fraction  # frames in a second
    drops: bool  # whether numbers, never frames, are left out to keep to the clock

    @classmethod
    def of(cls, frame_rate: Fraction) -> TimeCode:
        """The time code that fits a frame rate best.

        It has those of broadcast (23.976, 29.97 and 59.94) and whole numbers up to 60. Dropping
        is known for 29.97 and 59.94 only; at 23.976, an hour of time code lasts 3.6 s more.
        """
        near = min(_BROADCAST, key=lambda rate: abs(rate - frame_rate))
        # A rate that is measured over a short video is off by some thousandths.
        if abs(near - frame_rate) < min(near / 2000, abs(round(near) - frame_rate)):
            return cls(near, drops=round(near) % 30 == 0)
        return cls(Fraction(min(max(round(frame_rate), 1), _HIGHEST)), drops=False)

    def text(self, frame: int) -> str:
        """The time code of a frame, from 0 on. After 24 hours the hours go on."""
        base = round(self.rate)
        if self.drops:
            # Each minute leaves out its first numbers, but for every tenth minute.
            dropped = base // 15
            minute = 60 * base - dropped
            tens, rest = divmod(frame, 10 * minute + dropped)
            frame += 9 * dropped * tens + dropped * max(0, (rest - dropped) // minute)
        seconds, frames = divmod(frame, base)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{hour:02}:{minute:02}:{second:02}{';' if self.drops else ':'}{frames:02}"
