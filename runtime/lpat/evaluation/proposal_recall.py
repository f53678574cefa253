"""Detections as proposals, whatever their labels: how many truths so many a video find.

The rules are those of ActivityNet's proposal evaluation (`average_recall_vs_avg_nr_proposals` of
its eval_proposal.py); docs/evaluation.md states them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lpat.core import first_ranks
from lpat.evaluation.matching import Matching
from lpat.types import Float64Array, Int64Array

MOST = 100
"""The largest average number of proposals a video."""

TIOUS = np.linspace(0.5, 0.95, 10)


@dataclass(frozen=True, eq=False)
class ProposalRecall:
    """Recall at each average number of proposals a video, AN = 1 to 100. Axis K: threshold."""

    tious: Float64Array  # (K,)
    recall: Float64Array  # (K, 100)
    proposals: int
    videos: int  # that have truths

    @property
    def numbers(self) -> Int64Array:
        """Average numbers AN (100,) of proposals."""
        return np.arange(1, MOST + 1)

    @property
    def average_recall(self) -> Float64Array:
        """Recall AR (100,), averaged over the thresholds."""
        return self.recall.mean(axis=0)

    @property
    def area(self) -> float:
        """Area under AR over AN (AUC), by trapezia from AN 1 to 100, over 100: at most 0.99."""
        recall = self.average_recall
        return float((recall[1:] + recall[:-1]).sum() / 2 / MOST)

    def at(self, number: int) -> float:
        """AR at an average number of proposals."""
        return float(self.average_recall[number - 1])

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; recalls are fractions."""
        return {
            "tiou": self.tious.tolist(),
            "AN": self.numbers.tolist(),
            "AR": self.average_recall.tolist(),
            "AUC": self.area,
            "proposals": self.proposals,
            "videos": self.videos,
        }


def proposal_recall(matching: Matching, tious: Float64Array = TIOUS) -> ProposalRecall:
    """How many truths the detections find, whatever the labels of either.

    All detections that aren't left out count, of unknown labels and in unlisted videos too, as in
    the original. Times are compared as they are, and a tIoU must reach the threshold, whatever the
    protocol. Without proposals, recall is 0.
    """
    proposals, truths = matching.proposals, matching.truths
    ranks = first_ranks(
        proposal_videos=proposals.videos,
        proposal_segments=proposals.segments,
        proposal_scores=proposals.scores,
        truth_videos=truths.videos,
        truth_segments=truths.segments,
        video_count=matching.video_count,
        tious=tious,
    )
    of_video = np.bincount(proposals.videos, minlength=matching.video_count)
    annotated = np.unique(truths.videos)
    kept = np.zeros((matching.video_count, MOST), np.int64)
    kept[annotated] = _kept(of_video[annotated], len(proposals))
    rank = np.where(ranks < 0, np.iinfo(np.int64).max, ranks)
    found = [(rank < kept[truths.videos, n, None]).sum(axis=0) for n in range(MOST)]
    recall = np.stack(found, axis=1) / len(truths)
    return ProposalRecall(tious, recall, len(proposals), len(annotated))


def _kept(counts: Int64Array, proposals: int) -> Int64Array:
    """How many of each video's `counts` (V,) count at each AN: (V, 100).

    The original takes not AN of each video but the same share of every video's proposals, by two
    steps that each round down. The order of its operations is kept, since it decides where a
    product falls just short of a whole number.
    """
    if proposals == 0:
        return np.zeros((len(counts), MOST), np.int64)
    wanted = float(MOST) * len(counts)
    most = np.minimum((counts * (wanted / proposals)).astype(np.int64), counts)
    if most.sum() == 0:
        return np.zeros((len(counts), MOST), np.int64)
    shares = np.arange(1, MOST + 1) / 100.0 * (wanted / most.sum())
    return np.minimum((most[:, None] * shares).astype(np.int64), most[:, None])
