"""What the tests of evaluation share: matchings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from lpat.evaluation.matching import EventTable, Matching
from lpat.evaluation.protocols import PROTOCOLS, ProtocolOptions

Row = tuple[float, ...]  # video, class, start, end and, for detections, score


@pytest.fixture(scope="session")
def make_matching() -> Callable[..., Matching]:
    """A function that makes a matching of rows; classes are numbered, and named by letters."""

    def make(
        truths: Sequence[Row],
        detections: Sequence[Row],
        *,
        ambiguous: Sequence[Row] = (),
        options: ProtocolOptions = PROTOCOLS["activitynet"],
        classes: int | None = None,
        videos: int = 4,
    ) -> Matching:
        truth = np.array([(*row, 0) for row in truths], np.float64).reshape(-1, 5)
        rows = np.array(detections, np.float64).reshape(-1, 5)
        doubtful = np.array(ambiguous, np.float64).reshape(-1, 4)
        count = int(truth[:, 1].max()) + 1 if classes is None else classes
        return Matching(
            protocol="custom",
            options=options,
            classes=tuple("abcdefgh"[:count]),
            truths=_events(truth),
            proposals=_events(rows),
            ambiguous_videos=doubtful[:, 0].astype(np.int64),
            ambiguous_segments=doubtful[:, 2:4].copy(),
            video_count=videos,
        )

    return make


def _events(rows: np.ndarray) -> EventTable:
    videos, classes = rows[:, :2].astype(np.int64).T.copy()
    return EventTable(videos, classes, rows[:, 2:4].copy(), rows[:, 4].copy())
