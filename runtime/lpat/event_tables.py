"""Labelled segments of many videos as parallel arrays, which is how the C++ core reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lpat.annotations.reading import VideoAnnotation
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
        """Those of its rows for which `chosen` (N,) holds, in order."""
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
        positions = np.array([index.get(label, -1) for label in detections.classes], np.int64)
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
