"""Videos by rank: only a class's best detections count, and each lies in one video."""

import numpy as np

from lpat.annotations.reading import VideoAnnotation
from lpat.evaluation.average_precision import evaluate
from lpat.evaluation.matching import Matching
from lpat.evaluation.video_ranking import judge_videos
from lpat.types import Detections


def matching_of(
    truth: dict[str, list[tuple[float, float]]], found: dict[str, list[tuple[float, float, float]]]
) -> Matching:
    """Segments of one class in videos, and detections as start, end and score."""
    videos = [
        VideoAnnotation(name, None, None, ("run",), np.array(times, float), ("run",) * len(times))
        for name, times in truth.items()
    ]
    results = {
        name: Detections(
            ("run",), np.array(rows)[:, :2], np.zeros(len(rows), np.int64), np.array(rows)[:, 2]
        )
        for name, rows in found.items()
    }
    return evaluate(videos, results, tious=[0.5], protocol="activitynet").matching


THREE = matching_of(
    {"a": [(0, 10), (20, 30)], "b": [(0, 10)], "c": [(5, 9)]},
    {
        "a": [(0, 10, 0.9), (50, 60, 0.8), (20, 30, 0.1)],  # the last ranks fifth of four truths
        "b": [(0, 10, 0.7)],
        "elsewhere": [(0, 1, 0.6)],
    },
)


def test_the_worst_video_comes_first() -> None:
    judged = judge_videos(THREE, 0.5)
    assert [(v.number, v.truths, len(v.right), len(v.false)) for v in judged] == [
        (2, 1, 0, 0), (3, 0, 0, 1), (0, 2, 1, 1), (1, 1, 1, 0),
    ]  # fmt: skip
    assert [video.share for video in judged] == [0.0, 0.0, 0.5, 1.0]


def test_right_and_false_are_rows_of_the_detections() -> None:
    (first,) = [video for video in judge_videos(THREE, 0.5) if video.number == 0]
    assert THREE.detections.segments[first.right].tolist() == [[0, 10]]
    assert THREE.detections.segments[first.false].tolist() == [[50, 60]]


def test_of_equal_share_the_video_with_more_comes_first() -> None:
    matching = matching_of({"a": [(0, 1)], "b": [(0, 1), (2, 3)], "c": [(5, 6)]}, {})
    assert [video.number for video in judge_videos(matching, 0.5)] == [1, 0, 2]
