"""All segments that the timeline can show, as arrays: truth, each shown layer, the review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from lpat.annotations.reading import VideoAnnotation
from lpat.types import Float64Array, Int64Array
from lpat_viewer.models.layers import Layer
from lpat_viewer.models.review import ReviewedSegment
from lpat_viewer.models.selection import Chosen, Kind
from lpat_viewer.models.verdicts import Verdicts
from lpat_viewer.models.workspace import Workspace

TRUTH, REVIEW = "truth", "review"


class Mark(IntEnum):
    """What is known of a segment besides its times: a verdict, or the user's."""

    NONE = 0
    HIT = 1
    FALSE_ALARM = 2
    FOUND = 3
    MISS = 4
    PROPOSED = 5
    ACCEPTED = 6
    REJECTED = 7

    @property
    def text(self) -> str:
        """The verdict as people read it; empty for `NONE`."""
        return "" if self is Mark.NONE else self.name.lower().replace("_", " ")


@dataclass(frozen=True, eq=False)
class Track:
    """Segments of one origin, N of them, in its order."""

    kind: Kind
    name: str  # the layer's, `TRUTH` or `REVIEW`
    labels: tuple[str, ...]
    classes: Int64Array  # (N,) into labels
    segments: Float64Array  # (N, 2) seconds
    scores: Float64Array  # (N,) NaN without one
    numbers: Int64Array  # (N,) rows of the origin, or identities
    marks: Int64Array  # (N,) of `Mark`

    def __len__(self) -> int:
        return len(self.numbers)

    def chosen(self, row: int) -> Chosen:
        """A segment as it is chosen."""
        start, end = self.segments[row].tolist()
        layer = self.name if self.kind == "detection" else ""
        label = self.labels[self.classes[row]]
        return Chosen(self.kind, int(self.numbers[row]), start, end, label, layer)

    def row_of(self, chosen: Chosen | None) -> int | None:
        """The row of a segment that was chosen, if it is of this origin."""
        if chosen is None or chosen.kind != self.kind:
            return None
        if chosen.kind == "detection" and chosen.layer != self.name:
            return None
        rows = np.flatnonzero(self.numbers == chosen.number)
        return int(rows[0]) if len(rows) else None

    def of_classes(self, shown: Sequence[str]) -> Int64Array:
        """Rows of the classes that are shown."""
        wanted = set(shown)
        kept = np.array([label in wanted for label in self.labels], np.bool_)
        return np.flatnonzero(kept[self.classes]) if len(self) else np.zeros(0, np.int64)


def tracks_of(workspace: Workspace) -> tuple[Track, ...]:
    """All that there is to show: truth, the shown layers in order, the review once begun."""
    active, verdicts = workspace.layers.active, workspace.verdicts
    tracks = []
    if workspace.truth is not None and len(workspace.truth.segments):
        tracks.append(truth_track(workspace.truth, verdicts))
    tracks.extend(
        layer_track(layer, verdicts if layer is active else None)
        for layer in workspace.layers.shown
    )
    if workspace.review.begun:
        tracks.append(review_track(workspace.review.segments))
    return tuple(tracks)


def truth_track(truth: VideoAnnotation, verdicts: Verdicts | None) -> Track:
    """The true segments; found or missed where something was judged."""
    labels = tuple(dict.fromkeys(truth.segment_labels))
    count = len(truth.segments)
    marks = np.zeros(count, np.int64)
    if verdicts is not None:
        marks = np.where(verdicts.found, Mark.FOUND, Mark.MISS)
    return Track(
        "truth",
        TRUTH,
        labels,
        _classes(truth.segment_labels, labels),
        truth.segments,
        np.full(count, np.nan),
        np.arange(count),
        marks,
    )


def layer_track(layer: Layer, verdicts: Verdicts | None) -> Track:
    """The segments that a layer detects; hits and false alarms where it was judged."""
    detections = layer.detections
    marks = np.zeros(len(detections), np.int64)
    if verdicts is not None:
        marks = np.where(verdicts.hits, Mark.HIT, Mark.FALSE_ALARM)
    return Track(
        "detection",
        layer.name,
        detections.classes,
        detections.labels,
        detections.segments,
        detections.scores,
        np.arange(len(detections)),
        marks,
    )


_STATES = {
    "proposed": int(Mark.PROPOSED),
    "accepted": int(Mark.ACCEPTED),
    "rejected": int(Mark.REJECTED),
}


def review_track(segments: Sequence[ReviewedSegment]) -> Track:
    """The segments of the review, and what became of each."""
    names = [s.label for s in segments]
    labels = tuple(dict.fromkeys(names))
    return Track(
        "review",
        REVIEW,
        labels,
        _classes(names, labels),
        np.array([[s.start for s in segments], [s.end for s in segments]], np.float64).T,
        np.array([s.score for s in segments], np.float64),  # None becomes NaN
        np.array([s.identity for s in segments], np.int64),
        np.array([_STATES[s.state] for s in segments], np.int64),
    )


def _classes(names: Sequence[str], labels: tuple[str, ...]) -> Int64Array:
    number = {label: index for index, label in enumerate(labels)}
    return np.array([number[name] for name in names], np.int64)
