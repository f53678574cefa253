"""Detections and ground truths as one protocol compares them, for whatever is asked of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from lpat.core import average_precisions, match_detections
from lpat.event_tables import EventTable
from lpat.protocols import ProtocolOptions
from lpat.types import Float64Array, Int64Array

DROPPED = -2
"""Match of a detection that the protocol leaves out of the ranking; -1 is that of a false one."""


@dataclass(frozen=True, eq=False)
class Judgement:
    """What is compared, and by which rules. Axes: C class, G truth, N detection, K threshold."""

    protocol: str  # a preset's name, or "custom"
    options: ProtocolOptions
    classes: tuple[str, ...]  # (C,) each has a truth
    truths: EventTable
    proposals: EventTable  # all detections, those of labels that no truth has among them
    ambiguous_videos: Int64Array
    ambiguous_segments: Float64Array
    video_count: int  # videos are numbered below

    @cached_property
    def detections(self) -> EventTable:
        """Those of the classes, in order."""
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

    def reduced(self, truths: EventTable, detections: EventTable) -> Judgement:
        """The same with fewer truths or detections; a class without detections now counts as 0."""
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
