"""Which detections of the open video are hits, which are false alarms, which truths are missed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.matching import Matching, detection_table, truth_table
from lpat.evaluation.protocols import PROTOCOLS
from lpat.types import BoolArray, Detections


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What became of each detection (N,) and truth (M,), in their own order."""

    hits: BoolArray  # (N,) detections that found a truth
    found: BoolArray  # (M,) truths that a detection found


def judge(detections: Detections, truth: VideoAnnotation, tiou: float) -> Verdicts:
    """Verdicts by ActivityNet's rule: best first, each takes the free truth it overlaps most.

    The overlap must be at least `tiou`, and the labels the same.
    """
    classes = tuple(sorted({*detections.classes, *truth.segment_labels}))
    proposals, _ = detection_table({truth.name: detections}, {truth.name: 0}, classes)
    judgement = Matching(
        protocol="activitynet",
        options=PROTOCOLS["activitynet"],
        classes=classes,
        truths=truth_table([truth], classes),
        proposals=proposals,
        ambiguous_videos=np.zeros(0, np.int64),
        ambiguous_segments=np.zeros((0, 2)),
        video_count=1,
    )
    (matches,) = judgement.matches(np.array([tiou]))
    found = np.zeros(len(truth.segments), np.bool_)
    found[matches[matches >= 0]] = True
    return Verdicts(matches >= 0, found)
