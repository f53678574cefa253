"""Videos by how well their actions were found, the worst first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lpat.evaluation.matching import Matching
from lpat.types import Int64Array


@dataclass(frozen=True, eq=False)
class JudgedVideo:
    """What of a class's best detections, as many as it has truths, lies in one video.

    `right` and `false` are rows of the matching's detections.
    """

    number: int
    truths: int
    right: Int64Array
    false: Int64Array

    @property
    def size(self) -> int:
        """Truths and detections together."""
        return self.truths + len(self.right) + len(self.false)

    @property
    def share(self) -> float:
        """Twice those that are right, out of truths and detections together: 1 is flawless."""
        return 2 * len(self.right) / self.size


def judge_videos(matching: Matching, tiou: float) -> list[JudgedVideo]:
    """Videos with truths or with detections among the best, by rising share at a threshold.

    Of equal share, those with more that is judged come first, then those of lower number.
    """
    (matches,) = matching.matches(np.array([tiou]))
    ranks = matching.ranks(matches)
    detections = matching.detections
    best = (ranks >= 0) & (ranks < matching.truth_counts[detections.classes])
    truths = np.bincount(matching.truths.videos, minlength=matching.video_count)
    right: dict[int, list[int]] = {}
    false: dict[int, list[int]] = {}
    for row in np.flatnonzero(best).tolist():
        kept = right if matches[row] >= 0 else false
        kept.setdefault(int(detections.videos[row]), []).append(row)
    judged = [
        JudgedVideo(
            number,
            int(truths[number]),
            np.array(right.get(number, []), np.int64),
            np.array(false.get(number, []), np.int64),
        )
        for number in range(matching.video_count)
        if truths[number] or number in false
    ]
    return sorted(judged, key=lambda video: (video.share, -video.size, video.number))
