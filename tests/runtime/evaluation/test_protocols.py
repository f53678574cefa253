"""Where protocols differ: hand-worked tables of the same detections, and what reports say."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lpat.annotations.reading import VideoAnnotation
from lpat.errors import UsageError
from lpat.evaluation.average_precision import Evaluation, evaluate, format_table
from lpat.evaluation.protocols import PROTOCOLS, Protocol, ProtocolOptions
from lpat.types import Detections

Segment = tuple[float, float]
Found = tuple[float, float, float]  # start, end, score


def video(name: str, *segments: Segment, ambiguous: tuple[Segment, ...] = ()) -> VideoAnnotation:
    times = np.array(segments, np.float64).reshape(-1, 2)
    doubtful = np.array(ambiguous, np.float64).reshape(-1, 2)
    return VideoAnnotation(name, None, None, ("run",), times, ("run",) * len(times), doubtful)


def found(*rows: Found) -> Detections:
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Detections(("run",), table[:, :2].copy(), np.zeros(len(rows), np.int64), table[:, 2])


def judged(
    protocol: Protocol | ProtocolOptions,
    truths: list[Segment],
    rows: list[Found],
    ambiguous: tuple[Segment, ...] = (),
    tiou: float = 0.5,
) -> float:
    """Average precision of one class in one video."""
    truth = [video("v", *truths, ambiguous=ambiguous)]
    return evaluate(truth, {"v": found(*rows)}, tious=[tiou], protocol=protocol).average


# Times are multiples of 0.64 s, a snippet of W-TALC's grid, wherever rounding isn't the point.
S = 16 / 25


@pytest.mark.parametrize(
    ("truths", "rows", "expected"),
    [
        # Precisions 0, 1/2, 2/3: interpolation lifts the 1/2.
        (
            [(0, 10 * S), (20 * S, 30 * S)],
            [(50 * S, 60 * S, 0.9), (0, 10 * S, 0.8), (20 * S, 30 * S, 0.7)],
            {"activitynet": 2 / 3, "thumos14": 7 / 12, "wtalc": 7 / 12},
        ),
        # tIoU is the threshold itself, in seconds as in snippets: 16 s are 25.
        ([(0, 32)], [(0, 16, 0.9)], {"activitynet": 1, "thumos14": 0, "wtalc": 1}),
        # Two detections of one truth: the later overlaps more. The other is false before it.
        (
            [(0, 10 * S)],
            [(0, 6 * S, 0.9), (0, 9 * S, 0.5)],
            {"activitynet": 1, "thumos14": 1 / 2, "wtalc": 1},
        ),
        # The first detection suits both truths, and the second best; the other, the second only.
        (
            [(0, 6 * S), (0, 9 * S)],
            [(0, 9 * S, 0.9), (0, 16 * S, 0.5)],
            {"activitynet": 1 / 2, "thumos14": 1, "wtalc": 1},
        ),
        # The same, but the other suits the first truth only, which takes the better one.
        (
            [(0, 9 * S), (0, 6 * S)],
            [(0, 6 * S, 0.9), (0, 16 * S, 0.5)],
            {"activitynet": 1, "thumos14": 1 / 2, "wtalc": 1 / 2},
        ),
        # A duplicate is false everywhere.
        (
            [(0, 10 * S), (20 * S, 30 * S)],
            [(0, 10 * S, 0.9), (0, 10 * S, 0.8), (20 * S, 30 * S, 0.7)],
            {"activitynet": 5 / 6, "thumos14": 5 / 6, "wtalc": 5 / 6},
        ),
        ([(0, 10 * S)], [], {"activitynet": 0, "thumos14": 0, "wtalc": 0}),
        # On the grid the truth [0.3, 1.0) s = [0.47, 1.56) snippets is [0, 2).
        ([(0.3, 1.0)], [(0, 1 * S, 0.9)], {"activitynet": 0, "thumos14": 0, "wtalc": 1}),
        # [0.5, 1.5) snippets is [0, 2), half to even; half up, it would be [1, 2).
        ([(0.32, 0.96)], [(0, 1 * S, 0.9)], {"activitynet": 0, "thumos14": 0, "wtalc": 1}),
        # A truth of 0.6 snippets may round to nothing, and is never found.
        (
            [(0.7 * S, 1.3 * S)],
            [(0.7 * S, 1.3 * S, 0.9)],
            {"activitynet": 1, "thumos14": 1, "wtalc": 0},
        ),
    ],
)  # fmt: skip
def test_the_same_detections_get_three_answers(
    truths: list[Segment], rows: list[Found], expected: dict[Protocol, float]
) -> None:
    answers = {protocol: judged(protocol, truths, rows) for protocol in PROTOCOLS}
    assert answers == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("ambiguous", "expected"),
    [
        ((), {"activitynet": 1 / 2, "thumos14": 1 / 2, "wtalc": 1 / 2}),
        # Touches the false one only: nothing stands before the true one any more.
        (((55 * S, 56 * S),), {"activitynet": 1 / 2, "thumos14": 1, "wtalc": 1}),
        # Touches the true one: thumos14 keeps it, wtalc drops it before it can be true.
        (((9 * S, 12 * S),), {"activitynet": 1 / 2, "thumos14": 1 / 2, "wtalc": 0}),
        (((9 * S, 56 * S),), {"activitynet": 1 / 2, "thumos14": 1, "wtalc": 0}),
        # To meet in a point is not to touch.
        (((10 * S, 50 * S), (60 * S, 70 * S)), dict.fromkeys(PROTOCOLS, 1 / 2)),
        # In seconds it touches; on the grid it is [60, 62).
        (((59.7 * S, 62 * S),), {"activitynet": 1 / 2, "thumos14": 1, "wtalc": 1 / 2}),
    ],
)
def test_ambiguous_intervals_by_protocol(
    ambiguous: tuple[Segment, ...], expected: dict[Protocol, float]
) -> None:
    rows = [(50 * S, 60 * S, 0.9), (0.0, 10 * S, 0.8)]
    answers = {p: judged(p, [(0, 10 * S)], rows, ambiguous) for p in PROTOCOLS}
    assert answers == pytest.approx(expected, abs=1e-12)


def test_a_truth_whose_detection_was_taken_takes_the_next_best() -> None:
    truths, rows = [(0.0, 10.0), (0.0, 10.0)], [(0.0, 8.0, 0.9), (0.0, 10.0, 0.8)]
    assert judged("thumos14", truths, rows) == 1


@pytest.mark.parametrize("scores", [(0.9, 0.5), (0.5, 0.9), (0.5, 0.5)])
def test_of_equal_overlaps_a_truth_takes_the_better_ranked_detection(
    scores: tuple[float, float],
) -> None:
    # Both detections overlap the first truth alike; the second truth suits the early one only, and
    # is found if the first truth took the late one.
    truths = [(0.0, 160.0), (0.0, 88.0)]
    rows = [(0.0, 96.0, scores[0]), (64.0, 160.0, scores[1])]
    assert judged("thumos14", truths, rows) == (1 if scores[1] > scores[0] else 1 / 2)
    assert judged("thumos14", truths, rows[::-1]) == (1 / 2 if scores[0] > scores[1] else 1)


def doubtful_evaluation(protocol: Protocol | ProtocolOptions = "thumos14") -> Evaluation:
    """A true detection after a false one beside an ambiguous interval, of an unlisted video too."""
    truth = [video("a", (0, 10), ambiguous=((20, 21),))]
    results = {"a": found((0, 10, 0.5), (20, 30, 0.9)), "b": found((40, 50, 0.8))}
    listed = {"b": np.array([[45.0, 46.0]]), "elsewhere": np.array([[0.0, 9.0]])}
    return evaluate(truth, results, tious=[0.5], protocol=protocol, ambiguous=listed)


def test_ambiguous_intervals_of_annotations_and_of_the_list_both_count() -> None:
    evaluation = doubtful_evaluation()
    assert evaluation.average == 1
    assert evaluation.ambiguous_intervals == 2
    assert "2 ambiguous intervals heeded" in format_table(evaluation).splitlines()
    assert evaluation.to_dict()["ambiguous_intervals"] == 2


def test_reports_name_the_protocol_and_its_rules() -> None:
    for protocol in ("thumos14", "wtalc"):
        evaluation = doubtful_evaluation(protocol)
        assert f"protocol {protocol}" in format_table(evaluation).splitlines()[0]
        assert evaluation.to_dict()["protocol"] == protocol
        assert evaluation.options == PROTOCOLS[protocol]
    assert doubtful_evaluation(PROTOCOLS["wtalc"]).protocol == "wtalc"
    custom = doubtful_evaluation(replace(PROTOCOLS["wtalc"], interpolated=True))
    assert custom.protocol == "custom"
    assert custom.to_dict()["protocol_options"]["snippets_per_second"] == 1.5625


def test_ambiguous_intervals_are_refused_where_the_protocol_has_no_use_for_them() -> None:
    with pytest.raises(UsageError, match="protocol activitynet has no use for ambiguous"):
        doubtful_evaluation("activitynet")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"matcher": "best"}, "matcher must be one of best_truth, .*, not 'best'"),
        ({"ambiguous": "drop"}, "ambiguous must be one of none, .*, not 'drop'"),
        ({"empty_class": "half"}, "empty_class must be one of zero, skip, not 'half'"),
        ({"snippets_per_second": 0}, "positive and finite, not 0"),
        ({"snippets_per_second": float("nan")}, "positive and finite, not nan"),
        ({"snippets_per_second": float("inf")}, "positive and finite, not inf"),
    ],
)
def test_options_refuse_what_is_no_rule(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(PROTOCOLS["wtalc"], **changes)
