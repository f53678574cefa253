"""Labelled segments of many videos as parallel arrays, which is how the C++ core reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lpat.annotations import VideoAnnotation
from lpat.types import Detections, Float64Array, Int64Array


@dataclass(frozen=True, eq=False)
class EventTable:
    """Segments with the numbers of their videos and classes."""

    videos: Int64Array  # (N,)
    classes: Int64Array  # (N,)
    segments: Float64Array  # (N, 2)
    scores: Float64Array  # (N,)


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
    """Detections of known labels, in order, and counts of the others by label."""
    index = {label: position for position, label in enumerate(classes)}
    unknown: Counter[str] = Counter()
    nothing = np.zeros(0, np.int64)
    tables = [EventTable(nothing, nothing, np.zeros((0, 2)), np.zeros(0))]
    for name, detections in results.items():
        positions = np.array([index.get(label, -1) for label in detections.classes], np.int64)
        labels = positions[detections.labels]
        known = labels >= 0
        unknown.update(detections.classes[label] for label in detections.labels[~known])
        tables.append(
            EventTable(
                np.full(int(known.sum()), number[name], np.int64),
                labels[known],
                detections.segments[known],
                detections.scores[known],
            )
        )
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
