"""SMPTE time code: hours, minutes, seconds and frames."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

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
