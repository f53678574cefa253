"""What becomes of a segment that is dragged by its middle or an end, and what it snaps to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from lpat.types import Float64Array
from lpat_viewer.models import editing
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.tracks import Track

Action = Literal["start", "end", "move", "draw"]


@dataclass(frozen=True, eq=False)
class Drag:
    """What is dragged: `before` as it was, `now` as it would be if let go here."""

    action: Action
    pressed: float  # x of the cursor when it began
    grabbed: float  # seconds under it
    before: ReviewedSegment
    now: ReviewedSegment
    marks: Float64Array  # times to snap to
    playhead: float  # its time when it began
    begun: bool = False

    def at(self, time: float, *, reach: float, duration: float) -> Drag:
        """The drag with the cursor at a time; ends within `reach` of a mark snap to it."""
        return replace(self, now=self._moved(time, reach, duration), begun=True)

    @property
    def held(self) -> float:
        """The time that is held: the end that moves, or the start of what moves as a whole."""
        now = self.now
        if self.action == "draw":  # from an end that stays
            return now.end if now.start == self.before.start else now.start
        return now.end if self.action == "end" else now.start

    def _moved(self, time: float, reach: float, duration: float) -> ReviewedSegment:
        before, seconds = self.before, time - self.grabbed
        one, which = (before,), before.identity
        if self.action == "move":
            ends = (before.start + seconds, before.end + seconds)
            pulls = [pull for end in ends if (pull := pull_of(end, self.marks, reach)) is not None]
            seconds += min(pulls, key=abs, default=0.0)
            (moved,) = editing.move(one, which, seconds, duration)
            return moved
        if self.action == "draw":
            start, end = sorted((before.start, snapped(time, self.marks, reach)))
            start, end = editing.clamp(start, end, duration)
            return replace(before, start=start, end=end)
        end = snapped(getattr(before, self.action) + seconds, self.marks, reach)
        (moved,) = editing.resize(one, which, **{self.action: end}, duration=duration)
        return moved


def marks_of(tracks: Iterable[Track], playhead: float, segment: ReviewedSegment) -> Float64Array:
    """Times that a segment snaps to: the playhead's, and the ends of others of its class.

    Its own are none of them, not even where a detection that it is a copy of has them too: what
    was moved a little shall not go back by itself.
    """
    marks = [np.array([playhead])]
    for track in tracks:
        others = track.of_classes([segment.label])
        if track.kind == "review":
            others = others[track.numbers[others] != segment.identity]
        marks.append(track.segments[others].reshape(-1))
    return np.setdiff1d(np.concatenate(marks), [segment.start, segment.end])


def pull_of(time: float, marks: Float64Array, reach: float) -> float | None:
    """Seconds from a time to the nearest mark; None where there is none within reach."""
    pulls = marks - time
    pulls = pulls[np.abs(pulls) <= reach]
    return float(min(pulls, key=abs)) if len(pulls) else None


def snapped(time: float, marks: Float64Array, reach: float) -> float:
    """The nearest mark within reach, or else the time."""
    pulls = np.abs(marks - time)
    return float(marks[pulls.argmin()]) if len(marks) and pulls.min() <= reach else time
