"""Segments as the user corrects them, with every step undone and redone."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from time import monotonic
from typing import Literal

from PySide6.QtCore import QObject, Signal

State = Literal["proposed", "accepted", "rejected"]


@dataclass(frozen=True)
class ReviewedSegment:
    """A segment and what the user thinks of it. Drawn ones have no score and are accepted."""

    identity: int  # the same through all changes; unique in a review
    start: float
    end: float
    label: str
    score: float | None = None
    state: State = "proposed"


@dataclass(frozen=True)
class _Step:
    name: str
    before: tuple[ReviewedSegment, ...]
    after: tuple[ReviewedSegment, ...]


RUN_SECONDS = 1.0
"""Steps of a run are joined if no more than this lies between them."""


class Review(QObject):
    """The segments of the open video under correction; none until correcting has begun.

    A step replaces the whole tuple, so undoing is taking the one before.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._segments: tuple[ReviewedSegment, ...] = ()
        self._done: list[_Step] = []
        self._undone: list[_Step] = []
        self._saved: tuple[ReviewedSegment, ...] | None = ()
        self._begun = False
        self._run: Hashable = None  # of the last step, unless something came after it
        self._stepped = 0.0

    @property
    def begun(self) -> bool:
        """Whether anything is being corrected."""
        return self._begun

    @property
    def segments(self) -> tuple[ReviewedSegment, ...]:
        """In order of start."""
        return self._segments

    @property
    def modified(self) -> bool:
        """Whether there is anything that isn't saved."""
        return self._begun and self._segments is not self._saved

    def begin(self, segments: Iterable[ReviewedSegment]) -> None:
        """Correct these from now on; what was before can't be undone."""
        self._segments = self._saved = _in_order(segments)
        self._done, self._undone, self._begun, self._run = [], [], True, None
        self.changed.emit()

    def end(self) -> None:
        """Forget all."""
        if self._begun:
            self._segments = self._saved = ()
            self._done, self._undone, self._begun, self._run = [], [], False, None
            self.changed.emit()

    def apply(
        self, name: str, segments: Iterable[ReviewedSegment], *, run: Hashable = None
    ) -> None:
        """Take these segments in place of those before, as a step of that name ("Move").

        Steps of the same `run` that quickly follow each other are one, as of a key held down.
        """
        after = _in_order(segments)
        if after == self._segments:
            return
        before, now = self._segments, monotonic()
        if run is not None and run == self._run and now - self._stepped <= RUN_SECONDS:
            before = self._done.pop().before
        self._run, self._stepped = run, now
        if after == before:  # the run has led back to where it began
            after = before
        else:
            self._done.append(_Step(name, before, after))
        self._undone.clear()
        self._set(after)

    @property
    def undo_name(self) -> str | None:
        """The step that `undo` takes back."""
        return self._done[-1].name if self._done else None

    @property
    def redo_name(self) -> str | None:
        """The step that `redo` does again."""
        return self._undone[-1].name if self._undone else None

    def undo(self) -> None:
        """Take the last step back."""
        if self._done:
            step, self._run = self._done.pop(), None
            self._undone.append(step)
            self._set(step.before)

    def redo(self) -> None:
        """Do again what was undone last."""
        if self._undone:
            step, self._run = self._undone.pop(), None
            self._done.append(step)
            self._set(step.after)

    def mark_saved(self, segments: tuple[ReviewedSegment, ...] | None = None) -> None:
        """Remember that these segments, or those that `segments` were then, are in a file."""
        self._saved = self._segments if segments is None else segments
        self._run = None  # so that undoing leads back to what was saved
        self.changed.emit()

    def mark_unsaved(self) -> None:
        """Remember that these segments are in no file, or in none any more."""
        self._saved = None
        self.changed.emit()

    def _set(self, segments: tuple[ReviewedSegment, ...]) -> None:
        self._segments = segments
        self.changed.emit()


in_time: Callable[[ReviewedSegment], tuple[float, float, int]] = attrgetter(
    "start", "end", "identity"
)
"""What the order of a review goes by."""


def _in_order(segments: Iterable[ReviewedSegment]) -> tuple[ReviewedSegment, ...]:
    ordered = tuple(segments)
    # To judge, which is done most, leaves the order as it is; to see that is quicker than to sort.
    if all(a.start < b.start or in_time(a) <= in_time(b) for a, b in pairwise(ordered)):
        return ordered
    return tuple(sorted(ordered, key=in_time))
