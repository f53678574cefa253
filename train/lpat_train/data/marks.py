"""What somebody marked in a video beyond its labels: whole instances, or moments inside them.

Times are in snippets: 0 is where the video begins, 1 where its first snippet ends. Axes: T snippet,
C class, N instance, M moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpat.annotations.reading import Moment, VideoAnnotation
from lpat.types import BoolArray, Float64Array, Int64Array


@dataclass(frozen=True, eq=False)
class Marks:
    """Instances (N, 2) of classes (N,), moments (M,) of classes (M,).

    Of a `reviewed` video the instances are all that it shows; of others there are none.
    """

    instances: Float64Array
    instance_classes: Int64Array
    moments: Float64Array
    moment_classes: Int64Array
    reviewed: bool

    def within(self, start: int, stop: int) -> Marks:
        """Those that lie, be it in part, from snippet `start` to before `stop`, from there on."""
        inside = (self.instances[:, 1] > start) & (self.instances[:, 0] < stop)
        there = (self.moments >= start) & (self.moments < stop)
        return Marks(
            (self.instances[inside] - start).clip(0, stop - start),
            self.instance_classes[inside],
            self.moments[there] - start,
            self.moment_classes[there],
            self.reviewed,
        )

    def shown(self, snippets: int, classes: int) -> BoolArray:
        """Where the instances are (T, C): in the snippets that they cover."""
        where = np.zeros((snippets, classes), bool)
        for (start, end), label in zip(self.instances, self.instance_classes, strict=True):
            where[covered(start, end, snippets), label] = True
        return where


def marks_of(
    edges: Float64Array,
    classes: tuple[str, ...],
    reviewed: VideoAnnotation | None,
    moments: Sequence[Moment] = (),
) -> Marks | None:
    """A video's marks, if it has any; `edges` (T + 1,) are its snippets' times in seconds.

    `reviewed` has all of its instances. Marks of labels that aren't among the classes are left out.
    """
    points = [(its.time, classes.index(its.label)) for its in moments if its.label in classes]
    if reviewed is None and not points:
        return None
    rows = []
    if reviewed is not None:
        labelled = zip(reviewed.segments, reviewed.segment_labels, strict=True)
        rows = [(times, classes.index(label)) for times, label in labelled if label in classes]
    return Marks(
        in_snippets(np.array([times for times, _ in rows]).reshape(-1, 2), edges),
        np.array([label for _, label in rows], np.int64),
        in_snippets(np.array([time for time, _ in points], np.float64), edges),
        np.array([label for _, label in points], np.int64),
        reviewed is not None,
    )


def in_snippets(times: Float64Array, edges: Float64Array) -> Float64Array:
    """Times in seconds as numbers of snippets; what lies past an end of the video lies there."""
    return np.interp(times, edges, np.arange(len(edges), dtype=np.float64))


def covered(start: float, end: float, snippets: int) -> slice:
    """The snippets whose middles lie in an instance, or the one that holds its middle."""
    first, stop = int(np.ceil(start - 0.5)), int(np.ceil(end - 0.5))
    if first >= stop:
        first = min(int((start + end) / 2), snippets - 1)
        stop = first + 1
    return slice(max(first, 0), min(stop, snippets))
