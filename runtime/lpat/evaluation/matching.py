"""Truths and detections as parallel arrays, and how one protocol matches them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lpat.annotations.identity import label_of
from lpat.annotations.reading import VideoAnnotation
from lpat.core import average_precision_ranges, average_precisions, match_detections
from lpat.evaluation.protocols import ProtocolOptions
from lpat.types import BoolArray, Detections, Float64Array, Int64Array


@dataclass(frozen=True, eq=False)
class EventTable:
    """Segments with the numbers of their videos and classes."""

    videos: Int64Array  # (N,)
    classes: Int64Array  # (N,), -1 for labels that no class has
    segments: Float64Array  # (N, 2)
    scores: Float64Array  # (N,)

    def __len__(self) -> int:
        return len(self.videos)

    @property
    def lengths(self) -> Float64Array:
        """Seconds (N,) that each segment takes."""
        return self.segments[:, 1] - self.segments[:, 0]

    def where(self, chosen: BoolArray) -> EventTable:
        """The rows for which `chosen` (N,) holds, in order."""
        if chosen.all():
            return self
        return EventTable(
            self.videos[chosen], self.classes[chosen], self.segments[chosen], self.scores[chosen]
        )


def truth_table(videos: Sequence[VideoAnnotation], classes: tuple[str, ...]) -> EventTable:
    """Annotated segments, video by video; a video's number is its place, the scores are 0."""
    index = {label: position for position, label in enumerate(classes)}
    counts = [len(video.segments) for video in videos]
    labels = [index[label] for video in videos for label in video.segment_labels]
    return EventTable(
        np.repeat(np.arange(len(videos), dtype=np.int64), counts),
        np.array(labels, np.int64),
        np.concatenate([video.segments for video in videos]),
        np.zeros(len(labels)),
    )


def detection_table(
    results: Mapping[str, Detections], number: Mapping[str, int], classes: tuple[str, ...]
) -> tuple[EventTable, dict[str, int]]:
    """All detections in order, and how many of them each label has that isn't a class."""
    index = {label: position for position, label in enumerate(classes)}
    unknown: Counter[str] = Counter()
    nothing = np.zeros(0, np.int64)
    tables = [EventTable(nothing, nothing, np.zeros((0, 2)), np.zeros(0))]
    for name, detections in results.items():
        positions = np.array(
            [index.get(label_of(label), -1) for label in detections.classes], np.int64
        )
        labels = positions[detections.labels]
        unknown.update(detections.classes[label] for label in detections.labels[labels < 0])
        video = np.full(len(detections), number[name], np.int64)
        tables.append(EventTable(video, labels, detections.segments, detections.scores))
    return (
        EventTable(
            np.concatenate([table.videos for table in tables]),
            np.concatenate([table.classes for table in tables]),
            np.concatenate([table.segments for table in tables]),
            np.concatenate([table.scores for table in tables]),
        ),
        dict(unknown),
    )


def interval_table(
    intervals: Mapping[str, Float64Array], number: Mapping[str, int]
) -> tuple[Int64Array, Float64Array]:
    """Videos (N,) and times (N, 2) of the intervals whose videos have a number."""
    known = {name: times for name, times in intervals.items() if name in number}
    counts = [len(times) for times in known.values()]
    videos = np.repeat(np.array([number[name] for name in known], np.int64), counts)
    return videos, np.concatenate([np.zeros((0, 2)), *known.values()])


DROPPED = -2
"""Match of a detection that the protocol leaves out of the ranking; -1 is that of a false one."""


@dataclass(frozen=True, eq=False)
class Matching:
    """What is compared, and by which rules. Axes: C class, G truth, N detection, K threshold."""

    protocol: str  # a preset's name, or "custom"
    options: ProtocolOptions
    classes: tuple[str, ...]  # (C,) each has a truth
    truths: EventTable
    proposals: EventTable  # all detections, those of labels that no truth has among them
    ambiguous_videos: Int64Array
    ambiguous_segments: Float64Array
    video_count: int  # videos are numbered below
    video_names: tuple[str, ...] = ()  # by their numbers; none where nobody asks for them

    @cached_property
    def detections(self) -> EventTable:
        """Detections of the classes, in order."""
        return self.proposals.where(self.proposals.classes >= 0)

    @property
    def truth_counts(self) -> Int64Array:
        """Ground truths (C,) of each class."""
        return np.bincount(self.truths.classes, minlength=len(self.classes))

    @property
    def detection_counts(self) -> Int64Array:
        """Detections (C,) of each class."""
        return np.bincount(self.detections.classes, minlength=len(self.classes))

    def average_precisions(self, tious: Float64Array) -> Float64Array:
        """Average precision (C, K), NaN for classes that the protocol leaves out."""
        return average_precisions(tious=tious, **self._core_arguments())

    def average_precision_ranges(self, tious: Float64Array) -> Float64Array:
        """Lowest and highest average precision (C, K, 2) over all orders of equal scores."""
        return average_precision_ranges(tious=tious, **self._core_arguments())

    def matches(self, tious: Float64Array) -> Int64Array:
        """The truth (K, N) that each detection takes, -1 for none, `DROPPED` where it has no rank.

        In the order of `detections`.
        """
        return match_detections(tious=tious, **self._core_arguments())

    def ranks(self, matches: Int64Array) -> Int64Array:
        """Rank (N,) of each detection in its class, from 0, by its `matches` (N,) at a threshold.

        Of equal score, they rank in order; -1 for those that are dropped.
        """
        order = self._order
        classes = self.detections.classes[order]
        kept = matches[order] != DROPPED
        before = np.concatenate([[0], kept.cumsum()])  # kept ones, of all classes
        start = before[np.searchsorted(classes, np.arange(len(self.classes)))]
        ranks = np.empty(len(order), np.int64)
        ranks[order] = np.where(kept, before[:-1] - start[classes], -1)
        return ranks

    def reduced(self, truths: EventTable, detections: EventTable) -> Matching:
        """Fewer truths or detections matched; a class without detections now counts as 0."""
        options = replace(self.options, empty_class="zero")
        return replace(self, options=options, truths=truths, proposals=detections)

    @cached_property
    def _order(self) -> Int64Array:
        """Detections class by class, best first."""
        return np.lexsort((-self.detections.scores, self.detections.classes))

    def _core_arguments(self) -> dict[str, Any]:
        return {
            "detection_videos": self.detections.videos,
            "detection_classes": self.detections.classes,
            "detection_segments": self.detections.segments,
            "detection_scores": self.detections.scores,
            "truth_videos": self.truths.videos,
            "truth_classes": self.truths.classes,
            "truth_segments": self.truths.segments,
            "ambiguous_videos": self.ambiguous_videos,
            "ambiguous_segments": self.ambiguous_segments,
            "class_count": len(self.classes),
            **asdict(self.options),
        }
