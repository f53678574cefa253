"""Steps of correcting: segments before to segments after, each a function of its own.

All take the segments of a review and give those that take their place; what isn't touched stays.
Times are kept within [0, duration] and a segment never gets shorter than `SHORTEST`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from lpat.annotations.reading import VideoAnnotation
from lpat.types import Detections
from lpat_viewer.models.review import ReviewedSegment, State, in_time

Segments = tuple[ReviewedSegment, ...]

SHORTEST = 0.04
"""Seconds that a segment lasts at least: a frame at 25 frames per second."""


def propose(detections: Detections, label: str | None = None) -> Segments:
    """Copies of detections, of one class or all, proposed; each has its row as identity."""
    names = np.array(detections.classes, np.object_)[detections.labels]
    rows = np.arange(len(detections)) if label is None else np.flatnonzero(names == label)
    columns = (rows, detections.segments[rows], names[rows], detections.scores[rows])
    return tuple(
        ReviewedSegment(number, start, end, name, score)
        for number, (start, end), name, score in zip(*map(np.ndarray.tolist, columns), strict=True)
    )


def accept_truth(truth: VideoAnnotation) -> Segments:
    """Copies of annotated segments, accepted, without a score; each has its row as identity."""
    rows = zip(truth.segments.tolist(), truth.segment_labels, strict=True)
    return tuple(
        ReviewedSegment(number, start, end, label, None, "accepted")
        for number, ((start, end), label) in enumerate(rows)
    )


def find(segments: Segments, identity: int) -> ReviewedSegment | None:
    """The segment of an identity."""
    return next((segment for segment in segments if segment.identity == identity), None)


def judge(segments: Segments, identities: Iterable[int], state: State) -> Segments:
    """Some of them accepted, rejected, or proposed again."""
    judged = set(identities)
    return tuple(
        replace(segment, state=state) if segment.identity in judged else segment
        for segment in segments
    )


def resize(
    segments: Segments,
    identity: int,
    *,
    start: float | None = None,
    end: float | None = None,
    duration: float,
) -> Segments:
    """One of them with another start or end; if that makes it too short, as short as it may be.

    Who moves a proposed segment accepts it, as nobody corrects what isn't there.
    """
    segment = _get(segments, identity)
    new_start = segment.start if start is None else start
    new_end = segment.end if end is None else end
    times = clamp(new_start, new_end, duration, keep_start=start is None)
    if times == (segment.start, segment.end):
        return segments
    changed = replace(segment, start=times[0], end=times[1], state=_touched(segment))
    return _replaced(segments, changed)


def move(segments: Segments, identity: int, seconds: float, duration: float) -> Segments:
    """One of them later by some seconds, as long as before, as far as the video goes."""
    segment = _get(segments, identity)
    start = min(max(segment.start + seconds, 0.0), max(duration - length(segment), 0.0))
    if start == segment.start:
        return segments
    end = min(start + length(segment), duration)
    return _replaced(segments, replace(segment, start=start, end=end, state=_touched(segment)))


def split(segments: Segments, identity: int, time: float, *, new_identity: int) -> Segments:
    """One of them in two at a time, the second with a new identity; both keep score and state.

    Unchanged if a part would be too short.
    """
    segment = _get(segments, identity)
    if not can_split(segment, time):
        return segments
    second = replace(segment, identity=new_identity, start=time)
    return (*_replaced(segments, replace(segment, end=time)), second)


def can_split(segment: ReviewedSegment, time: float) -> bool:
    """Whether both parts would be long enough."""
    return segment.start + SHORTEST <= time <= segment.end - SHORTEST


def neighbour(segments: Segments, segment: ReviewedSegment) -> ReviewedSegment | None:
    """The next of the same class that wasn't rejected, apart or overlapping: what `merge` takes."""
    others = [
        other
        for other in segments
        if other.label == segment.label
        and other.state != "rejected"
        and in_time(other) > in_time(segment)
    ]
    return min(others, key=in_time, default=None)


def merge(segments: Segments, identity: int) -> Segments:
    """One of them together with its neighbour, from the first start to the last end, accepted.

    It keeps the identity and the higher score. Unchanged without a neighbour.
    """
    segment = _get(segments, identity)
    other = neighbour(segments, segment)
    if other is None:
        return segments
    scores = [score for score in (segment.score, other.score) if score is not None]
    merged = replace(
        segment,
        start=min(segment.start, other.start),
        end=max(segment.end, other.end),
        score=max(scores, default=None),
        state="accepted",
    )
    return remove(_replaced(segments, merged), other.identity)


def relabel(segments: Segments, identity: int, label: str) -> Segments:
    """One of them as of another class, accepted."""
    segment = _get(segments, identity)
    if label == segment.label:
        return segments
    return _replaced(segments, replace(segment, label=label, state="accepted"))


def draw(
    segments: Segments,
    start: float,
    end: float,
    label: str,
    *,
    new_identity: int,
    duration: float,
) -> Segments:
    """One more, the last: accepted, without a score; its ends come in any order."""
    start, end = clamp(min(start, end), max(start, end), duration)
    return (*segments, ReviewedSegment(new_identity, start, end, label, None, "accepted"))


def remove(segments: Segments, identity: int) -> Segments:
    """All but one."""
    return tuple(segment for segment in segments if segment.identity != identity)


def clamp(
    start: float, end: float, duration: float, *, keep_start: bool = True
) -> tuple[float, float]:
    """The times within [0, duration], at least `SHORTEST` apart as far as the video is.

    Of a segment that is too short, the end is put off, or with `keep_start` false the start is
    put forward; at the video's border, the other one gives way too.
    """
    start, end = max(start, 0.0), min(end, duration)
    if end - start < SHORTEST:
        if keep_start:
            end = min(start + SHORTEST, duration)
            start = max(min(start, end - SHORTEST), 0.0)
        else:
            start = max(end - SHORTEST, 0.0)
            end = min(max(end, start + SHORTEST), duration)
    return start, end


def length(segment: ReviewedSegment) -> float:
    """Seconds that it lasts."""
    return segment.end - segment.start


def _get(segments: Segments, identity: int) -> ReviewedSegment:
    segment = find(segments, identity)
    if segment is None:
        raise KeyError(identity)
    return segment


def _touched(segment: ReviewedSegment) -> State:
    return "accepted" if segment.state == "proposed" else segment.state


def _replaced(segments: Segments, changed: ReviewedSegment) -> Segments:
    return tuple(changed if s.identity == changed.identity else s for s in segments)
