"""Where times lie in a widget. All rows of the timeline share it, so they line up."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import overload

from lpat.types import Float64Array

GUTTER = 132
"""Pixels at the left of every row, for names and axes."""

MARGIN = 12
"""Pixels at its right."""


@dataclass(frozen=True)
class TimeScale:
    """Times from `start` to `end` seconds over `width` pixels from `left` on."""

    start: float
    end: float
    left: float
    width: float

    @classmethod
    def of_row(cls, start: float, end: float, pixels: int) -> TimeScale:
        """The scale of a row of the timeline so many pixels wide."""
        return cls(start, end, GUTTER, max(pixels - GUTTER - MARGIN, 1))

    @property
    def seconds_per_pixel(self) -> float:
        """Time that one pixel stands for."""
        return (self.end - self.start) / self.width

    @overload
    def x(self, time: float) -> float: ...
    @overload
    def x(self, time: Float64Array) -> Float64Array: ...
    def x(self, time: float | Float64Array) -> float | Float64Array:
        """Pixels from the left of the widget."""
        return self.left + (time - self.start) / self.seconds_per_pixel

    def time(self, x: float) -> float:
        """Seconds at a pixel, which may lie outside of the range."""
        return self.start + (x - self.left) * self.seconds_per_pixel

    def contains(self, x: float) -> bool:
        """Whether a pixel lies where times are drawn, not in the gutter."""
        return self.left <= x <= self.left + self.width


_STEPS = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 36000.0, 86400.0),
)


def tick_step(seconds: float) -> float:
    """The least round number of seconds that isn't below `seconds`."""
    return _STEPS[min(bisect_left(_STEPS, seconds), len(_STEPS) - 1)]
