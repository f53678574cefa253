"""How far an input is that takes long, and how fast it goes."""

from __future__ import annotations

import time
from collections.abc import Callable

from lpat.errors import one_line
from lpat.inputs import Input

OnProgress = Callable[[Input, float, float | None], None]
"""Is told how many seconds of a video are done, and how many it has where its file says so."""

INTERVAL = 1.0
"""Seconds between two words on the same input."""


class Speed:
    """How fast one input after the other is worked on, in times real time."""

    def __init__(self) -> None:
        self._name: str | None = None

    def of(self, source: Input, seconds: float) -> float | None:
        """Speed since the input was first told of; None within `INTERVAL` of the last answer."""
        now = time.monotonic()
        if source.name != self._name or seconds < self._first:  # another one, or begun again
            self._name, self._first = source.name, seconds
            self._start = self._last_answer = now
        if now - self._last_answer < INTERVAL:
            return None
        self._last_answer = now
        return (seconds - self._first) / (now - self._start)

    def words(self, source: Input, seconds: float, duration: float | None) -> str | None:
        """For a bar: so many seconds of an input's duration are done, and how fast."""
        speed = self.of(source, seconds)
        if speed is None:
            return None
        end = f" of {duration:.0f}" if duration else ""
        return f"{one_line(source.name)}: {seconds:.0f}{end} s, {speed:.2f}x"
