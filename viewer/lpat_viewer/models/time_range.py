"""The part of the video that the timeline shows."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

SHORTEST = 0.1
"""Seconds that the timeline shows at least."""


class TimeRange(QObject):
    """Times [start, end) within [0, duration] seconds, always of some length."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._duration = 1.0
        self._start, self._end = 0.0, 1.0

    @property
    def start(self) -> float:
        """Seconds at the left."""
        return self._start

    @property
    def end(self) -> float:
        """Seconds at the right."""
        return self._end

    @property
    def length(self) -> float:
        """Seconds between them."""
        return self._end - self._start

    @property
    def duration(self) -> float:
        """Seconds of the whole."""
        return self._duration

    def set_duration(self, duration: float) -> None:
        """Take the whole to last so long; what was shown of it whole is so still."""
        whole = self._start == 0 and self._end == self._duration
        self._duration = max(duration, SHORTEST)
        if whole:
            self.fit()
        else:
            self.show(self._start, self._end)

    def show(self, start: float, end: float) -> None:
        """Show a part, moved into the video and lengthened to `SHORTEST` if need be."""
        length = min(max(end - start, SHORTEST), self._duration)
        start = min(max((start + end - length) / 2, 0.0), self._duration - length)
        end = start + length
        if (start, end) != (self._start, self._end):
            self._start, self._end = start, end
            self.changed.emit()

    def fit(self) -> None:
        """Show all."""
        self.show(0.0, self._duration)

    def fit_segment(self, start: float, end: float) -> None:
        """Show a segment and half as much on either side."""
        margin = (end - start) / 2
        self.show(start - margin, end + margin)

    def zoom(self, factor: float, at: float) -> None:
        """Show `factor` times as much time, with `at` staying where it is."""
        length = min(max(self.length * factor, SHORTEST), self._duration)
        share = (at - self._start) / self.length
        start = min(max(at - share * length, 0.0), self._duration - length)
        self.show(start, start + length)

    def pan(self, seconds: float) -> None:
        """Move later by some seconds, as far as the video goes."""
        start = min(max(self._start + seconds, 0.0), self._duration - self.length)
        self.show(start, start + self.length)

    def reveal(self, time: float) -> None:
        """Turn pages until a time is shown."""
        if not self._start <= time <= self._end:
            start = time - 0.1 * self.length
            self.pan(start - self._start)
