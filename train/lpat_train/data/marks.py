"""What somebody marked in a video beyond its labels: whole instances, or moments inside them.

Times are in snippets: 0 is where the video begins, 1 where its first snippet ends. Axes: T snippet,
C class, N instance, M moment.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from lpat.annotations.reading import Moment, VideoAnnotation
from lpat.types import BoolArray, Float64Array, Int64Array


@dataclass(frozen=True, eq=False)
class Marks:
    """Instances (N, 2) of classes (N,), moments (M,) of classes (M,), ambiguous times (K, 2).

    Of a `reviewed` video the instances are all that it shows, but for what even people can't tell
    in its ambiguous times; of others there are none of both.
    """

    instances: Float64Array
    instance_classes: Int64Array
    moments: Float64Array
    moment_classes: Int64Array
    reviewed: bool
    ambiguous: Float64Array = field(default_factory=lambda: np.zeros((0, 2)))

    def within(self, start: int, stop: int) -> Marks:
        """Those in the snippets from `start` to before `stop`, from there on.

        An instance is in the snippets that it covers, where they are in part.
        """
        inside = np.array([_meets(covered(*its), start, stop) for its in self.instances], bool)
        there = (self.moments >= start) & (self.moments < stop)
        return Marks(
            (self.instances[inside] - start).clip(0, stop - start),
            self.instance_classes[inside],
            self.moments[there] - start,
            self.moment_classes[there],
            self.reviewed,
            (self.ambiguous - start).clip(0, stop - start),
        )

    def shown(self, snippets: int, classes: int) -> BoolArray:
        """Where the instances are (T, C): in the snippets that they cover."""
        where = np.zeros((snippets, classes), bool)
        for (start, end), label in zip(self.instances, self.instance_classes, strict=True):
            where[covered(start, end, snippets), label] = True
        return where

    def told(self, snippets: int) -> BoolArray:
        """Where people could tell what the video shows (T,): outside of all ambiguous times."""
        where = np.ones(snippets, bool)
        for start, end in self.ambiguous:
            where[int(start) : int(np.ceil(end))] = False
        return where


def marks_of(
    edges: Float64Array,
    classes: tuple[str, ...],
    reviewed: VideoAnnotation | None,
    moments: Sequence[Moment] = (),
) -> Marks | None:
    """A video's marks, if it has any; `edges` (T + 1,) are its snippets' times in seconds.

    `reviewed` has all of its instances. Marks of labels that aren't among the classes are left out,
    and so are those past the end of the video (`past_end`).
    """
    number = {label: place for place, label in enumerate(classes)}
    end = _end_of(edges)
    points = [(m.time, number[m.label]) for m in moments if m.label in number and m.time <= end]
    if reviewed is None and not points:
        return None
    rows, ambiguous = [], np.zeros((0, 2))
    if reviewed is not None:
        labelled = zip(reviewed.segments, reviewed.segment_labels, strict=True)
        rows = [(t, number[label]) for t, label in labelled if label in number and t[0] < end]
        ambiguous = reviewed.ambiguous
    last = np.nextafter(len(edges) - 1, 0)  # a moment at the very end is in the last snippet
    return Marks(
        in_snippets(np.array([times for times, _ in rows]).reshape(-1, 2), edges),
        np.array([label for _, label in rows], np.int64),
        in_snippets(np.array([time for time, _ in points], np.float64), edges).clip(max=last),
        np.array([label for _, label in points], np.int64),
        reviewed is not None,
        in_snippets(ambiguous, edges),
    )


def past_end(
    edges: Float64Array, reviewed: VideoAnnotation | None, moments: Sequence[Moment] = ()
) -> list[str]:
    """The marks that lie past the end of their video, in words."""
    end = _end_of(edges)
    late = [f"{its.label} at {its.time:g} s" for its in moments if its.time > end]
    if reviewed is not None:
        labelled = zip(reviewed.segments, reviewed.segment_labels, strict=True)
        late += [f"{label} [{a:g}, {b:g}] s" for (a, b), label in labelled if a >= end]
    return late


def _end_of(edges: Float64Array) -> float:
    """Before which marks lie in the video: frames that fill no snippet may follow the last one."""
    return float(2 * edges[-1] - edges[-2])


def in_snippets(times: Float64Array, edges: Float64Array) -> Float64Array:
    """Times in seconds as numbers of snippets; what lies past an end of the video lies there."""
    return np.interp(times, edges, np.arange(len(edges), dtype=np.float64))


def covered(start: float, end: float, snippets: int = sys.maxsize) -> slice:
    """The snippets whose middles lie in an instance, or the one that holds its middle."""
    first, stop = int(np.ceil(start - 0.5)), int(np.ceil(end - 0.5))
    if first >= stop:
        first = min(int((start + end) / 2), snippets - 1)
        stop = first + 1
    return slice(max(first, 0), min(stop, snippets))


def _meets(its: slice, start: int, stop: int) -> bool:
    return its.start < stop and its.stop > start
