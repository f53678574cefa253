"""Seconds since the first frame, from the timestamps that a container has."""

from __future__ import annotations

from av.video.stream import VideoStream

LONGEST_GAP = 3600.0
"""Seconds. Between two frames, a longer time is a broken clock, not a still picture."""

LONGEST_STEP_BACK = 1.0
"""Seconds. A frame this far behind is out of order; one still farther, after a restarted clock."""

DEFAULT_RATE = 25
"""Frames a second where neither timestamps nor the container tell."""


class Clock:
    """Seconds since the first frame, from timestamps as they come.

    `origin` is the first frame's, unless that comes first.
    """

    def __init__(self, stream: VideoStream, origin: int | None = None) -> None:
        self.breaks = 0
        self._base = stream.time_base
        rate = stream.guessed_rate
        self._interval = rate.denominator / rate.numerator if rate else 1 / DEFAULT_RATE
        self._last: float | None = None  # seconds
        self._origin = origin  # the timestamp that stands for `_offset` seconds
        self._offset = 0.0
        self._stated: float | None = None  # how long the container says the last frame lasts
        self._is_trusted = True  # whether the one before lasted as long as it said

    def time(self, timestamp: int | None) -> float | None:
        """Seconds of the next frame; None if it isn't after the one before.

        A frame without timestamp, and one after a jump that can't be filmed time, follow at the
        interval before. After a jump, the clock goes on from there.
        """
        due = 0.0 if self._last is None else self._last + self._interval
        if timestamp is None:
            self._last = due
            return due
        if self._origin is None:
            self._origin, self._offset = timestamp, due
        seconds = self._offset + self._seconds(timestamp - self._origin)
        step = self._interval if self._last is None else seconds - self._last
        if not -LONGEST_STEP_BACK < step < LONGEST_GAP:
            self.breaks += 1
            self._origin, self._offset, seconds = timestamp, due, due
        elif step <= 0:
            return None
        elif self._last is not None:
            self._interval = step
            # Containers round times, to milliseconds in the worst common case.
            tolerance = max(step / 10, 0.002)
            self._is_trusted = self._stated is None or abs(step - self._stated) <= tolerance
        self._stated = None
        self._last = seconds
        return seconds

    def duration(self, ticks: int | None) -> float:
        """Seconds the latest frame is shown: as the container says, or else as long as
        the one before.

        It isn't believed where the frame before didn't last as long as said. So two frames tell,
        and decoding that begins anywhere gives what decoding from the start does.
        """
        seconds = self._seconds(ticks or 0)
        self._stated = seconds if 0 < seconds < LONGEST_GAP else None
        if self._stated is None or not self._is_trusted:
            return self._interval
        return self._stated

    def _seconds(self, ticks: int) -> float:
        return ticks * self._base.numerator / self._base.denominator if self._base else 0.0
